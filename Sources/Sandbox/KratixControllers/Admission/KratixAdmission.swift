import KratixModel
import Kubernetes

/// Kratix's own admission rules (contract, section 9), with its exact texts. Where Kratix's webhook crashes, a sentence
/// is given instead.
public struct KratixAdmission: Sendable {
  public enum Operation: String, Sendable, Hashable {
    case create = "CREATE"
    case update = "UPDATE"
    case delete = "DELETE"
  }

  var api: any KubernetesAPI
  var fetcher: any PromiseFetcher

  public init(api: any KubernetesAPI, fetcher: any PromiseFetcher = HTTPPromiseFetcher()) {
    self.api = api
    self.fetcher = fetcher
  }

  /// The kinds of group `platform.kratix.io` that have rules.
  public static let kinds: Set<String> = [
    "Promise", "Destination", "BucketStateStore", "PromiseRelease", "PromiseRevision",
  ]

  /// The webhook that a kind's refusals name.
  static func webhook(_ kind: String, isMutating: Bool = false) -> String {
    switch kind {
    case "BucketStateStore", "PromiseRevision": "v\(kind.lowercased())-v1alpha1.kb.io"
    default: "\(isMutating ? "m" : "v")\(kind.lowercased()).kb.io"
    }
  }

  /// The object as it goes on, and warnings.
  /// - Throws: a refusal.
  public func mutate(
    kind: String, operation: Operation, object: KubernetesObject, oldObject: KubernetesObject?
  ) async throws(StatusError) -> (object: KubernetesObject, warnings: [String]) {
    guard operation != .delete else { return (object, []) }
    var object = object
    switch kind {
    case "Promise":
      // The webhook changes nothing, but decodes.
      let interval = object[path: "spec", "workflows", "config", "reconciliationInterval"]?.stringValue
      if let interval, let fault = Self.durationFault(interval) {
        throw Self.refusal(
          StatusError(code: 400, reason: .unknown, message: fault), by: Self.webhook(kind, isMutating: true))
      }
    case "Destination":
      let filepath = object[path: "spec", "filepath"]
      if filepath?["mode"]?.stringValue == Destination.FilepathMode.aggregatedYAML.rawValue,
        filepath?["filename"]?.stringValue ?? "" == ""
      {
        object.json.set("aggregated.yaml", at: ["spec", "filepath", "filename"])
      }
    default: break
    }
    return (object, [])
  }

  /// Warnings for the client.
  /// - Parameters:
  ///   - object: nil for a deletion.
  ///   - oldObject: nil for a creation.
  /// - Throws: a refusal.
  public func validate(
    kind: String, operation: Operation, object: KubernetesObject?, oldObject: KubernetesObject?, userName: String
  ) async throws(StatusError) -> [String] {
    do {
      switch kind {
      case "Promise":
        guard operation != .delete, let object else { return [] }
        return try await validatePromise(Promise(object), old: oldObject.map(Promise.init))
      case "Destination":
        guard operation != .delete, let object else { return [] }
        return try await validateDestination(Destination(object))
      case "BucketStateStore":
        guard operation != .delete, let object else { return [] }
        try Self.validateBucket(object)
      case "PromiseRelease":
        guard operation != .delete, let object else { return [] }
        return try await validateRelease(object, isNew: operation == .create)
      case "PromiseRevision":
        try Self.validateRevision(object, old: oldObject, operation, userName: userName)
      default: break
      }
      return []
    } catch let denial as Denial {
      throw Self.refusal(
        StatusError(code: 403, reason: .forbidden, message: denial.message), by: Self.webhook(kind))
    } catch let status as StatusError {
      // A status of the API server is passed on as it is, without the words around it.
      throw Self.refusal(status, by: Self.webhook(kind))
    } catch {
      throw Self.refusal(
        StatusError(code: 500, reason: .internalError, message: "\(error)"), by: Self.webhook(kind))
    }
  }

  /// A rule that is broken.
  struct Denial: Error, Sendable, Hashable {
    var message: String

    init(_ message: String) { self.message = message }
  }

  private static func refusal(_ status: StatusError, by webhook: String) -> StatusError {
    var status = status
    status.message = "admission webhook \"\(webhook)\" denied the request: \(status.message)"
    return status
  }

  /// Go's words for a text that is no duration; nil for one that is.
  static func durationFault(_ text: String) -> String? {
    if GoDuration(text) != nil { return nil }
    let invalid = "time: invalid duration \"\(text)\""
    var rest = Substring(text)
    if let sign = rest.first, sign == "-" || sign == "+" { rest = rest.dropFirst() }
    while !rest.isEmpty {
      let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      guard number.contains(where: \.isNumber) else { return invalid }
      rest = rest.dropFirst(number.count)
      let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
      if unit.isEmpty { return "time: missing unit in duration \"\(text)\"" }
      guard ["ns", "us", "µs", "μs", "ms", "s", "m", "h"].contains(String(unit)) else {
        return "time: unknown unit \"\(unit)\" in duration \"\(text)\""
      }
      rest = rest.dropFirst(unit.count)
    }
    return invalid
  }

  static func validateIntervalAnnotation(_ object: KubernetesObject) throws(Denial) {
    let key = KratixAnnotations.reconciliationInterval
    guard let text = object.annotations[key] else { return }
    guard let interval = GoDuration(text) else {
      throw Denial("metadata.annotations[\(key)]: Invalid value: \"\(text)\": must be a valid duration")
    }
    guard interval >= ReconciliationInterval.minimum else {
      throw Denial(
        "metadata.annotations[\(key)]: Invalid value: \"\(text)\": must be at least \(ReconciliationInterval.minimum)")
    }
  }
}

// The small kinds (contract, section 9.2).
extension KratixAdmission {
  private func validateDestination(_ destination: Destination) async throws -> [String] {
    guard !destination.path.isEmpty else { throw Denial("path field is required") }
    guard destination.object[path: "spec", "stateStoreRef"] != nil else {
      throw Denial("stateStoreRef field is required")
    }
    var warnings: [String] = []
    let (kind, store) = (destination.stateStoreKind, destination.stateStoreName)
    let types: [String: ResourceType] = ["BucketStateStore": .bucketStateStores, "GitStateStore": .gitStateStores]
    if let type = types[kind], try await api.find(type, namespace: nil, name: store) == nil {
      warnings.append("Warning: referenced \(kind) \"\(store)\" does not exist")
    }
    let others = try await api.listAll(.destinations).items.map(Destination.init)
    let clash = others.contains {
      $0.name != destination.name && $0.path == destination.path && $0.stateStoreKind == kind
        && $0.stateStoreName == store
    }
    if clash {
      throw Denial("destination path '\(destination.path)' already exists for state store '\(store)'")
    }
    return warnings
  }

  private static func validateBucket(_ bucket: KubernetesObject) throws(Denial) {
    guard bucket[path: "spec", "authMethod"]?.stringValue ?? "accessKey" == "accessKey" else { return }
    guard let secret = bucket[path: "spec", "secretRef"], !secret.isNull else {
      throw Denial("spec.secretRef must be set when using authentication method accessKey")
    }
    if secret["name"]?.stringValue ?? "" == "" { throw Denial("spec.secretRef must contain secret name") }
    if secret["namespace"]?.stringValue ?? "" == "" { throw Denial("spec.secretRef must contain secret namespace") }
  }

  private func validateRelease(_ release: KubernetesObject, isNew: Bool) async throws -> [String] {
    let source = release[path: "spec", "sourceRef"]
    let url = source?["url"]?.stringValue ?? ""
    if url.isEmpty { throw Denial("sourceRef.url must be set") }
    guard isNew else { return [] }
    if let name = source?[path: "secretRef", "name"]?.stringValue {
      let namespace = source?[path: "secretRef", "namespace"]?.stringValue ?? ""
      if try await api.find(.secrets, namespace: namespace, name: name) == nil {
        throw StatusError(
          code: 404, reason: .notFound, message: "Secret \"\(name)\" not found", name: name, kind: "Secret")
      }
    }
    let promise: Promise
    do {
      let authorization = try await PromiseSource.authorization(source, api: api)
      promise = try await fetcher.fetch(url, authorization: authorization)
    } catch let error as ReconcileError {
      throw Denial("failed to fetch promise: \(error)")
    }
    guard let found = promise.object.labels[KratixLabels.promiseVersion] else {
      return [
        "Warning: version label (\(KratixLabels.promiseVersion)) not found on promise, installation will fail"
      ]
    }
    let expected = release[path: "spec", "version"]?.stringValue ?? ""
    if found == expected { return [] }
    return ["Warning: version labels do not match, found: \(found), expected: \(expected), installation will fail"]
  }

  private static func validateRevision(
    _ object: KubernetesObject?, old: KubernetesObject?, _ operation: Operation, userName: String
  ) throws(Denial) {
    switch operation {
    case .create, .update:
      let key = KratixAnnotations.reconciliationInterval
      guard let object, operation == .create || object.annotations[key] != old?.annotations[key] else { return }
      try validateIntervalAnnotation(object)
    case .delete:
      let isKratix =
        userName.hasPrefix("system:serviceaccount:\(KratixNames.systemNamespace)")
        || userName == "system:serviceaccount:kube-system:generic-garbage-collector"
      if let old, PromiseRevision(old).isLatest, !isKratix { throw Denial("can not delete the latest PromiseRevision") }
    }
  }
}
