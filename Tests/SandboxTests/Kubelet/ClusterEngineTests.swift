import Foundation
import KratixModel
import Kubernetes
import Synchronization
import Testing

@testable import Sandbox
@testable import WorkflowRunner

/// Pipelines as Jobs, on the sandbox's own kubelet.
@Suite(.timeLimit(.minutes(1))) struct ClusterEngineTests {
  private static let image = "tools:1"

  private func withTools(_ body: (TestCluster) async throws -> Void) async throws {
    let folder = NSTemporaryDirectory() + "cluster-engine-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try "FROM busybox\n".write(toFile: "\(folder)/Dockerfile", atomically: true, encoding: .utf8)
    let engine = try ProcessEngine(
      images: ImageMap([Self.image: folder, ClusterEngine.defaultCollectorImage: folder]))
    try await withCluster(
      engine: { run, onEvent in try await engine.run(run, limits: WorkflowLimits(), onEvent: onEvent) }, body)
  }

  private func run(_ script: String, image: String = image, spec: JSON = [:], container: JSON = [:]) -> WorkflowRun {
    let thing = KubernetesObject([
      "apiVersion": "demo.example.com/v1", "kind": "Thing", "metadata": ["name": "a", "namespace": "default"],
      "spec": ["size": "s"],
    ])
    var container = container
    container["name"] = "main"
    container["image"] = .string(image)
    container["command"] = ["/bin/sh", "-ec", .string(script)]
    var spec = spec
    spec["containers"] = [container]
    let promise = Promise(
      KubernetesObject(apiVersion: "platform.kratix.io/v1alpha1", kind: "Promise", name: "thing"))
    return WorkflowRun(
      pipeline: Pipeline(["metadata": ["name": "pipe"], "spec": spec]),
      environment: .resource(thing, promise: promise, pipeline: "pipe", action: .configure, isDryRun: true),
      object: thing)
  }

  private func namespaces(_ cluster: TestCluster) async throws -> [KubernetesObject] {
    try await cluster.api.listAll(
      .namespaces, labelSelector: "\(ClusterNamespace.label)=\(ClusterNamespace.labelValue)"
    ).items.filter { !$0.isBeingDeleted }
  }

  @Test func inputAndOutput() async throws {
    try await withTools { cluster in
      var secret = KubernetesObject(apiVersion: "v1", kind: "Secret", name: "keys", namespace: "default")
      secret["data"] = ["key": .string(Data("secret".utf8).base64EncodedString())]
      _ = try await cluster.api.create(.secrets, secret)
      let script = """
        grep size /kratix/input/object.yaml > /kratix/output/input
        mkdir /kratix/output/deep
        echo "$KRATIX_DRY_RUN $KEY $(cat /keys/key)" > "/kratix/output/deep/an odd name"
        head -c 300000 /dev/urandom > /kratix/output/random
        cat /kratix/output/random | sha256sum | cut -c1-64 > /kratix/output/sum
        ln -s input /kratix/output/link
        echo 'message: done' > /kratix/metadata/status.yaml
        """
      let run = run(
        script, spec: ["volumes": [["name": "keys", "secret": ["secretName": "keys"]]]],
        container: [
          "env": [["name": "KEY", "valueFrom": ["secretKeyRef": ["name": "keys", "key": "key"]]]],
          "volumeMounts": [["name": "keys", "mountPath": "/keys"]],
        ])
      let result = try await ClusterEngine.with(cluster.api, source: cluster.api, allowsNetwork: false) { engine in
        let result = try await engine.run(run)
        let namespace = try #require(try await namespaces(cluster).first)
        #expect(try await cluster.api.listAll(.jobs, namespace: namespace.name).items == [])
        #expect(try await cluster.api.listAll(.networkPolicies, namespace: namespace.name).items.count == 1)
        return result
      }
      #expect(result.files.map(\.path) == ["deep/an odd name", "input", "link", "random", "sum"])
      #expect(result.files[0].bytes == Array("true secret secret\n".utf8))
      #expect(result.files[1].bytes == Array("  size: s\n".utf8) && result.files[2].bytes == result.files[1].bytes)
      #expect(result.files[3].bytes.count == 300_000)
      #expect(result.status == ["message": "done"])
      #expect(try await namespaces(cluster) == [])
    }
  }

  /// The platform keeps what pipelines refer to; the Jobs run elsewhere, where it is copied to.
  @Test func anotherCluster() async throws {
    try await withTools { platform in
      var map = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "settings", namespace: "default")
      map["data"] = ["REGION": "north"]
      _ = try await platform.api.create(.configMaps, map)
      try await withTools { other in
        let result = try await ClusterEngine.with(other.api, source: platform.api, allowsNetwork: true) { engine in
          #expect(try await namespaces(platform) == [])
          return try await engine.run(
            run(
              #"echo "$REGION" > /kratix/output/region"#,
              container: ["envFrom": [["configMapRef": ["name": "settings"]]]]))
        }
        #expect(result.files.map(\.bytes) == [Array("north\n".utf8)])
        #expect(try await namespaces(other) == [])
      }
    }
  }

  /// script, image, further fields of the pipeline, the whole sentence
  @Test(
    arguments: [
      ("echo no; exit 7", image, [:], "container main of pipeline pipe exited with code 7"),
      ("mkfifo /kratix/output/pipe", image, [:], "/kratix/output/pipe is a FIFO; only files can be put out"),
      ("echo 'kratix: {}' > /kratix/metadata/status.yaml", image, [:], "'kratix' is a kratix managed status field"),
      (
        "head -c 9000000 /dev/urandom > /kratix/output/big", image, [:],
        "more than 6 MiB when compressed, which is what a log can carry"
      ),
      ("true", "nowhere:1", [:], "image nowhere:1 cannot be had by the cluster: image nowhere:1 is not mapped"),
      (
        "true", image, ["volumes": [["name": "v", "configMap": ["name": "none"]]]],
        "it refers to ConfigMap default/none, which is not there"
      ),
      (
        "true", image, ["volumes": [["name": "v", "persistentVolumeClaim": ["claimName": "c"]]]],
        #"volume "v" is a PersistentVolumeClaim"#
      ),
    ] as [(String, String, JSON, String)])
  func failures(script: String, image: String, spec: JSON, text: String) async throws {
    try await withTools { cluster in
      try await ClusterEngine.with(cluster.api, source: cluster.api, allowsNetwork: true) { engine in
        let failure = await #expect(throws: WorkflowFailure.self) {
          try await engine.run(run(script, image: image, spec: spec))
        }
        #expect(failure?.description.contains(text) == true, "\(String(describing: failure))")
        if script.hasPrefix("echo no") { #expect(failure?.lastLines == ["no"]) }
        let namespace = try #require(try await namespaces(cluster).first)
        #expect(try await cluster.api.listAll(.jobs, namespace: namespace.name).items == [])
      }
      #expect(try await namespaces(cluster) == [])
    }
  }

  @Test func aPipelineThatDoesNotEnd() async throws {
    try await withTools { cluster in
      try await ClusterEngine.with(cluster.api, source: cluster.api, allowsNetwork: true) { engine in
        let failure = await #expect(throws: WorkflowFailure.self) {
          try await engine.run(run("cat /dev/zero > /dev/null"), limits: WorkflowLimits(time: .seconds(1)))
        }
        #expect(failure?.reason == .timedOut(after: .seconds(1)))
      }
    }
  }

  /// A quota that has room for one Job: the others wait, and all of them run.
  @Test func aQuotaIsRespected() async throws {
    try await withTools { cluster in
      let api = Restricted(api: cluster.api)
      let names = try await ClusterEngine.with(api, source: cluster.api, allowsNetwork: true) { engine in
        try await withThrowingTaskGroup(of: Int.self) { group in
          for _ in 0..<4 {
            group.addTask { try await engine.run(run("echo a > /kratix/output/a")).files.count }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
      }
      #expect(names == [1, 1, 1, 1])
      #expect(api.refusals.withLock { $0 } > 0)
    }
  }

  /// what the Job controller says, whether there may be a pod later
  @Test(arguments: [
    (#"pods "x-1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true"#, false),
    (#"pods "x-1" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=1, limited: pods=1"#, true),
    (#"pods "x-1" is forbidden: error looking up service account a/default: serviceaccount "default" not found"#, true),
    (#"pods "x-1" is forbidden: maximum cpu usage per Container is 100m, but limit is 200m"#, false),
    (#"admission webhook "pods.example.com" denied the request: no"#, false),
    (#"Internal error occurred: failed calling webhook "pods.example.com": context deadline exceeded"#, true),
  ])
  func aPodThatIsRefused(message: String, waits: Bool) async throws {
    try await withTools { cluster in
      let api = Restricted(api: cluster.api, podRefusal: message)
      let told = Mutex<[String?]>([])
      try await ClusterEngine.with(
        api, source: cluster.api, allowsNetwork: true,
        onWait: { text in
          told.withLock { $0.append(text) }
          if text != nil { Task { try await api.admitPods() } }
        }
      ) { engine in
        let run = run("echo a > /kratix/output/a")
        if waits {
          let result = try await engine.run(run)
          #expect(result.files.map(\.path) == ["a"])
          #expect(told.withLock { $0 } == ["1 wait: \(message)", nil])
        } else {
          let failure = await #expect(throws: WorkflowFailure.self) { try await engine.run(run) }
          #expect(failure?.reason == .engine("the cluster makes no pod for it: \(message)"))
          #expect(told.withLock { $0 } == [])
        }
      }
      #expect(try await namespaces(cluster) == [])
    }
  }

  /// A namespace that may not be deleted is told of, and the result is there all the same.
  @Test func whatCannotBeRemovedIsTold() async throws {
    try await withTools { cluster in
      let api = Restricted(api: cluster.api, keepsNamespaces: true)
      let warnings = Mutex<[String]>([])
      let result = try await ClusterEngine.with(
        api, source: cluster.api, allowsNetwork: true, onWarning: { text in warnings.withLock { $0.append(text) } }
      ) { try await $0.run(run("echo a > /kratix/output/a")) }
      #expect(result.files.map(\.path) == ["a"])
      let name = try #require(try await namespaces(cluster).first?.name)
      #expect(
        warnings.withLock { $0 } == [
          "namespace \(name) cannot be removed, which is left to the next preview: namespaces may not be deleted"
        ])
    }
  }

  /// who made it, when it last said that it lives, whether it is taken for left
  @Test(arguments: [
    (Maker.current.text, "2020-01-01T00:00:00Z", false), ("other/1/1", "2020-01-01T00:00:00Z", true),
    ("\(Maker.current.machine)/\(Maker.current.process)/1", "2999-01-01T00:00:00Z", true),
    ("other/1/1", "2999-01-01T00:00:00Z", false), ("", "", false),
  ])
  func leftovers(maker: String, alive: String, isLeft: Bool) async throws {
    try await withTools { cluster in
      var namespace = KubernetesObject(apiVersion: "v1", kind: "Namespace", name: "kratix-preview-old")
      namespace.labels = [ClusterNamespace.label: ClusterNamespace.labelValue]
      namespace.annotations = [
        ClusterNamespace.makerAnnotation: maker, ClusterNamespace.aliveAnnotation: alive,
      ]
      _ = try await cluster.api.create(.namespaces, namespace)
      try await ClusterEngine.with(cluster.api, source: cluster.api, allowsNetwork: true) { _ in }
      #expect(try await namespaces(cluster).map(\.name) == (isLeft ? [] : ["kratix-preview-old"]))
    }
  }
}

/// Refuses a second Job as a quota does, and perhaps to delete namespaces, or to make pods.
private final class Restricted: KubernetesAPI {
  let api: any KubernetesAPI
  let refusals = Mutex(0)

  private let keepsNamespaces: Bool
  /// What is said of pods; nil makes them.
  private let podRefusal: String?

  init(api: any KubernetesAPI, keepsNamespaces: Bool = false, podRefusal: String? = nil) {
    self.api = api
    self.keepsNamespaces = keepsNamespaces
    self.podRefusal = podRefusal
  }

  /// Makes the pods after all.
  func admitPods() async throws {
    for job in try await api.listAll(.jobs).items {
      _ = try await api.patch(
        .jobs, namespace: job.namespace, name: job.name, .merge(["spec": ["suspend": false]]))
    }
  }

  /// Makes a Job that gets no pod, with the event that tells why.
  private func createWithoutPod(
    _ job: KubernetesObject, _ refusal: String, options: WriteOptions
  ) async throws -> KubernetesObject {
    var job = job
    job[path: "spec", "suspend"] = true
    let made = try await api.create(.jobs, job, options: options)
    var event = KubernetesObject(
      apiVersion: "v1", kind: "Event", name: "\(made.name).1", namespace: made.namespace)
    event["involvedObject"] = [
      "apiVersion": "batch/v1", "kind": "Job", "name": .string(made.name),
      "namespace": .string(made.namespace ?? ""), "uid": .string(made.uid),
    ]
    event["reason"] = "FailedCreate"
    event["type"] = "Warning"
    event["message"] = .string("Error creating: \(refusal)")
    _ = try await api.create(.coreEvents, event)
    return made
  }

  func create(_ type: ResourceType, _ object: KubernetesObject, options: WriteOptions) async throws -> KubernetesObject
  {
    if type == .jobs {
      let jobs = try await api.listAll(.jobs, namespace: object.namespace).items
      guard jobs.isEmpty else {
        refusals.withLock { $0 += 1 }
        throw StatusError(
          code: 403, reason: .forbidden,
          message: #"jobs.batch "\#(object.name)" is forbidden: exceeded quota: jobs, requested: count/jobs.batch=1, "#
            + "used: count/jobs.batch=1, limited: count/jobs.batch=1")
      }
    }
    if type == .jobs, let podRefusal { return try await createWithoutPod(object, podRefusal, options: options) }
    return try await api.create(type, object, options: options)
  }

  func get(_ type: ResourceType, namespace: String?, name: String) async throws -> KubernetesObject {
    try await api.get(type, namespace: namespace, name: name)
  }
  func list(_ type: ResourceType, namespace: String?, options: ListOptions) async throws -> ObjectList {
    try await api.list(type, namespace: namespace, options: options)
  }
  func watch(
    _ type: ResourceType, namespace: String?, options: WatchOptions
  ) async throws -> AsyncThrowingStream<WatchEvent, any Error> {
    try await api.watch(type, namespace: namespace, options: options)
  }
  func update(
    _ type: ResourceType, _ object: KubernetesObject, subresource: String?, options: WriteOptions
  ) async throws -> KubernetesObject {
    try await api.update(type, object, subresource: subresource, options: options)
  }
  func patch(
    _ type: ResourceType, namespace: String?, name: String, _ patch: Patch, subresource: String?,
    options: WriteOptions
  ) async throws -> KubernetesObject {
    try await api.patch(type, namespace: namespace, name: name, patch, subresource: subresource, options: options)
  }
  func delete(_ type: ResourceType, namespace: String?, name: String, options: DeleteOptions) async throws {
    if type == .namespaces, keepsNamespaces {
      throw StatusError(code: 403, reason: .forbidden, message: "namespaces may not be deleted")
    }
    try await api.delete(type, namespace: namespace, name: name, options: options)
  }
  func deleteCollection(
    _ type: ResourceType, namespace: String?, selector: ListOptions, options: DeleteOptions
  ) async throws {
    try await api.deleteCollection(type, namespace: namespace, selector: selector, options: options)
  }
  func resourceType(for kind: GroupVersionKind) async throws -> ResourceType? {
    try await api.resourceType(for: kind)
  }
  func podLog(namespace: String, pod: String, container: String?) async throws -> String {
    try await api.podLog(namespace: namespace, pod: pod, container: container)
  }
}
