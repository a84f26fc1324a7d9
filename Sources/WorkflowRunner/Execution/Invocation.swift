/// A program of this machine that runs one container.
struct Invocation: Sendable {
  /// Absolute, or a name to be looked up in PATH.
  var executable: String
  var arguments: [String]
  /// The program's own environment, not the container's.
  var environment: [String: String]
  /// Its standard input.
  var input: [UInt8]
  /// What the image lacks here, for the log.
  var notes: [String] = []
  /// What to do when it did not end by itself.
  var cleanUp: (@Sendable () async -> Void)?
}

/// One way of running containers.
protocol ContainerRunner: Sendable {
  func invocation(
    for container: ContainerSpecification, directory: RunDirectory, limits: WorkflowLimits
  ) async throws(WorkflowFailure.Reason) -> Invocation

  /// What an exit code says of the engine rather than of the container; nil when the container ended by itself.
  func failure(exitCode: Int32, lastLines: [String], image: String) -> WorkflowFailure.Reason?
}
