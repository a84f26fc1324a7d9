import Foundation
import Kubernetes
import Testing

@testable import APIServer

/// How large an object may be: the answers of a real server and of its etcd.
@Suite struct SizeLimitTests {
  private static let mebibyte = 1 << 20

  private static func text(_ count: Int, _ character: Character = "x") -> JSON {
    .string(String(repeating: character, count: count))
  }

  private static func base64(_ count: Int) -> JSON {
    .string(Data(repeating: 7, count: count).base64EncodedString())
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var type: ResourceType
    var what: String
    var data: @Sendable () -> JSON
    /// Of the refusal; nil when it is taken.
    var field: String?

    var testDescription: String { "\(type.kind): \(what)" }
  }

  static let ownLimits: [Case] = [
    Case(type: .secrets, what: "1 MiB", data: { ["data": ["a": base64(mebibyte)]] }),
    Case(
      type: .secrets, what: "1 MiB in two", data: { ["data": ["a": base64(mebibyte - 9), "b": base64(9)]] }),
    Case(type: .secrets, what: "a byte more", data: { ["data": ["a": base64(mebibyte + 1)]] }, field: "data"),
    Case(
      type: .secrets, what: "a byte more in two", data: { ["data": ["a": base64(mebibyte - 8), "b": base64(9)]] },
      field: "data"),
    Case(
      type: .secrets, what: "a byte more as text", data: { ["stringData": ["a": text(mebibyte + 1)]] }, field: "data"),
    Case(type: .configMaps, what: "1 MiB", data: { ["data": ["a": text(mebibyte)]] }),
    // Every character is two bytes of JSON, and one that counts.
    Case(type: .configMaps, what: "1 MiB of line ends", data: { ["data": ["a": text(mebibyte, "\n")]] }),
    Case(
      type: .configMaps, what: "1 MiB, half of it binary",
      data: { ["data": ["a": text(mebibyte / 2)], "binaryData": ["b": base64(mebibyte / 2)]] }),
    Case(
      type: .configMaps, what: "a byte more, half of it binary",
      data: { ["data": ["a": text(mebibyte / 2)], "binaryData": ["b": base64(mebibyte / 2 + 1)]] }, field: "[]"),
  ]

  @Test(arguments: ownLimits) func ofSecretsAndConfigMaps(_ example: Case) async throws {
    try await ServerFixture.run { fixture in
      let type = example.type
      var object = KubernetesObject(apiVersion: "v1", kind: type.kind, name: "large", namespace: "default")
      for (key, value) in example.data().objectValue ?? [:] { object[key] = value }
      let answer = try await fixture.send(
        "POST", "/api/v1/namespaces/default/\(type.plural)", body: object.json.serialized())
      guard let field = example.field else {
        #expect(answer.status == 201)
        return
      }
      #expect(answer.status == 422 && answer.json["reason"] == "Invalid")
      let expected = "\(type.kind) \"large\" is invalid: \(field): Too long: may not be more than 1048576 bytes"
      #expect(answer.json["message"]?.stringValue == expected)
      // The same for a dry run.
      let dry = try await fixture.send(
        "POST", "/api/v1/namespaces/default/\(type.plural)?dryRun=All", body: object.json.serialized())
      #expect(dry.json["message"]?.stringValue == expected)
    }
  }

  /// bytes of a string in the spec, the beginning of the refusal (nil when it is taken)
  static let storeLimits: [(Int, String?)] = [
    (mebibyte * 3 / 2 - 4096, nil),
    (mebibyte * 3 / 2, "etcdserver: request is too large"),
    (mebibyte * 2 - 4096, "etcdserver: request is too large"),
    (mebibyte * 2, "rpc error: code = ResourceExhausted desc = trying to send message larger than max (209"),
  ]

  @Test(arguments: storeLimits) func ofTheStore(bytes: Int, refusal: String?) async throws {
    try await ServerFixture.run { fixture in
      _ = try await fixture.api.create(.customResourceDefinitions, Fixtures.definition())
      let small = try await fixture.api.create(Fixtures.mongoDBs, Fixtures.mongoDB("small"))
      let path = "/apis/promise.kratix.io/v1alpha1/namespaces/default/mongodbs"
      let large = Fixtures.mongoDB("large", spec: ["version": Self.text(bytes)])
      let created = try await fixture.send("POST", path, body: large.json.serialized())
      let patch: JSON = ["spec": ["version": Self.text(bytes)]]
      let patched = try await fixture.send(
        "PATCH", path + "/small", body: patch.serialized(), headers: ["Content-Type": "application/merge-patch+json"])
      guard let refusal else {
        #expect(created.status == 201 && patched.status == 200)
        return
      }
      for answer in [created, patched] {
        #expect(answer.status == 500)
        // The error is the store's, not the API server's: it has no reason.
        #expect(answer.json["kind"] == "Status" && answer.json["reason"] == nil && answer.json["code"] == 500)
        #expect(answer.json["message"]?.stringValue?.hasPrefix(refusal) == true)
      }
      // Nothing has changed, and nothing of it is in the way of the next write.
      let now = try await fixture.api.get(Fixtures.mongoDBs, namespace: "default", name: "small")
      #expect(now == small)
      #expect(try await fixture.api.find(Fixtures.mongoDBs, namespace: "default", name: "large") == nil)
      _ = try await fixture.api.create(Fixtures.mongoDBs, Fixtures.mongoDB("large"))
      // A dry run does not come as far as the store.
      let dry = try await fixture.send(
        "PATCH", path + "/small?dryRun=All", body: patch.serialized(),
        headers: ["Content-Type": "application/merge-patch+json"])
      #expect(dry.status == 200)
    }
  }
}
