import Kubernetes
import Testing

@testable import APIServer

@Suite struct WriteTests {
  @Test func creationFillsWhatTheServerFills() async throws {
    try await ServerFixture.run { fixture in
      let created = try await fixture.api.create(.configMaps, Fixtures.configMap("a"))
      #expect(created.uid.count == 36)
      #expect(created.creationTimestamp != nil)
      #expect(created.metadata["generation"] == nil)
      var generated = Fixtures.configMap("")
      generated["metadata"] = ["generateName": "web-", "namespace": "default"]
      let first = try await fixture.api.create(.configMaps, generated)
      #expect(first.name.hasPrefix("web-") && first.name.count == 9)
    }
  }

  @Test func optimisticConcurrency() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      let first = try await api.create(.configMaps, Fixtures.configMap("a"))
      var changed = first
      changed["data"] = ["a": "2"]
      let second = try await api.update(.configMaps, changed)
      #expect(second.resourceVersion != first.resourceVersion)
      let error = await statusError { _ = try await api.update(.configMaps, changed) }
      #expect(error?.code == 409)
      #expect(
        error?.message
          == "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your "
          + "changes to the latest version and try again")
      // Writing what is there already is no change.
      #expect(try await api.update(.configMaps, second).resourceVersion == second.resourceVersion)
    }
  }

  @Test func refusalsHaveTheServersWords() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      _ = try await api.create(.configMaps, Fixtures.configMap("a"))
      let cases: [(KubernetesObject, Int, String)] = [
        (Fixtures.configMap("a"), 409, "configmaps \"a\" already exists"),
        (Fixtures.configMap("b", namespace: "nowhere"), 404, "namespaces \"nowhere\" not found"),
        (
          Fixtures.configMap("B"), 422,
          "ConfigMap \"B\" is invalid: metadata.name: Invalid value: \"B\": a lowercase RFC 1123 subdomain must "
            + "consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
            + "character (e.g. 'example.com', regex used for validation is "
            + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        ),
      ]
      for (object, code, message) in cases {
        let error = await statusError { _ = try await api.create(.configMaps, object) }
        #expect(error?.code == code)
        #expect(error?.message == message)
      }
      let long = await statusError {
        _ = try await api.create(.configMaps, Fixtures.configMap(String(repeating: "n", count: 300)))
      }
      #expect(long?.code == 422)
      #expect(long?.message.contains("must be no more than 253") == true)
    }
  }

  @Test func dryRunChangesNothing() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      let options = WriteOptions(isDryRun: true)
      let dry = try await api.create(.configMaps, Fixtures.configMap("a"), options: options)
      #expect(!dry.uid.isEmpty && dry.resourceVersion.isEmpty)
      #expect(try await api.find(.configMaps, namespace: "default", name: "a") == nil)
      let real = try await api.create(.configMaps, Fixtures.configMap("a"))
      let patched = try await api.patch(
        .configMaps, namespace: "default", name: "a", .merge(["data": ["a": "2"]]), options: options)
      #expect(patched["data"]?["a"] == "2")
      try await api.delete(.configMaps, namespace: "default", name: "a", options: DeleteOptions(isDryRun: true))
      #expect(try await api.get(.configMaps, namespace: "default", name: "a") == real)
    }
  }

  @Test func patchesOfEveryKind() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      _ = try await api.create(.configMaps, Fixtures.configMap("a", data: ["a": "1", "b": "2"]))
      func patch(_ patch: Patch) async throws -> JSON? {
        try await api.patch(.configMaps, namespace: "default", name: "a", patch)["data"]
      }
      #expect(try await patch(.merge(["data": ["a": .null]])) == ["b": "2"])
      #expect(try await patch(.json([["op": "add", "path": "/data/c", "value": "3"]])) == ["b": "2", "c": "3"])
      #expect(try await patch(.strategic(["data": ["b": .null, "d": "4"]])) == ["c": "3", "d": "4"])
      let failed = await statusError { _ = try await patch(.json([["op": "test", "path": "/data/c", "value": "x"]])) }
      #expect(failed?.code == 422)
      #expect(failed?.message == "the server rejected our request due to an error in our request")
      let stale = await statusError { _ = try await patch(.merge(["metadata": ["resourceVersion": "1"]])) }
      #expect(stale?.reason == .conflict)
    }
  }

  @Test func secretsAndNamespacesAndJobsAreFilled() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      var secret = KubernetesObject(apiVersion: "v1", kind: "Secret", name: "s", namespace: "default")
      secret["stringData"] = ["p": "q"]
      let stored = try await api.create(.secrets, secret)
      #expect(stored["data"] == ["p": "cQ=="])
      #expect(stored["stringData"] == nil)
      #expect(stored["type"] == "Opaque")

      let space = try await api.create(
        .namespaces, KubernetesObject(apiVersion: "v1", kind: "Namespace", name: "team"))
      #expect(space.labels == ["kubernetes.io/metadata.name": "team"])
      #expect(space.spec == ["finalizers": ["kubernetes"]])
      #expect(space.status == ["phase": "Active"])
      _ = try await api.waitFor(.serviceAccounts, namespace: "team", name: "default") { $0 != nil }
      _ = try await api.waitFor(.configMaps, namespace: "team", name: "kube-root-ca.crt") { $0 != nil }

      var job = KubernetesObject(apiVersion: "batch/v1", kind: "Job", name: "j", namespace: "team")
      let container: JSON = ["name": "c", "image": "busybox:1.36", "env": [["name": "E", "value": ""]]]
      job.spec = ["template": ["spec": ["restartPolicy": "Never", "containers": [container]]]]
      let made = try await api.create(.jobs, job)
      #expect(made.generation == 1)
      #expect(made[path: "spec", "backoffLimit"] == 6)
      #expect(
        made[path: "spec", "selector"] == ["matchLabels": ["batch.kubernetes.io/controller-uid": .string(made.uid)]])
      #expect(made[path: "spec", "template", "metadata", "labels", "job-name"] == "j")
      let filled = made[path: "spec", "template", "spec", "containers"]?[0]
      #expect(filled?["imagePullPolicy"] == "IfNotPresent")
      #expect(filled?["resources"] == .emptyObject)
      #expect(filled?["env"] == [["name": "E"]])

      job.name = "twice"
      job[path: "spec", "template", "spec", "initContainers"] = [container, container]
      let error = await statusError { _ = try await api.create(.jobs, job) }
      #expect(
        error?.message
          == "Job.batch \"twice\" is invalid: [spec.template.spec.initContainers[0].name: Duplicate value: \"c\", "
          + "spec.template.spec.initContainers[1].name: Duplicate value: \"c\"]")
    }
  }

  @Test func unknownFieldsOfBuiltInKindsGo() async throws {
    try await ServerFixture.run { fixture in
      var object = Fixtures.configMap("a")
      object["dat"] = ["x": "y"]
      let body = object.json.serialized()
      let path = "/api/v1/namespaces/default/configmaps"
      let strict = try await fixture.send("POST", path + "?fieldValidation=Strict", body: body)
      #expect(strict.status == 400)
      #expect(
        strict.json["message"]
          == "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"dat\""
      )
      let warned = try await fixture.send("POST", path, body: body)
      #expect(warned.status == 201)
      #expect(warned.warnings == [#"299 - "unknown field \"dat\"""#])
      #expect(warned.json["dat"] == nil)
    }
  }

  @Test func eventsHaveTwoFaces() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      let core = ResourceType(group: "", version: "v1", plural: "events", kind: "Event", isNamespaced: true)
      var event = KubernetesObject(apiVersion: "events.k8s.io/v1", kind: "Event", name: "e", namespace: "default")
      event["regarding"] = ["kind": "MongoDB", "name": "m", "namespace": "default"]
      event["note"] = "hello"
      event["reportingController"] = "us"
      event["eventTime"] = "2026-11-22T22:08:10.620377Z"
      let created = try await api.create(.events, event)
      #expect(created["note"] == "hello")
      let other = try await api.get(core, namespace: "default", name: "e")
      #expect(other.apiVersion == "v1")
      #expect(other["message"] == "hello")
      #expect(other["reportingComponent"] == "us")
      #expect(other[path: "involvedObject", "name"] == "m")
      let found = try await api.list(
        core, namespace: "default", options: ListOptions(fieldSelector: "involvedObject.kind=MongoDB"))
      #expect(found.items.count == 1)
      let none = try await api.list(
        .events, namespace: "default", options: ListOptions(fieldSelector: "regarding.kind=Other"))
      #expect(none.items.isEmpty)
      // An hour after it was last seen, an event is gone.
      let expiry = EventExpiry(store: fixture.server.store)
      let seen = try #require(Timestamp.secondsSince1970(created.creationTimestamp ?? ""))
      expiry.removeExpired(now: seen + 3_500)
      #expect(try await api.find(core, namespace: "default", name: "e") != nil)
      expiry.removeExpired(now: seen + 3_700)
      #expect(try await api.find(core, namespace: "default", name: "e") == nil)
    }
  }
}
