import NIOCore
import Synchronization

/// The connections that are open. A server that is cancelled closes them, and its handlers end because of that: handlers
/// that are cancelled first leave streams behind that nobody reads, which NIO takes for a mistake of the program.
final class Connections: Sendable {
  private struct State {
    var open: [ObjectIdentifier: any Channel] = [:]
    var isClosed = false
  }

  private let state = Mutex(State())

  func add(_ channel: any Channel) {
    let id = ObjectIdentifier(channel)
    let isWelcome = state.withLock { state in
      if !state.isClosed { state.open[id] = channel }
      return !state.isClosed
    }
    guard isWelcome else { return channel.close(promise: nil) }
    channel.closeFuture.whenComplete { _ in _ = self.state.withLock { $0.open.removeValue(forKey: id) } }
  }

  /// Closes those that are open, and those that come.
  func close() {
    let channels = state.withLock { state in
      state.isClosed = true
      return Array(state.open.values)
    }
    for channel in channels { channel.close(promise: nil) }
  }
}
