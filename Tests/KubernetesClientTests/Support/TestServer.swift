import Foundation
import Kubernetes
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

@testable import KubernetesClient

/// A TLS server on the loopback that answers as the test tells it to, well or badly.
final class TestServer: Sendable {
  struct Request: Sendable {
    var method: String
    var path: String
    var query: [String: String]
    var headers: HTTPHeaders
    var body: [UInt8]
    /// From 1, in the order of arrival.
    var number: Int

    var json: JSON? { try? JSON(parsing: body) }
  }

  enum Reply: Sendable {
    case json(Int, JSON, headers: [String: String] = [:])
    case text(Int, String, headers: [String: String] = [:])
    /// The pieces of a body as they come, until the stream ends.
    case stream(AsyncStream<String>)
    /// Pieces, then the connection ends in the middle of the body.
    case cutOff(pieces: [String])
    /// Resets the connection before a byte of the answer.
    case reset
    /// Says nothing for as long as the server runs.
    case silence

    static func status(_ error: StatusError, headers: [String: String] = [:]) -> Reply {
      .json(error.code, error.json, headers: headers)
    }
  }

  typealias Handler = @Sendable (Request) async -> Reply

  let port: Int
  private let channel: any Channel
  private let received: NIOLockedValueBox<[Request]>
  private let connections: NIOLockedValueBox<[any Channel]>

  /// What has been asked so far.
  var requests: [Request] { received.withLockedValue { $0 } }

  private init(
    channel: any Channel, received: NIOLockedValueBox<[Request]>, connections: NIOLockedValueBox<[any Channel]>
  ) throws {
    guard let port = channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
    self.port = port
    self.channel = channel
    self.received = received
    self.connections = connections
  }

  /// - Parameters:
  ///   - clientAuthority: PEM; then clients must show a certificate that it signed.
  ///   - port: 0 takes a free one.
  static func start(
    identity: TestAuthority.Identity?, clientAuthority: String? = nil, port: Int = 0, handler: @escaping Handler
  ) async throws -> TestServer {
    var context: NIOSSLContext?
    if let identity {
      var tls = TLSConfiguration.makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(identity.certificatePEM.utf8))
          .map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(identity.keyPEM.utf8), format: .pem)))
      if let clientAuthority {
        tls.certificateVerification = .noHostnameVerification
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(clientAuthority.utf8)))
      }
      context = try NIOSSLContext(configuration: tls)
    }
    let received = NIOLockedValueBox<[Request]>([])
    let connections = NIOLockedValueBox<[any Channel]>([])
    let tlsContext = context
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        connections.withLockedValue { $0.append(channel) }
        return channel.eventLoop.makeCompletedFuture {
          if let tlsContext { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tlsContext)) }
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
          try channel.pipeline.syncOperations.addHandler(RequestHandler(received: received, handler: handler))
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    return try TestServer(channel: channel, received: received, connections: connections)
  }

  /// Ends, and all connections with it.
  func stop() async throws {
    try await channel.close()
    for connection in connections.withLockedValue({ $0 }) { try? await connection.close() }
  }
}

private final class RequestHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  let received: NIOLockedValueBox<[TestServer.Request]>
  let handler: TestServer.Handler
  var head: HTTPRequestHead?
  var body: [UInt8] = []

  init(received: NIOLockedValueBox<[TestServer.Request]>, handler: @escaping TestServer.Handler) {
    self.received = received
    self.handler = handler
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body = []
    case .body(let buffer): body += buffer.readableBytesView
    case .end:
      guard let head, let components = URLComponents(string: head.uri) else { return context.close(promise: nil) }
      var request = TestServer.Request(
        method: head.method.rawValue, path: components.path, query: [:], headers: head.headers, body: body, number: 0)
      for item in components.queryItems ?? [] { request.query[item.name] = item.value ?? "" }
      request.number = received.withLockedValue { all in
        request.number = all.count + 1
        all.append(request)
        return all.count
      }
      let channel = context.channel
      let handler = handler
      let asked = request
      Task { await ReplyWriter.answer(asked, handler: handler, on: channel) }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

private enum ReplyWriter {
  /// A client that has gone meanwhile is no fault of the test.
  static func answer(
    _ request: TestServer.Request, handler: TestServer.Handler, on channel: any Channel
  ) async {
    let reply = await handler(request)
    try? await write(reply, on: channel)
  }

  private static func write(_ reply: TestServer.Reply, on channel: any Channel) async throws {
    let chunked: HTTPHeaders = ["Transfer-Encoding": "chunked", "Content-Type": "application/json"]
    switch reply {
    case .json(let status, let json, let fields):
      let headers = ["Content-Type": "application/json"].merging(fields) { $1 }
      try await whole(json.text(), status: status, fields: headers, on: channel)
    case .text(let status, let text, let fields):
      try await whole(text, status: status, fields: fields, on: channel)
    case .stream(let pieces):
      try await write(.head(.init(version: .http1_1, status: .ok, headers: chunked)), on: channel)
      for await text in pieces { try await write(.body(.byteBuffer(ByteBuffer(string: text))), on: channel) }
      try await write(.end(nil), on: channel)
    case .cutOff(let pieces):
      try await write(.head(.init(version: .http1_1, status: .ok, headers: chunked)), on: channel)
      for text in pieces { try await write(.body(.byteBuffer(ByteBuffer(string: text))), on: channel) }
      try await close(channel)
    case .reset:
      if let socket = channel as? any SocketOptionProvider {
        try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
      }
      try await close(channel)
    case .silence:
      try await channel.closeFuture.get()
    }
  }

  private static func whole(
    _ text: String, status: Int, fields: [String: String], on channel: any Channel
  ) async throws {
    var headers = HTTPHeaders(fields.map { ($0.key, $0.value) })
    headers.add(name: "Content-Length", value: String(text.utf8.count))
    try await write(
      .head(.init(version: .http1_1, status: .init(statusCode: status), headers: headers)), on: channel)
    try await write(.body(.byteBuffer(ByteBuffer(string: text))), on: channel)
    try await write(.end(nil), on: channel)
  }

  private static func write(_ part: HTTPServerResponsePart, on channel: any Channel) async throws {
    try await channel.writeAndFlush(part)
  }

  /// Without TLS' farewell.
  private static func close(_ channel: any Channel) async throws {
    try await channel.eventLoop.submit {
      if let tls = try? channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
        tls.close(promise: nil)
      } else {
        channel.close(promise: nil)
      }
    }.get()
  }
}
