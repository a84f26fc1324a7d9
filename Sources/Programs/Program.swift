import Foundation

/// Another program, to be run to its end, in a process group of its own.
public struct Program: Sendable {
  /// A path with a slash, or a name that is looked up in `PATH` of `environment`.
  public var executable: String
  public var arguments: [String]
  /// All of its environment: nothing is added.
  public var environment: [String: String]
  public var input: [UInt8]
  /// For a person at this process's terminal: its standard input and error are this process's own, and so is its group.
  public var isInteractive = false

  public init(
    _ executable: String, _ arguments: [String] = [],
    environment: [String: String] = ProcessInfo.processInfo.environment, input: [UInt8] = []
  ) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
    self.input = input
  }

  public enum Ending: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)

    /// As a shell gives it: 128 and the signal's number for a program that a signal ended.
    public var code: Int32 {
      switch self {
      case .exited(let code): code
      case .signalled(let signal): 128 + signal
      }
    }
  }

  public enum Stream: Sendable, Hashable {
    case output
    case error
  }

  /// What a program that ended has left.
  public struct Result: Sendable {
    public var ending: Ending
    public var output: [UInt8]
    public var error: [UInt8]

    public var succeeded: Bool { ending == .exited(0) }
    public var outputText: String { String(decoding: output, as: UTF8.self) }
    public var errorText: String { String(decoding: error, as: UTF8.self) }
  }

  /// Runs it and hands over what it writes, as it comes, on a thread of the run's own.
  ///
  /// The run is over when the program has ended, also when something that it started still holds its streams open.
  /// - Throws: `ProgramError` when it cannot be started; `CancellationError` when the task was cancelled: then its whole
  ///   process group was killed.
  public func run(onOutput: @escaping @Sendable (Stream, [UInt8]) -> Void) async throws -> Ending {
    let process = try SpawnedProcess(self)
    let ending = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: process.finish(onOutput: onOutput)) }
      }
    } onCancel: {
      process.kill()
    }
    try Task.checkCancellation()
    return ending
  }

  /// Runs it and keeps what it writes.
  /// - Parameter limit: bytes of either stream; what comes after them is read and thrown away.
  /// - Throws: as `run(onOutput:)`.
  public func collect(limit: Int = 1 << 20) async throws -> Result {
    let kept = Kept(limit: limit)
    let ending = try await run { kept.append($1, of: $0) }
    return Result(ending: ending, output: kept.bytes(of: .output), error: kept.bytes(of: .error))
  }

  /// Where the executable is.
  func path() throws(ProgramError) -> String {
    if executable.contains("/") { return executable }
    for directory in (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":") {
      let path = "\(directory)/\(executable)"
      if FileManager.default.isExecutableFile(atPath: path) { return path }
    }
    throw ProgramError(program: executable, code: ENOENT)
  }
}

/// A program that could not be started.
public struct ProgramError: Error, Sendable, Hashable, CustomStringConvertible {
  public var program: String
  /// errno.
  public var code: Int32

  public var isNotFound: Bool { code == ENOENT }

  public var description: String {
    isNotFound ? "\(program) is not installed" : "\(program) cannot be started: \(String(cString: strerror(code)))"
  }
}
