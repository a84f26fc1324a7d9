import WorkflowRunner

extension SandboxConfiguration.Engine {
  /// The engine that runs pipelines.
  /// - Throws: when the engine is not to be had on this machine.
  public func make(images: ImageMap) throws -> any WorkflowEngine {
    switch self {
    case .auto: return try AutoEngine(images: images)
    case .process: return try ProcessEngine(images: images)
    case .container:
      guard let command = ContainerEngine.installedCommand() else { throw SandboxError.noContainerEngine }
      return try ContainerEngine(command: command)
    }
  }
}
