import Foundation
import Testing

@testable import KratixControllers

@Suite struct SignatureTests {
  private let signature = SignatureV4(
    accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    region: "us-east-1")

  /// The examples of the S3 documentation ("Signature Calculations for the Authorization Header").
  @Test(
    arguments: [
      // GET Object, with a further header
      (
        "/test.txt", [], ["range": "bytes=0-9"],
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
      ),
      // GET Bucket Lifecycle: a parameter with no value
      ("/", [("lifecycle", "")], [:], "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
      // GET Bucket (List Objects)
      (
        "/", [("max-keys", "2"), ("prefix", "J")], [:],
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
      ),
    ] as [(String, [(String, String)], [String: String], String)])
  func documentedExamples(path: String, query: [(String, String)], extra: [String: String], expected: String) {
    let headers = signature.headers(
      method: "GET", path: path, query: query,
      headers: extra.merging(["host": "examplebucket.s3.amazonaws.com"]) { a, _ in a }, body: [],
      date: "20130524T000000Z")
    #expect(headers["authorization"]?.hasSuffix("Signature=\(expected)") == true)
  }

  @Test func dates() {
    #expect(SignatureV4.dateText(secondsSince1970: 1_369_353_600) == "20130524T000000Z")
  }

  @Test func encoding() {
    #expect(SignatureV4.encoded("a b/ü~") == "a%20b%2F%C3%BC~")
    #expect(SignatureV4.encoded("a b/c", keepingSlashes: true) == "a%20b/c")
  }

  /// endpoint, its region
  @Test(arguments: [
    ("s3.amazonaws.com", "us-east-1"), ("s3.eu-west-1.amazonaws.com", "eu-west-1"),
    ("s3-us-gov-west-1.amazonaws.com", "us-gov-west-1"), ("s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
    ("minio.example.com:9000", "us-east-1"),
  ])
  func regions(endpoint: String, region: String) {
    let settings = BucketStateStore.Settings(
      endpoint: endpoint, bucket: "b", accessKeyID: "a", secretAccessKey: "s", usesDualStack: true)
    #expect(settings.region == region)
  }
}

@Suite struct XMLElementTests {
  @Test func listing() throws {
    let root = try #require(
      XMLElement(
        parsing: """
          <?xml version="1.0" encoding="UTF-8"?>
          <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Empty/>
            <Contents><Key>a&amp;b&#x20;c.yaml</Key></Contents><s3:Contents><Key>d</Key></s3:Contents>
          </ListBucketResult>
          """))
    #expect(root.name == "ListBucketResult")
    #expect(root["Name"]?.text == "b")
    #expect(root["Empty"]?.children == [])
    #expect(root.children.filter { $0.name == "Contents" }.map { $0["Key"]?.text } == ["a&b c.yaml", "d"])
  }

  /// No answer of S3.
  @Test(arguments: ["", "<a>", "<a></b>", "</a>", "<a", "text", String(repeating: "<a>", count: 100_000)])
  func malformed(text: String) {
    #expect(XMLElement(parsing: text) == nil)
  }
}

/// On a peer that speaks S3, where this machine has one (moto's server).
@Suite(.enabled(if: MotoServer.isInstalled)) struct BucketStateStoreTests {
  @Test func writesReplacesAndDeletes() async throws {
    try await MotoServer.run { endpoint in
      let settings = BucketStateStore.Settings(
        endpoint: endpoint, isInsecure: true, bucket: "kratix", path: "base", accessKeyID: "a", secretAccessKey: "s")
      let store = BucketStateStore(settings)
      await #expect(throws: StateStoreError.self) { try await store.checkPermissions() }
      try await makeBucket(endpoint)
      try await store.checkPermissions()

      let first = try await store.apply(
        StateStoreChange(
          replacing: "w/a",
          files: [
            StateStoreFile(path: "w/a/x y.yaml", text: "x: 1\n"), StateStoreFile(path: "w/a/deep/y.yaml", text: "y\n"),
          ], message: "Update from: a"))
      // Two objects, in a bucket without versions.
      #expect(first.versionID == "cd372fb85148700fa88095e3492d3f9f5beb43e555e5ff26d95f5a6adc36f8e6")
      #expect(try await store.files(under: "w").map(\.path) == ["w/a/deep/y.yaml", "w/a/x y.yaml"])

      let second = try await store.apply(
        StateStoreChange(
          replacing: "w/a", files: [StateStoreFile(path: "w/a/x y.yaml", text: "x: 1\n")], message: "Update from: a"))
      // What has its content already is not written; what is gone is deleted.
      #expect(second == StateStoreOutcome(versionID: nil, changed: true))
      #expect(try await store.files(under: "").map(\.path) == ["w/a/x y.yaml"])
      #expect(try await store.read("w/a/x y.yaml") == Array("x: 1\n".utf8))
      #expect(try await store.read("w/a/deep/y.yaml") == nil)
    }
  }

  /// More keys than one page of a list has.
  @Test func listsAllPages() async throws {
    try await MotoServer.run { endpoint in
      try await makeBucket(endpoint)
      let client = client(endpoint)
      for number in 0..<5 { _ = try await client.put("d/\(number)", [UInt8(number)]) }
      #expect(try await client.keys(prefix: "d/", pageSize: 2) == (0..<5).map { "d/\($0)" })
    }
  }

  private func client(_ endpoint: String) -> S3Client {
    S3Client(
      S3Client.Settings(
        endpoint: endpoint, isSecure: false, bucket: "kratix",
        signature: SignatureV4(accessKeyID: "a", secretAccessKey: "s", region: "us-east-1")))
  }

  private func makeBucket(_ endpoint: String) async throws {
    #expect(try await client(endpoint).call("PUT").isSuccess)
  }
}

/// A server of the S3 API on a port of its own, for as long as a test runs.
enum MotoServer {
  static let isInstalled: Bool = {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", "import moto.server"]
    process.standardError = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      return false
    }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  struct NotStarted: Error {}

  static func run(_ body: (String) async throws -> Void) async throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    let pipe = Pipe()
    process.standardError = pipe
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    // Its signal mask may keep SIGTERM from it.
    defer { kill(process.processIdentifier, SIGKILL) }
    let (lines, continuation) = AsyncStream<String>.makeStream()
    pipe.fileHandleForReading.readabilityHandler = { handle in
      let data = handle.availableData
      if data.isEmpty { continuation.finish() } else { continuation.yield(String(decoding: data, as: UTF8.self)) }
    }
    defer { pipe.fileHandleForReading.readabilityHandler = nil }
    var text = ""
    for await chunk in lines {
      text += chunk
      if let match = text.firstMatch(of: /Running on http:\/\/(127\.0\.0\.1:\d+)\s/) {
        try await body(String(match.1))
        return
      }
    }
    throw NotStarted()
  }
}
