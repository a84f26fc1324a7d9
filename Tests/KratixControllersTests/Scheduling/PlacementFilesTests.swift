import KratixModel
import Kubernetes
import Testing

@testable import KratixControllers

@Suite struct PlacementFilesTests {
  /// labels and spec of a WorkPlacement, where its files lie (contract, section 8.1)
  @Test(arguments: [
    // of a resource
    ("default", "stat", "dirs", "pipe", ".", "worker-1/resources/default/stat/dirs/pipe/5058f"),
    // a directory group
    ("default", "stat", "dirs", "pipe", "platform", "worker-1/resources/default/stat/dirs/pipe/34a6e"),
    // of a promise workflow
    ("kratix-platform-system", "deps", "", "pipe", ".", "worker-1/dependencies/deps/pipe/5058f"),
    // static dependencies have no pipeline
    ("kratix-platform-system", "deps", "", "", ".", "worker-1/dependencies/deps/5058f"),
  ])
  func nestedDirectories(
    namespace: String, promise: String, resource: String, pipeline: String, directory: String, expected: String
  ) {
    let worker = destination("worker-1", [:])
    let placement = makePlacement(
      namespace: namespace, promise: promise, resource: resource, pipeline: pipeline, directory: directory)
    #expect(PlacementFiles.nestedDirectory(placement, destination: worker) == expected)
  }

  @Test func nestedWriteReplacesItsDirectory() throws {
    let placement = makePlacement(directory: "platform", files: ["platform/p.yaml": "p: 1\n"])
    let change = try PlacementFiles.write(placement, to: destination("w", [:]), context: .nested)
    #expect(change.replacing == "w/resources/default/stat/dirs/pipe/34a6e")
    #expect(
      change.files == [
        StateStoreFile(path: "w/resources/default/stat/dirs/pipe/34a6e/platform/p.yaml", text: "p: 1\n")
      ])
    #expect(change.message == "Update from: wp")
    let deletion = try PlacementFiles.delete(placement, from: destination("w", [:]), context: .nested)
    #expect(
      deletion
        == StateStoreChange(replacing: "w/resources/default/stat/dirs/pipe/34a6e", message: "Delete from: wp"))
  }

  /// The record's paths begin at the state store's path, not at the destination's.
  @Test func unnestedWriteKeepsARecord() throws {
    let flat = destination("flat-1", [:], spec: ["filepath": ["mode": "none"]])
    let placement = makePlacement(files: ["platform/p.yaml": "p: 1\n"])
    let change = try PlacementFiles.write(
      placement, to: flat, context: .recorded(["flat-1/platform/p.yaml", "flat-1/old.yaml"]))
    #expect(change.replacing == nil)
    #expect(change.removals == ["flat-1/old.yaml"])
    #expect(
      change.files == [
        StateStoreFile(path: "flat-1/platform/p.yaml", text: "p: 1\n"),
        StateStoreFile(path: "flat-1/.kratix/default-wp.yaml", text: "files:\n- flat-1/platform/p.yaml\n"),
      ])
    let deletion = try PlacementFiles.delete(placement, from: flat, context: .recorded(["flat-1/platform/p.yaml"]))
    #expect(deletion.removals == ["flat-1/platform/p.yaml", "flat-1/.kratix/default-wp.yaml"])
  }

  @Test func aggregatedFile() throws {
    let one = destination("one", [:], spec: ["filepath": ["mode": "aggregatedYAML", "filename": "catalog.yaml"]])
    let a = makePlacement(name: "a", files: ["1": "a: 1", "2": "a: 2"])
    let b = makePlacement(name: "b", files: ["1": "b: 1"])
    var dying = makePlacement(name: "c", files: ["1": "c: 1"])
    dying.object.deletionTimestamp = "2026-11-22T22:02:40Z"
    let change = try PlacementFiles.write(b, to: one, context: .aggregated([b, dying, a]))
    #expect(
      change.files == [StateStoreFile(path: "one/catalog.yaml", text: "a: 1\n---\na: 2\n---\nb: 1")])
    // It goes with the last WorkPlacement.
    let last = try PlacementFiles.delete(dying, from: one, context: .aggregated([dying]))
    #expect(last.files == [] && last.removals == ["one/catalog.yaml"])
  }

  @Test func contentsThatAreNone() {
    var placement = makePlacement()
    placement.object[path: "spec", "workloads"] = [["filepath": "a.yaml", "content": "not base64!"]]
    #expect(throws: StateStoreError("cannot decode the content of a.yaml: not base64")) {
      try PlacementFiles.write(placement, to: destination("w", [:]), context: .nested)
    }
  }

  @Test func pathsThatLeaveTheDirectory() throws {
    let placement = makePlacement(files: ["../../../escape.yaml": "x", "ok.yaml": "y"])
    let change = try PlacementFiles.write(placement, to: destination("w", [:]), context: .nested)
    #expect(change.files.map(\.path) == ["w/resources/default/stat/dirs/pipe/5058f/ok.yaml"])
  }

  /// text, the paths; nil: no record
  @Test(
    arguments: [
      ("files:\n- a\n- b\n", ["a", "b"]), ("files: []\n", []), ("files:\n", []), ("", []), ("files: 3\n", nil),
      ("files: [\n", nil), ("- a\n", []),
    ] as [(String, [String]?)])
  func records(text: String, expected: [String]?) {
    #expect((try? PlacementFiles.recordedPaths(text)) == expected)
  }

  /// Byte for byte what Kratix writes (recorded, a-install and g-scheduling).
  @Test func canaries() {
    let nested = CanaryFiles.files(of: destination("worker-1", [:]))
    #expect(
      nested.map(\.path) == [
        "worker-1/dependencies/kratix-canary-namespace.yaml", "worker-1/resources/kratix-canary-configmap.yaml",
      ])
    #expect(nested.map(\.bytes.count) == [90, 181])
    let flat = CanaryFiles.files(of: destination("platform-cluster", [:], spec: ["filepath": ["mode": "none"]]))
    #expect(
      flat.map(\.path) == [
        "platform-cluster/kratix-canary-namespace.yaml", "platform-cluster/kratix-canary-configmap.yaml",
      ])
    let without = CanaryFiles.change(of: destination("w", [:], spec: ["initWorkloads": ["enabled": false]]))
    #expect(without.files == [] && without.removals.count == 2)
  }

  private func makePlacement(
    name: String = "wp", namespace: String = "default", promise: String = "stat", resource: String = "dirs",
    pipeline: String = "pipe", directory: String = ".", files: [String: String] = [:]
  ) -> WorkPlacement {
    var object = KubernetesObject(
      apiVersion: "platform.kratix.io/v1alpha1", kind: "WorkPlacement", name: name, namespace: namespace)
    object.labels = [KratixLabels.pipelineName: pipeline]
    object.spec = [
      "promiseName": .string(promise), "resourceName": .string(resource),
      "id": .string(KratixNames.workloadGroupID(directory: directory)),
      "workloads": .array(
        files.sorted { $0.key < $1.key }.map { Workload(filepath: $0.key, bytes: Array($0.value.utf8)).json }),
    ]
    return WorkPlacement(object)
  }
}
