import AsyncHTTPClient
import NIOCore

/// One HTTP exchange, as the registry client needs it.
public struct RegistryRequest: Sendable, Hashable {
  public var method: String
  public var url: String
  public var headers: [String: String]
  public var body: [UInt8]?
}

public struct RegistryResponse: Sendable, Hashable {
  public var status: Int
  /// Names in lower case.
  public var headers: [String: [String]]
  public var body: [UInt8]

  public init(status: Int, headers: [String: [String]] = [:], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  func header(_ name: String) -> String? { headers[name]?.first }
}

/// Carries requests to a registry. - Throws: any error for a request that got no answer.
public protocol RegistryTransport: Sendable {
  func send(_ request: RegistryRequest) async throws -> RegistryResponse
}

/// HTTP/1.1 and HTTP/2 by async-http-client, redirects followed (without the authorization when they leave the host).
public struct HTTPTransport: RegistryTransport {
  /// A page of tags is far below this.
  static let largestBody = 16 << 20
  private let timeout: TimeAmount

  /// Lives as long as the process. Connections that are refused are not tried again: whoever calls may.
  private static let client: HTTPClient = {
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = .seconds(10)
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.redirectConfiguration = .follow(max: 5, allowCycles: false)
    configuration.decompression = .enabled(limit: .size(largestBody))
    return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
  }()

  public init(timeout: Duration = .seconds(30)) {
    self.timeout = .seconds(timeout.components.seconds)
  }

  public func send(_ request: RegistryRequest) async throws -> RegistryResponse {
    var message = HTTPClientRequest(url: request.url)
    message.method = .RAW(value: request.method)
    for (name, value) in request.headers { message.headers.add(name: name, value: value) }
    message.headers.add(name: "User-Agent", value: "kubectl-kratix")
    if let body = request.body { message.body = .bytes(body) }
    let response = try await Self.client.execute(message, timeout: timeout)
    let body = request.method == "HEAD" ? ByteBuffer() : try await response.body.collect(upTo: Self.largestBody)
    var headers: [String: [String]] = [:]
    for (name, value) in response.headers { headers[name.lowercased(), default: []].append(value) }
    return RegistryResponse(status: Int(response.status.code), headers: headers, body: Array(body.readableBytesView))
  }
}
