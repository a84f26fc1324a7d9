import AsyncHTTPClient
import Foundation
import Kubernetes
import NIOCore
import Testing

@testable import APIServer

/// What a real server refuses, refused with its status and reason; and the process lives.
@Suite struct BadInputTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var what: String
    var method = "POST"
    var path = "/api/v1/namespaces/default/configmaps"
    var type: String? = "application/json"
    var body: [UInt8] = []
    var code: Int
    var reason: String
    var message: String = ""
    var testDescription: String { what }
  }

  static let cases: [Case] = [
    Case(
      what: "a creation in all namespaces", path: "/api/v1/configmaps", body: Array("{}".utf8), code: 405,
      reason: "MethodNotAllowed"),
    Case(
      what: "malformed JSON", body: Array(#"{"kind": "ConfigMap","#.utf8), code: 400, reason: "BadRequest",
      message: "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse"),
    Case(what: "an empty body", code: 400, reason: "BadRequest", message: "(<empty>)"),
    Case(
      what: "malformed YAML", type: "application/yaml", body: Array("a: [b".utf8), code: 400, reason: "BadRequest"),
    Case(
      what: "a form", type: "application/x-www-form-urlencoded", body: Array("a=b".utf8), code: 415,
      reason: "UnsupportedMediaType",
      message: "the body of the request was in an unknown format - accepted media types include: application/json, "
        + "application/yaml, application/vnd.kubernetes.protobuf"),
    Case(
      what: "protobuf that is none", type: "application/vnd.kubernetes.protobuf", body: Array("hello".utf8), code: 400,
      reason: "BadRequest"),
    Case(
      what: "protobuf cut short", type: "application/vnd.kubernetes.protobuf",
      body: [0x6B, 0x38, 0x73, 0x00, 0x0A, 0x7F, 0x01], code: 400, reason: "BadRequest"),
    Case(
      what: "10 MB", body: [UInt8](repeating: 0x20, count: 10 << 20), code: 413, reason: "RequestEntityTooLarge",
      message: "Request entity too large: limit is 3145728"),
    Case(
      what: "depth 10,000", body: [UInt8](repeating: 0x5B, count: 10_000) + [UInt8](repeating: 0x5D, count: 10_000),
      code: 400, reason: "BadRequest"),
    Case(what: "no object", body: Array("[1,2]".utf8), code: 400, reason: "BadRequest"),
    Case(
      what: "metadata of the wrong type", body: Array(#"{"metadata":"x"}"#.utf8), code: 400, reason: "BadRequest"),
    Case(
      what: "a name of the wrong type", body: Array(#"{"metadata":{"name":7}}"#.utf8), code: 400, reason: "BadRequest",
      message: "cannot unmarshal"),
    Case(
      what: "a label of the wrong type", body: Array(#"{"metadata":{"name":"x","labels":{"a":1}}}"#.utf8), code: 400,
      reason: "BadRequest"),
    Case(
      what: "another kind", body: Array(#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}"#.utf8),
      code: 400,
      reason: "BadRequest"),
    Case(
      what: "another version", body: Array(#"{"apiVersion":"v9","kind":"ConfigMap","metadata":{"name":"x"}}"#.utf8),
      code: 400, reason: "BadRequest",
      message: "the API version in the data (v9) does not match the expected API version (v1)"),
    Case(
      what: "no name", body: Array(#"{"metadata":{}}"#.utf8), code: 422, reason: "Invalid",
      message: "metadata.name: Required value: name or generateName is required"),
    Case(
      what: "an unknown patch", method: "PATCH", path: "/api/v1/namespaces/default/configmaps/kube-root-ca.crt",
      body: Array("{}".utf8), code: 415, reason: "UnsupportedMediaType",
      message: "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, "
        + "application/apply-patch+yaml"),
    Case(
      what: "a merge patch that is no object", method: "PATCH",
      path: "/api/v1/namespaces/default/configmaps/kube-root-ca.crt", type: "application/merge-patch+json",
      body: Array("7".utf8), code: 400, reason: "BadRequest"),
    Case(
      what: "a bad selector", method: "GET", path: "/api/v1/configmaps?labelSelector=a%3D%3D%3Db", code: 400,
      reason: "BadRequest"),
    Case(
      what: "a bad limit", method: "GET", path: "/api/v1/configmaps?limit=x", code: 400, reason: "BadRequest",
      message: "strconv.ParseInt: parsing \"x\": invalid syntax"),
    Case(
      what: "an unknown dryRun", path: "/api/v1/namespaces/default/configmaps?dryRun=Some",
      body: Array(#"{"metadata":{"name":"x"}}"#.utf8), code: 422, reason: "Invalid"),
    Case(
      what: "a DELETE of everything where that is not allowed", method: "DELETE", path: "/api/v1/namespaces", code: 405,
      reason: "MethodNotAllowed"),
    Case(
      what: "a missing object", method: "GET", path: "/api/v1/namespaces/default/configmaps/nope", code: 404,
      reason: "NotFound", message: "configmaps \"nope\" not found"),
  ]

  @Test(arguments: cases) func isRefused(_ example: Case) async throws {
    try await ServerFixture.run { fixture in
      var headers: [String: String] = [:]
      if let type = example.type { headers["Content-Type"] = type }
      let answer = try await fixture.send(
        example.method, example.path, body: example.method == "GET" ? nil : example.body, headers: headers)
      #expect(answer.status == example.code)
      #expect(answer.json["kind"] == "Status")
      #expect(answer.json["reason"]?.stringValue == example.reason)
      #expect(answer.json["message"]?.stringValue?.contains(example.message) ?? false || example.message.isEmpty)
      #expect(try await fixture.send("GET", "/readyz").body == "ok")
    }
  }

  @Test func invalidUTF8AndDuplicateKeysAreReadAsGoReadsThem() async throws {
    try await ServerFixture.run { fixture in
      let path = "/api/v1/namespaces/default/configmaps"
      let broken = Array(#"{"metadata":{"name":"u"},"data":{"a":""#.utf8) + [0xFF] + Array(#""}}"#.utf8)
      #expect(try await fixture.send("POST", path, body: broken).json["data"]?["a"] == "\u{FFFD}")
      let twice = Array(#"{"metadata":{"name":"d"},"data":{"a":"1"},"data":{"a":"2"}}"#.utf8)
      let warned = try await fixture.send("POST", path, body: twice)
      #expect(warned.json["data"]?["a"] == "2")
      #expect(warned.warnings == [#"299 - "duplicate field \"data\"""#])
      let strict = try await fixture.send("POST", path + "?fieldValidation=Strict", body: twice)
      #expect(strict.status == 400)
    }
  }

  @Test func strangersGetOnlyHealthAndVersion() async throws {
    try await ServerFixture.run { fixture in
      for path in ["/version", "/livez", "/readyz"] {
        #expect(try await fixture.send("GET", path, certificate: false).status == 200)
      }
      for path in ["/api", "/api/v1/configmaps", "/openapi/v3", "/nowhere"] {
        let answer = try await fixture.send("GET", path, certificate: false)
        #expect(answer.status == 401)
        #expect(answer.json["reason"] == "Unauthorized")
        #expect(answer.json["message"] == "Unauthorized")
      }
      let wrong = try await fixture.send(
        "GET", "/api/v1/configmaps", headers: ["Authorization": "Bearer nonsense"], certificate: false)
      #expect(wrong.status == 401)
    }
  }

  @Test func tokensAndImpersonation() async throws {
    try await ServerFixture.run { fixture in
      fixture.server.addToken("secret", for: .serviceAccount(namespace: "default", name: "robot"))
      let headers = ["Authorization": "Bearer secret"]
      let path = "/api/v1/namespaces/default/configmaps"
      let forbidden = try await fixture.send("GET", path, headers: headers, certificate: false)
      #expect(forbidden.status == 403)
      #expect(
        forbidden.json["message"]?.stringValue
          == "configmaps is forbidden: User \"system:serviceaccount:default:robot\" cannot list resource "
          + "\"configmaps\" in API group \"\" in the namespace \"default\"")
      var binding = KubernetesObject(
        apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", name: "view", namespace: "default")
      binding["roleRef"] = ["kind": "ClusterRole", "name": "view"]
      binding["subjects"] = [["kind": "ServiceAccount", "name": "robot", "namespace": "default"]]
      _ = try await fixture.api.create(.roleBindings, binding)
      #expect(try await fixture.send("GET", path, headers: headers, certificate: false).status == 200)
      var impersonating = headers
      impersonating["Impersonate-User"] = "ann"
      let refused = try await fixture.send("GET", "/api/v1/configmaps", headers: impersonating, certificate: false)
      #expect(refused.status == 403)
      #expect(
        refused.json["message"]?.stringValue
          == "users \"ann\" is forbidden: User \"system:serviceaccount:default:robot\" cannot impersonate resource "
          + "\"users\" in API group \"\" at the cluster scope")
      let ann = try await fixture.send("GET", path, headers: ["Impersonate-User": "ann"])
      #expect(ann.json["message"]?.stringValue?.hasPrefix("configmaps is forbidden: User \"ann\"") == true)
    }
  }

  @Test func formsThatAreAskedFor() async throws {
    try await ServerFixture.run { fixture in
      let path = "/api/v1/namespaces/default/configmaps"
      let table = try await fixture.send(
        "GET", path, headers: ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"])
      #expect(table.json["kind"] == "Table")
      #expect(table.json["rows"]?[0]?["cells"]?[0] == "kube-root-ca.crt")
      let partial = try await fixture.send(
        "GET", path, headers: ["Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"])
      #expect(partial.json["kind"] == "PartialObjectMetadataList")
      #expect(partial.json["items"]?[0]?["data"] == nil)
      let yaml = try await fixture.send("GET", path + "/kube-root-ca.crt", headers: ["Accept": "application/yaml"])
      #expect(yaml.contentType == "application/yaml")
      #expect(try YAML.parse(yaml.body)["kind"] == "ConfigMap")
      let none = try await fixture.send("GET", path, headers: ["Accept": "text/csv"])
      #expect(none.status == 406)
    }
  }

  @Test func fiveHundredConnectionsAtOnce() async throws {
    try await ServerFixture.run { fixture in
      try await fixture.withClient { client in
        let path = "/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=1&resourceVersion=1"
        try await withThrowingTaskGroup(of: Int.self) { group in
          for _ in 0..<500 { group.addTask { try await fixture.send(client, "GET", path).status } }
          var good = 0
          for try await status in group where status == 200 { good += 1 }
          #expect(good == 500)
        }
      }
    }
  }
}
