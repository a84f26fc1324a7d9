import KratixModel

/// Which container of which workflow of which Promise.
public struct ContainerAddress: Sendable, Hashable, CustomStringConvertible {
  public var promise: String
  public var type: WorkflowType
  public var action: WorkflowAction
  public var pipeline: String
  public var container: String

  public init(promise: String, type: WorkflowType, action: WorkflowAction, pipeline: String, container: String) {
    self.promise = promise
    self.type = type
    self.action = action
    self.pipeline = pipeline
    self.container = container
  }

  /// `resource/configure/PIPELINE/CONTAINER`.
  public var description: String { "\(type.rawValue)/\(action.rawValue)/\(pipeline)/\(container)" }
}

/// Which containers a request is for; nil parts fit all.
public struct ContainerFilter: Sendable, Hashable, CustomStringConvertible {
  public var promise: String?
  public var type: WorkflowType?
  public var action: WorkflowAction?
  public var pipeline: String?
  public var container: String?

  public init(
    promise: String? = nil, type: WorkflowType? = nil, action: WorkflowAction? = nil, pipeline: String? = nil,
    container: String? = nil
  ) {
    self.promise = promise
    self.type = type
    self.action = action
    self.pipeline = pipeline
    self.container = container
  }

  public static let all = ContainerFilter()

  /// `--container`: `CONTAINER`, `PIPELINE/CONTAINER` or `TYPE/ACTION/PIPELINE/CONTAINER`.
  public init?(containerAddress text: String) {
    self.init(parts: text, tail: 1)
  }

  /// `--pipeline`: `PIPELINE` or `TYPE/ACTION/PIPELINE`.
  public init?(pipelineAddress text: String) {
    self.init(parts: text, tail: 0)
  }

  private init?(parts text: String, tail: Int) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard !parts.contains("") else { return nil }
    switch parts.count - tail {
    case 0 where tail == 1: self.init(container: parts[0])
    case 1: self.init(pipeline: parts[0], container: tail == 1 ? parts[1] : nil)
    case 3:
      guard let type = WorkflowType(rawValue: parts[0]), let action = WorkflowAction(rawValue: parts[1]) else {
        return nil
      }
      self.init(type: type, action: action, pipeline: parts[2], container: tail == 1 ? parts[3] : nil)
    default: return nil
    }
  }

  /// Both: what one leaves open, the other says; nil when they contradict each other.
  public func and(_ other: ContainerFilter) -> ContainerFilter? {
    func both<Part: Equatable>(_ one: Part?, _ two: Part?) -> Part?? {
      if let one, let two, one != two { return nil }
      return .some(one ?? two)
    }
    guard let promise = both(promise, other.promise), let type = both(type, other.type),
      let action = both(action, other.action), let pipeline = both(pipeline, other.pipeline),
      let container = both(container, other.container)
    else { return nil }
    return ContainerFilter(promise: promise, type: type, action: action, pipeline: pipeline, container: container)
  }

  public func matches(_ address: ContainerAddress) -> Bool {
    (promise.map { $0 == address.promise } ?? true) && (type.map { $0 == address.type } ?? true)
      && (action.map { $0 == address.action } ?? true) && (pipeline.map { $0 == address.pipeline } ?? true)
      && (container.map { $0 == address.container } ?? true)
  }

  /// Whether it names more than the Promise.
  public var namesContainers: Bool { type != nil || action != nil || pipeline != nil || container != nil }

  public var description: String {
    let parts = [
      promise.map { "Promise \($0)" },
      type == nil && action == nil ? nil : "workflow \(type?.rawValue ?? "*")/\(action?.rawValue ?? "*")",
      pipeline.map { "pipeline \($0)" }, container.map { "container \($0)" },
    ].compactMap(\.self)
    return parts.isEmpty ? "every container" : parts.joined(separator: ", ")
  }
}

/// One image to put into a Promise.
public struct BumpRequest: Sendable, Hashable {
  public enum Scope: Sendable, Hashable {
    /// The containers that run another tag or digest of the same repository. Ambiguous when they do not all hold the
    /// same image now, unless `everywhere`. A filter that names one container gives it the image, whatever it held.
    case repository(everywhere: Bool)
    /// The containers that hold exactly this image now.
    case exactly(String)
  }

  public var image: ImageReference
  public var containers: ContainerFilter
  public var scope: Scope

  public init(
    image: ImageReference, containers: ContainerFilter = .all, scope: Scope = .repository(everywhere: false)
  ) {
    self.image = image
    self.containers = containers
    self.scope = scope
  }
}

/// What becomes of the label `kratix.io/promise-version`.
public enum VersionChange: Sendable, Hashable {
  case set(String)
  /// Raised by the size of the greatest image change: patch, minor or major.
  case raise
}
