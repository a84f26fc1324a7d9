import Kubernetes

/// The names that Kratix gives to what it makes (contract, section 3).
public enum KratixNames {
  /// The namespace of the Kratix controllers, their configuration, promise workflows and static dependencies.
  public static let systemNamespace = "kratix-platform-system"
  /// The ServiceAccount of the Kratix controllers, and the user that it is to the API server.
  public static let controllerServiceAccount = "kratix-platform-controller-manager"
  public static let controllerUser = "system:serviceaccount:\(systemNamespace):\(controllerServiceAccount)"
  /// The version of a Promise that carries no version label (contract, section 4.6).
  public static let unversioned = "not-set"
  /// The binding version that follows the latest revision.
  public static let latest = "latest"

  /// Cut to at most 57 characters (56 when longer), then stripped until the last character is alphanumeric
  /// (contract, section 3.1).
  public static func processed(_ name: String) -> String {
    var characters = Array(name.utf8)
    if characters.count > 57 { characters = Array(characters.prefix(56)) }
    while let last = characters.last, !isAlphanumeric(last) { characters.removeLast() }
    return String(decoding: characters, as: UTF8.self)
  }

  /// det(name, inputs…): the processed name and five hexadecimal characters of a hash of the inputs, or of the
  /// unprocessed name when there are none (contract, section 3.1).
  public static func deterministic(_ name: String, hashing inputs: String...) -> String {
    let hashed = inputs.isEmpty ? name : inputs.joined(separator: "-")
    return "\(processed(name))-\(Hashes.md5(hashed).prefix(5))"
  }

  /// The processed name and five hexadecimal characters from a generator.
  public static func random(_ name: String, using generator: inout some RandomNumberGenerator) -> String {
    let suffix = String(UInt32.random(in: 0..<(1 << 20), using: &generator), radix: 16)
    return "\(processed(name))-\(String(repeating: "0", count: 5 - suffix.count))\(suffix)"
  }

  public static func random(_ name: String) -> String {
    var generator = SystemRandomNumberGenerator()
    return random(name, using: &generator)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}

// What is named how (contract, section 3.2).
extension KratixNames {
  public static func revision(promise: String, version: String) -> String {
    deterministic(promise, hashing: version)
  }

  public static func binding(resource: String, promise: String) -> String {
    deterministic("\(resource)-\(promise)")
  }

  /// The value of the resource-name label on bindings: the name, or det(name) when longer than 63.
  public static func boundedResourceName(_ name: String) -> String {
    name.utf8.count > 63 ? deterministic(name) : name
  }

  /// The processed stem of Job names; Kratix adds five random characters.
  public static func jobStem(
    promise: String, resource: String?, resourceNamespace: String?, pipeline: String
  ) -> String {
    (["kratix", promise] + [resource, resourceNamespace].compactMap { $0 } + [pipeline]).joined(separator: "-")
  }

  /// The stem of Work names.
  public static func workStem(
    promise: String, resource: String?, resourceNamespace: String?, pipeline: String
  ) -> String {
    ([promise] + [resource, resourceNamespace].compactMap { $0 } + [pipeline]).joined(separator: "-")
  }

  public static func staticDependenciesWorkStem(promise: String) -> String { "\(promise)-static-deps" }

  /// The id of a workload group: md5 of its directory (`.` for the default one).
  public static func workloadGroupID(directory: String) -> String { Hashes.md5(directory) }

  public static func workPlacement(work: String, destination: String, groupID: String) -> String {
    "\(work).\(destination)-\(groupID.prefix(5))"
  }

  /// The ID that a pipeline's ServiceAccount and RBAC objects are named by; at most 60 characters, or Kratix's webhook
  /// refuses the Promise (contract, section 9.1).
  public static func pipelineID(promise: String, type: WorkflowType, action: WorkflowAction, pipeline: String) -> String
  {
    "\(promise)-\(type.rawValue)-\(action.rawValue)-\(pipeline)"
  }

  public static let pipelineIDLimit = 60

  public static func schedulingConfigMap(promise: String) -> String { "destination-selectors-\(promise)" }

  public static func controllerRole(promise: String) -> String { "\(promise)-promise-controller" }
}

/// Whether a workflow is of the Promise itself or of each of its resources.
public enum WorkflowType: String, Sendable, Hashable, CaseIterable {
  case promise
  case resource
}

/// When a workflow runs.
public enum WorkflowAction: String, Sendable, Hashable, CaseIterable {
  case configure
  case delete
}
