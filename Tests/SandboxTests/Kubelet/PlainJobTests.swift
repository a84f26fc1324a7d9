import Foundation
import Kubernetes
import Testing
import WorkflowRunner

@testable import Sandbox

/// Jobs that are not Kratix's, on the kubelet with the process engine.
@Suite(.timeLimit(.minutes(1))) struct PlainJobTests {
  private static let image = "tools:1"

  /// A kubelet whose images are this machine's own tools.
  private func withTools(_ body: (TestCluster) async throws -> Void) async throws {
    let folder = NSTemporaryDirectory() + "plain-job-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try "FROM busybox\n".write(toFile: "\(folder)/Dockerfile", atomically: true, encoding: .utf8)
    let engine = try ProcessEngine(images: ImageMap([Self.image: folder]))
    try await withCluster(
      engine: { run, onEvent in try await engine.run(run, limits: WorkflowLimits(), onEvent: onEvent) }, body)
  }

  private func container(_ name: String, _ script: String, env: [JSON] = [], mounts: [(String, String)] = []) -> JSON {
    [
      "name": .string(name), "image": .string(Self.image), "command": ["/bin/sh", "-ec", .string(script)],
      "env": .array(env),
      "volumeMounts": .array(mounts.map { ["name": .string($0.0), "mountPath": .string($0.1)] }),
    ]
  }

  private func job(
    initial: [JSON] = [], main: JSON, volumes: [JSON] = [], ttl: Int? = nil
  ) -> KubernetesObject {
    var job = KubernetesObject(apiVersion: "batch/v1", kind: "Job", name: "plain", namespace: "default")
    job.spec = [
      "backoffLimit": 0,
      "template": [
        "metadata": ["labels": ["run": "plain"]],
        "spec": [
          "restartPolicy": "Never", "initContainers": .array(initial), "containers": [main],
          "volumes": .array(volumes),
        ],
      ],
    ]
    if let ttl { job[path: "spec", "ttlSecondsAfterFinished"] = JSON(ttl) }
    return job
  }

  private func pod(_ cluster: TestCluster) async throws -> KubernetesObject {
    try #require(
      try await cluster.api.listAll(.pods, namespace: "default", labelSelector: "run=plain").items.first)
  }

  @Test func containersRunInOrderOnTheirVolumes() async throws {
    try await withTools { cluster in
      var map = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "settings", namespace: "default")
      map["data"] = ["a.txt": "from the map", "b.txt": "not asked for"]
      _ = try await cluster.api.create(.configMaps, map)
      var secret = KubernetesObject(apiVersion: "v1", kind: "Secret", name: "keys", namespace: "default")
      secret["data"] = ["key": .string(Data("from the secret".utf8).base64EncodedString())]
      _ = try await cluster.api.create(.secrets, secret)
      let mounts = [("shared", "/shared")]
      let job = job(
        initial: [
          container(
            "one", "cat /settings/only/a.txt > /shared/text; ls /settings",
            mounts: mounts + [("settings", "/settings")]),
          container(
            "two", "cat /keys/key >> /shared/text; touch /keys/key 2>/dev/null || echo read-only",
            mounts: mounts + [
              ("keys", "/keys")
            ]),
        ],
        main: container(
          "main", #"cat /shared/text; echo " $WHO"; test ! -e /kratix; env | grep -c KRATIX || true"#,
          env: [["name": "WHO", "valueFrom": ["secretKeyRef": ["name": "keys", "key": "key"]]]], mounts: mounts),
        volumes: [
          ["name": "shared", "emptyDir": [:]],
          ["name": "settings", "configMap": ["name": "settings", "items": [["key": "a.txt", "path": "only/a.txt"]]]],
          ["name": "keys", "secret": ["secretName": "keys"]],
        ])
      let done = try await cluster.wait(.jobs, try await cluster.api.create(.jobs, job)) { JobStatus.isFinished($0) }
      #expect(done.hasCondition("Complete"))
      let pod = try await pod(cluster)
      #expect(pod[path: "status", "phase"] == "Succeeded")
      let log = try await cluster.api.podLog(namespace: "default", pod: pod.name, container: "main")
      #expect(log == "from the mapfrom the secret from the secret\n0\n")
      #expect(try await cluster.api.podLog(namespace: "default", pod: pod.name, container: "one") == "only\n")
      let two = try await cluster.api.podLog(namespace: "default", pod: pod.name, container: "two")
      #expect(two == "read-only\n")
    }
  }

  /// The pod of a failure stays with what its container said; those after it have not run.
  @Test func failure() async throws {
    try await withTools { cluster in
      let job = try await cluster.api.create(
        .jobs, job(initial: [container("one", "echo no; exit 7")], main: container("main", "echo yes")))
      let done = try await cluster.wait(.jobs, job) { JobStatus.isFinished($0) }
      #expect(done.hasCondition("Failed") && done[path: "status", "failed"] == 1)
      let pod = try await pod(cluster)
      #expect(pod[path: "status", "phase"] == "Failed")
      let state = pod[path: "status", "initContainerStatuses"]?.arrayValue?.first?["state"]
      #expect(state?[path: "terminated", "exitCode"] == 7)
      #expect(try await cluster.api.podLog(namespace: "default", pod: pod.name, container: "one") == "no\n")
    }
  }

  /// As on a node, a pod waits for what it mounts.
  @Test func aMissingVolumeIsWaitedFor() async throws {
    try await withTools { cluster in
      let job = try await cluster.api.create(
        .jobs,
        job(
          main: container("main", "cat /settings/a", mounts: [("settings", "/settings")]),
          volumes: [["name": "settings", "configMap": ["name": "late"]]]))
      #expect(try await cluster.reasons(upTo: "FailedMount").contains("FailedMount"))
      var map = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "late", namespace: "default")
      map["data"] = ["a": "at last\n"]
      _ = try await cluster.api.create(.configMaps, map)
      let done = try await cluster.wait(.jobs, job) { JobStatus.isFinished($0) }
      #expect(done.hasCondition("Complete"))
      let log = try await cluster.api.podLog(namespace: "default", pod: try await pod(cluster).name, container: "main")
      #expect(log == "at last\n")
    }
  }

  /// A namespace that is deleted takes along what runs in it, whichever of the Job and its pod goes first.
  @Test func aNamespaceGoesWithWhatRunsInIt() async throws {
    try await withTools { cluster in
      for index in 0..<8 {
        let namespace = try await cluster.api.create(
          .namespaces, KubernetesObject(apiVersion: "v1", kind: "Namespace", name: "busy-\(index)"))
        var job = job(main: container("main", "cat /dev/zero > /dev/null"))
        job.namespace = namespace.name
        _ = try await cluster.api.create(.jobs, job)
        for try await event in cluster.api.observe(.pods, namespace: namespace.name) {
          let pods: [KubernetesObject]
          switch event {
          case .snapshot(let objects): pods = objects
          case .added(let pod), .modified(let pod), .deleted(let pod): pods = [pod]
          }
          if pods.contains(where: { $0[path: "status", "phase"] == "Running" }) { break }
        }
        try await cluster.api.delete(.namespaces, namespace: nil, name: namespace.name, options: DeleteOptions())
        try await cluster.waitUntilGone(.namespaces, namespace)
        #expect(try await cluster.api.listAll(.pods, namespace: namespace.name).items == [])
      }
    }
  }

  @Test func finishedJobsExpire() async throws {
    try await withTools { cluster in
      let job = try await cluster.api.create(.jobs, job(main: container("main", "true"), ttl: 0))
      try await cluster.waitUntilGone(.jobs, job)
      #expect(try await cluster.api.find(.jobs, namespace: "default", name: "plain") == nil)
    }
  }
}
