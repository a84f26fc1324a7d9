import KratixModel
import Kubernetes

/// Name, version label, intervals, size.
enum MetadataRules {
  static func findings(_ promise: Promise) -> [Finding] {
    name(promise) + version(promise) + labels(promise) + intervals(promise) + size(promise)
  }

  private static func name(_ promise: Promise) -> [Finding] {
    guard !promise.name.isEmpty else {
      return [Finding(.promiseName, path: "metadata.name", message: "the Promise has no name")]
    }
    return NameRules.dns1123Label(promise.name).map {
      Finding(.promiseName, path: "metadata.name", message: "\"\(promise.name)\" cannot be a Promise's name: \($0)")
    }
  }

  private static func version(_ promise: Promise) -> [Finding] {
    let path = "metadata.labels[\(KratixLabels.promiseVersion)]"
    let value = promise.object.json[path: "metadata", "labels", KratixLabels.promiseVersion]
    if let value, value.stringValue == nil {
      return [
        Finding(.versionLabel, path: path, message: "the version is \(value.text()), which is no string; quote it")
      ]
    }
    guard let version = promise.version else {
      return [
        Finding(
          .versionMissing, path: path,
          message: "the Promise has no version, so that every change overwrites its one revision")
      ]
    }
    if version == KratixNames.latest {
      return [
        Finding(
          .versionLabel, path: path, message: "the version is called latest, which bindings take for another thing")
      ]
    }
    return NameRules.labelValue(version).map {
      Finding(.versionLabel, path: path, message: "\"\(version)\" cannot be a label: \($0)")
    }
  }

  /// The Promise's own labels, but for the version's, and those that its selectors ask for: the API server takes these,
  /// and no destination has them.
  private static func labels(_ promise: Promise) -> [Finding] {
    var own = promise.object.json[path: "metadata", "labels"]?.objectValue ?? [:]
    own[KratixLabels.promiseVersion] = nil
    let selectors = promise.spec["destinationSelectors"]?.arrayValue ?? []
    return labels(own, at: "metadata.labels", .deny)
      + selectors.enumerated().flatMap { index, selector in
        labels(
          selector["matchLabels"]?.objectValue ?? [:], at: "spec.destinationSelectors[\(index)].matchLabels", .warn)
      }
  }

  private static func labels(_ labels: [String: JSON], at path: String, _ severity: Severity) -> [Finding] {
    labels.sorted { $0.key < $1.key }.flatMap { key, value in
      let complaints = value.stringValue.map(NameRules.labelValue) ?? ["it is no string; quote it"]
      return NameRules.qualifiedName(key).map {
        Finding(.labelInvalid, severity: severity, path: path, message: "\"\(key)\" cannot be a label's key: \($0)")
      }
        + complaints.map {
          Finding(
            .labelInvalid, severity: severity, path: "\(path)[\(key)]",
            message: "\(value.text()) cannot be a label: \($0)")
        }
    }
  }

  private static func intervals(_ promise: Promise) -> [Finding] {
    let key = KratixAnnotations.reconciliationInterval
    let texts = [
      ("metadata.annotations[\(key)]", promise.object.annotations[key].map(JSON.string)),
      (
        "spec.workflows.config.reconciliationInterval",
        promise.spec[path: "workflows", "config", "reconciliationInterval"]
      ),
    ]
    return texts.compactMap { path, value in
      guard let value, !value.isNull else { return nil }
      guard let duration = value.stringValue.flatMap(GoDuration.init) else {
        return Finding(.reconciliationInterval, path: path, message: "\(value.text()) is no duration")
      }
      guard duration < .seconds(60) else { return nil }
      return Finding(.reconciliationInterval, path: path, message: "\(value.text()) is less than a minute")
    }
  }

  /// The limit of all annotations of an object together, and the part of it that the manifest takes.
  static let annotationLimit = 262_144

  private static func size(_ promise: Promise) -> [Finding] {
    var manifest = promise.object
    manifest.json.set(nil, at: ["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"])
    manifest.json.set(nil, at: ["metadata", "managedFields"])
    manifest.status = nil
    // To write it all out takes time.
    guard leastSize(of: manifest.json) > PromiseReview.smallSize else { return [] }
    let bytes = manifest.json.serialized().count
    guard bytes > annotationLimit else { return [] }
    return [
      Finding(
        .promiseTooLarge, path: "",
        message: "the Promise is \(bytes) bytes, and the annotation that kubectl apply keeps ends at \(annotationLimit)"
      )
    ]
  }

  /// How many bytes the texts of a value are, without what JSON puts around them.
  private static func leastSize(of value: JSON) -> Int {
    switch value {
    case .null, .bool: 4
    case .int, .double: 8
    case .string(let text): text.utf8.count + 2
    case .array(let elements): elements.reduce(2) { $0 + 1 + leastSize(of: $1) }
    case .object(let members): members.reduce(2) { $0 + 4 + $1.key.utf8.count + leastSize(of: $1.value) }
    }
  }
}
