import Kubernetes
import Testing

@testable import APIServer

@Suite struct CustomResourceTests {
  private let type = Fixtures.mongoDBs

  @Test func aDefinitionIsServedWhenItsCreationReturns() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      #expect(await statusError { _ = try await api.list(type, namespace: nil, options: ListOptions()) }?.code == 404)
      _ = try await api.create(.customResourceDefinitions, Fixtures.definition())
      let definition = try await api.get(.customResourceDefinitions, name: "mongodbs.promise.kratix.io")
      #expect(definition.conditions.map(\.type) == ["NamesAccepted", "Established"])
      #expect(definition.condition("NamesAccepted")?.reason == "NoConflicts")
      #expect(definition.condition("Established")?.message == "the initial names have been accepted")
      #expect(definition[path: "status", "storedVersions"] == ["v1alpha1"])
      #expect(definition[path: "spec", "conversion"] == ["strategy": "None"])
      let created = try await api.create(type, Fixtures.mongoDB("a", spec: ["version": "4", "unknown": 1]))
      #expect(created.spec == ["majorVersion": 6, "version": "4"])
      #expect(created.generation == 1)
      #expect(created.status == nil)
    }
  }

  @Test func generationCountsWhatIsWantedAndStatusIsApart() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      _ = try await api.create(.customResourceDefinitions, Fixtures.definition())
      var object = try await api.create(type, Fixtures.mongoDB("a"))
      object.status = ["message": "not here"]
      object.labels = ["x": "y"]
      object = try await api.update(type, object)
      #expect(object.status == nil)
      #expect(object.generation == 1)
      object.status = ["message": "here"]
      object.spec = ["majorVersion": 5]
      object = try await api.updateStatus(type, object)
      #expect(object.status == ["message": "here"])
      #expect(object.spec == ["majorVersion": 6])
      #expect(object.generation == 1)
      object = try await api.patch(type, namespace: "default", name: "a", .merge(["spec": ["majorVersion": 5]]))
      #expect(object.generation == 2)
      #expect(object.status == ["message": "here"])
    }
  }

  @Test func invalidValuesAreRefusedInTheServersWords() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      _ = try await api.create(.customResourceDefinitions, Fixtures.definition())
      let tooLarge = await statusError {
        _ = try await api.create(type, Fixtures.mongoDB("a", spec: ["majorVersion": 12]))
      }
      #expect(
        tooLarge?.message
          == "MongoDB.promise.kratix.io \"a\" is invalid: spec.majorVersion: Invalid value: 12: spec.majorVersion in "
          + "body should be less than or equal to 9")
      var noVersion = try await api.create(type, Fixtures.mongoDB("a"))
      noVersion.resourceVersion = ""
      let unconditional = await statusError { _ = try await api.update(type, noVersion) }
      #expect(
        unconditional?.message
          == "MongoDB.promise.kratix.io \"a\" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be "
          + "specified for an update")
      let strategic = await statusError {
        _ = try await api.patch(type, namespace: "default", name: "a", .strategic(["spec": .emptyObject]))
      }
      #expect(strategic?.code == 415)
    }
  }

  /// Recorded with a real server (i-api-change): the newest schema shows at once, generations stay.
  @Test func aChangedSchemaShowsInReads() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      _ = try await api.create(.customResourceDefinitions, Fixtures.definition())
      let before = try await api.create(type, Fixtures.mongoDB("a", spec: ["version": "6.0.99"]))
      #expect(before.spec?["version"] == "6.0.99")
      var definition = try await api.get(.customResourceDefinitions, name: "mongodbs.promise.kratix.io")
      definition.spec = Fixtures.definition(spec: ["members": ["type": "integer", "default": 3]]).spec
      definition[path: "spec", "versions"] = .array(
        (definition[path: "spec", "versions"]?.arrayValue ?? []).map { version in
          var version = version
          version["schema"]?["openAPIV3Schema"]?["properties"]?["spec"]?["properties"]?["version"] = nil
          version["selectableFields"] = nil
          return version
        })
      _ = try await api.update(.customResourceDefinitions, definition)
      let after = try await api.get(type, namespace: "default", name: "a")
      #expect(after.spec == ["majorVersion": 6, "members": 3])
      #expect(after.generation == 1)
      #expect(after.resourceVersion == before.resourceVersion)
    }
  }

  @Test func severalVersionsShowTheSameObjects() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      let second: JSON = [
        "name": "v1", "served": true, "storage": false,
        "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
      ]
      _ = try await api.create(.customResourceDefinitions, Fixtures.definition(versions: [second]))
      _ = try await api.create(type, Fixtures.mongoDB("a", spec: ["version": "4"]))
      var newer = type
      newer.version = "v1"
      let seen = try await api.get(newer, namespace: "default", name: "a")
      #expect(seen.apiVersion == "promise.kratix.io/v1")
      #expect(seen.spec == ["majorVersion": 6, "version": "4"])
      _ = try await api.patch(newer, namespace: "default", name: "a", .merge(["spec": ["version": "5"]]))
      #expect(try await api.get(type, namespace: "default", name: "a").spec?["version"] == "5")
      // The other version becomes the one that is stored: what was stored before shows in both all the same.
      _ = try await api.patch(
        .customResourceDefinitions, namespace: nil, name: "mongodbs.promise.kratix.io",
        .json([
          ["op": "replace", "path": "/spec/versions/0/storage", "value": false],
          ["op": "replace", "path": "/spec/versions/1/storage", "value": true],
        ]))
      let definition = try await api.get(.customResourceDefinitions, name: "mongodbs.promise.kratix.io")
      #expect(definition[path: "status", "storedVersions"] == ["v1alpha1", "v1"])
      for each in [type, newer] {
        #expect(try await api.get(each, namespace: "default", name: "a").apiVersion == each.apiVersion)
        #expect(
          try await api.list(each, namespace: nil, options: ListOptions()).items.map(\.apiVersion) == [each.apiVersion])
      }
    }
  }

  @Test func deletingADefinitionDeletesItsInstances() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      _ = try await api.create(.customResourceDefinitions, Fixtures.definition())
      var held = Fixtures.mongoDB("held")
      held.finalizers = ["example.com/hold"]
      _ = try await api.create(type, held)
      _ = try await api.create(type, Fixtures.mongoDB("free"))
      try await api.delete(
        .customResourceDefinitions, namespace: nil, name: "mongodbs.promise.kratix.io", options: DeleteOptions())
      try await api.waitUntilGone(type, namespace: "default", name: "free")
      _ = try await api.waitFor(type, namespace: "default", name: "held") { $0?.isBeingDeleted == true }
      let terminating = try await api.get(.customResourceDefinitions, name: "mongodbs.promise.kratix.io")
      #expect(terminating.finalizers == ["customresourcecleanup.apiextensions.k8s.io"])
      let refused = await statusError { _ = try await api.create(type, Fixtures.mongoDB("late")) }
      #expect(refused?.code == 405)
      _ = try await api.patch(
        type, namespace: "default", name: "held", .merge(["metadata": ["finalizers": .array([])]]))
      try await api.waitUntilGone(.customResourceDefinitions, namespace: nil, name: "mongodbs.promise.kratix.io")
      #expect(await statusError { _ = try await api.list(type, namespace: nil, options: ListOptions()) }?.code == 404)
    }
  }

  @Test func namesThatAreTakenAreNotAccepted() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      _ = try await api.create(.customResourceDefinitions, Fixtures.definition())
      var other = Fixtures.definition()
      other.name = "others.promise.kratix.io"
      other[path: "spec", "names"] = [
        "kind": "Other", "listKind": "OtherList", "plural": "others", "singular": "other", "shortNames": ["mg"],
      ]
      _ = try await api.create(.customResourceDefinitions, other)
      let stored = try await api.get(.customResourceDefinitions, name: other.name)
      #expect(stored.condition("NamesAccepted")?.reason == "ShortNamesConflict")
      #expect(stored.condition("Established")?.status == .false)
    }
  }

  @Test func fieldSelectorsOfADefinition() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      _ = try await api.create(.customResourceDefinitions, Fixtures.definition())
      for version in ["4", "5"] {
        _ = try await api.create(type, Fixtures.mongoDB("v\(version)", spec: ["version": .string(version)]))
      }
      let five = try await api.list(type, namespace: nil, options: ListOptions(fieldSelector: "spec.version=5"))
      #expect(five.items.map(\.name) == ["v5"])
      let unknown = await statusError {
        _ = try await api.list(type, namespace: nil, options: ListOptions(fieldSelector: "spec.other=5"))
      }
      #expect(unknown?.message == "field label not supported: spec.other")
    }
  }

  @Test func rulesAreEvaluated() async throws {
    try await ServerFixture.run { fixture in
      let rules: JSON = [
        ["rule": "self.replicas <= self.limit", "message": "more replicas than the limit"],
        ["rule": "self.replicas >= oldSelf.replicas", "messageExpression": "'was ' + oldSelf.owner"],
      ]
      var definition = Fixtures.definition(spec: [
        "version": ["type": "string"], "owner": ["type": "string"], "replicas": ["type": "integer"],
        "limit": ["type": "integer"],
      ])
      var version = try #require(definition[path: "spec", "versions"]?[0])
      version.set(rules, at: ["schema", "openAPIV3Schema", "properties", "spec", "x-kubernetes-validations"])
      definition[path: "spec", "versions"] = .array([version])
      let made = try await fixture.send(
        "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body: definition.json.serialized())
      #expect(made.status == 201 && made.warnings == [], "\(made.body)")
      let path = "/apis/promise.kratix.io/v1alpha1/namespaces/default/mongodbs"
      func spec(_ replicas: Int) -> JSON { ["replicas": JSON(replicas), "limit": 3, "owner": "ann"] }
      let refused = try await fixture.send(
        "POST", path, body: Fixtures.mongoDB("a", spec: spec(4)).json.serialized())
      #expect(refused.status == 422)
      #expect(
        refused.json["message"]
          == "MongoDB.promise.kratix.io \"a\" is invalid: spec: Invalid value: more replicas than the limit")
      let taken = try await fixture.send(
        "POST", path, body: Fixtures.mongoDB("a", spec: spec(2)).json.serialized())
      #expect(taken.status == 201 && taken.warnings == [])
      let fewer = try await fixture.send(
        "PATCH", path + "/a", body: Array(#"{"spec":{"replicas":1}}"#.utf8),
        headers: ["Content-Type": "application/merge-patch+json"])
      #expect(fewer.status == 422)
      #expect(fewer.json["message"]?.stringValue?.hasSuffix("spec: Invalid value: was ann") == true, "\(fewer.body)")

      // What breaks a rule that came later may stay, with a warning, until it changes.
      version.set(
        [["rule": "self.replicas > 5"]],
        at: ["schema", "openAPIV3Schema", "properties", "spec", "x-kubernetes-validations"])
      _ = try await fixture.api.patch(
        .customResourceDefinitions, namespace: nil, name: definition.name,
        .merge(["spec": ["versions": .array([version])]]))
      func patch(_ body: String) async throws -> ServerFixture.Answer {
        try await fixture.send(
          "PATCH", path + "/a", body: Array(body.utf8), headers: ["Content-Type": "application/merge-patch+json"])
      }
      let labelled = try await patch(#"{"metadata":{"labels":{"a":"b"}}}"#)
      #expect(labelled.status == 200)
      #expect(labelled.warnings == ["299 - \"spec: Invalid value: failed rule: self.replicas > 5\""])
      #expect(try await patch(#"{"spec":{"owner":"bob"}}"#).status == 422)
    }
  }

  @Test func unevaluatedRulesAreSaid() async throws {
    try await ServerFixture.run { fixture in
      let rule: JSON = [["rule": "quantity(self).isGreaterThan(quantity('1'))", "message": "too little"]]
      let definition = Fixtures.definition(spec: [
        "version": ["type": "string"],
        "owner": ["type": "string", "maxLength": 9, "x-kubernetes-validations": rule],
      ])
      let made = try await fixture.send(
        "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body: definition.json.serialized())
      #expect(made.status == 201, "\(made.body)")
      #expect(made.warnings.count == 1)
      let instance = try await fixture.send(
        "POST", "/apis/promise.kratix.io/v1alpha1/namespaces/default/mongodbs",
        body: Fixtures.mongoDB("a").json.serialized())
      #expect(instance.status == 201)
      #expect(instance.warnings.first?.contains("not evaluated") == true)
    }
  }
}
