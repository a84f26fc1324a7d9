import Foundation
import Kubernetes
import Testing

/// Requests that no honest client sends: each gets the status and reason of a real API server, and the server lives.
@Suite(.platform(arguments: ["--no-webhook"]), .serialized)
struct HostileInputTests {
  struct Answer {
    var code: Int
    var body: String
    var status: JSON { (try? JSON(parsing: body)) ?? .null }
  }

  private static let configMaps = "/api/v1/namespaces/default/configmaps"
  private static let json = "application/json"

  /// Sends with the kubeconfig's client certificate, or without any.
  private func curl(_ path: String, _ arguments: [String] = [], body: String? = nil, certificate: Bool = true)
    async throws -> Answer
  {
    let platform = try Platform.require()
    let view = try await platform.kubectl("config", "view", "--raw", "--minify", "-o", "json").succeeded()
    let config = try JSON(parsing: view.output)
    let cluster = config["clusters"]?[0]?["cluster"]
    func pem(_ value: JSON?, _ name: String) throws -> String {
      let data = try #require(value?.stringValue.flatMap { Data(base64Encoded: $0) })
      return try platform.file(name, String(decoding: data, as: UTF8.self))
    }
    var command = ["-s", "-m", "30", "--path-as-is", "-w", "\n%{http_code}"]
    command += ["--cacert", try pem(cluster?["certificate-authority-data"], "ca.crt")]
    if certificate {
      let user = config["users"]?[0]?["user"]
      command += ["--cert", try pem(user?["client-certificate-data"], "client.crt")]
      command += ["--key", try pem(user?["client-key-data"], "client.key")]
    }
    if body != nil { command += ["--data-binary", "@-"] }
    let server = try #require(cluster?["server"]?.stringValue)
    let result = try await platform.run("curl", command + arguments + [server + path], input: body ?? "")
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
    let code = lines.last.flatMap { Int($0) } ?? 0
    return Answer(code: code, body: lines.dropLast().joined(separator: "\n"))
  }

  private func alive() async throws {
    #expect(try await Platform.require().kubectl("get", "--raw", "/readyz").succeeded().output == "ok")
  }

  struct Body: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var path = configMaps
    var type = json
    var method = "POST"
    var text: String
    var code: Int
    var reason: String
    var message = ""
  }

  static func object(_ rest: String) -> String { #"{"apiVersion":"v1","kind":"ConfigMap",\#(rest)}"# }

  static let bodies: [Body] = [
    Body(
      testDescription: "JSON that ends early", text: #"{"a":"#, code: 400, reason: "BadRequest",
      message: "couldn't get version/kind; json parse error"),
    Body(
      testDescription: "YAML that makes no sense", type: "application/yaml", text: "a: [1\nb: {", code: 400,
      reason: "BadRequest", message: "the object provided is unrecognized"),
    Body(
      testDescription: "protobuf without its prefix", type: "application/vnd.kubernetes.protobuf", text: "zzz",
      code: 400, reason: "BadRequest", message: "does not appear to be a protobuf message"),
    Body(
      testDescription: "protobuf that is cut", type: "application/vnd.kubernetes.protobuf",
      text: "k8s\u{0}\u{0a}\u{7f}",
      code: 400, reason: "BadRequest"),
    Body(
      testDescription: "protobuf of a custom resource", path: "/apis/platform.kratix.io/v1alpha1/promises",
      type: "application/vnd.kubernetes.protobuf", text: "k8s", code: 415, reason: "UnsupportedMediaType",
      message: "accepted media types include: application/json, application/yaml"),
    Body(
      testDescription: "a type that is not taken", type: "text/plain", text: "{}", code: 415,
      reason: "UnsupportedMediaType",
      message: "accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"),
    Body(
      testDescription: "a patch of no type", path: configMaps + "/a", type: "text/plain", method: "PATCH", text: "{}",
      code: 415, reason: "UnsupportedMediaType", message: "application/json-patch+json, application/merge-patch+json"),
    Body(
      testDescription: "10 MB", text: object(#""data":{"a":"\#(String(repeating: "x", count: 10_000_000))"}"#),
      code: 413,
      reason: "RequestEntityTooLarge", message: "limit is 3145728"),
    Body(
      testDescription: "more data than a ConfigMap takes",
      text: object(#""metadata":{"name":"big"},"data":{"a":"\#(String(repeating: "x", count: 1_100_000))"}"#),
      code: 422,
      reason: "Invalid", message: "[]: Too long: may not be more than 1048576 bytes"),
    Body(
      testDescription: "depth 10,001",
      text: String(repeating: "[", count: 10_001) + String(repeating: "]", count: 10_001), code: 400,
      reason: "BadRequest", message: "exceeded max depth"),
    Body(
      testDescription: "a name of 300 characters",
      text: object(#""metadata":{"name":"\#(String(repeating: "a", count: 300))"}"#), code: 422, reason: "Invalid",
      message: "metadata.name: Invalid value"),
    Body(
      testDescription: "duplicate keys, strictly", path: configMaps + "?fieldValidation=Strict",
      text: object(#""metadata":{"name":"twice"},"data":{"a":"1","a":"2"}"#), code: 400, reason: "BadRequest",
      message: #"strict decoding error: duplicate field "data.a""#),
    Body(
      testDescription: "an unknown version in the body",
      text: #"{"apiVersion":"v9","kind":"ConfigMap","metadata":{"name":"u"}}"#, code: 400, reason: "BadRequest",
      message: "the API version in the data (v9) does not match the expected API version (v1)"),
    Body(
      testDescription: "a dry run of another kind", path: configMaps + "?dryRun=Some",
      text: object(#""metadata":{"name":"u"}"#), code: 422, reason: "Invalid", message: "dryRun: Unsupported value"),
    Body(
      testDescription: "a method that is not there", method: "PUT", text: "{}", code: 405, reason: "MethodNotAllowed"),
  ]

  @Test(arguments: bodies)
  func aBody(_ body: Body) async throws {
    let answer = try await curl(
      body.path, ["-X", body.method, "-H", "Content-Type: \(body.type)", "-H", "Expect:"], body: body.text)
    #expect(answer.code == body.code)
    #expect(answer.status["reason"]?.stringValue == body.reason)
    #expect(answer.status["kind"] == "Status" && answer.status["status"] == "Failure")
    #expect(answer.status["message"]?.stringValue?.hasMessage(body.message) == true, "\(answer.body.prefix(500))")
    try await alive()
  }

  @Test(arguments: [
    // query, code, part of the message
    ("limit=abc", 400, "invalid syntax"),
    ("resourceVersion=abc", 422, "must be an unsigned integer"),
    ("labelSelector=a%20b", 400, "unable to parse requirement"),
    ("fieldSelector=x.y%3D1", 400, "is not a known field selector: only"),
    ("continue=abc", 400, "continue key is not valid"),
  ])
  func aQuery(_ query: String, code: Int, message: String) async throws {
    let answer = try await curl("\(Self.configMaps)?\(query)")
    #expect(answer.code == code)
    #expect(answer.status["message"]?.stringValue?.contains(message) == true, "\(answer.body)")
  }

  @Test(arguments: [
    "/apis/platform.kratix.io/v9/promises", "/apis/no.such.group/v1/things", "/api/v1/nothing", "/x/../y",
  ])
  func aPathThatIsNotThere(_ path: String) async throws {
    #expect(try await curl(path).code == 404)
  }

  @Test func aClientWithoutACertificate() async throws {
    let answer = try await curl(Self.configMaps, certificate: false)
    #expect(answer.code == 401 && answer.status["reason"] == "Unauthorized")
    #expect(try await curl("/livez", certificate: false).body == "ok")
  }

  @Test func anAnswerThatNobodyCanWrite() async throws {
    let answer = try await curl(Self.configMaps, ["-H", "Accept: text/html"])
    #expect(answer.code == 406 && answer.status["reason"] == "NotAcceptable")
  }

  /// Says that more will come, and leaves.
  @Test func aBodyThatStopsHalfWay() async throws {
    let answer = try await curl(
      Self.configMaps, ["-m", "1", "--http1.1", "-H", "Content-Type: application/json", "-H", "Content-Length: 5000"],
      body: Self.object(#""metadata":{"name":"half"}"#))
    #expect(answer.code == 0 || answer.code == 400)
    try await Platform.require().kubectl("get", "configmap", "half").failed("not found")
    try await alive()
  }

  /// 500 connections, all open at once, each with a watch; other clients are served meanwhile.
  @Test func fiveHundredConnections() async throws {
    let platform = try Platform.require()
    _ = try await curl("/version")
    let server = try await platform.kubectl(
      "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"
    )
    .succeeded().output
    let watch = "\(server)\(Self.configMaps)?watch=1&timeoutSeconds=4&n=[1-500]"
    async let crowd = platform.run(
      "curl",
      [
        "-s", "-m", "60", "--http1.1", "--parallel", "--parallel-immediate", "--parallel-max", "500", "--cacert",
        "ca.crt",
        "--cert", "client.crt", "--key", "client.key", "-o", "/dev/null", "-w", "%{http_code}\n", watch,
      ])
    try await alive()
    let codes = try await crowd.lines
    // curl itself keeps no more than 300 open.
    #expect(codes.count == 500 && codes.allSatisfy { $0 == "200" })
    try await alive()
  }
}

extension String {
  /// Whether the text is there; no text always is.
  fileprivate func hasMessage(_ text: String) -> Bool { text.isEmpty || contains(text) }
}
