import Kubernetes
import Testing

@testable import KratixWebhook

@Suite struct CodecTests {
  @Test(arguments: [
    ("", "the body is not JSON"), ("{", "the body is not JSON"), ("[]", "the body is no AdmissionReview"),
    ("{\"kind\":\"AdmissionReview\"}", "is not spoken here"),
    ("{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1beta1\"}", "v1beta1"),
    ("{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\"}", "has no request"),
    ("{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{}}", "has no uid"),
    (
      "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{\"uid\":\"a\"}}",
      "operation is none"
    ),
  ])
  func bodiesThatAreNoReview(body: String, message: String) {
    #expect {
      _ = try AdmissionReview(parsing: Array(body.utf8))
    } throws: { error in
      "\(error)".contains(message)
    }
  }

  @Test func anAnswerIsAReview() throws {
    var answer = AdmissionAnswer.denied("no")
    answer.warnings = ["careful"]
    answer.patch = [["op": "add", "path": "/a", "value": 1]]
    let json = try JSON(parsing: answer.serialized(uid: "u"))
    #expect(json["kind"] == "AdmissionReview")
    #expect(json[path: "response", "status", "code"] == 403)
    #expect(json[path: "response", "patchType"] == "JSONPatch")
    #expect(try Answer(answer.serialized(uid: "u")).patch == [["op": "add", "path": "/a", "value": 1]])
  }

  @Test func aPatchMakesMapsThatAreMissingAndEscapesKeys() {
    var patch = MetadataPatch(of: KubernetesObject(["metadata": ["labels": ["a/b": "c"]]]))
    patch.label("a/b", "c")
    patch.label("x/y~z", "1")
    patch.annotate("k", "v")
    #expect(
      patch.operations == [
        ["op": "add", "path": "/metadata/labels/x~1y~0z", "value": "1"],
        ["op": "add", "path": "/metadata/annotations", "value": ["k": "v"]],
      ])
  }

  // The scanner.

  /// The value of the member `d` of the member `a`, as text.
  private func find(_ text: String) -> String? {
    Array(text.utf8).withUnsafeBufferPointer { bytes in
      let scanner = JSONScanner(bytes)
      var found: String?
      let end = scanner.members(at: scanner.start) { member in
        guard member.is("a") else { return .skip }
        return scanner.object(at: member.valueStart) { member in
          guard member.is("d") else { return .skip }
          guard let end = scanner.endOfValue(member.valueStart) else { return .broken }
          found = String(decoding: scanner.slice(member.valueStart..<end), as: UTF8.self)
          return .through(end)
        }
      }
      return end == nil ? nil : found
    }
  }

  @Test(arguments: [
    (#"{"a":{"b":[1,"}",{"c":"\"]"}],"d":2}}"#, "2"), (#" { "a" : { "d" : 2 , "x" : null } } "#, "2"),
    (#"{"a":{"d":1,"d":2}}"#, "2"), (#"{"a":{"x":"\\","d":{"e":[]}}}"#, #"{"e":[]}"#),
    (#"{"x":{},"a":{"d":true}}"#, "true"),
  ])
  func theScannerFindsMembers(text: String, value: String) {
    #expect(find(text) == value)
  }

  @Test(arguments: [
    "", "{", "{\"a\"", "{\"a\":", "{\"a\":{\"d\":\"", "{\"a\":{\"d\":[[", "nonsense", "{\"a\":\\", "{}", "[]",
    "{\"a\":{\"d\":1}", "{\"a\":{\"d\":1,}}x", "{\"a\":{\"d\":}}", "{\"a\":[]}",
  ])
  func theScannerBearsWhatIsBroken(text: String) {
    #expect(find(text) == nil)
  }

  /// What is found without decoding is what decoding finds.
  @Test(arguments: [
    "promise-update", "promise-update-dry-run-server", "promise-status-update-by-controller",
    "promise-update-server-side-apply", "promise-create-dry-run-server",
  ])
  func theSpansOfARecordedReview(name: String) throws {
    let body = try Recorded.bytes("recorded/admissionreview/\(name).json")
    let review = try JSON(parsing: body)
    try body.withUnsafeBufferPointer { bytes in
      let scanner = JSONScanner(bytes)
      let spans = try #require(ReviewSpans(scanner))
      func json(_ range: Range<Int>?) throws -> JSON? { try range.map { try JSON(parsing: scanner.slice($0)) } }
      #expect(try json(spans.uid) == review[path: "request", "uid"])
      #expect(try json(spans.dryRun) == review[path: "request", "dryRun"])
      #expect(try json(spans.userName) == review[path: "request", "userInfo", "username"])
      #expect(try json(spans.object?.spec) == review[path: "request", "object", "spec"])
      #expect(try json(spans.object?.name) == review[path: "request", "object", "metadata", "name"])
      #expect(try json(spans.object?.labels) == review[path: "request", "object", "metadata", "labels"])
      #expect(try json(spans.oldObject?.spec) == review[path: "request", "oldObject", "spec"])
      #expect(spans.isIrrelevant(scanner) == name.contains("status"))
    }
  }

  /// Cut, changed and mixed-up bodies never end the process, and never get a patch or a refusal that is no answer.
  @Test func fuzzedBodiesAreAnsweredOrRefused() throws {
    let seeds = try [
      "promise-update", "custom-resource-update", "resourcebinding-update", "promise-status-update-by-controller",
    ]
    .map { try Recorded.bytes("recorded/admissionreview/\($0).json") }
    var state: UInt64 = 0x2545_F491_4F6C_DD1D
    func random(_ bound: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(bound))
    }
    let tokens: [[UInt8]] = ["{", "}", "[", "]", "\"", ",", ":", "null", "1e999", "\\u0000", "\\", "-", "{}", "[[[["]
      .map { Array($0.utf8) }
    var parsed = 0
    for round in 0..<2000 {
      var body = seeds[random(seeds.count)]
      for _ in 0...random(4) {
        let position = random(body.count)
        switch random(5) {
        case 0: body = Array(body.prefix(position + 1))
        case 1: body[position] = UInt8(random(256))
        case 2: body.insert(contentsOf: tokens[random(tokens.count)], at: position)
        case 3: body.removeSubrange(position..<min(body.count, position + 1 + random(40)))
        default:
          let other = seeds[random(seeds.count)]
          body.replaceSubrange(position..., with: other.suffix(random(other.count) + 1))
        }
        if body.isEmpty { body = [0] }
      }
      body.withUnsafeBufferPointer { bytes in
        let scanner = JSONScanner(bytes)
        if let spans = ReviewSpans(scanner) { _ = spans.isIrrelevant(scanner) }
      }
      if round % 4 == 0, let review = try? AdmissionReview(parsing: body) {
        parsed += 1
        let answer = PromiseMutator().answer(review)
        _ = answer.serialized(uid: review.uid)
      }
    }
    #expect(parsed > 0)
  }
}
