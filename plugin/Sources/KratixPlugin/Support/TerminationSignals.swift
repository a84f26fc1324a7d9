import UnixSignals

/// SIGINT and SIGTERM end work by cancelling it, so that whatever it started is ended in order.
enum TerminationSignals {
  /// Runs `work`; a signal cancels it, and is no error.
  /// - Throws: what `work` throws by itself.
  static func endingOnSignal(_ work: @escaping @Sendable () async throws -> Void) async throws {
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await work()
        return false
      }
      group.addTask {
        for await _ in signals { return true }
        return false
      }
      defer { group.cancelAll() }
      let wasSignalled = try await group.next() ?? false
      group.cancelAll()
      do {
        while try await group.next() != nil {}
      } catch {
        if !wasSignalled { throw error }
      }
    }
  }
}
