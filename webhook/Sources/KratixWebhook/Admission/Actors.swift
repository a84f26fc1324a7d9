import KratixModel

/// Users whose writes are never refused: to refuse them would wedge what they control.
enum Actors {
  /// Kratix's own controllers (contract, section 9.3).
  static func isKratix(_ userName: String) -> Bool {
    userName == KratixNames.controllerUser
      || userName.hasPrefix("system:serviceaccount:\(KratixNames.systemNamespace):")
  }

  /// Kubernetes' own clean-up.
  static func isGarbageCollector(_ userName: String) -> Bool {
    userName == "system:serviceaccount:kube-system:generic-garbage-collector"
      || userName == "system:serviceaccount:kube-system:namespace-controller"
  }
}

/// The annotations that this project writes.
public enum UpgradeAnnotations {
  /// On Promises: a digest of the parts of the spec that resources depend on, as admitted last.
  public static let contentHash = "upgrade.kratix.io/content-hash"
  /// On Promises: the digest before the last change of it.
  public static let previousContentHash = "upgrade.kratix.io/previous-content-hash"
  /// On Promises: set it to another value, such as the time, to have all resources run again.
  public static let reconcileRequested = "upgrade.kratix.io/reconcile-requested"
  /// On resources: the revision that their binding leads to, and a digest of what of it they depend on.
  public static let revision = "upgrade.kratix.io/revision"
  public static let revisionHash = "upgrade.kratix.io/revision-hash"
}
