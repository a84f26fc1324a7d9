import KratixModel
import Kubernetes

/// Dependencies, destinations and required Promises.
enum PlatformRules {
  static func findings(_ promise: Promise, platform: PlatformEvidence?) -> [Finding] {
    var findings = dependencies(promise) + impossibleRequirements(promise)
    if let platform {
      findings += destinations(promise, platform)
      findings += requirements(promise, platform)
    }
    return findings
  }

  private static func dependencies(_ promise: Promise) -> [Finding] {
    guard let value = promise.spec["dependencies"], !value.isNull else { return [] }
    guard let elements = value.arrayValue else {
      return [Finding(.dependencyInvalid, path: "spec.dependencies", message: "the dependencies are no list")]
    }
    var findings: [Finding] = []
    for (index, element) in elements.enumerated() {
      let missing = ["apiVersion", "kind"].filter { (element[$0]?.stringValue ?? "").isEmpty }
      guard !missing.isEmpty else { continue }
      findings.append(
        Finding(
          .dependencyInvalid, path: "spec.dependencies[\(index)]",
          message: element.objectValue == nil
            ? "the dependency is no object" : "the dependency has no \(missing.joined(separator: " and no "))"))
    }
    if !elements.isEmpty {
      findings.append(
        Finding(
          .dependenciesLoop, path: "spec.dependencies",
          message: "static dependencies make Kratix reconcile the Promise without end"))
    }
    return findings
  }

  private static func destinations(_ promise: Promise, _ platform: PlatformEvidence) -> [Finding] {
    let schedules =
      !promise.dependencies.isEmpty || !promise.pipelines(.promise, .configure).isEmpty
      || !promise.pipelines(.resource, .configure).isEmpty
    let selectors = promise.destinationSelectors
    guard schedules, platform.destinations(matching: selectors).isEmpty else { return [] }
    let wanted = selectors.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    let names = platform.destinations.map(\.name).sorted()
    return [
      Finding(
        .destinationSelector, path: "spec.destinationSelectors",
        message: (selectors.isEmpty ? "no destination takes the Promise" : "no destination has the labels \(wanted)")
          + (names.isEmpty ? "; there is no destination at all" : "; there are \(NameList.text(names))"),
        evidence: names)
    ]
  }

  /// Requirements that no platform can meet: the Promise would stay unavailable everywhere.
  private static func impossibleRequirements(_ promise: Promise) -> [Finding] {
    promise.requiredPromises.enumerated().compactMap { index, required in
      let path = "spec.requiredPromises[\(index)]"
      if required.name.isEmpty {
        return Finding(.requiredPromise, path: path, message: "the required Promise has no name")
      }
      if required.name == promise.name {
        return Finding(.requiredPromise, path: path, message: "the Promise requires itself")
      }
      if let complaint = NameRules.dns1123Label(required.name).first {
        return Finding(
          .requiredPromise, path: path, message: "\"\(required.name)\" cannot be a Promise's name: \(complaint)")
      }
      if let complaint = NameRules.labelValue(required.version).first {
        return Finding(
          .requiredPromise, path: "\(path).version",
          message: "\"\(required.version)\" cannot be a Promise's version: \(complaint)")
      }
      return nil
    }
  }

  /// In Kratix's own words (contract, section 9.1, check 5).
  private static func requirements(_ promise: Promise, _ platform: PlatformEvidence) -> [Finding] {
    promise.requiredPromises.enumerated().compactMap { index, required in
      if required.name.isEmpty || required.name == promise.name { return nil }
      let version = required.version.isEmpty ? "" : " at version \"\(required.version)\""
      let path = "spec.requiredPromises[\(index)]"
      guard platform.promises.contains(where: { $0.name == required.name }) else {
        return Finding(
          .requiredPromise, path: path, message: "Required Promise \"\(required.name)\"\(version) not installed")
      }
      let isThere =
        required.version.isEmpty
        || platform.revisions.contains { $0.promiseName == required.name && $0.version == required.version }
      guard !isThere else { return nil }
      return Finding(
        .requiredPromise, path: path,
        message: "Required Promise \"\(required.name)\" installed, but no revision found\(version)")
    }
  }
}
