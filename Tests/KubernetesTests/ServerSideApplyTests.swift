import Kubernetes
import Testing

@Suite struct FieldTrackingTests {
  /// ResourceBindings keep their conditions by type; of the other kinds nothing need be known here.
  static let binding = FieldTypes(
    StructuralSchema(json: [
      "type": "object",
      "properties": [
        "status": [
          "type": "object",
          "properties": [
            "conditions": [
              "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
              "items": ["type": "object", "properties": ["type": ["type": "string"], "status": ["type": "string"]]],
            ]
          ],
        ]
      ],
    ]))

  /// Every recorded write gives the recorded entries.
  @Test(arguments: [
    ("custom-resource-create-dry-run-server", "kubectl-client-side-apply"),
    ("promise-create-dry-run-server", "kubectl-client-side-apply"),
    ("custom-resource-update", "kubectl-client-side-apply"),
    ("custom-resource-update-dry-run-server", "kubectl-label"),
    ("custom-resource-label-update-by-controller", "manager"),
    ("custom-resource-status-update-by-controller", "manager"),
    ("custom-resource-status-update-by-kubectl", "kubectl-patch"),
    ("promise-update", "kubectl-client-side-apply"), ("promise-update-dry-run-server", "kubectl-client-side-apply"),
    ("promise-status-update-by-controller", "manager"), ("promiserevision-update-by-controller", "manager"),
    ("resourcebinding-update", "kubectl-patch"),
  ])
  func tracksAsRecorded(name: String, manager: String) throws {
    let review = try Recorded.review(name)
    let expected = KubernetesObject(try #require(review["object"]))
    let old = review["oldObject"].flatMap { $0.isNull ? nil : KubernetesObject($0) }
    let subresource = review["subResource"]?.stringValue ?? ""
    let entries = try #require(expected.metadata["managedFields"]?.arrayValue)
    let before = old?.metadata["managedFields"]?.arrayValue ?? []
    // The time of the write is the one that the written entry has.
    let times = entries.filter { !before.contains($0) && $0["manager"]?.stringValue == manager }
      .compactMap { $0["time"]?.stringValue }
    let time = times.max() ?? "2026-11-22T23:00:00Z"
    var written = expected
    written.json.set(old?.metadata["managedFields"], at: ["metadata", "managedFields"])
    let result = ServerSideApply.tracking(
      written, old: old,
      .init(
        manager: manager, subresource: subresource, scope: subresource == "status" ? .statusOnly : .exceptStatus,
        types: name.hasPrefix("resourcebinding") ? Self.binding : .deduced, time: time))
    #expect(
      result.metadata["managedFields"]?.text(.pretty) == expected.metadata["managedFields"]?.text(.pretty))
  }

  @Test func anUntrackedObjectStaysUntracked() {
    let old = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "a")
    var new = old
    new["data"] = ["x": "y"]
    let request = ServerSideApply.Request(
      manager: "m", scope: .everything, types: .deduced, time: "2026-01-01T00:00:00Z")
    #expect(ServerSideApply.tracking(new, old: old, request) == new)
  }

  @Test func managedFieldsMayBeReset() {
    let request = ServerSideApply.Request(
      manager: "m", scope: .everything, types: .deduced, time: "2026-01-01T00:00:00Z")
    var object = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "a")
    object["data"] = ["x": "y"]
    let old = ServerSideApply.tracking(object, old: nil, request)
    #expect(old.metadata["managedFields"]?.arrayValue?.count == 1)
    // Leaving them out changes nothing, an empty list removes them.
    #expect(ServerSideApply.tracking(object, old: old, request).metadata == old.metadata)
    var reset = old
    reset.json.set([], at: ["metadata", "managedFields"])
    #expect(ServerSideApply.tracking(reset, old: old, request).metadata["managedFields"] == nil)
  }

  @Test func oldUpdatersAreFolded() {
    var object = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "a")
    var old: KubernetesObject?
    for index in 10..<24 {
      object = old ?? object
      object.json.set("y", at: ["data", "k\(index)"])
      old = ServerSideApply.tracking(
        object, old: old,
        .init(
          manager: "m\(index)", scope: .everything, types: FieldTypes(builtIn: object.groupVersionKind),
          time: "2026-01-01T00:00:\(index)Z"))
    }
    let entries = old?.metadata["managedFields"]?.arrayValue ?? []
    #expect(entries.count == 10)
    #expect(entries.first?["manager"] == "ancient-changes")
    #expect(entries.first?[path: "fieldsV1", "f:data"]?.objectValue?.count == 6)
  }
}

@Suite struct ServerSideApplyTests {
  static let time = "2026-01-01T00:00:00Z"

  static func configMap(_ data: JSON, labels: JSON? = nil) -> KubernetesObject {
    var object = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "wire", namespace: "default")
    object["data"] = data
    if let labels { object.json.set(labels, at: ["metadata", "labels"]) }
    return object
  }

  static func apply(
    _ object: KubernetesObject, to live: KubernetesObject?, as manager: String, force: Bool = false
  ) throws -> KubernetesObject {
    try ServerSideApply.apply(
      object, to: live, force: force,
      .init(
        manager: manager, scope: .exceptStatus, types: FieldTypes(builtIn: object.groupVersionKind), time: Self.time))
  }

  /// Recorded: a Promise that client-side apply made, applied by kubectl server-side.
  @Test func appliesAsRecorded() throws {
    let review = try Recorded.review("promise-update-server-side-apply")
    let live = KubernetesObject(try #require(review["oldObject"]))
    let expected = KubernetesObject(try #require(review["object"]))
    let annotation = try #require(expected.annotations["kubectl.kubernetes.io/last-applied-configuration"])
    let schema = StructuralSchema(json: [
      "type": "object",
      "properties": [
        "spec": [
          "type": "object",
          "properties": [
            "api": [
              "type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true,
            ],
            "destinationSelectors": ["type": "array", "items": ["type": "object"]],
            "workflows": [
              "type": "object",
              "properties": [
                "config": ["type": "object"],
                "promise": [
                  "type": "object", "properties": ["configure": ["type": "array", "items": ["type": "object"]]],
                ],
                "resource": [
                  "type": "object", "properties": ["configure": ["type": "array", "items": ["type": "object"]]],
                ],
              ],
            ],
          ],
        ]
      ],
    ])
    var result = try ServerSideApply.apply(
      KubernetesObject(JSON(parsing: annotation)), to: live, force: false,
      .init(manager: "kubectl", scope: .exceptStatus, types: FieldTypes(schema), time: "2026-11-22T22:21:18Z"))
    // The server counts generations; that is none of apply's business.
    result.generation = expected.generation
    #expect(result.metadata["managedFields"]?.text(.pretty) == expected.metadata["managedFields"]?.text(.pretty))
    #expect(result.json.text(.pretty) == expected.json.text(.pretty))
  }

  @Test func createsWithAnEntry() throws {
    let created = try Self.apply(Self.configMap(["a": "one"]), to: nil, as: "kubectl")
    #expect(
      created.metadata["managedFields"] == [
        [
          "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": ["f:data": ["f:a": [:]]], "manager": "kubectl",
          "operation": "Apply", "time": "2026-01-01T00:00:00Z",
        ]
      ])
  }

  /// Recorded: `conflict with "kubectl": .data.a`.
  @Test func refusesConflicts() throws {
    let live = try Self.apply(Self.configMap(["a": "two"]), to: nil, as: "kubectl")
    let error = StatusError(
      code: 409, reason: .conflict, message: "Apply failed with 1 conflict: conflict with \"kubectl\": .data.a",
      causes: [.init(reason: "FieldManagerConflict", message: "conflict with \"kubectl\"", field: ".data.a")])
    #expect(throws: error) { try Self.apply(Self.configMap(["a": "one"]), to: live, as: "other") }
    // The same value is no conflict, and makes both owners.
    let shared = try Self.apply(Self.configMap(["a": "two"]), to: live, as: "other")
    #expect(shared.metadata["managedFields"]?.arrayValue?.count == 2)
    #expect(shared["data"] == ["a": "two"])
    // Nothing has changed, so the new entry has no time (recorded).
    #expect(shared.metadata["managedFields"]?[0]?["time"] == nil)
    // Force takes the field over.
    let forced = try Self.apply(Self.configMap(["a": "one"]), to: live, as: "other", force: true)
    #expect(forced["data"] == ["a": "one"])
    #expect(forced.metadata["managedFields"]?.arrayValue?.compactMap { $0["manager"]?.stringValue } == ["other"])
  }

  @Test func namesSeveralConflicts() throws {
    let kind = GroupVersionKind(group: "apps", version: "v1", kind: "Deployment")
    func deployment(_ replicas: JSON, image: JSON) -> KubernetesObject {
      KubernetesObject([
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"],
        "spec": [
          "replicas": replicas, "template": ["spec": ["containers": [["name": "c", "image": image]]]],
        ],
      ])
    }
    let live = ServerSideApply.tracking(
      deployment(1, image: "a"), old: nil,
      .init(
        manager: "kubectl-client-side-apply", scope: .exceptStatus, types: FieldTypes(builtIn: kind), time: Self.time))
    #expect(throws: StatusError.self) { try Self.apply(deployment(2, image: "b"), to: live, as: "ci") }
    do {
      _ = try Self.apply(deployment(2, image: "b"), to: live, as: "ci")
    } catch let error as StatusError {
      #expect(
        error.message
          == "Apply failed with 2 conflicts: conflicts with \"kubectl-client-side-apply\" using apps/v1:\n"
          + "- .spec.replicas\n- .spec.template.spec.containers[name=\"c\"].image")
    }
    do {
      _ = try Self.apply(deployment(2, image: "a"), to: live, as: "ci")
    } catch let error as StatusError {
      #expect(
        error.message
          == "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using apps/v1: .spec.replicas")
    }
  }

  @Test func removesWhatIsNoLongerApplied() throws {
    let first = try Self.apply(Self.configMap(["a": "1", "b": "2"], labels: ["l": "m"]), to: nil, as: "one")
    let both = try Self.apply(Self.configMap(["b": "2"]), to: first, as: "two")
    let second = try Self.apply(Self.configMap(["c": "3"]), to: both, as: "one")
    // `a` and the labels go; `b` stays, since another manager owns it.
    #expect(second["data"] == ["b": "2", "c": "3"])
    #expect(second.metadata["labels"] == nil)
    // What nobody applied stays.
    var touched = second
    touched.json.set("x", at: ["data", "d"])
    let updated = ServerSideApply.tracking(
      touched, old: second,
      .init(manager: "edit", scope: .everything, types: FieldTypes(builtIn: second.groupVersionKind), time: Self.time))
    let third = try Self.apply(Self.configMap(["e": "5"]), to: updated, as: "one")
    #expect(third["data"] == ["b": "2", "d": "x", "e": "5"])
  }

  @Test func mergesListsByKey() throws {
    func pod(_ containers: JSON) -> KubernetesObject {
      KubernetesObject([
        "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p"], "spec": ["containers": containers],
      ])
    }
    let live = try Self.apply(pod([["name": "a", "image": "x"], ["name": "b", "image": "y"]]), to: nil, as: "one")
    let result = try Self.apply(
      pod([["name": "c", "image": "z"], ["name": "b", "ports": [["containerPort": 80]]]]), to: live, as: "two")
    #expect(
      result[path: "spec", "containers"] == [
        ["name": "a", "image": "x"], ["name": "c", "image": "z"],
        ["name": "b", "image": "y", "ports": [["containerPort": 80]]],
      ])
    let mine = result.metadata["managedFields"]?.arrayValue?.first { $0["manager"] == "two" }
    #expect(
      mine?["fieldsV1"] == [
        "f:spec": [
          "f:containers": [
            "k:{\"name\":\"b\"}": [
              ".": [:], "f:name": [:],
              "f:ports": ["k:{\"containerPort\":80,\"protocol\":\"TCP\"}": [".": [:], "f:containerPort": [:]]],
            ],
            "k:{\"name\":\"c\"}": [".": [:], "f:name": [:], "f:image": [:]],
          ]
        ]
      ])
    // Leaving a container out removes it, and only what the manager applied of another's.
    let fewer = try Self.apply(pod([["name": "c", "image": "z"]]), to: result, as: "two")
    #expect(
      fewer[path: "spec", "containers"] == [
        ["name": "a", "image": "x"], ["name": "c", "image": "z"], ["name": "b", "image": "y"],
      ])
  }

  /// Elements that nothing tells apart are not lost.
  @Test func keepsElementsWithoutKeys() throws {
    var live = KubernetesObject(apiVersion: "v1", kind: "Pod", name: "p")
    live.json.set([["image": "x"], ["name": "b", "image": "y"]], at: ["spec", "containers"])
    var wanted = KubernetesObject(apiVersion: "v1", kind: "Pod", name: "p")
    wanted.json.set([["name": "c"]], at: ["spec", "containers"])
    let result = try Self.apply(wanted, to: live, as: "m")
    #expect(result[path: "spec", "containers"] == [["image": "x"], ["name": "b", "image": "y"], ["name": "c"]])
  }

  @Test func objectsFromBeforeHaveAnOwner() throws {
    let live = Self.configMap(["a": "1"])
    #expect(throws: StatusError.self) { try Self.apply(Self.configMap(["a": "2"]), to: live, as: "new") }
    let result = try Self.apply(Self.configMap(["b": "2"]), to: live, as: "new")
    #expect(result["data"] == ["a": "1", "b": "2"])
    #expect(
      result.metadata["managedFields"]?.arrayValue?.compactMap { $0["manager"]?.stringValue } == [
        "new", "before-first-apply",
      ])
  }

  @Test func refusesNonsense() throws {
    var other = Self.configMap(["a": "1"])
    other["apiVersion"] = "v2"
    #expect(
      throws: StatusError.badRequest(
        "Incorrect version specified in apply patch. Specified patch version: v2, expected: v1")
    ) { try Self.apply(other, to: Self.configMap([:]), as: "m") }
    var managed = Self.configMap(["a": "1"])
    managed.json.set([], at: ["metadata", "managedFields"])
    #expect(throws: StatusError.badRequest("metadata.managedFields must be nil")) {
      try Self.apply(managed, to: nil, as: "m")
    }
    let twice = KubernetesObject([
      "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p"],
      "spec": ["containers": [["name": "a"], ["name": "a"]]],
    ])
    #expect(throws: StatusError.self) { try Self.apply(twice, to: nil, as: "m") }
  }

  /// Whatever is merged: nothing is lost or doubled, what is applied keeps its order, and so does what was there.
  @Test func keepsOrders() throws {
    var random = SeededGenerator(seed: 13)
    func pod(_ names: [String]) -> KubernetesObject {
      var pod = KubernetesObject(apiVersion: "v1", kind: "Pod", name: "p")
      pod.json.set(.array(names.map { ["name": .string($0)] }), at: ["spec", "containers"])
      return pod
    }
    for _ in 0..<300 {
      let all = ["a", "b", "c", "d", "e", "f", "g"].shuffled(using: &random)
      let there = Array(all.prefix(Int.random(in: 0...7, using: &random)))
      let applied = all.shuffled(using: &random).prefix(Int.random(in: 0...7, using: &random))
      let result = try Self.apply(pod(Array(applied)), to: pod(there), as: "m")
      let names = (result[path: "spec", "containers"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
      #expect(names.sorted() == Set(there).union(applied).sorted())
      #expect(names.filter(applied.contains) == Array(applied))
      let rest = there.filter { !applied.contains($0) }
      #expect(names.filter(rest.contains) == rest)
    }
  }

  /// Applying the same thing twice changes nothing but the time of nothing.
  @Test func isIdempotent() throws {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<100 {
      var object = Self.configMap([:])
      object["data"] = randomObject(&random, depth: 2)
      object["more"] = randomValue(&random, depth: 2)
      let once = try Self.apply(object, to: nil, as: "m")
      #expect(try Self.apply(object, to: once, as: "m") == once)
    }
  }
}
