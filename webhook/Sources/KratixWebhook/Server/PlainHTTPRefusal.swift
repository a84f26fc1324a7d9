import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOSSL

/// HTTP/1.1 or HTTP/2 over TLS, and a clear answer for those who speak HTTP without it.
struct GuardedChannel: HTTPChannelHandler {
  typealias Value = HTTP2UpgradeChannel.Value

  private let inner: HTTP2UpgradeChannel
  private let connections: Connections

  init(_ inner: HTTP2UpgradeChannel, connections: Connections) {
    self.inner = inner
    self.connections = connections
  }

  var responder: Responder { inner.responder }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    let pipeline = channel.pipeline.syncOperations
    do {
      try pipeline.addHandler(PlainHTTPRefusal())
      let value = inner.setup(channel: channel, logger: logger)
      let tls = try pipeline.handler(type: NIOSSLServerHandler.self)
      try pipeline.addHandler(ConnectionGuard(), position: .after(tls))
      connections.add(channel)
      return value
    } catch {
      return channel.eventLoop.makeFailedFuture(error)
    }
  }

  func handle(value: Value, logger: Logger) async { await inner.handle(value: value, logger: logger) }
}

/// Looks at the first byte of a connection: a TLS handshake begins with 22, a request of HTTP with a letter.
private final class PlainHTTPRefusal: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    guard let first = buffer.readableBytesView.first else { return }
    guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else {
      context.fireChannelRead(data)
      context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
      return
    }
    let text = "Client sent an HTTP request to an HTTPS server.\n"
    let answer =
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
      + "Content-Length: \(text.utf8.count)\r\n\r\n\(text)"
    let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: answer))).whenComplete { _ in
      loopBound.value.close(promise: nil)
    }
  }
}
