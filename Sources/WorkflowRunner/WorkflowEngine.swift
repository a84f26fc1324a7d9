import KratixModel
import Kubernetes

/// Runs the containers of one pipeline, in order, for one object, in isolation.
///
/// Every container sees `/kratix/input/object.yaml` (read-only), `/kratix/output` and `/kratix/metadata`, which are
/// the run's own (contract, section 5.4). Nothing outlives the run, also when its task is cancelled.
public protocol WorkflowEngine: Sendable {
  /// - Parameter onEvent: called as containers start and end; for progress and logs.
  /// - Throws: `WorkflowFailure`, which says what the pipeline did wrong or what it could not be run for.
  func run(
    _ run: WorkflowRun, limits: WorkflowLimits, onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws(WorkflowFailure) -> WorkflowResult
}

extension WorkflowEngine {
  public func run(_ run: WorkflowRun, limits: WorkflowLimits = WorkflowLimits()) async throws(WorkflowFailure)
    -> WorkflowResult
  {
    try await self.run(run, limits: limits, onEvent: { _ in })
  }
}

/// One pipeline, for one object.
public struct WorkflowRun: Sendable {
  public var pipeline: Pipeline
  /// The KRATIX_ variables; the author's own come after them.
  public var environment: WorkflowEnvironment
  /// What becomes `/kratix/input/object.yaml`: the full object as the API serves it.
  public var object: KubernetesObject
  /// What the author's `env[].valueFrom` and `envFrom` came to, by container name, in order; the caller resolves them,
  /// since they are in the cluster.
  public var resolvedEnvironment: [String: [EnvironmentVariable]]
  /// Where Kratix runs it, with the ConfigMaps and Secrets that it refers to; nil for the object's own namespace.
  public var namespace: String?
  /// What volumes that are no `emptyDir` hold, by volume and path in it: the files of ConfigMaps and Secrets. They are
  /// mounted read-only.
  public var volumeFiles: [String: [String: [UInt8]]] = [:]
  /// Whether containers get Kratix's own mounts and variables, and their output is read; those of any other pod do not.
  public private(set) var isWorkflow = true

  public init(
    pipeline: Pipeline, environment: WorkflowEnvironment, object: KubernetesObject,
    resolvedEnvironment: [String: [EnvironmentVariable]] = [:]
  ) {
    self.pipeline = pipeline
    self.environment = environment
    self.object = object
    self.resolvedEnvironment = resolvedEnvironment
  }

  /// The containers of a pod that is not Kratix's, one after the other, with its volumes and nothing else.
  public static func pod(
    _ name: String, containers: [JSON], volumes: [JSON], volumeFiles: [String: [String: [UInt8]]] = [:],
    resolvedEnvironment: [String: [EnvironmentVariable]] = [:]
  ) -> WorkflowRun {
    let pipeline = Pipeline([
      "metadata": ["name": .string(name)], "spec": ["containers": .array(containers), "volumes": .array(volumes)],
    ])
    let nothing = KubernetesObject(.emptyObject)
    var run = WorkflowRun(
      pipeline: pipeline, environment: .promise(Promise(nothing), pipeline: name, action: .delete), object: nothing,
      resolvedEnvironment: resolvedEnvironment)
    run.volumeFiles = volumeFiles
    run.isWorkflow = false
    return run
  }
}

public struct EnvironmentVariable: Sendable, Hashable {
  public var name: String
  public var value: String

  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// What a run may use. Going over is a failure of the run, never of the machine.
public struct WorkflowLimits: Sendable, Hashable {
  /// For all containers of the pipeline together.
  public var time: Duration
  public var outputBytes: Int
  public var outputFiles: Int
  /// What is kept of a container's output, its end.
  public var logBytes: Int
  /// Address space of each process, in the process engine.
  public var memoryBytes: Int
  public var allowsNetwork: Bool

  public init(
    time: Duration = .seconds(300), outputBytes: Int = 64 << 20, outputFiles: Int = 10_000, logBytes: Int = 1 << 20,
    memoryBytes: Int = 4 << 30, allowsNetwork: Bool = false
  ) {
    self.time = time
    self.outputBytes = outputBytes
    self.outputFiles = outputFiles
    self.logBytes = logBytes
    self.memoryBytes = memoryBytes
    self.allowsNetwork = allowsNetwork
  }
}

/// What a pipeline has put out (contract, section 5.5).
public struct WorkflowResult: Sendable {
  /// Every regular file below `/kratix/output`, in directory order; paths are relative to it.
  public var files: [OutputFile]
  /// `/kratix/metadata/status.yaml`: a mapping; nil when there was none.
  public var status: JSON?
  /// `/kratix/metadata/destination-selectors.yaml`, in its order.
  public var destinationSelectors: [DirectorySelector]
  /// `/kratix/metadata/workflow-control.yaml`.
  public var control: WorkflowControl?
  public var logs: [ContainerLog]
  public var duration: Duration

  public init(
    files: [OutputFile], status: JSON?, destinationSelectors: [DirectorySelector], control: WorkflowControl?,
    logs: [ContainerLog], duration: Duration
  ) {
    self.files = files
    self.status = status
    self.destinationSelectors = destinationSelectors
    self.control = control
    self.logs = logs
    self.duration = duration
  }
}

public struct OutputFile: Sendable, Hashable {
  public var path: String
  public var bytes: [UInt8]

  public init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }
}

/// One entry of destination-selectors.yaml.
public struct DirectorySelector: Sendable, Hashable {
  /// `.` for the default group.
  public var directory: String
  public var matchLabels: [String: String]

  public init(directory: String, matchLabels: [String: String]) {
    self.directory = directory
    self.matchLabels = matchLabels
  }
}

/// workflow-control.yaml (contract, section 5.7).
public struct WorkflowControl: Sendable, Hashable {
  public var suspend: Bool
  public var message: String?
  public var retryAfter: GoDuration?

  public init(suspend: Bool, message: String? = nil, retryAfter: GoDuration? = nil) {
    self.suspend = suspend
    self.message = message
    self.retryAfter = retryAfter
  }
}

public struct ContainerLog: Sendable, Hashable {
  public var container: String
  /// Standard output and standard error as they came.
  public var text: String

  public init(container: String, text: String) {
    self.container = container
    self.text = text
  }
}

public enum ContainerEvent: Sendable {
  case started(container: String)
  case output(container: String, bytes: [UInt8])
  /// `exitCode` as a shell has it: 128 + signal when it was killed.
  case finished(container: String, exitCode: Int32)
}

/// Why a run has no result.
public struct WorkflowFailure: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Reason: Error, Sendable, Hashable {
    case exited(code: Int32)
    case timedOut(after: Duration)
    /// The output is beyond a limit, or holds what is no file; the text says which and where.
    case badOutput(String)
    /// A file below /kratix/metadata that Kratix would refuse; the text is Kratix's (contract, section 5.5).
    case badMetadata(String)
    /// The image is not to be had here; the text says what is and what to do.
    case imageUnavailable(String)
    /// The pipeline asks for what is nowhere to be had: it would end so wherever it runs.
    case unsound(String)
    /// The engine itself could not run the container, which says nothing of the pipeline.
    case engine(String)
  }

  public var pipeline: String
  /// Empty when it is about no container in particular.
  public var container: String
  public var reason: Reason
  /// The last lines of the container's output.
  public var lastLines: [String]
  public var logs: [ContainerLog]

  public init(
    pipeline: String, container: String, reason: Reason, lastLines: [String] = [], logs: [ContainerLog] = []
  ) {
    self.pipeline = pipeline
    self.container = container
    self.reason = reason
    self.lastLines = lastLines
    self.logs = logs
  }

  /// One sentence, without the last lines.
  public var description: String {
    let place = container.isEmpty ? "pipeline \(pipeline)" : "container \(container) of pipeline \(pipeline)"
    return switch reason {
    case .exited(let code): "\(place) exited with code \(code)"
    case .timedOut(let limit): "\(place) did not end within \(limit)"
    case .badOutput(let text), .badMetadata(let text): "\(place): \(text)"
    case .imageUnavailable(let text): "\(place): \(text)"
    case .unsound(let text), .engine(let text): "\(place) could not be run: \(text)"
    }
  }
}
