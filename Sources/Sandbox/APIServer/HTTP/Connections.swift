import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import Synchronization

/// The open connections of a server, so that it can end them whatever they are doing.
final class Connections: Sendable {
  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    var isClosed = false
  }

  private let state = Mutex(State())

  func add(_ channel: any Channel) {
    let id = ObjectIdentifier(channel)
    let isClosed = state.withLock { state in
      if !state.isClosed { state.channels[id] = channel }
      return state.isClosed
    }
    if isClosed { return channel.close(mode: .all, promise: nil) }
    channel.closeFuture.whenComplete { _ in self.state.withLock { state in _ = state.channels.removeValue(forKey: id) }
    }
  }

  /// Ends all connections, and every one that comes later.
  func closeAll() {
    let channels = state.withLock { state in
      state.isClosed = true
      return Array(state.channels.values)
    }
    for channel in channels { channel.close(mode: .all, promise: nil) }
  }
}

/// HTTP/1.1 and HTTP/2 over TLS, with every connection known.
struct TrackedChannel: ServerChildChannel {
  let base: HTTP2UpgradeChannel
  let connections: Connections

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP2UpgradeChannel.Value> {
    connections.add(channel)
    return base.setup(channel: channel, logger: logger)
  }

  func handle(value: HTTP2UpgradeChannel.Value, logger: Logger) async {
    await base.handle(value: value, logger: logger)
  }
}
