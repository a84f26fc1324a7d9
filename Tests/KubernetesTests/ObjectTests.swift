import Kubernetes
import Testing

@Suite struct ConditionTests {
  static let ready = Condition(type: "Ready", status: .true, reason: "Fine", message: "fine")

  @Test func setsAsApimachinery() {
    var object = KubernetesObject([
      "status": ["conditions": [["type": "Other", "status": "Unknown", "observedGeneration": 3]]]
    ])
    object.setCondition(Self.ready, now: "T1")
    #expect(object.conditions.map(\.type) == ["Other", "Ready"])
    #expect(object.condition("Ready")?.lastTransitionTime == "T1")
    // Another reason is no transition.
    object.setCondition(Condition(type: "Ready", status: .true, reason: "Finer", message: "finer"), now: "T2")
    #expect(object.condition("Ready")?.lastTransitionTime == "T1")
    #expect(object.condition("Ready")?.reason == "Finer")
    object.setCondition(Condition(type: "Ready", status: .false, reason: "Bad", message: "bad"), now: "T3")
    #expect(object.condition("Ready")?.lastTransitionTime == "T3")
    #expect(object.hasCondition("Ready", .false))
    #expect(!object.hasCondition("Ready"))
    object.setCondition(Condition(type: "Other", status: .true, reason: "", message: ""), now: "T4")
    // What this project does not know stays.
    #expect(object[path: "status", "conditions"]?[0]?["observedGeneration"] == 3)
  }

  @Test func setsAsClusterAPI() {
    var object = KubernetesObject(apiVersion: "v1", kind: "X", name: "x")
    object.setConditionSorted(Self.ready, now: "T1")
    object.setConditionSorted(Condition(type: "Available", status: .true, reason: "", message: ""), now: "T1")
    #expect(object.conditions.map(\.type) == ["Available", "Ready"])
    object.setConditionSorted(Self.ready, now: "T2")
    #expect(object.condition("Ready")?.lastTransitionTime == "T1")
    // Another reason is a transition here.
    object.setConditionSorted(Condition(type: "Ready", status: .true, reason: "Finer", message: "fine"), now: "T3")
    #expect(object.condition("Ready")?.lastTransitionTime == "T3")
  }

  @Test func readsWhatItCan() {
    let object = KubernetesObject(["status": ["conditions": [["type": "A"], ["status": "True"], "x", Self.ready.json]]])
    #expect(object.conditions == [Self.ready])
    #expect(KubernetesObject(.null).conditions.isEmpty)
  }
}

@Suite struct KubernetesObjectTests {
  @Test func emptyMapsAreLeftOut() {
    var object = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "a", namespace: "b")
    object.labels = ["x": "y"]
    object.annotations = ["z": "w"]
    object.finalizers = ["f"]
    #expect(object.labels == ["x": "y"])
    object.labels = [:]
    object.annotations = [:]
    object.finalizers = []
    object.ownerReferences = []
    #expect(object.metadata == ["name": "a", "namespace": "b"])
    #expect(object.qualifiedName == "b/a")
    object.namespace = nil
    #expect(object.qualifiedName == "a")
  }

  @Test func ownersComeBack() {
    var owner = KubernetesObject(apiVersion: "g/v1", kind: "K", name: "o")
    owner.uid = "u"
    var object = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "a")
    object.ownerReferences = [OwnerReference(to: owner, controller: true)]
    #expect(
      object[path: "metadata", "ownerReferences"] == [
        [
          "apiVersion": "g/v1", "kind": "K", "name": "o", "uid": "u", "controller": true, "blockOwnerDeletion": true,
        ]
      ])
    #expect(object.ownerReferences == [OwnerReference(to: owner, controller: true)])
  }

  @Test func kindsAndPaths() {
    let kind = GroupVersionKind(apiVersion: "apps/v1", kind: "Deployment")
    #expect(kind.description == "apps/v1, Kind=Deployment")
    #expect(GroupVersionKind(apiVersion: "v1", kind: "Pod").group == "")
    #expect(ResourceType.pods.path(namespace: "n", name: "p", subresource: "log") == "/api/v1/namespaces/n/pods/p/log")
    #expect(ResourceType.deployments.path() == "/apis/apps/v1/deployments")
    #expect(ResourceType.namespaces.path(namespace: "n", name: "x") == "/api/v1/namespaces/x")
    #expect(ResourceType.deployments.qualifiedResource == "deployments.apps")
    #expect(ResourceType.pods.qualifiedResource == "pods")
  }

  @Test func statusErrorsTravel() {
    let error = StatusError(
      code: 422, reason: .invalid, message: "m", name: "n", group: "g", kind: "k",
      causes: [.init(reason: "FieldValueInvalid", message: "bad", field: "spec.x")], retryAfterSeconds: 3)
    #expect(StatusError(json: error.json) == error)
    #expect(StatusError(json: ["kind": "Status", "status": "Success"]) == nil)
    #expect(StatusError(json: ["kind": "Pod"]) == nil)
  }
}
