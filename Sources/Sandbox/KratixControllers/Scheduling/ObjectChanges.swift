import Kubernetes

extension KubernetesAPI {
  /// Changes an object's status; when somebody else wrote in between, reads it again and changes that.
  /// - Returns: the object as it is now, or nil when it is gone.
  @discardableResult
  public func changeStatus(
    _ type: ResourceType, _ object: KubernetesObject, _ change: (inout KubernetesObject) -> Void
  ) async throws -> KubernetesObject? {
    var current = object
    for _ in 0..<Self.attempts {
      var changed = current
      change(&changed)
      if changed.status == current.status { return current }
      do {
        return try await updateStatus(type, changed)
      } catch let error as StatusError where error.reason == .conflict {
        guard let fresh = try await find(type, namespace: object.namespace, name: object.name) else { return nil }
        current = fresh
      } catch let error as StatusError where error.reason == .notFound {
        return nil
      }
    }
    throw StatusError.modified(type, object.name)
  }

  /// Adds a finalizer, or takes it away.
  /// - Returns: the object as it is now; nil when taking the finalizer away let it go.
  @discardableResult
  public func setFinalizers(
    _ type: ResourceType, _ object: KubernetesObject, _ finalizers: [String]
  ) async throws -> KubernetesObject? {
    guard object.finalizers != finalizers else { return object }
    var changed = object
    changed.finalizers = finalizers
    do {
      return try await update(type, changed)
    } catch let error as StatusError where error.reason == .notFound {
      return nil
    }
  }

  private static var attempts: Int { 10 }
}
