import Foundation
import Kubernetes
import Testing

@testable import APIServer

/// The real kubectl, verb by verb.
@Suite(.serialized) struct KubectlTests {
  private static func definition() -> String { YAML.text(Fixtures.definition().json) }

  @Test func appliesAndPrints() async throws {
    try await ServerFixture.run { fixture in
      let crd = try await fixture.kubectl("apply", "-f", "-", input: Self.definition())
      #expect(crd.out == "customresourcedefinition.apiextensions.k8s.io/mongodbs.promise.kratix.io created\n")
      let manifest = YAML.text(Fixtures.mongoDB("mongo-v4", spec: ["version": "4"]).json)
      for word in ["created", "unchanged"] {
        let output = try await fixture.kubectl("apply", "-f", "-", input: manifest)
        #expect(output.out == "mongodb.promise.kratix.io/mongo-v4 \(word)\n")
        #expect(output.err == "")
      }
      let changed = YAML.text(Fixtures.mongoDB("mongo-v4", spec: ["version": "5"]).json)
      let diff = try await fixture.kubectl("diff", "-f", "-", input: changed)
      #expect(diff.status == 1)
      #expect(diff.out.contains("+  version: \"5\""))
      let dry = try await fixture.kubectl("apply", "--dry-run=server", "-f", "-", input: changed)
      #expect(dry.out == "mongodb.promise.kratix.io/mongo-v4 configured (server dry run)\n")
      let configured = try await fixture.kubectl("apply", "-f", "-", input: changed)
      #expect(configured.out == "mongodb.promise.kratix.io/mongo-v4 configured\n")
      let spec = try await fixture.kubectl("get", "mg", "mongo-v4", "-o", "jsonpath={.spec}")
      #expect(spec.out == #"{"majorVersion":6,"version":"5"}"#)
      let names = try await fixture.kubectl("get", "mongodbs", "-o", "name")
      #expect(names.out == "mongodb.promise.kratix.io/mongo-v4\n")
      let table = try await fixture.kubectl("get", "mongodbs", "--no-headers")
      #expect(table.out.hasPrefix("mongo-v4"))
      let explained = try await fixture.kubectl("explain", "mongodb.spec.majorVersion")
      #expect(explained.out.contains("FIELD: majorVersion <number>"))
      let missing = try await fixture.kubectl("get", "mongodb", "nope")
      #expect(missing.status == 1)
      #expect(missing.err == "Error from server (NotFound): mongodbs.promise.kratix.io \"nope\" not found\n")
      let invalid = try await fixture.kubectl(
        "patch", "mg", "mongo-v4", "--type=merge", "-p", #"{"spec":{"majorVersion":12}}"#)
      #expect(
        invalid.err
          == "The MongoDB \"mongo-v4\" is invalid: spec.majorVersion: Invalid value: 12: spec.majorVersion in body "
          + "should be less than or equal to 9\n")
      let described = try await fixture.kubectl("describe", "mg", "mongo-v4")
      #expect(described.out.contains("Major Version:  6"))
      let deleted = try await fixture.kubectl("delete", "mg", "mongo-v4")
      #expect(deleted.status == 0)
    }
  }

  @Test func refusesUnknownFieldsStrictly() async throws {
    try await ServerFixture.run { fixture in
      _ = try await fixture.kubectl("apply", "-f", "-", input: Self.definition())
      let manifest = YAML.text(Fixtures.mongoDB("a", spec: ["foo": 1]).json)
      let strict = try await fixture.kubectl("apply", "-f", "-", input: manifest)
      #expect(
        strict.err
          == "Error from server (BadRequest): error when creating \"STDIN\": MongoDB in version \"v1alpha1\" cannot be "
          + "handled as a MongoDB: strict decoding error: unknown field \"spec.foo\"\n")
      let warned = try await fixture.kubectl("apply", "--validate=warn", "-f", "-", input: manifest)
      #expect(warned.err == "Warning: unknown field \"spec.foo\"\n")
      #expect(warned.status == 0)
    }
  }

  @Test func sendsTypedKindsAsProtobuf() async throws {
    try await ServerFixture.run { fixture in
      let space = try await fixture.kubectl("create", "namespace", "team")
      #expect(space.out == "namespace/team created\n")
      _ = try await fixture.kubectl("create", "configmap", "c", "--from-literal=a=b")
      #expect(try await fixture.api.get(.configMaps, namespace: "default", name: "c")["data"] == ["a": "b"])
      _ = try await fixture.kubectl("create", "secret", "generic", "s", "--from-literal=p=q")
      #expect(try await fixture.api.get(.secrets, namespace: "default", name: "s")["data"] == ["p": "cQ=="])
      _ = try await fixture.kubectl("create", "job", "j", "--image=busybox:1", "--", "echo", "hi")
      let job = try await fixture.api.get(.jobs, namespace: "default", name: "j")
      #expect(job[path: "spec", "template", "spec", "containers"]?[0]?["command"] == ["echo", "hi"])
      _ = try await fixture.kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=2")
      let rolled = try await fixture.kubectl("rollout", "status", "deployment/web")
      #expect(rolled.out == "deployment \"web\" successfully rolled out\n")
      let scaled = try await fixture.kubectl("scale", "deployment/web", "--replicas=3")
      #expect(scaled.out == "deployment.apps/web scaled\n")
      let again = try await fixture.kubectl("create", "namespace", "team")
      #expect(again.err == "Error from server (AlreadyExists): namespaces \"team\" already exists\n")
    }
  }

  @Test func waitsAndWatches() async throws {
    try await ServerFixture.run { fixture in
      _ = try await fixture.kubectl("apply", "-f", "-", input: Self.definition())
      let established = try await fixture.kubectl(
        "wait", "--for=condition=Established", "crd/mongodbs.promise.kratix.io", "--timeout=10s")
      #expect(
        established.out == "customresourcedefinition.apiextensions.k8s.io/mongodbs.promise.kratix.io condition met\n")
      _ = try await fixture.api.create(Fixtures.mongoDBs, Fixtures.mongoDB("a"))
      async let waiting = fixture.kubectl("wait", "--for=jsonpath={.status.phase}=Done", "mg/a", "--timeout=20s")
      _ = try await fixture.api.patch(
        Fixtures.mongoDBs, namespace: "default", name: "a", .merge(["status": ["phase": "Done"]]),
        subresource: "status", options: WriteOptions())
      #expect(try await waiting.out == "mongodb.promise.kratix.io/a condition met\n")
      let late = try await fixture.kubectl("wait", "--for=jsonpath={.status.phase}=Never", "mg/a", "--timeout=1s")
      #expect(late.status == 1)
      #expect(late.err == "error: timed out waiting for the condition on mongodbs/a\n")
    }
  }

  @Test func editsLabelsAnnotatesReplaces() async throws {
    try await ServerFixture.run { fixture in
      _ = try await fixture.api.create(.configMaps, Fixtures.configMap("c"))
      #expect(try await fixture.kubectl("label", "cm", "c", "x=y").out == "configmap/c labeled\n")
      #expect(try await fixture.kubectl("label", "cm", "c", "x-").out == "configmap/c unlabeled\n")
      #expect(try await fixture.kubectl("annotate", "cm", "c", "n=m").out == "configmap/c annotated\n")
      #expect(
        try await fixture.kubectl("patch", "cm", "c", "-p", #"{"data":{"a":"3"}}"#).out == "configmap/c patched\n")
      let replacement = YAML.text(Fixtures.configMap("c", data: ["z": "1"]).json)
      #expect(try await fixture.kubectl("replace", "-f", "-", input: replacement).out == "configmap/c replaced\n")
      #expect(try await fixture.api.get(.configMaps, namespace: "default", name: "c")["data"] == ["z": "1"])
      let resources = try await fixture.kubectl("api-resources", "--api-group=batch", "-o", "name")
      #expect(resources.out == "cronjobs.batch\njobs.batch\n")
    }
  }

  @Test func logsOfAPod() async throws {
    try await ServerFixture.run { fixture in
      var pod = KubernetesObject(apiVersion: "v1", kind: "Pod", name: "p", namespace: "default")
      pod.spec = [
        "initContainers": [["name": "reader", "image": "busybox:1"]],
        "containers": [["name": "main", "image": "busybox:1"]], "nodeName": "node-1",
      ]
      let created = try await fixture.api.create(.pods, pod)
      fixture.server.podLogs.append(podUID: created.uid, container: "reader", Array("one\ntwo\n".utf8))
      fixture.server.podLogs.finish(podUID: created.uid, container: "reader")
      #expect(try await fixture.kubectl("logs", "p", "-c", "reader").out == "one\ntwo\n")
      #expect(try await fixture.kubectl("logs", "p", "-c", "reader", "--tail=1").out == "two\n")
      #expect(try await fixture.api.podLog(namespace: "default", pod: "p", container: "reader") == "one\ntwo\n")
      async let following = fixture.kubectl("logs", "-f", "p", "-c", "main")
      fixture.server.podLogs.append(podUID: created.uid, container: "main", Array("three\n".utf8))
      fixture.server.podLogs.append(podUID: created.uid, container: "main", Array("fo".utf8))
      fixture.server.podLogs.append(podUID: created.uid, container: "main", Array("ur\n".utf8))
      fixture.server.podLogs.finish(podUID: created.uid, container: "main")
      #expect(try await following.out == "three\nfour\n")
      pod.name = "unscheduled"
      pod[path: "spec", "nodeName"] = nil
      _ = try await fixture.api.create(.pods, pod)
      let unscheduled = try await fixture.kubectl("logs", "unscheduled", "-c", "main")
      #expect(
        unscheduled.err == "Error from server (BadRequest): pod unscheduled does not have a host assigned\n")
      // One that waits to be started again has its last run's; one that never ran has none.
      var crashed = try await fixture.api.get(.pods, namespace: "default", name: "p")
      let waiting: JSON = ["waiting": ["reason": "CrashLoopBackOff"]]
      crashed.status = [
        "containerStatuses": [["name": "main", "state": waiting]],
        "initContainerStatuses": [
          ["name": "reader", "state": waiting, "lastState": ["terminated": ["exitCode": 1]]]
        ],
      ]
      _ = try await fixture.api.update(.pods, crashed, subresource: "status", options: WriteOptions())
      #expect(try await fixture.kubectl("logs", "p", "-c", "reader").out == "one\ntwo\n")
      #expect(
        try await fixture.kubectl("logs", "p", "-c", "main").err
          == "Error from server (BadRequest): container \"main\" in pod \"p\" is waiting to start: CrashLoopBackOff\n")
      let wrong = try await fixture.kubectl("logs", "p", "-c", "nope")
      #expect(wrong.err.contains("container nope is not valid for pod p"))
    }
  }
}
