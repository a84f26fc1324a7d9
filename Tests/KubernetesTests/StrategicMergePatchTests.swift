import Kubernetes
import Testing

@Suite struct StrategicMergePatchTests {
  static let deployment = GroupVersionKind(group: "apps", version: "v1", kind: "Deployment")

  /// A deployment with a pod spec.
  static func pods(_ spec: JSON) -> JSON { ["spec": ["template": ["spec": spec]]] }

  static let cases: [(String, JSON, JSON, JSON)] = [
    (
      "containers are merged by name", ["containers": [["name": "a", "image": "x:1"], ["name": "b", "image": "y"]]],
      ["containers": [["name": "a", "image": "x:2"], ["name": "c", "image": "z"]]],
      ["containers": [["name": "a", "image": "x:2"], ["name": "b", "image": "y"], ["name": "c", "image": "z"]]]
    ),
    (
      "env by name, below", ["containers": [["name": "a", "env": [["name": "A", "value": "1"], ["name": "B"]]]]],
      ["containers": [["name": "a", "env": [["name": "A", "value": "2"]]]]],
      ["containers": [["name": "a", "env": [["name": "A", "value": "2"], ["name": "B"]]]]]
    ),
    (
      "delete an element", ["containers": [["name": "a"], ["name": "b"]]],
      ["containers": [["name": "a", "$patch": "delete"]]], ["containers": [["name": "b"]]]
    ),
    (
      "replace a list", ["containers": [["name": "a"], ["name": "b"]]],
      ["containers": [["name": "c"], ["$patch": "replace"]]], ["containers": [["name": "c"]]]
    ),
    (
      "replace a map", ["securityContext": ["runAsUser": 1, "fsGroup": 2]],
      ["securityContext": ["$patch": "replace", "runAsUser": 3]], ["securityContext": ["runAsUser": 3]]
    ),
    (
      "delete a map", ["securityContext": ["runAsUser": 1]], ["securityContext": ["$patch": "delete"]],
      ["securityContext": [:]]
    ),
    (
      "atomic lists are replaced", ["tolerations": [["key": "a"], ["key": "b"]]], ["tolerations": [["key": "c"]]],
      ["tolerations": [["key": "c"]]]
    ),
    ("null removes", ["hostNetwork": true, "nodeName": "x"], ["hostNetwork": .null], ["nodeName": "x"]),
    (
      "retainKeys", ["volumes": [["name": "v", "emptyDir": [:]]]],
      ["volumes": [["name": "v", "$retainKeys": ["name", "configMap"], "configMap": ["name": "c"]]]],
      ["volumes": [["name": "v", "configMap": ["name": "c"]]]]
    ),
    (
      "setElementOrder", ["containers": [["name": "server"], ["name": "b"], ["name": "a"]]],
      [
        "$setElementOrder/containers": [["name": "a"], ["name": "c"], ["name": "b"]],
        "containers": [["name": "c", "image": "i"]],
      ],
      ["containers": [["name": "server"], ["name": "a"], ["name": "c", "image": "i"], ["name": "b"]]]
    ),
    (
      "setElementOrder alone", ["containers": [["name": "b"], ["name": "a"]]],
      ["$setElementOrder/containers": [["name": "a"], ["name": "b"]]], ["containers": [["name": "a"], ["name": "b"]]]
    ),
    (
      "volumeMounts by mountPath, ports by containerPort",
      [
        "containers": [
          ["name": "a", "volumeMounts": [["name": "v", "mountPath": "/x"]], "ports": [["containerPort": 80]]]
        ]
      ],
      [
        "containers": [
          ["name": "a", "volumeMounts": [["name": "w", "mountPath": "/x"]], "ports": [["containerPort": 81]]]
        ]
      ],
      [
        "containers": [
          [
            "name": "a", "volumeMounts": [["name": "w", "mountPath": "/x"]],
            "ports": [["containerPort": 80], ["containerPort": 81]],
          ]
        ]
      ]
    ),
    (
      "directives do not survive in what is new", [:],
      [
        "containers": [["name": "a", "env": [["name": "E", "$patch": "delete"]]]], "volumes": [["$patch": "replace"]],
      ],
      ["containers": [["name": "a", "env": []]], "volumes": []]
    ),
  ]

  @Test(arguments: cases.indices) func applies(index: Int) throws {
    let (name, original, patch, expected) = Self.cases[index]
    let result = try StrategicMergePatch.apply(Self.pods(patch), to: Self.pods(original), kind: Self.deployment)
    #expect(result == Self.pods(expected), "\(name): \(result.text())")
  }

  @Test func finalizersAreASet() throws {
    let document: JSON = ["metadata": ["finalizers": ["a", "b"]]]
    let kind = GroupVersionKind(group: "", version: "v1", kind: "ConfigMap")
    #expect(
      try StrategicMergePatch.apply(
        ["metadata": ["finalizers": ["b", "c"], "$deleteFromPrimitiveList/finalizers": ["a"]]], to: document, kind: kind
      )
        == ["metadata": ["finalizers": ["b", "c"]]])
  }

  @Test func conditionsAreMergedByType() throws {
    let job = GroupVersionKind(group: "batch", version: "v1", kind: "Job")
    #expect(
      try StrategicMergePatch.apply(
        ["status": ["conditions": [["type": "B"]]]], to: ["status": ["conditions": [["type": "A"]]]], kind: job)
        == ["status": ["conditions": [["type": "A"], ["type": "B"]]]])
  }

  static let refusals: [(JSON, PatchError)] = [
    (["a": ["$patch": "jump"]], PatchError(.malformed, "unknown patch type: jump")),
    (
      ["spec": ["template": ["spec": ["containers": [["image": "x"]]]]]],
      PatchError(.malformed, "map: {\"image\":\"x\"} does not contain declared merge key: name")
    ),
    (["$setElementOrder/x": 1], PatchError(.malformed, "$setElementOrder/x must be a list, not 1")),
    ([1], PatchError(.malformed, "a strategic merge patch must be an object, not array")),
  ]

  @Test(arguments: refusals.indices) func refuses(index: Int) {
    let (patch, error) = Self.refusals[index]
    #expect(throws: error) { try StrategicMergePatch.apply(patch, to: [:], kind: Self.deployment) }
  }
}
