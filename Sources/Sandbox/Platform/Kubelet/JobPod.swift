import Kubernetes

/// The pod of a Job, as the Job controller makes it from the template; the server adds its defaults.
enum JobPod {
  static func make(for job: KubernetesObject) -> KubernetesObject {
    let template = job[path: "spec", "template"] ?? .emptyObject
    var pod = KubernetesObject(["apiVersion": "v1", "kind": "Pod", "metadata": .emptyObject])
    pod[path: "metadata", "generateName"] = .string("\(job.name)-")
    pod.namespace = job.namespace
    pod.labels = template[path: "metadata", "labels"]?.stringMapValue ?? [:]
    pod.annotations = template[path: "metadata", "annotations"]?.stringMapValue ?? [:]
    pod.finalizers = [JobStatus.trackingFinalizer]
    pod.ownerReferences = [OwnerReference(to: job, controller: true)]
    var spec = template["spec"] ?? .emptyObject
    // There is one node, and no scheduler to wait for.
    spec["nodeName"] = .string(PodProgress.node)
    pod.spec = spec
    return pod
  }

  static func isOwned(_ pod: KubernetesObject, by job: KubernetesObject) -> Bool {
    pod.ownerReferences.contains { $0.uid == job.uid }
  }

  static func isTerminal(_ pod: KubernetesObject) -> Bool {
    ["Succeeded", "Failed"].contains(pod[path: "status", "phase"]?.stringValue ?? "")
  }
}
