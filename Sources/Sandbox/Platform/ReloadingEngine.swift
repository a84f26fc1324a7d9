import Synchronization
import WorkflowRunner

/// The engine of a sandbox: image mappings are read again for every run, so that `sandbox load` is seen at once.
final class ReloadingEngine: WorkflowEngine {
  private struct Made {
    var images: [String: String]
    var engine: any WorkflowEngine
  }

  private let directory: SandboxDirectory
  private let choice: SandboxConfiguration.Engine
  private let made: Mutex<Made>

  /// - Throws: when the engine is not to be had on this machine.
  init(_ directory: SandboxDirectory, choice: SandboxConfiguration.Engine) throws {
    self.directory = directory
    self.choice = choice
    let images = directory.knownImages()
    made = Mutex(Made(images: images, engine: try choice.make(images: ImageMap(images))))
  }

  func run(
    _ run: WorkflowRun, limits: WorkflowLimits, onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws(WorkflowFailure) -> WorkflowResult {
    let engine: any WorkflowEngine
    do {
      engine = try current()
    } catch {
      throw WorkflowFailure(pipeline: run.pipeline.name, container: "", reason: .engine("\(error)"))
    }
    return try await engine.run(run, limits: limits, onEvent: onEvent)
  }

  private func current() throws -> any WorkflowEngine {
    let images = directory.knownImages()
    return try made.withLock { made in
      if made.images != images {
        made = Made(images: images, engine: try choice.make(images: ImageMap(images)))
      }
      return made.engine
    }
  }
}
