import KratixModel
import Kubernetes

/// What the ConfigMap `kratix` says, read once when the controllers start (contract, section 10).
public struct KratixConfiguration: Sendable, Hashable {
  public enum BindingStrategy: String, Sendable, Hashable {
    /// New bindings follow the latest revision.
    case floating
    /// New bindings name the version that is latest when they are made.
    case pinned
  }

  /// Jobs kept for each pipeline and object.
  public var numberOfJobsToKeep: Int
  public var reconciliationInterval: GoDuration
  /// Zero switches the periodic rewrite off.
  public var stateStoreReconciliationInterval: GoDuration
  public var bindingStrategy: BindingStrategy
  /// Of the author's containers; nil when there is no configuration at all.
  public var containerSecurityContext: JSON?
  public var imagePullPolicy: String?
  /// Of all containers that name none.
  public var containerResources: JSON
  public var backoffLimit: Int64?
  public var reconcilesAfterFailure: Bool
  public var minimumFetchInterval: GoDuration
  /// The image of the reader, the work-writer and the status-writer.
  public var adapterImage: String
  public var adapterPullSecret: String?
  /// What was wrong with the text and which default took its place: a sentence each.
  public var complaints: [String] = []

  public static let defaultAdapterImage = "docker.io/syntasso/kratix-platform:dev"

  public static let defaultContainerResources: JSON = [
    "requests": ["cpu": "100m", "memory": "128Mi", "ephemeral-storage": "128Mi"],
    "limits": ["cpu": "200m", "memory": "256Mi", "ephemeral-storage": "256Mi"],
  ]

  /// Without a ConfigMap.
  public static let standard = KratixConfiguration(
    numberOfJobsToKeep: 5, reconciliationInterval: .seconds(36_000),
    stateStoreReconciliationInterval: .seconds(36_000), bindingStrategy: .floating, containerSecurityContext: nil,
    imagePullPolicy: nil, containerResources: defaultContainerResources, backoffLimit: nil,
    reconcilesAfterFailure: true, minimumFetchInterval: .seconds(5), adapterImage: defaultAdapterImage,
    adapterPullSecret: nil)

  init(
    numberOfJobsToKeep: Int, reconciliationInterval: GoDuration, stateStoreReconciliationInterval: GoDuration,
    bindingStrategy: BindingStrategy, containerSecurityContext: JSON?, imagePullPolicy: String?,
    containerResources: JSON, backoffLimit: Int64?, reconcilesAfterFailure: Bool, minimumFetchInterval: GoDuration,
    adapterImage: String, adapterPullSecret: String?
  ) {
    self.numberOfJobsToKeep = numberOfJobsToKeep
    self.reconciliationInterval = reconciliationInterval
    self.stateStoreReconciliationInterval = stateStoreReconciliationInterval
    self.bindingStrategy = bindingStrategy
    self.containerSecurityContext = containerSecurityContext
    self.imagePullPolicy = imagePullPolicy
    self.containerResources = containerResources
    self.backoffLimit = backoffLimit
    self.reconcilesAfterFailure = reconcilesAfterFailure
    self.minimumFetchInterval = minimumFetchInterval
    self.adapterImage = adapterImage
    self.adapterPullSecret = adapterPullSecret
  }

  /// Reads the ConfigMap `kratix`; the standard configuration when there is none.
  /// - Throws: `ReconcileError` when it is there without the key `config`, or with a text that is no YAML.
  public static func load(from api: any KubernetesAPI) async throws -> KratixConfiguration {
    var configuration = KratixConfiguration.standard
    if let map = try await api.find(.configMaps, namespace: KratixNames.systemNamespace, name: "kratix") {
      guard let text = map[path: "data", "config"]?.stringValue else {
        throw ReconcileError(
          "ConfigMap \(KratixNames.systemNamespace)/kratix has no key \"config\": add it, or delete the ConfigMap")
      }
      configuration = try KratixConfiguration(parsing: text)
    }
    let adapter = try await api.find(
      .configMaps, namespace: KratixNames.systemNamespace, name: "kratix-platform-pipeline-adapter-config")
    if let image = adapter?[path: "data", "PIPELINE_ADAPTER_IMG"]?.stringValue, !image.isEmpty {
      configuration.adapterImage = image
    }
    return configuration
  }

  /// From the text under `config`. Unknown keys are ignored; values that make no sense leave the default and a
  /// complaint.
  public init(parsing text: String) throws(ReconcileError) {
    let document: JSON
    do {
      document = try YAML.parse(text)
    } catch {
      throw ReconcileError("the config of ConfigMap \(KratixNames.systemNamespace)/kratix is no YAML: \(error)")
    }
    self = .standard
    func complain(_ path: String, _ why: String) { complaints.append("\(path): \(why)") }
    if let number = document["numberOfJobsToKeep"]?.intValue {
      if number > 0 {
        numberOfJobsToKeep = Int(number)
      } else if number < 0 {
        complain("numberOfJobsToKeep", "must be positive; using 5")
      }
    }
    func duration(_ keys: String..., into target: inout GoDuration) {
      guard let text = document.value(at: keys[...])?.stringValue else { return }
      if let parsed = GoDuration(text) {
        target = parsed
      } else {
        complain(keys.joined(separator: "."), "\"\(text)\" is no duration; using \(target)")
      }
    }
    duration("reconciliationInterval", into: &reconciliationInterval)
    duration("stateStoreReconciliationInterval", into: &stateStoreReconciliationInterval)
    duration("git", "minimumFetchInterval", into: &minimumFetchInterval)
    if let name = document["resourceBindingVersionStrategy"]?.stringValue {
      if let strategy = BindingStrategy(rawValue: name) {
        bindingStrategy = strategy
      } else {
        complain("resourceBindingVersionStrategy", "\"\(name)\" is neither floating nor pinned; using floating")
      }
    }
    let workflows = document["workflows"]
    containerSecurityContext = workflows?["defaultContainerSecurityContext"] ?? .emptyObject
    imagePullPolicy = workflows?["defaultImagePullPolicy"]?.stringValue
    if let resources = workflows?["defaultContainerResources"], resources.objectValue != nil {
      containerResources = resources
    }
    backoffLimit = workflows?[path: "jobOptions", "defaultBackoffLimit"]?.intValue
    reconcilesAfterFailure = workflows?["reconcileAfterFailure"]?.boolValue ?? true
  }
}
