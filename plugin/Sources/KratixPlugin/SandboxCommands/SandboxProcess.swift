import Logging
import Sandbox

/// A sandbox as this process: it serves until the process is told to end.
enum SandboxProcess {
  /// - Parameters:
  ///   - webhook: whether kratix-webhook is registered.
  ///   - onReady: called when kubectl can work.
  static func run(
    _ configuration: SandboxConfiguration, webhook: Bool, onReady: @escaping @Sendable () -> Void
  ) async throws {
    var logger = Logger(label: "sandbox", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = .notice
    let platform = SandboxPlatform(configuration, logger: logger)
    let guest = webhook ? WebhookGuest.serving(logger: logger) : WebhookGuest.absent()
    try await TerminationSignals.endingOnSignal {
      try await platform.run(guests: [guest], onReady: onReady)
    }
  }
}
