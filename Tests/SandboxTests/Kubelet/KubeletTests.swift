import APIServer
import Foundation
import KratixControllers
import KratixModel
import Kubernetes
import Logging
import Synchronization
import Testing
import WorkflowRunner

@testable import Sandbox

/// The kubelet on a real API server, with an engine that does what a test says.
@Suite(.timeLimit(.minutes(1))) struct KubeletTests {
  @Test func aJobIsBroughtToItsEnd() async throws {
    try await withCluster(
      engine: { run, onEvent in
        onEvent(.started(container: "run"))
        onEvent(.output(container: "run", bytes: Array("hello \(run.object.name)\n".utf8)))
        onEvent(.finished(container: "run", exitCode: 0))
        return result(
          files: ["app.yaml": "a: 1\n", "dns/r.yaml": "r: 1\n"], status: ["message": "made", "size": "l"],
          selectors: [DirectorySelector(directory: "dns", matchLabels: ["tier": "platform"])])
      }
    ) { cluster in
      let job = try await cluster.api.create(.jobs, cluster.job())
      let done = try await cluster.wait(.jobs, job) { JobStatus.isFinished($0) }
      #expect(done.hasCondition("Complete") && done[path: "status", "succeeded"] == 1)

      let pod = try #require(try await cluster.api.listAll(.pods, namespace: "default").items.first)
      #expect(pod.name.hasPrefix(job.name + "-") && pod.finalizers == [])
      #expect(pod[path: "status", "phase"] == "Succeeded")
      #expect(pod.labels["batch.kubernetes.io/job-name"] == job.name)
      let log = try await cluster.api.podLog(namespace: "default", pod: pod.name, container: "run")
      #expect(log == "hello a\n")
      let readerLog = try await cluster.api.podLog(namespace: "default", pod: pod.name, container: "reader")
      #expect(readerLog.hasPrefix("Object file written to: /kratix/input/object.yaml head of file:\napiVersion:"))

      let work = try #require(try await cluster.api.listAll(.works, namespace: "default").items.first)
      #expect(Work(work).groups.map(\.directory) == ["dns", "."])
      #expect(
        Work(work).groups[1].selectors == [WorkloadGroup.Selector(matchLabels: ["tier": "web"], source: "promise")])
      let thing = try await cluster.api.get(cluster.things, namespace: "default", name: "a")
      #expect(thing[path: "status", "message"] == "made" && thing[path: "status", "size"] == "l")
      #expect(thing.hasCondition("ConfigureWorkflowCompleted"))

      let reasons = try await cluster.reasons(upTo: "Completed")
      #expect(reasons.contains("SuccessfulCreate") && reasons.contains("Scheduled"))
      #expect(reasons.count { $0 == "Started" } == 4)

      // The same pipeline again writes the same Work.
      let again = try await cluster.api.create(.jobs, cluster.job())
      _ = try await cluster.wait(.jobs, again) { JobStatus.isFinished($0) }
      let works = try await cluster.api.listAll(.works, namespace: "default").items
      #expect(works.map(\.uid) == [work.uid])
    }
  }

  /// back-off limit, how often the pipeline runs before its Job fails
  @Test(arguments: [(0, 1), (1, 1), (3, 3)])
  func failures(limit: Int, runs: Int) async throws {
    let count = Mutex(0)
    try await withCluster(
      engine: { _, onEvent in
        count.withLock { $0 += 1 }
        onEvent(.started(container: "run"))
        onEvent(.finished(container: "run", exitCode: 3))
        throw WorkflowFailure(pipeline: "pipe", container: "run", reason: .exited(code: 3))
      }
    ) { cluster in
      let job = try await cluster.api.create(.jobs, cluster.job(backoffLimit: limit))
      let done = try await cluster.wait(.jobs, job) { JobStatus.isFinished($0) }
      #expect(done.hasCondition("Failed") && done.condition("Failed")?.reason == "BackoffLimitExceeded")
      #expect(count.withLock { $0 } == runs)
      // The pod goes with its Job's failure, as a Job controller does it.
      #expect(try await cluster.api.listAll(.pods, namespace: "default").items == [])
      #expect(try await cluster.api.listAll(.works, namespace: "default").items == [])
      #expect(try await cluster.reasons(upTo: "BackoffLimitExceeded").contains("BackoffLimitExceeded"))
    }
  }

  /// With restartPolicy Never each failure leaves its pod.
  @Test func failedPodsStay() async throws {
    try await withCluster(
      engine: { _, _ in throw WorkflowFailure(pipeline: "pipe", container: "run", reason: .timedOut(after: .seconds(1)))
      }
    ) { cluster in
      let job = try await cluster.api.create(.jobs, cluster.job(backoffLimit: 1, restartPolicy: "Never"))
      let done = try await cluster.wait(.jobs, job) { JobStatus.isFinished($0) }
      #expect(done[path: "status", "failed"] == 2)
      let pods = try await cluster.api.listAll(.pods, namespace: "default").items
      #expect(pods.map { $0[path: "status", "phase"] } == ["Failed", "Failed"])
      let log = try await cluster.api.podLog(namespace: "default", pod: pods[0].name, container: "run")
      #expect(log == "container run of pipeline pipe did not end within 1.0 seconds\n")
      // Said once more where it outlives the pod.
      #expect(try await cluster.reasons(upTo: "Failed").contains("Failed"))
    }
  }

  /// What Kratix's own containers refuse is theirs in the pod.
  @Test func refusedStatus() async throws {
    try await withCluster(
      engine: { _, onEvent in
        onEvent(.started(container: "run"))
        onEvent(.finished(container: "run", exitCode: 0))
        return result(files: ["a.yaml": "a"], status: ["kratix": ["x": 1]])
      }
    ) { cluster in
      let job = try await cluster.api.create(.jobs, cluster.job(backoffLimit: 0, restartPolicy: "Never"))
      _ = try await cluster.wait(.jobs, job) { $0.hasCondition("Failed") }
      let pod = try #require(try await cluster.api.listAll(.pods, namespace: "default").items.first)
      let log = try await cluster.api.podLog(namespace: "default", pod: pod.name, container: "status-writer")
      #expect(log.hasPrefix("'kratix' is a kratix managed status field"))
    }
  }

  /// A suspended Job's run is stopped; resumed, it runs anew.
  @Test func suspension() async throws {
    let (started, start) = AsyncStream<Void>.makeStream()
    let runs = Mutex(0)
    try await withCluster(
      engine: { _, onEvent in
        let number = runs.withLock { runs -> Int in
          runs += 1
          return runs
        }
        onEvent(.started(container: "run"))
        if number == 1 {
          start.yield()
          await untilCancelled()
          throw WorkflowFailure(pipeline: "pipe", container: "run", reason: .engine("stopped"))
        }
        onEvent(.finished(container: "run", exitCode: 0))
        return result()
      }
    ) { cluster in
      let job = try await cluster.api.create(.jobs, cluster.job())
      for await _ in started { break }
      _ = try await cluster.api.patch(
        .jobs, namespace: "default", name: job.name, .merge(["spec": ["suspend": true]]))
      let suspended = try await cluster.wait(.jobs, job) { $0.hasCondition("Suspended") }
      #expect(suspended[path: "status", "active"] == nil)
      #expect(try await cluster.api.listAll(.pods, namespace: "default").items == [])
      _ = try await cluster.api.patch(
        .jobs, namespace: "default", name: job.name, .merge(["spec": ["suspend": false]]))
      let done = try await cluster.wait(.jobs, job) { JobStatus.isFinished($0) }
      #expect(done.hasCondition("Complete") && done.hasCondition("Suspended", .false))
    }
  }

  /// A Job that is active for too long is stopped and fails, and its pod goes. The time goes on while no kubelet runs.
  @Test(arguments: [false, true]) func activeDeadline(passesBetweenProcesses: Bool) async throws {
    let (started, start) = AsyncStream<Void>.makeStream()
    let (stopped, stop) = AsyncStream<Void>.makeStream()
    let runs = Mutex(0)
    try await withCluster(
      engine: { _, onEvent in
        runs.withLock { $0 += 1 }
        onEvent(.started(container: "run"))
        start.yield()
        await untilCancelled()
        stop.yield()
        throw WorkflowFailure(pipeline: "pipe", container: "run", reason: .engine("stopped"))
      }
    ) { cluster in
      var job = cluster.job(backoffLimit: 4)
      job[path: "spec", "activeDeadlineSeconds"] = passesBetweenProcesses ? 3600 : 1
      job = try await cluster.api.create(.jobs, job)
      for await _ in started { break }
      if passesBetweenProcesses {
        await cluster.stopKubelet()
        _ = try await cluster.api.changeStatus(.jobs, job) {
          $0[path: "status", "startTime"] = .string(
            Timestamp.text(secondsSince1970: Int64(SystemTime.secondsSince1970) - 3601))
        }
        await cluster.restartKubelet()
      }
      let done = try await cluster.wait(.jobs, job) { JobStatus.isFinished($0) }
      for await _ in stopped { break }
      let failed = try #require(done.condition("Failed"))
      #expect(failed.status == .true && failed.reason == "DeadlineExceeded")
      #expect(failed.message == "Job was active longer than specified deadline")
      #expect(done.condition("FailureTarget")?.reason == "DeadlineExceeded" && !done.hasCondition("Complete"))
      #expect(done[path: "status", "failed"] == 1 && done[path: "status", "active"] == nil)
      #expect(try await cluster.api.listAll(.pods, namespace: "default").items == [])
      #expect(runs.withLock { $0 } == 1)
      #expect(try await cluster.reasons(upTo: "DeadlineExceeded").contains("SuccessfulDelete"))
    }
  }

  @Test func aJobThatEndsBeforeItsDeadline() async throws {
    try await withCluster(
      engine: { _, onEvent in
        onEvent(.started(container: "run"))
        onEvent(.finished(container: "run", exitCode: 0))
        return result()
      }
    ) { cluster in
      var job = cluster.job()
      job[path: "spec", "activeDeadlineSeconds"] = 3600
      job = try await cluster.api.create(.jobs, job)
      let done = try await cluster.wait(.jobs, job) { JobStatus.isFinished($0) }
      #expect(done.hasCondition("Complete") && done.condition("Failed") == nil)
    }
  }

  /// A Job that is deleted is stopped, and its pod goes; a pod that is deleted is replaced.
  @Test func deletion() async throws {
    let (started, start) = AsyncStream<Void>.makeStream()
    let (stopped, stop) = AsyncStream<Void>.makeStream()
    try await withCluster(
      engine: { _, onEvent in
        start.yield()
        await untilCancelled()
        stop.yield()
        throw WorkflowFailure(pipeline: "pipe", container: "run", reason: .engine("stopped"))
      }
    ) { cluster in
      var starts = started.makeAsyncIterator()
      var stops = stopped.makeAsyncIterator()
      let job = try await cluster.api.create(.jobs, cluster.job())
      await starts.next()
      let pod = try #require(try await cluster.api.listAll(.pods, namespace: "default").items.first)
      try await cluster.api.delete(.pods, namespace: "default", name: pod.name, options: DeleteOptions())
      await stops.next()
      await starts.next()
      let second = try #require(try await cluster.api.listAll(.pods, namespace: "default").items.first)
      #expect(second.uid != pod.uid)
      try await cluster.api.delete(
        .jobs, namespace: "default", name: job.name, options: DeleteOptions(propagation: .background))
      await stops.next()
      try await cluster.waitUntilGone(.pods, second)
    }
  }

  /// What was running when the process ended runs again with the next one, in the same pod.
  @Test func anotherProcess() async throws {
    let (started, start) = AsyncStream<Void>.makeStream()
    let isFirst = Mutex(true)
    try await withCluster(
      engine: { _, onEvent in
        let first = isFirst.withLock { first -> Bool in
          defer { first = false }
          return first
        }
        if first {
          start.yield()
          await untilCancelled()
          throw WorkflowFailure(pipeline: "pipe", container: "run", reason: .engine("stopped"))
        }
        onEvent(.started(container: "run"))
        onEvent(.finished(container: "run", exitCode: 0))
        return result()
      }
    ) { cluster in
      let job = try await cluster.api.create(.jobs, cluster.job())
      for await _ in started { break }
      let pod = try #require(try await cluster.api.listAll(.pods, namespace: "default").items.first)
      await cluster.restartKubelet()
      let done = try await cluster.wait(.jobs, job) { JobStatus.isFinished($0) }
      #expect(done.hasCondition("Complete"))
      #expect(try await cluster.api.listAll(.pods, namespace: "default").items.map(\.uid) == [pod.uid])
    }
  }

  /// Variables from Secrets, ConfigMaps and the pod; a Secret that is not there holds the container, and the Job waits.
  @Test func variables() async throws {
    let seen = Mutex<[EnvironmentVariable]>([])
    try await withCluster(
      engine: { run, onEvent in
        seen.withLock { $0 = run.resolvedEnvironment["run"] ?? [] }
        onEvent(.started(container: "run"))
        onEvent(.finished(container: "run", exitCode: 0))
        return result()
      }
    ) { cluster in
      let job = try await cluster.api.create(
        .jobs,
        cluster.job(
          env: [
            ["name": "PLAIN", "value": "x"],
            ["name": "TOKEN", "valueFrom": ["secretKeyRef": ["name": "s", "key": "token"]]],
            ["name": "POD", "valueFrom": ["fieldRef": ["fieldPath": "metadata.labels['kratix.io/promise-name']"]]],
            ["name": "MAYBE", "valueFrom": ["configMapKeyRef": ["name": "no", "key": "k", "optional": true]]],
          ]))
      let pods = cluster.api.observe(.pods, namespace: "default")
      for try await event in pods {
        guard case .modified(let pod) = event,
          let waiting = pod[path: "status", "initContainerStatuses"]?[1]?[path: "state", "waiting"],
          waiting["reason"] == "CreateContainerConfigError"
        else { continue }
        #expect(waiting["message"] == "Error: secret \"s\" not found")
        break
      }
      var secret = KubernetesObject(apiVersion: "v1", kind: "Secret", name: "s", namespace: "default")
      secret["stringData"] = ["token": "t0ken"]
      _ = try await cluster.api.create(.secrets, secret)
      _ = try await cluster.wait(.jobs, job) { $0.hasCondition("Complete") }
      #expect(
        seen.withLock { $0 } == [
          EnvironmentVariable(name: "TOKEN", value: "t0ken"), EnvironmentVariable(name: "POD", value: "thing"),
        ])
    }
  }
}

// MARK: A cluster

typealias EngineBody =
  @Sendable (WorkflowRun, @escaping @Sendable (ContainerEvent) -> Void) async throws -> WorkflowResult

struct ScriptedEngine: WorkflowEngine {
  let body: EngineBody

  func run(
    _ run: WorkflowRun, limits: WorkflowLimits, onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws(WorkflowFailure) -> WorkflowResult {
    do {
      return try await body(run, onEvent)
    } catch let failure as WorkflowFailure {
      throw failure
    } catch {
      throw WorkflowFailure(pipeline: run.pipeline.name, container: "", reason: .engine("\(error)"))
    }
  }
}

/// Ends when the task is cancelled.
func untilCancelled() async {
  let (stream, _) = AsyncStream<Void>.makeStream()
  for await _ in stream {}
}

func result(
  files: [String: String] = [:], status: JSON? = nil, selectors: [DirectorySelector] = []
) -> WorkflowResult {
  WorkflowResult(
    files: files.sorted { $0.key < $1.key }.map { OutputFile(path: $0.key, bytes: Array($0.value.utf8)) },
    status: status, destinationSelectors: selectors, control: nil, logs: [], duration: .zero)
}

final class TestCluster: Sendable {
  let api: LocalAPI
  let things = ResourceType(
    group: "demo.example.com", version: "v1", plural: "things", kind: "Thing", isNamespaced: true)
  private let server: APIServer
  private let engine: any WorkflowEngine
  private let task = Mutex<Task<Void, Never>?>(nil)

  init(server: APIServer, engine: any WorkflowEngine) async throws {
    self.server = server
    self.engine = engine
    api = server.api(as: .administrator)
    for definition in KratixDefinitions.all { _ = try await api.create(.customResourceDefinitions, definition) }
    var definition = KubernetesObject(
      apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name: "things.demo.example.com")
    definition.spec = [
      "group": "demo.example.com", "scope": "Namespaced", "names": ["kind": "Thing", "plural": "things"],
      "versions": [
        [
          "name": "v1", "served": true, "storage": true, "subresources": ["status": [:]],
          "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
        ]
      ],
    ]
    _ = try await api.create(.customResourceDefinitions, definition)
    var thing = KubernetesObject(apiVersion: "demo.example.com/v1", kind: "Thing", name: "a", namespace: "default")
    thing.spec = ["size": "s"]
    _ = try await api.create(things, thing)
    var map = KubernetesObject(
      apiVersion: "v1", kind: "ConfigMap", name: "destination-selectors-thing", namespace: "default")
    map["data"] = ["destinationSelectors": "- matchlabels:\n    tier: web\n  source: promise\n"]
    _ = try await api.create(.configMaps, map)
    startKubelet()
  }

  private func startKubelet() {
    let kubelet = Kubelet(
      api: api, engine: engine, logs: server.podLogs, configuration: Kubelet.Configuration(pace: .fast),
      logger: Logger(label: "kubelet"),
      adapterAPI: { [server] in server.api(as: .serviceAccount(namespace: $0, name: $1)) })
    task.withLock { $0 = Task { await kubelet.run() } }
  }

  func stopKubelet() async {
    let running = task.withLock { $0 }
    running?.cancel()
    await running?.value
  }

  func restartKubelet() async {
    await stopKubelet()
    startKubelet()
  }

  func job(backoffLimit: Int? = nil, restartPolicy: String = "OnFailure", env: [JSON] = []) -> KubernetesObject {
    let labels = [
      KratixLabels.managedBy: "Kratix", KratixLabels.promiseName: "thing", KratixLabels.pipelineName: "pipe",
      KratixLabels.resourceName: "a", KratixLabels.workflowType: "resource", KratixLabels.workflowAction: "configure",
    ]
    var job = KubernetesObject(
      apiVersion: "batch/v1", kind: "Job", name: KratixNames.random("kratix-thing-a-pipe"), namespace: "default")
    job.labels = labels
    let kratix: [JSON] = [
      ("WORKFLOW_ACTION", "configure"), ("WORKFLOW_TYPE", "resource"), ("PROMISE_NAME", "thing"),
      ("PIPELINE_NAME", "pipe"), ("OBJECT_KIND", "Thing"), ("OBJECT_GROUP", "demo.example.com"),
      ("OBJECT_VERSION", "v1"), ("OBJECT_NAME", "a"), ("OBJECT_NAMESPACE", "default"), ("CRD_PLURAL", "things"),
      ("CLUSTER_SCOPED", "false"),
    ].map { ["name": .string("KRATIX_\($0.0)"), "value": .string($0.1)] }
    var spec: JSON = [
      "template": [
        "metadata": ["labels": JSON(labels)],
        "spec": [
          "restartPolicy": .string(restartPolicy),
          "initContainers": [
            ["name": "reader", "image": "adapter", "env": .array(kratix)],
            ["name": "run", "image": "busybox", "env": .array(kratix + env)],
            ["name": "work-writer", "image": "adapter"],
          ],
          "containers": [
            [
              "name": "status-writer", "image": "adapter",
              "env": .array([["name": "IS_LAST_PIPELINE", "value": "true"]] + kratix),
            ]
          ],
        ],
      ]
    ]
    if let backoffLimit { spec["backoffLimit"] = JSON(backoffLimit) }
    job.spec = spec
    return job
  }

  /// The object, as soon as it is as wanted.
  func wait(
    _ type: ResourceType, _ object: KubernetesObject, until: (KubernetesObject) -> Bool
  ) async throws -> KubernetesObject {
    for try await event in api.observe(type, namespace: object.namespace, fieldSelector: "metadata.name=\(object.name)")
    {
      switch event {
      case .snapshot(let objects): if let found = objects.first(where: until) { return found }
      case .added(let found), .modified(let found): if until(found) { return found }
      case .deleted: break
      }
    }
    throw CancellationError()
  }

  func waitUntilGone(_ type: ResourceType, _ object: KubernetesObject) async throws {
    for try await event in api.observe(type, namespace: object.namespace, fieldSelector: "metadata.name=\(object.name)")
    {
      switch event {
      case .snapshot(let objects): if objects.isEmpty { return }
      case .deleted: return
      case .added, .modified: break
      }
    }
  }

  /// The reasons of all events, once there is one of a reason: events come after what they tell of.
  func reasons(upTo last: String) async throws -> [String] {
    var reasons: [String: String] = [:]
    for try await event in api.observe(.events, namespace: "default") {
      switch event {
      case .snapshot(let events):
        for event in events { reasons[event.name] = event["reason"]?.stringValue }
      case .added(let event), .modified(let event): reasons[event.name] = event["reason"]?.stringValue
      case .deleted: break
      }
      if reasons.values.contains(last) { break }
    }
    return Array(reasons.values)
  }
}

func withCluster(engine: @escaping EngineBody, _ body: (TestCluster) async throws -> Void) async throws {
  let server = try APIServer(
    configuration: APIServer.Configuration(
      stateDirectory: nil, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
  try await server.start()
  let cluster = try await TestCluster(server: server, engine: ScriptedEngine(body: engine))
  do {
    try await body(cluster)
  } catch {
    await cluster.stopKubelet()
    await server.stop()
    throw error
  }
  await cluster.stopKubelet()
  await server.stop()
}
