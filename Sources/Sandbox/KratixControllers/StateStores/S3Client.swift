import AsyncHTTPClient
import Foundation
import Kubernetes
import NIOCore

/// The few calls of the S3 API that a state store needs, path-style, on any endpoint.
struct S3Client: Sendable {
  /// What a bucket is reached with.
  struct Settings: Sendable, Hashable {
    /// `host[:port]`.
    var endpoint: String
    var isSecure: Bool
    var bucket: String
    var signature: SignatureV4
  }

  let settings: Settings
  let client: HTTPClient
  /// Seconds since 1970.
  let now: @Sendable () -> Double

  static let timeout: Int64 = 60
  static let bodyLimit = 256 << 20

  init(
    _ settings: Settings, client: HTTPClient = .shared,
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) {
    self.settings = settings
    self.client = client
    self.now = now
  }

  struct Answer: Sendable {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]

    var isSuccess: Bool { (200..<300).contains(status) }
    /// The ETag without its quotes.
    var eTag: String? { headers["etag"]?.trimmingCharacters(in: CharacterSet(charactersIn: "\"")) }
    var versionID: String { headers["x-amz-version-id"] ?? "" }

    /// What S3 says about a failure: `AccessDenied: Access Denied`.
    var reason: String {
      guard let error = XMLElement(parsing: String(decoding: body, as: UTF8.self)), let code = error["Code"]?.text
      else { return "HTTP status \(status)" }
      return error["Message"].map { "\(code): \($0.text)" } ?? code
    }
  }

  func call(
    _ method: String, key: String = "", query: [(String, String)] = [], body: [UInt8] = []
  ) async throws(StateStoreError) -> Answer {
    let path =
      "/" + SignatureV4.encoded(settings.bucket) + (key.isEmpty ? "" : "/")
      + SignatureV4.encoded(key, keepingSlashes: true)
    let queryText = SignatureV4.queryText(query)
    let scheme = settings.isSecure ? "https" : "http"
    var request = HTTPClientRequest(
      url: "\(scheme)://\(settings.endpoint)\(path)\(queryText.isEmpty ? "" : "?\(queryText)")")
    request.method = .RAW(value: method)
    let signed = settings.signature.headers(
      method: method, path: path, query: query, headers: ["host": settings.endpoint], body: body,
      date: SignatureV4.dateText(secondsSince1970: now()))
    request.headers.add(name: "host", value: settings.endpoint)
    for (name, value) in signed { request.headers.add(name: name, value: value) }
    if method == "PUT" || method == "POST" { request.body = .bytes(body) }
    do {
      let response = try await client.execute(request, timeout: .seconds(Self.timeout))
      let bytes = try await response.body.collect(upTo: Self.bodyLimit)
      var headers: [String: String] = [:]
      for header in response.headers { headers[header.name.lowercased()] = header.value }
      return Answer(status: Int(response.status.code), headers: headers, body: Array(bytes.readableBytesView))
    } catch {
      throw StateStoreError("cannot reach \(scheme)://\(settings.endpoint): \(error)")
    }
  }

  /// The object's ETag, or nil when there is no such object.
  func eTag(of key: String) async throws(StateStoreError) -> String? {
    let answer = try await call("HEAD", key: key)
    if answer.status == 404 { return nil }
    guard answer.isSuccess else { throw failure("look at", key, answer) }
    return answer.eTag
  }

  func get(_ key: String) async throws(StateStoreError) -> [UInt8]? {
    let answer = try await call("GET", key: key)
    if answer.status == 404 { return nil }
    guard answer.isSuccess else { throw failure("read", key, answer) }
    return answer.body
  }

  /// - Returns: the version that the object got; empty in a bucket without versions.
  func put(_ key: String, _ bytes: [UInt8]) async throws(StateStoreError) -> String {
    let answer = try await call("PUT", key: key, body: bytes)
    guard answer.isSuccess else { throw failure("write", key, answer) }
    return answer.versionID
  }

  func delete(_ key: String) async throws(StateStoreError) {
    let answer = try await call("DELETE", key: key)
    guard answer.isSuccess || answer.status == 404 else { throw failure("delete", key, answer) }
  }

  /// The keys that begin with `prefix`, sorted.
  func keys(prefix: String, pageSize: Int = 1000) async throws(StateStoreError) -> [String] {
    var keys: [String] = []
    var token: String?
    repeat {
      var query = [("list-type", "2"), ("prefix", prefix), ("max-keys", String(pageSize))]
      if let token { query.append(("continuation-token", token)) }
      let answer = try await call("GET", query: query)
      guard answer.isSuccess else { throw failure("list", prefix, answer) }
      guard let list = XMLElement(parsing: String(decoding: answer.body, as: UTF8.self)) else {
        throw StateStoreError("the list of bucket \(settings.bucket) is not XML")
      }
      keys += list.children.filter { $0.name == "Contents" }.compactMap { $0["Key"]?.text }
      let next = list["NextContinuationToken"]?.text
      token = list["IsTruncated"]?.text == "true" && next != token ? next : nil
    } while token != nil
    return keys.sorted()
  }

  /// Starts and aborts an upload, which needs the right to write and leaves nothing (contract, section 8.4).
  func checkWritePermission(_ key: String) async throws(StateStoreError) {
    let start = try await call("POST", key: key, query: [("uploads", "")])
    guard start.isSuccess else { throw failure("write", key, start) }
    guard
      let upload = XMLElement(parsing: String(decoding: start.body, as: UTF8.self))?["UploadId"]?.text, !upload.isEmpty
    else { throw StateStoreError("the answer to an upload's start to bucket \(settings.bucket) names no upload") }
    let abort = try await call("DELETE", key: key, query: [("uploadId", upload)])
    guard abort.isSuccess || abort.status == 404 else { throw failure("end the upload of", key, abort) }
  }

  private func failure(_ verb: String, _ key: String, _ answer: Answer) -> StateStoreError {
    StateStoreError("cannot \(verb) \(key) in bucket \(settings.bucket): \(answer.reason)")
  }
}
