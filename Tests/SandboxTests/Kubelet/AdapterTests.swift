import Foundation
import KratixModel
import Kubernetes
import Testing
import WorkflowRunner

@testable import Sandbox

@Suite struct WorkWriterTests {
  static let web = WorkloadGroup.Selector(matchLabels: ["tier": "web"], source: "promise")

  private func files(_ paths: String...) -> [OutputFile] { paths.map { OutputFile(path: $0, bytes: Array($0.utf8)) } }

  /// A directory with selectors of its own is a group of its own, before the default one; the Promise's selectors are
  /// the default group's only (recorded, g-scheduling 01).
  @Test func directoryGroups() {
    let groups = WorkWriter.groups(
      files: files("app.yaml", "dns/record.yaml", "dnsless/x.yaml"),
      selectors: [DirectorySelector(directory: "dns", matchLabels: ["tier": "platform"])], type: .resource,
      scheduling: [Self.web])
    #expect(groups.map(\.directory) == ["dns", "."])
    #expect(groups.map(\.id) == ["b3bf60b851ebaeb2768b01a32e2ef32f", "5058f1af8388633f609cadb75a75dc9d"])
    #expect(groups.map { $0.workloads.map(\.filepath) } == [["dns/record.yaml"], ["app.yaml", "dnsless/x.yaml"]])
    #expect(
      groups.map(\.selectors) == [
        [WorkloadGroup.Selector(matchLabels: ["tier": "platform"], source: "resource-workflow")], [Self.web],
      ])
  }

  /// The default group's selectors: the workflow's own, the promise workflow's, the Promise's, squashed.
  @Test func defaultSelectors() {
    let groups = WorkWriter.groups(
      files: files("a.yaml"), selectors: [DirectorySelector(directory: ".", matchLabels: ["own": "1"])],
      type: .promise,
      scheduling: [
        Self.web, WorkloadGroup.Selector(matchLabels: ["tier": "db", "zone": "a"], source: "promise"),
        WorkloadGroup.Selector(matchLabels: ["flow": "1"], source: "promise-workflow"),
      ])
    #expect(
      groups.first?.selectors == [
        WorkloadGroup.Selector(matchLabels: ["own": "1"], source: "promise-workflow"),
        WorkloadGroup.Selector(matchLabels: ["flow": "1"], source: "promise-workflow"),
        WorkloadGroup.Selector(matchLabels: ["tier": "web", "zone": "a"], source: "promise"),
      ])
  }

  @Test func noOutputHasNoGroups() {
    #expect(WorkWriter.groups(files: [], selectors: [], type: .resource, scheduling: [Self.web]) == [])
  }

  /// text, the entries; nil: refused
  @Test(
    arguments: [
      ("[]", []), ("", []), ("- matchlabels:\n    tier: web\n  source: promise\n", [web]), ("a: b", nil), ("[", nil),
    ] as [(String, [WorkloadGroup.Selector]?)])
  func scheduling(text: String, expected: [WorkloadGroup.Selector]?) {
    #expect((try? WorkWriter.scheduling(text)) == expected)
  }

  /// The recorded Job's Work is the recorded Work.
  @Test func recordedWork() throws {
    let objects = try recorded("a-install/05-requests-succeeded.yaml")
    let job = try #require(objects.first { $0.kind == "Job" && $0.name.contains("mongo-v4") })
    let there = try #require(objects.first { $0.kind == "Work" && $0.name.contains("mongo-v4") })
    let pod = try #require(WorkflowPod(job: job))
    let groups = WorkWriter.groups(
      files: try Work(there).groups[0].workloads.map { OutputFile(path: $0.filepath, bytes: try $0.bytes()) },
      selectors: [],
      type: .resource, scheduling: [WorkloadGroup.Selector(matchLabels: ["environment": "dev"], source: "promise")])
    let time = there[path: "spec", "lastExecutionTimestamp"]?.stringValue ?? ""
    var work = try WorkWriter.work(of: pod, groups: groups, existing: [], now: time)
    #expect(work.name.hasPrefix("mongodb-mongo-v4-configure-workflow-"))
    #expect(work.labels == there.labels)
    // How the bytes are compressed is nobody's business.
    #expect(Work(work).groups.map(\.selectors) == Work(there).groups.map(\.selectors))
    work[path: "spec", "workloadGroups"] = there[path: "spec", "workloadGroups"]
    #expect(work.spec == there.spec)
    let updated = try WorkWriter.work(of: pod, groups: groups, existing: [there], now: "later")
    #expect(updated.name == there.name && updated.metadata == there.metadata)
    #expect(throws: AdapterError.self) {
      try WorkWriter.work(of: pod, groups: groups, existing: [there, there], now: time)
    }
  }
}

@Suite struct WorkflowPodTests {
  @Test func recordedJobs() throws {
    let objects = try recorded("a-install/05-requests-succeeded.yaml")
    let pods = objects.filter { $0.kind == "Job" }.compactMap(WorkflowPod.init(job:))
    #expect(pods.count == objects.count { $0.kind == "Job" })
    let resource = try #require(pods.first { $0.environment.objectName == "mongo-v4" })
    #expect(resource.environment.type == .resource && resource.environment.action == .configure)
    #expect(
      resource.environment.resourceType.path(namespace: "default")
        == "/apis/promise.kratix.io/v1alpha1/namespaces/default/mongodbs")
    #expect(resource.pipeline.containers.map(\.name) == ["create-instance"])
    #expect(resource.pipeline.containers[0].env == [] && resource.pipeline.containers[0].volumeMounts == [])
    #expect(resource.pipeline.volumes == [])
    #expect(resource.isLastPipeline && resource.writesWork && !resource.startsNewPods)
    #expect(resource.namespace == "default" && resource.resourceNamespace == nil)
    #expect(resource.serviceAccount == "mongodb-resource-configure-configure-workflow")
  }

  @Test func otherJobs() {
    var job = KubernetesObject(apiVersion: "batch/v1", kind: "Job", name: "j", namespace: "default")
    #expect(WorkflowPod(job: job) == nil)
    job.spec = ["template": ["spec": ["containers": [["name": "main", "image": "x"]]]]]
    #expect(WorkflowPod(job: job) == nil)
  }
}

@Suite struct StatusWriterTests {
  private func object(_ status: JSON) -> KubernetesObject {
    var object = KubernetesObject(apiVersion: "v1", kind: "Thing", name: "a", namespace: "default")
    object.generation = 3
    object.status = status
    return object
  }

  private let running: JSON = [
    "message": "Pending",
    "kratix": [
      "workflows": [
        "pipelines": [
          [
            "name": "one", "phase": "Suspended", "message": "wait", "attempts": 2,
            "nextRetryAt": "2026-11-22T22:34:54Z", "lastTransitionTime": "old",
          ], ["name": "two", "phase": "Pending"],
        ], "suspendedGeneration": 2,
      ]
    ],
  ]

  private func apply(
    _ status: JSON? = nil, control: WorkflowControl? = nil, last: Bool = true, type: WorkflowType = .resource,
    pipeline: String = "one", to object: KubernetesObject
  ) throws -> JSON {
    var object = object
    try StatusWriter.apply(
      StatusWriter.Report(
        pipeline: pipeline, type: type, isLastPipeline: last, status: status, control: control), to: &object,
      now: 1_800_000_000)
    return object.status ?? .null
  }

  /// Each key replaces the old value whole.
  @Test func shallowMerge() throws {
    let status = try apply(
      ["credentials": ["name": "b"], "list": [3]], last: false,
      to: object(["credentials": ["name": "a", "namespace": "x"], "list": [1, 2], "other": true]))
    #expect(status == ["credentials": ["name": "b"], "list": [3], "other": true])
  }

  @Test func conditionsAreMergedByType() throws {
    let status = try apply(
      ["conditions": [["type": "B", "status": "True"], ["type": "A", "status": "False"]]], last: false,
      to: object(["conditions": [["type": "C", "status": "True"], ["type": "B", "status": "False"]]]))
    #expect(
      status["conditions"] == [
        ["type": "A", "status": "False"], ["type": "B", "status": "True"], ["type": "C", "status": "True"],
      ])
  }

  @Test func kratixIsRefused() {
    #expect(
      throws: AdapterError(
        "status-writer",
        "'kratix' is a kratix managed status field that cannot be updated via workflows; remove update to 'kratix' from the '/kratix/metadata/status.yaml' file"
      )
    ) { try apply(["kratix": [:]], to: object(running)) }
  }

  /// Of a Promise's status only the message is the pipeline's.
  @Test func promiseStatus() throws {
    let status = try apply(
      ["message": "done", "status": "Hacked"], type: .promise, to: object(["status": "Available"]))
    #expect(status["message"] == "done" && status["status"] == "Available")
  }

  /// type, message before and what status.yaml says, message after
  @Test(
    arguments: [
      (WorkflowType.resource, "Pending", nil, "Resource requested"), (.promise, "Pending", nil, "Promise configured"),
      (.resource, "other", nil, "other"), (.resource, "Pending", "mine", "mine"),
      (.resource, "Pending", "Pending", "Resource requested"),
    ] as [(WorkflowType, String, String?, String)])
  func lastPipeline(type: WorkflowType, before: String, own: String?, after: String) throws {
    let status = try apply(
      own.map { ["message": .string($0)] }, type: type, to: object(["message": .string(before)]))
    #expect(status["message"]?.stringValue == after)
    let condition = status["conditions"]?[0]
    #expect(condition?["type"] == "ConfigureWorkflowCompleted" && condition?["status"] == "True")
    #expect(condition?["reason"] == "PipelinesExecutedSuccessfully" && condition?["message"] == "Pipelines completed")
  }

  @Test func phaseBecomesRunning() throws {
    let status = try apply(to: object(running))
    let pipelines = status[path: "kratix", "workflows", "pipelines"]
    #expect(
      pipelines == [
        ["name": "one", "phase": "Running", "lastTransitionTime": "2027-01-15T08:00:00Z"],
        ["name": "two", "phase": "Pending"],
      ])
    #expect(status[path: "kratix", "workflows", "suspendedGeneration"] == nil)
    // Not the last one: nothing is completed, and the message stays.
    let first = try apply(last: false, to: object(running))
    #expect(first["conditions"] == nil && first["message"] == "Pending")
  }

  /// The status is merged, and the pipeline is parked (recorded, f-pause-suspend-delete 08 and 11).
  @Test func suspension() throws {
    let status = try apply(
      ["version": "four"], control: WorkflowControl(suspend: true, message: "waiting for approval"),
      to: object(running))
    #expect(status["version"] == "four" && status["conditions"] == nil && status["message"] == "Pending")
    #expect(status[path: "kratix", "workflows", "suspendedGeneration"] == 3)
    #expect(
      status[path: "kratix", "workflows", "pipelines"]?[0] == [
        "name": "one", "phase": "Suspended", "message": "waiting for approval",
        "lastTransitionTime": "2027-01-15T08:00:00Z",
      ])
  }

  @Test func retry() throws {
    let status = try apply(control: WorkflowControl(suspend: true, retryAfter: GoDuration("8s")), to: object(running))
    #expect(
      status[path: "kratix", "workflows", "pipelines"]?[0] == [
        "name": "one", "phase": "Suspended", "attempts": 3, "nextRetryAt": "2027-01-15T08:00:08Z",
        "lastTransitionTime": "2027-01-15T08:00:00Z",
      ])
  }
}

@Suite struct PodAndJobStatusTests {
  /// The status of the recorded pod at its end, and of its Job.
  @Test func recordedEnd() throws {
    for pod in try recorded("a-install/06-pods.yaml").filter({ $0.kind == "Pod" }) {
      var progress = PodProgress(pod: pod, now: "")
      for (list, key) in [("initContainerStatuses", true), ("containerStatuses", false)] {
        for container in pod[path: "status", list]?.arrayValue ?? [] {
          let state = container[path: "state", "terminated"]
          let name = container["name"]?.stringValue ?? ""
          progress.set(.running(since: state?["startedAt"]?.stringValue ?? ""), of: name)
          #expect(progress.phase() == (key ? "Pending" : "Running"))
          progress.finish(name, exitCode: 0, now: state?["finishedAt"]?.stringValue ?? "")
        }
      }
      let mine = progress.status(after: pod.status, uid: pod.uid, now: "")
      #expect(mine["phase"] == "Succeeded")
      for key in ["conditions", "startTime", "qosClass", "hostIP", "podIP", "podIPs"] {
        #expect(sorted(mine[key]) == sorted(pod[path: "status", key]), "\(key)")
      }
      for list in ["initContainerStatuses", "containerStatuses"] {
        #expect(mine[list] == pod[path: "status", list])
      }
    }
  }

  private func sorted(_ value: JSON?) -> [String] { (value?.arrayValue ?? [value ?? .null]).map { $0.text() }.sorted() }

  @Test func failureAndRestart() {
    var pod = KubernetesObject(apiVersion: "v1", kind: "Pod", name: "p", namespace: "d")
    pod.spec = ["initContainers": [["name": "a"], ["name": "b"]], "containers": [["name": "c"]]]
    var progress = PodProgress(pod: pod, now: "0")
    progress.set(.running(since: "1"), of: "a")
    progress.finish("a", exitCode: 1, now: "2")
    #expect(progress.phase() == "Pending")
    progress.restart("a")
    pod.status = progress.status(after: nil, uid: "12345678-9", now: "3")
    let status = pod[path: "status", "initContainerStatuses"]?[0]
    #expect(status?[path: "state", "waiting", "reason"] == "CrashLoopBackOff")
    #expect(status?[path: "lastState", "terminated", "exitCode"] == 1)
    #expect(status?["restartCount"] == 1)
    // Another process goes on counting.
    #expect(PodProgress(pod: pod, now: "4").restarts == 1)
    #expect(progress.status(after: nil, uid: "u", hasFailed: true, now: "5")["phase"] == "Failed")
  }

  @Test func recordedJobStatuses() throws {
    let done = try #require(try recorded("a-install/05-requests-succeeded.yaml").first { $0.kind == "Job" })
    var job = done
    job.status = .emptyObject
    JobStatus.start(&job, now: done[path: "status", "startTime"]?.stringValue ?? "")
    #expect(
      job.status == [
        "startTime": done[path: "status", "startTime"] ?? .null, "active": 1, "ready": 0, "terminating": 0,
        "uncountedTerminatedPods": [:],
      ])
    let end = done[path: "status", "completionTime"]?.stringValue ?? ""
    JobStatus.meetCriteria(&job, podUID: "u", now: end)
    #expect(job[path: "status", "uncountedTerminatedPods"] == ["succeeded": ["u"]])
    #expect(!JobStatus.isFinished(job))
    JobStatus.complete(&job, now: end)
    #expect(job.status == done.status)

    let failed = try #require(
      try recorded("e-failing-upgrade/01-failed.yaml").first { $0.kind == "Job" && $0.hasCondition("Failed") })
    job = failed
    job.status = .emptyObject
    JobStatus.start(&job, now: failed[path: "status", "startTime"]?.stringValue ?? "")
    JobStatus.giveUp(
      &job, because: .backoffLimitExceeded, now: failed.condition("FailureTarget")?.lastTransitionTime ?? "")
    JobStatus.fail(
      &job, because: .backoffLimitExceeded, pods: 1, now: failed.condition("Failed")?.lastTransitionTime ?? "")
    #expect(job.status == failed.status)
  }
}

/// The objects of a recorded file, which lies beside the package.
func recorded(_ path: String) throws -> [KubernetesObject] {
  var root = URL(filePath: #filePath)
  for _ in 0..<5 { root.deleteLastPathComponent() }
  let text = try String(contentsOf: root.appending(path: "shared/recorded/\(path)"), encoding: .utf8)
  return try YAML.documents(text).filter { !$0.isNull }.map(KubernetesObject.init)
}
