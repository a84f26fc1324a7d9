import KratixModel
import Kubernetes

/// Installs the Promise that a PromiseRelease points to (contract, section 11.1).
struct PromiseReleaseReconciler: Reconciler {
  var context: ControllerContext
  var fetcher: any PromiseFetcher

  private var api: any KubernetesAPI { context.api }

  static func controller(_ context: ControllerContext, fetcher: any PromiseFetcher) -> Controller {
    Controller(
      name: "promiserelease",
      sources: [
        .objects(.promiseReleases),
        Source(.promises, labelSelector: KratixLabels.promiseReleaseName) { promise, _ in
          promise.ownerReferences.filter { $0.controller == true && $0.kind == "PromiseRelease" }
            .map { ObjectKey(name: $0.name) }
        },
      ], reconciler: PromiseReleaseReconciler(context: context, fetcher: fetcher))
  }

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard var release = try await api.find(.promiseReleases, namespace: nil, name: key.name) else { return .done }
    let installed = try await api.listAll(
      .promises, labelSelector: "\(KratixLabels.promiseReleaseName)=\(release.name)"
    ).items
    if release.isBeingDeleted { return try await delete(release, installed) }
    if !release.finalizers.contains(KratixFinalizers.promiseReleaseCleanup) {
      release.finalizers.append(KratixFinalizers.promiseReleaseCleanup)
      _ = try await api.update(.promiseReleases, release)
      return .done
    }
    guard installed.count <= 1 else {
      throw ReconcileError("failed to check if promise exists: expected 0 or 1 promises, got \(installed.count)")
    }
    let version = release[path: "spec", "version"]?.stringValue ?? ""
    if let promise = installed.first, promise.labels[KratixLabels.promiseVersion] ?? "" == version {
      try await report(&release, nil)
      return .done
    }
    return try await install(release, version: version)
  }

  private func install(_ start: KubernetesObject, version: String) async throws -> ReconcileResult {
    var release = start
    let source = release[path: "spec", "sourceRef"]
    guard source?["type"]?.stringValue ?? "http" == "http" else { return .done }
    let promise: Promise
    let authorization = try await PromiseSource.authorization(source, api: api)
    do {
      promise = try await fetcher.fetch(source?["url"]?.stringValue ?? "", authorization: authorization)
    } catch let error as ReconcileError {
      try await report(&release, Fault("FailedToFetchPromise", "Failed to fetch Promise from URL"))
      throw ReconcileError("failed to fetch promise from url: \(error)")
    }
    guard let label = promise.object.labels[KratixLabels.promiseVersion] else {
      try await report(&release, Fault("VersionLabelNotFound", "Version label not found on Promise"))
      throw ReconcileError(
        "version label (\(KratixLabels.promiseVersion)) not found on promise; refusing to install")
    }
    if version.isEmpty {
      release.json.set(.string(label), at: ["spec", "version"])
      _ = try await api.update(.promiseReleases, release)
      return .done
    }
    guard label == version else {
      try await report(
        &release,
        Fault("VersionNotMatching", "Version labels do not match, found: \(label), expected: \(version)"))
      throw ReconcileError(
        "version label on promise (\(label)) does not match version on promise release (\(version)); "
          + "refusing to install")
    }
    do {
      try await write(promise, of: release)
    } catch let error as StatusError {
      await context.events.record(
        .warning, error.reason == .invalid ? "Invalid Promise" : "Failed",
        "Failed to install Promise \"\(promise.name)\": \(error)", on: release, by: ControllerNames.promiseRelease)
      try await report(
        &release, Fault("FailedToCreateOrUpdatePromise", "Failed to create or update Promise"))
      throw ReconcileError("failed to create or update promise: \(error)")
    }
    try await report(&release, nil)
    return .done
  }

  private func write(_ promise: Promise, of release: KubernetesObject) async throws {
    let existing = try await api.find(.promises, namespace: nil, name: promise.name)
    var object =
      existing
      ?? KubernetesObject(apiVersion: ResourceType.promises.apiVersion, kind: "Promise", name: promise.name)
    object.spec = PromiseSpec.normalized(promise.spec)
    object.labels.merge(promise.object.labels) { _, fetched in fetched }
    object.labels[KratixLabels.promiseReleaseName] = release.name
    object.annotations.merge(promise.object.annotations) { _, fetched in fetched }
    let owner = OwnerReference(to: release, controller: true)
    if !object.ownerReferences.contains(where: { $0.uid == owner.uid }) { object.ownerReferences.append(owner) }
    if existing == nil {
      _ = try await api.create(.promises, object)
    } else if object != existing {
      _ = try await api.update(.promises, object)
    }
  }

  private func delete(_ start: KubernetesObject, _ installed: [KubernetesObject]) async throws -> ReconcileResult {
    var release = start
    guard release.finalizers.contains(KratixFinalizers.promiseReleaseCleanup) else { return .done }
    if installed.isEmpty {
      release.finalizers.removeAll { $0 == KratixFinalizers.promiseReleaseCleanup }
      _ = try await api.update(.promiseReleases, release)
      return .done
    }
    for promise in installed where !promise.isBeingDeleted {
      try await api.deleteIgnoringAbsence(.promises, promise)
    }
    return .requeue(after: context.pace.defaultRequeue)
  }

  private struct Fault: Sendable {
    var reason: String
    var message: String

    init(_ reason: String, _ message: String) {
      self.reason = reason
      self.message = message
    }
  }

  /// Writes how the installation went, when that is news.
  private func report(_ release: inout KubernetesObject, _ fault: Fault?) async throws {
    let condition = Condition(
      type: KratixConditions.installed, status: fault == nil ? .true : .false,
      reason: fault?.reason ?? "InstalledSuccessfully", message: fault?.message ?? "Installed successfully")
    if release.condition(KratixConditions.installed)?.says(condition) == true { return }
    release.json.set(fault == nil ? "Installed" : "Error installing", at: ["status", "status"])
    release.setCondition(condition, now: context.now)
    release = try await api.updateStatus(.promiseReleases, release)
  }
}

/// The source of a PromiseRelease.
enum PromiseSource {
  /// The `Authorization` header that the release's Secret holds; nil when it names none.
  /// - Throws: `ReconcileError` when the Secret, or its key, is missing.
  static func authorization(_ source: JSON?, api: any KubernetesAPI) async throws -> String? {
    guard let reference = source?["secretRef"], let name = reference["name"]?.stringValue, !name.isEmpty else {
      return nil
    }
    let namespace = reference["namespace"]?.stringValue ?? ""
    guard let secret = try await api.find(.secrets, namespace: namespace, name: name) else {
      throw ReconcileError("failed to fetch data from secretRef: secrets \"\(name)\" not found")
    }
    guard let encoded = secret[path: "data", "authorizationHeader"]?.stringValue else { return nil }
    guard let bytes = Base64.decode(encoded) else {
      throw ReconcileError("failed to fetch data from secretRef: authorizationHeader is not base64")
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
