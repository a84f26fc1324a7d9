import Kubernetes
import Testing

@testable import APIServer

@Suite struct DeletionTests {
  private func owned(_ name: String, by owner: KubernetesObject, blocks: Bool = false) -> KubernetesObject {
    var object = Fixtures.configMap(name)
    object.ownerReferences = [
      OwnerReference(
        apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid,
        blockOwnerDeletion: blocks ? true : nil)
    ]
    return object
  }

  @Test func finalizersHoldAnObject() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      var object = Fixtures.configMap("a")
      object.finalizers = ["example.com/hold"]
      _ = try await api.create(.configMaps, object)
      try await api.delete(.configMaps, namespace: "default", name: "a", options: DeleteOptions())
      let held = try await api.get(.configMaps, namespace: "default", name: "a")
      #expect(held.isBeingDeleted)
      #expect(held.metadata["deletionGracePeriodSeconds"] == 0)
      let added = await statusError {
        _ = try await api.patch(
          .configMaps, namespace: "default", name: "a",
          .merge(["metadata": ["finalizers": ["example.com/hold", "example.com/new"]]]))
      }
      #expect(
        added?.message
          == "ConfigMap \"a\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object "
          + "is being deleted, found new finalizers []string{\"example.com/new\"}")
      _ = try await api.patch(
        .configMaps, namespace: "default", name: "a", .merge(["metadata": ["finalizers": .null]]))
      #expect(try await api.find(.configMaps, namespace: "default", name: "a") == nil)
    }
  }

  @Test func dependentsGoInTheBackground() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      let owner = try await api.create(.configMaps, Fixtures.configMap("owner"))
      let child = try await api.create(.configMaps, owned("child", by: owner))
      _ = try await api.create(.configMaps, owned("grandchild", by: child))
      try await api.delete(
        .configMaps, namespace: "default", name: "owner", options: DeleteOptions(propagation: .background))
      try await api.waitUntilGone(.configMaps, namespace: "default", name: "grandchild")
      #expect(try await api.find(.configMaps, namespace: "default", name: "child") == nil)
    }
  }

  @Test func foregroundWaitsForWhatBlocks() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      let owner = try await api.create(.configMaps, Fixtures.configMap("owner"))
      var child = owned("child", by: owner, blocks: true)
      child.finalizers = ["example.com/hold"]
      _ = try await api.create(.configMaps, child)
      try await api.delete(
        .configMaps, namespace: "default", name: "owner", options: DeleteOptions(propagation: .foreground))
      _ = try await api.waitFor(.configMaps, namespace: "default", name: "child") { $0?.isBeingDeleted == true }
      let waiting = try await api.get(.configMaps, namespace: "default", name: "owner")
      #expect(waiting.finalizers == ["foregroundDeletion"])
      _ = try await api.patch(
        .configMaps, namespace: "default", name: "child", .merge(["metadata": ["finalizers": .null]]))
      try await api.waitUntilGone(.configMaps, namespace: "default", name: "owner")
    }
  }

  @Test func orphansStay() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      let owner = try await api.create(.configMaps, Fixtures.configMap("owner"))
      _ = try await api.create(.configMaps, owned("child", by: owner))
      try await api.delete(
        .configMaps, namespace: "default", name: "owner", options: DeleteOptions(propagation: .orphan))
      try await api.waitUntilGone(.configMaps, namespace: "default", name: "owner")
      #expect(try await api.get(.configMaps, namespace: "default", name: "child").ownerReferences.isEmpty)
    }
  }

  @Test func anAbsentOwnerIsNoOwner() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      var ghost = Fixtures.configMap("ghost")
      ghost.uid = "00000000-0000-0000-0000-000000000000"
      _ = try await api.create(.configMaps, owned("child", by: ghost))
      try await api.waitUntilGone(.configMaps, namespace: "default", name: "child")
      // One of two owners is there: the object stays and loses the other.
      let real = try await api.create(.configMaps, Fixtures.configMap("real"))
      var both = owned("both", by: real)
      both.ownerReferences += owned("x", by: ghost).ownerReferences
      _ = try await api.create(.configMaps, both)
      let kept = try await api.waitFor(.configMaps, namespace: "default", name: "both") {
        $0?.ownerReferences.count == 1
      }
      #expect(kept?.ownerReferences.first?.uid == real.uid)
    }
  }

  @Test func preconditions() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      let object = try await api.create(.configMaps, Fixtures.configMap("a"))
      let error = await statusError {
        try await api.delete(
          .configMaps, namespace: "default", name: "a", options: DeleteOptions(preconditionUID: "other"))
      }
      #expect(error?.code == 409)
      #expect(error?.message.hasSuffix("UID in precondition: other, UID in object meta: \(object.uid)") == true)
      try await api.delete(
        .configMaps, namespace: "default", name: "a",
        options: DeleteOptions(preconditionUID: object.uid, preconditionResourceVersion: object.resourceVersion))
    }
  }

  @Test func aNamespaceGoesWithAllThatIsInIt() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      _ = try await api.create(.customResourceDefinitions, Fixtures.definition())
      _ = try await api.create(.namespaces, KubernetesObject(apiVersion: "v1", kind: "Namespace", name: "team"))
      var held = Fixtures.mongoDB("held", namespace: "team")
      held.finalizers = ["example.com/hold"]
      _ = try await api.create(Fixtures.mongoDBs, held)
      _ = try await api.create(.configMaps, Fixtures.configMap("a", namespace: "team"))
      try await api.delete(.namespaces, namespace: nil, name: "team", options: DeleteOptions())
      _ = try await api.waitFor(Fixtures.mongoDBs, namespace: "team", name: "held") { $0?.isBeingDeleted == true }
      let refused = await statusError {
        _ = try await api.create(.configMaps, Fixtures.configMap("late", namespace: "team"))
      }
      #expect(refused?.code == 403)
      #expect(
        refused?.message
          == "configmaps \"late\" is forbidden: unable to create new content in namespace team because it is being "
          + "terminated")
      _ = try await api.patch(
        Fixtures.mongoDBs, namespace: "team", name: "held", .merge(["metadata": ["finalizers": .null]]))
      try await api.waitUntilGone(.namespaces, namespace: nil, name: "team")
      #expect(try await api.list(.configMaps, namespace: "team", options: ListOptions()).items.isEmpty)
      let immortal = await statusError {
        try await api.delete(.namespaces, namespace: nil, name: "default", options: DeleteOptions())
      }
      #expect(immortal?.message == "namespaces \"default\" is forbidden: this namespace may not be deleted")
    }
  }

  @Test func deletingACollectionTakesTheSelected() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      for index in 0..<6 {
        _ = try await api.create(
          .configMaps, Fixtures.configMap("c\(index)", labels: ["half": index < 3 ? "first" : "second"]))
      }
      try await api.deleteCollection(
        .configMaps, namespace: "default", selector: ListOptions(labelSelector: "half=first"),
        options: DeleteOptions())
      let left = try await api.list(
        .configMaps, namespace: "default", options: ListOptions(labelSelector: "half"))
      #expect(left.items.map(\.name) == ["c3", "c4", "c5"])
    }
  }

  @Test func aRunningPodWaitsForItsKubelet() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      var pod = KubernetesObject(apiVersion: "v1", kind: "Pod", name: "p", namespace: "default")
      pod.spec = ["containers": [["name": "c", "image": "busybox:1"]], "nodeName": "node-1"]
      _ = try await api.create(.pods, pod)
      try await api.delete(.pods, namespace: "default", name: "p", options: DeleteOptions())
      let stopping = try await api.get(.pods, namespace: "default", name: "p")
      #expect(stopping.metadata["deletionGracePeriodSeconds"] == 30)
      try await api.delete(.pods, namespace: "default", name: "p", options: DeleteOptions(gracePeriodSeconds: 0))
      #expect(try await api.find(.pods, namespace: "default", name: "p") == nil)
    }
  }
}
