import Foundation
import KratixModel
import Synchronization

/// Takes, for each container, the container engine where there is one that has the image; else the process engine
/// where a directory stands for the image; else the container engine, which may pull it.
///
/// Whether a container engine has an image is asked once for each image.
public final class AutoEngine: WorkflowEngine {
  private let execution: PipelineExecution

  /// - Parameter containerCommand: `podman` or `docker`; nil when there is none.
  public convenience init(
    images: ImageMap, containerCommand: String? = ContainerEngine.installedCommand()
  ) throws {
    try self.init(
      images: images,
      containers: containerCommand.map {
        ContainerCommandRunner(command: $0, options: [], environment: ProcessInfo.processInfo.environment)
      })
  }

  init(images: ImageMap, containers: ContainerCommandRunner?) throws {
    let scratch = try ScratchDirectory("kratix-run")
    let processes = ProcessRunner(images: images, scratch: scratch)
    let local = LocalImages()
    execution = PipelineExecution(scratch: scratch) { image async throws(WorkflowFailure.Reason) in
      let isMapped = images.directory(for: image) != nil
      guard let containers else {
        guard isMapped else { throw .imageUnavailable(images.missing(image) + ", or install podman or docker") }
        return processes
      }
      guard isMapped else { return UnmappedImageRunner(containers: containers, hint: images.missing(image)) }
      return await local.has(image, containers) ? containers : processes
    }
  }

  public func run(
    _ run: WorkflowRun, limits: WorkflowLimits, onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws(WorkflowFailure) -> WorkflowResult {
    try await execution.run(run, limits: limits, onEvent: onEvent)
  }
}

/// Which images a container engine has, as far as it was asked.
private final class LocalImages: Sendable {
  private let known = Mutex<[String: Bool]>([:])

  func has(_ image: String, _ containers: ContainerCommandRunner) async -> Bool {
    if let answer = known.withLock({ $0[image] }) { return answer }
    let answer = await containers.hasImage(image)
    known.withLock { $0[image] = answer }
    return answer
  }
}

/// A container engine for an image that no directory stands for: when it has not got it either, both are told.
private struct UnmappedImageRunner: ContainerRunner {
  let containers: ContainerCommandRunner
  let hint: String

  func invocation(
    for container: ContainerSpecification, directory: RunDirectory, limits: WorkflowLimits
  ) async throws(WorkflowFailure.Reason) -> Invocation {
    try await containers.invocation(for: container, directory: directory, limits: limits)
  }

  func failure(exitCode: Int32, lastLines: [String], image: String) -> WorkflowFailure.Reason? {
    switch containers.failure(exitCode: exitCode, lastLines: lastLines, image: image) {
    case .imageUnavailable(let text), .engine(let text): .imageUnavailable("\(hint); \(containers.command): \(text)")
    case let other: other
    }
  }
}
