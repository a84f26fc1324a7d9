import NIOCore
import NIOTLS

/// Stands between TLS and HTTP on each connection, and sees to its beginning and its end: who connects has to finish the
/// handshake in time; what was asked before the client knew that the connection ends is answered; what was answered is
/// on its way before the connection closes; and a connection that is told to end does end.
final class ConnectionGuard: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  struct Times: Sendable {
    /// For the handshake.
    var handshake = TimeAmount.seconds(10)
    /// For a client of HTTP/2 to hear that the connection ends, in which it may still ask.
    var notice = TimeAmount.seconds(1)
    /// From the order to end to the end.
    var ending = TimeAmount.seconds(15)
  }

  private let times: Times
  private var handshake: Scheduled<Void>?
  private var notice: Scheduled<Void>?
  private var ending: Scheduled<Void>?
  /// What was agreed upon in the handshake; nil before it.
  private var version: String?
  private var isToEnd = false
  private var isClosing = false

  init(times: Times = Times()) { self.times = times }

  func handlerAdded(context: ChannelHandlerContext) {
    handshake = schedule(context, in: times.handshake) { $1.close(promise: nil) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    for task in [handshake, notice, ending] { task?.cancel() }
  }

  private func schedule(
    _ context: ChannelHandlerContext, in time: TimeAmount,
    _ work: @escaping @Sendable (ConnectionGuard, ChannelHandlerContext) -> Void
  ) -> Scheduled<Void> {
    let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    return context.eventLoop.scheduleTask(in: time) { work(loopBound.value.0, loopBound.value.1) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case TLSUserEvent.handshakeCompleted(let negotiated):
      version = negotiated ?? "http/1.1"
      handshake?.cancel()
      // Told to end before there was anybody to tell. HTTP/1.1 says `Connection: close` with its answer; closed at once,
      // the request that made this connection would be lost.
      if isToEnd, version == "h2" { notice = schedule(context, in: times.notice) { $0.giveNotice($1) } }
    case is ChannelShouldQuiesceEvent:
      guard !isToEnd else { return }
      isToEnd = true
      ending = schedule(context, in: times.ending) { $1.close(promise: nil) }
      guard let version else { return }
      guard version == "h2" else { break }
      return giveNotice(context)
    default: break
    }
    context.fireUserInboundEventTriggered(event)
  }

  /// GOAWAY for streams that are yet to come, and then nothing: the handlers of HTTP/2 are told only when the client has
  /// had time to hear of it, since from then on they refuse each new stream, and close the connection on the first.
  private func giveNotice(_ context: ChannelHandlerContext) {
    // A frame of 8 bytes and type 7 on stream 0: the last stream is the highest there can be, and there is no error
    // (RFC 9113, section 6.8). Whole frames only are written before it, since this is a turn of the event loop's own.
    let frame: [UInt8] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: frame)), promise: nil)
    notice = schedule(context, in: times.notice) { $1.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
  }

  /// HTTP/2 hears that a stream is over when its last frame is being written, before that frame is flushed. Closed in
  /// that moment, TLS would discard the answer.
  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard mode == .all, !isClosing else { return context.close(mode: mode, promise: promise) }
    isClosing = true
    let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.eventLoop.execute {
      loopBound.value.flush()
      loopBound.value.close(mode: mode, promise: promise)
    }
  }
}
