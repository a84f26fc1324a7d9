import KratixControllers

/// What a sandbox is made of.
public struct SandboxConfiguration: Sendable {
  /// A worker cluster, and the destination of its name.
  public struct Worker: Sendable, Hashable {
    public var name: String
    /// The destination's labels.
    public var labels: [String: String]

    public init(name: String, labels: [String: String]) {
      self.name = name
      self.labels = labels
    }

    /// The tutorial's worker.
    public static let standard = Worker(name: "worker-1", labels: ["environment": "dev"])
  }

  public enum Engine: String, Sendable, Hashable, CaseIterable {
    case auto
    case process
    case container
  }

  public enum PaceName: String, Sendable, Hashable, CaseIterable {
    case fast
    case kratix

    var pace: Pace {
      switch self {
      case .fast: .fast
      case .kratix: .kratix
      }
    }
  }

  public var directory: SandboxDirectory
  public var workers: [Worker]
  public var engine: Engine
  public var pace: PaceName
  /// Whether Kratix's controllers and what runs Jobs are in the same process as the servers.
  public var hasControllers: Bool

  public init(
    directory: SandboxDirectory, workers: [Worker] = [.standard], engine: Engine = .auto, pace: PaceName = .fast,
    hasControllers: Bool = true
  ) {
    self.directory = directory
    self.workers = workers
    self.engine = engine
    self.pace = pace
    self.hasControllers = hasControllers
  }
}
