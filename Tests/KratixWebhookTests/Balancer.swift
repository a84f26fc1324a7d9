import NIOCore
import NIOPosix
import Synchronization

/// What a Service is to its clients: a port that leads each new connection to a backend that is ready. Connections that
/// are there stay where they are.
final class Balancer: Sendable {
  private let ready: Choice
  private let listener: any Channel

  var port: Int { listener.localAddress?.port ?? 0 }

  init(ready ports: [Int]) async throws {
    let ready = Choice(ports)
    self.ready = ready
    listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 256)
      .childChannelOption(.autoRead, value: false)
      .childChannelInitializer { client in
        guard let port = ready.ports.withLock({ $0.first }) else { return client.close() }
        return ClientBootstrap(group: client.eventLoop).channelOption(.autoRead, value: false)
          .connect(host: "127.0.0.1", port: port).flatMap { server in
            client.eventLoop.makeCompletedFuture {
              try client.pipeline.syncOperations.addHandler(Glue(to: server))
              try server.pipeline.syncOperations.addHandler(Glue(to: client))
            }.flatMap {
              client.setOption(.autoRead, value: true).and(server.setOption(.autoRead, value: true)).map { _ in }
            }
          }
      }.bind(host: "127.0.0.1", port: 0).get()
  }

  /// From now on new connections lead to these.
  func lead(to ports: [Int]) { ready.ports.withLock { $0 = ports } }

  func close() async throws { try await listener.close() }

  private final class Choice: Sendable {
    let ports: Mutex<[Int]>
    init(_ ports: [Int]) { self.ports = Mutex(ports) }
  }
}

/// Writes what one side says to the other.
private final class Glue: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let other: any Channel

  init(to other: any Channel) { self.other = other }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    other.writeAndFlush(unwrapInboundIn(data), promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    let other = other
    // Behind everything that was written.
    other.writeAndFlush(ByteBuffer()).whenComplete { _ in other.close(promise: nil) }
  }
}
