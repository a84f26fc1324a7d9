import Kubernetes

/// Nothing runs a Deployment's pods here: it is reported ready as soon as it is stored.
struct WorkloadStatusController: Sendable {
  let pipeline: RequestPipeline
  private let user = UserInfo.serviceAccount(namespace: "kube-system", name: "deployment-controller")

  init(pipeline: RequestPipeline) { self.pipeline = pipeline }

  func report(_ id: ObjectID) async throws {
    guard let kind = pipeline.registry.kind(collection: id.collection), let stored = pipeline.store.get(id),
      !stored.object.isBeingDeleted,
      stored.object[path: "status", "observedGeneration"]?.intValue != stored.object.generation
    else { return }
    let target = RequestTarget(
      kind: kind, namespace: stored.object.namespace, name: stored.object.name, subresource: "status", user: user)
    do {
      _ = try await pipeline.modify(
        target, options: WriteOptions(fieldManager: "kube-controller-manager"), retries: true
      ) { old in
        var object = old
        let replicas = object[path: "spec", "replicas"] ?? 1
        object[path: "status", "observedGeneration"] = .int(object.generation)
        switch id.collection {
        case "deployments.apps":
          for field in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
            object[path: "status", field] = replicas == 0 ? nil : replicas
          }
          let now = Timestamp.text(secondsSince1970: Int64(Clock.now()))
          for (type, reason, message) in [
            ("Available", "MinimumReplicasAvailable", "Deployment has minimum availability."),
            ("Progressing", "NewReplicaSetAvailable", "The deployment has successfully progressed."),
          ] {
            object.setCondition(
              Condition(type: type, status: .true, reason: reason, message: message), now: now)
          }
        case "replicasets.apps", "statefulsets.apps":
          object[path: "status", "replicas"] = replicas
          for field in ["readyReplicas", "availableReplicas"] { object[path: "status", field] = replicas }
        default: break
        }
        return object
      }
    } catch let error as StatusError where error.reason == .notFound {
    }
  }
}
