import KratixModel
import Kubernetes

@testable import FleetUpgrade

extension Fixtures {
  /// A fleet of the Promise `live`, with a resource for each name, all at the live version.
  static func fleet(
    _ live: Promise, _ names: [String], pinned: [String: String] = [:],
    mutate: (inout KubernetesObject) -> Void = { _ in }
  ) -> FleetSnapshot {
    FleetSnapshot(
      promise: live, revisions: [revision(of: live, isLatest: true)],
      members: names.map { name in
        var object = request(
          name, spec: ["size": "large"], version: live.revisionVersion, message: "value: large")
        object.uid = "uid-\(name)"
        object.generation = 1
        mutate(&object)
        let files = ScriptedEngine.configMap(object, value: "large").files
        return FleetMember(
          resource: ResourceRequest(object), binding: binding(name, version: pinned[name] ?? "latest"),
          works: [work(name, files: files)])
      }, destinations: [destination("worker-1")], installedPromises: [live])
  }

  static func destination(_ name: String) -> Destination {
    var object = KubernetesObject(
      apiVersion: "platform.kratix.io/v1alpha1", kind: "Destination", name: name)
    object.labels = ["environment": "dev"]
    return Destination(object)
  }

  static func adding(_ yaml: String, at path: String..., to promise: Promise) throws -> Promise {
    var promise = promise
    promise.object.json.set(try YAML.parse(yaml), at: ["spec"] + path[...])
    return promise
  }
}
