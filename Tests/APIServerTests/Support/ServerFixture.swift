import AsyncHTTPClient
import Foundation
import Kubernetes
import Logging
import NIOCore
import NIOFoundationCompat
import NIOSSL

@testable import APIServer

/// A server in a directory of its own, gone with its test.
final class ServerFixture: Sendable {
  let directory: URL
  let server: APIServer

  init(directory: URL? = nil, plugins: [any AdmissionPlugin] = []) throws {
    self.directory =
      directory ?? FileManager.default.temporaryDirectory.appending(path: "apiserver-tests-\(UUID().uuidString)")
    var logger = Logger(label: "apiserver-tests")
    logger.logLevel = .critical
    server = try APIServer(
      configuration: .init(stateDirectory: self.directory, admissionPlugins: plugins, logger: logger))
  }

  /// Starts a server, lets the body use it, stops it and removes what it left.
  static func run<Result>(
    plugins: [any AdmissionPlugin] = [], _ body: (ServerFixture) async throws -> Result
  ) async throws -> Result {
    let fixture = try ServerFixture(plugins: plugins)
    defer { try? FileManager.default.removeItem(at: fixture.directory) }
    try await fixture.server.start()
    do {
      let result = try await body(fixture)
      await fixture.server.stop()
      return result
    } catch {
      await fixture.server.stop()
      throw error
    }
  }

  var api: LocalAPI { server.api(as: .administrator) }
}

// Raw HTTP.
extension ServerFixture {
  struct Answer {
    var status: Int
    var headers: [(String, String)]
    var body: String

    var json: JSON { (try? JSON(parsing: Array(body.utf8))) ?? .null }
    var contentType: String { headers.first { $0.0.lowercased() == "content-type" }?.1 ?? "" }
    var warnings: [String] { headers.filter { $0.0.lowercased() == "warning" }.map(\.1) }
  }

  /// A client with the administrator's certificate, or with none.
  func withClient<Result>(
    certificate: Bool = true, version: HTTPClient.Configuration.HTTPVersion = .automatic,
    _ body: (HTTPClient) async throws -> Result
  ) async throws -> Result {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(server.caPEM.utf8)))
    if certificate {
      tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(server.clientCertPEM.utf8)).map {
        .certificate($0)
      }
      tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(server.clientKeyPEM.utf8), format: .pem))
    }
    var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 600
    configuration.httpVersion = version
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    do {
      let result = try await body(client)
      try await client.shutdown()
      return result
    } catch {
      try? await client.shutdown()
      throw error
    }
  }

  func send(
    _ method: String = "GET", _ path: String, body: [UInt8]? = nil, headers: [String: String] = [:],
    certificate: Bool = true
  ) async throws -> Answer {
    try await withClient(certificate: certificate) { client in
      try await send(client, method, path, body: body, headers: headers)
    }
  }

  func send(
    _ client: HTTPClient, _ method: String = "GET", _ path: String, body: [UInt8]? = nil,
    headers: [String: String] = [:]
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: (server.url ?? "") + path)
    request.method = .RAW(value: method)
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body { request.body = .bytes(body) }
    let response = try await client.execute(request, timeout: .seconds(60))
    let content = try await response.body.collect(upTo: 64 << 20)
    return Answer(
      status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) },
      body: String(buffer: content))
  }
}

// kubectl.
extension ServerFixture {
  struct Output {
    var status: Int32
    var out: String
    var err: String
  }

  /// Runs the real kubectl against the server.
  func kubectl(_ arguments: String..., input: String = "") async throws -> Output {
    let config = directory.appending(path: "kubeconfig")
    if !FileManager.default.fileExists(atPath: config.path) {
      try YAML.text(server.kubeconfig(contextName: "test")).write(to: config, atomically: true, encoding: .utf8)
    }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["kubectl"] + arguments
    var environment = ProcessInfo.processInfo.environment
    environment["KUBECONFIG"] = config.path
    environment["HOME"] = directory.path
    process.environment = environment
    let (out, err, stdin) = (Pipe(), Pipe(), Pipe())
    process.standardOutput = out
    process.standardError = err
    process.standardInput = stdin
    try process.run()
    stdin.fileHandleForWriting.write(Data(input.utf8))
    try stdin.fileHandleForWriting.close()
    async let output = Self.readAll(out)
    async let errors = Self.readAll(err)
    let (outText, errText) = await (output, errors)
    process.waitUntilExit()
    return Output(status: process.terminationStatus, out: outText, err: errText)
  }

  private static func readAll(_ pipe: Pipe) async -> String {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        continuation.resume(returning: String(decoding: data, as: UTF8.self))
      }
    }
  }
}
