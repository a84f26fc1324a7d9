import Foundation
import KratixModel
import Kubernetes

/// Runs the containers of a pipeline one after the other and reads what they leave, whatever runs them.
struct PipelineExecution: Sendable {
  let scratch: ScratchDirectory
  /// Which way to run a container of an image.
  let runner: @Sendable (_ image: String) async throws(WorkflowFailure.Reason) -> any ContainerRunner

  func run(
    _ run: WorkflowRun, limits: WorkflowLimits, onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws(WorkflowFailure) -> WorkflowResult {
    let began = ContinuousClock.now
    func failure(
      _ reason: WorkflowFailure.Reason, container: String = "", lastLines: [String] = [], logs: [ContainerLog] = []
    ) -> WorkflowFailure {
      WorkflowFailure(
        pipeline: run.pipeline.name, container: container, reason: reason, lastLines: lastLines, logs: logs)
    }
    let directory: RunDirectory
    do {
      directory = try RunDirectory(below: scratch.path, run: run)
    } catch {
      throw failure(.engine("its directory cannot be made: \(error.localizedDescription)"))
    }
    defer { directory.remove() }
    var logs: [ContainerLog] = []
    for container in run.pipeline.containers {
      let log = LogTail(limit: limits.logBytes)
      var notes: [String] = []
      do throws(WorkflowFailure.Reason) {
        let (ending, engine, left) = try await self.run(
          container, of: run, in: directory, limits: limits, deadline: began + limits.time, log: log, onEvent: onEvent)
        notes = left
        logs.append(ContainerLog(container: container.name, text: log.text))
        try check(ending, engine: engine, image: container.image, limits: limits, directory: directory, log: log)
      } catch {
        if logs.last?.container != container.name { logs.append(.init(container: container.name, text: log.text)) }
        throw failure(error, container: container.name, lastLines: notes + Self.lastLines(log.text), logs: logs)
      }
    }
    guard run.isWorkflow else {
      return WorkflowResult(
        files: [], status: nil, destinationSelectors: [], control: nil, logs: logs, duration: began.duration(to: .now))
    }
    do throws(WorkflowFailure.Reason) {
      return try Self.read(directory, of: run, limits: limits, logs: logs, began: began)
    } catch {
      throw failure(error, logs: logs)
    }
  }

  private func run(
    _ container: Pipeline.Container, of run: WorkflowRun, in directory: RunDirectory, limits: WorkflowLimits,
    deadline: ContinuousClock.Instant, log: LogTail, onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws(WorkflowFailure.Reason) -> (ContainerProcess.Ending, any ContainerRunner, notes: [String]) {
    let engine = try await runner(container.image)
    let specification = try ContainerSpecification(container, of: run, directory: directory)
    let invocation = try await engine.invocation(for: specification, directory: directory, limits: limits)
    onEvent(.started(container: container.name))
    let process = ContainerProcess(
      invocation: invocation, directory: directory, limits: limits, deadline: deadline,
      onOutput: { bytes in
        log.append(bytes)
        onEvent(.output(container: container.name, bytes: bytes))
      })
    do {
      let ending = try await process.run()
      if case .exited(let code) = ending { onEvent(.finished(container: container.name, exitCode: code)) }
      return (ending, engine, invocation.notes)
    } catch {
      throw .engine("it was cancelled")
    }
  }

  private func check(
    _ ending: ContainerProcess.Ending, engine: any ContainerRunner, image: String, limits: WorkflowLimits,
    directory: RunDirectory, log: LogTail
  ) throws(WorkflowFailure.Reason) {
    switch ending {
    case .timedOut: throw .timedOut(after: limits.time)
    case .overLimit(let violation): throw .badOutput(violation.text)
    case .notStarted(let reason): throw .engine(reason)
    case .exited(let code):
      // What passed a limit may have failed for that.
      if let violation = directory.excess(limits) { throw .badOutput(violation.text) }
      guard code != 0 else { return }
      throw engine.failure(exitCode: code, lastLines: Self.lastLines(log.text), image: image) ?? .exited(code: code)
    }
  }

  /// What Kratix's work-writer and status-writer read after the last container (contract, section 5.5). A delete
  /// workflow has no work-writer: its files and selectors are of no account.
  static func read(
    _ directory: RunDirectory, of run: WorkflowRun, limits: WorkflowLimits, logs: [ContainerLog],
    began: ContinuousClock.Instant
  ) throws(WorkflowFailure.Reason) -> WorkflowResult {
    let output = OutputDirectory(path: directory.output, mount: "/kratix/output")
    let metadata = OutputDirectory(path: directory.metadata, mount: "/kratix/metadata")
    func parsed<Value>(
      _ file: String, _ parse: (String) throws(PipelineOutputError) -> Value
    ) throws(WorkflowFailure.Reason) -> Value? {
      do {
        return try metadata.text(file).map(parse)
      } catch {
        switch error {
        case let error as OutputDirectory.Violation: throw .badMetadata(error.text)
        case let error as PipelineOutputError: throw .badMetadata(error.description)
        default: throw .badMetadata("\(file) cannot be read: \(error)")
        }
      }
    }
    let isConfigure = run.environment.action == .configure
    let selectors =
      isConfigure
      ? try parsed("destination-selectors.yaml", PipelineOutputs.parseDestinationSelectors) ?? [] : []
    let control = try parsed("workflow-control.yaml", PipelineOutputs.parseWorkflowControl)
    let isParked = control.map { $0.suspend || $0.retryAfter != nil } ?? false
    var files: [OutputFile] = []
    if isConfigure {
      do {
        files = try output.files(maximumBytes: limits.outputBytes, maximumFiles: limits.outputFiles)
      } catch {
        throw .badOutput(error.text)
      }
      if !isParked {
        for selector in selectors where selector.directory != "." {
          let status = OutputDirectory.status("\(directory.output)/\(selector.directory)")
          guard status.map(OutputDirectory.isDirectory) ?? false else {
            throw .badMetadata(
              "destination-selectors.yaml names the directory \(selector.directory), which is not in /kratix/output")
          }
        }
      }
    }
    return WorkflowResult(
      files: files, status: try parsed("status.yaml", PipelineOutputs.parseStatus).flatMap { $0 },
      destinationSelectors: selectors, control: control, logs: logs, duration: began.duration(to: .now))
  }

  static func lastLines(_ text: String, count: Int = 10) -> [String] {
    text.split(whereSeparator: \.isNewline).suffix(count).map { String($0.prefix(500)) }
  }
}
