import Foundation
import KratixModel
import Programs
import Synchronization

/// Runs the program of one container to its end, or to the first limit that it passes.
struct ContainerProcess: Sendable {
  enum Ending: Sendable {
    case exited(Int32)
    case timedOut
    case overLimit(OutputDirectory.Violation)
    case notStarted(String)
  }

  /// How often the size of what a container writes is looked at. A container that ends sooner is looked at once.
  static let measuringInterval = Duration.milliseconds(250)

  let invocation: Invocation
  let directory: RunDirectory
  let limits: WorkflowLimits
  let deadline: ContinuousClock.Instant
  let onOutput: @Sendable ([UInt8]) -> Void

  func run() async throws -> Ending {
    let ending = await withTaskGroup(of: Ending?.self) { group in
      group.addTask { await spawn() }
      group.addTask {
        do {
          try await Task.sleep(until: deadline)
          return .timedOut
        } catch {
          return nil
        }
      }
      group.addTask { await guardOutput() }
      var ending: Ending?
      for await first in group {
        guard ending == nil, let first else { continue }
        ending = first
        // The others end with it: the program is killed.
        group.cancelAll()
      }
      return ending
    }
    // Also when this task is cancelled: a container must not outlive its run.
    if let cleanUp = invocation.cleanUp {
      if case .exited? = ending {} else { await Task { await cleanUp() }.value }
    }
    try Task.checkCancellation()
    guard let ending else { throw CancellationError() }
    return ending
  }

  private func spawn() async -> Ending? {
    let program = Program(
      invocation.executable, invocation.arguments, environment: invocation.environment, input: invocation.input)
    do {
      return .exited(try await program.run { onOutput($1) }.code)
    } catch let error as ProgramError {
      return .notStarted(error.description)
    } catch {
      return nil
    }
  }

  private func guardOutput() async -> Ending? {
    while (try? await Task.sleep(for: Self.measuringInterval)) != nil {
      if let violation = directory.excess(limits) { return .overLimit(violation) }
    }
    return nil
  }
}

/// The end of what a container prints.
final class LogTail: Sendable {
  private let limit: Int
  private let bytes = Mutex<[UInt8]>([])

  init(limit: Int) { self.limit = limit }

  func append(_ new: [UInt8]) {
    bytes.withLock { bytes in
      bytes += new
      // Cut now and then, not for every piece.
      if bytes.count > 2 * limit { bytes.removeFirst(bytes.count - limit) }
    }
  }

  var text: String {
    String(decoding: bytes.withLock { $0.suffix(limit) }, as: UTF8.self)
  }
}
