import KratixModel
import Kubernetes
import Testing

@testable import KratixControllers

/// The next step of a workflow of the pipelines `one` and `two`.
@Suite struct WorkflowDecisionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var why: String
    /// `pipeline/hash/state`, oldest first.
    var jobs: [String] = []
    var labels: [String] = []
    /// Of the pipelines.
    var phases = ["Pending", "Pending"]
    var succeeded: Int64? = 0
    var failed: Int64? = 0
    var step: WorkflowDecision.Step
    /// Counters that are corrected first.
    var sync: String?
    var endsAfterSync = false

    var testDescription: String { why }
  }

  private static let manual = KratixLabels.manualReconciliation
  private static let restart = KratixLabels.runFromStart
  private static let suspended = KratixLabels.workflowSuspended

  static let cases: [Case] = [
    Case(why: "nothing has run", step: .start(0, prunesAfterwards: false)),
    Case(
      why: "the counters were never written", succeeded: nil, failed: nil, step: .start(0, prunesAfterwards: false),
      sync: "succeeded 0, failed 0, reset", endsAfterSync: true),
    Case(why: "the first runs", jobs: ["one/h/running"], step: .wait),
    Case(
      why: "the first is done", jobs: ["one/h/completed"], step: .start(1, prunesAfterwards: false),
      sync: "succeeded 1, phase one", endsAfterSync: true),
    Case(
      why: "the first is done and counted", jobs: ["one/h/completed"], succeeded: 1,
      step: .start(1, prunesAfterwards: false)),
    Case(
      why: "all are done", jobs: ["one/h/completed", "two/h/completed"], succeeded: 2, step: .finish),
    Case(
      why: "all are done, the last not counted", jobs: ["one/h/completed", "two/h/completed"], succeeded: 1,
      step: .finish, sync: "succeeded 2, phase two", endsAfterSync: true),
    Case(why: "the first has failed", jobs: ["one/h/failed"], step: .fail(pipeline: 0)),
    Case(
      why: "the second has failed", jobs: ["one/h/completed", "two/h/failed"], succeeded: 1, step: .fail(pipeline: 1)),
    Case(
      why: "the spec has changed since", jobs: ["one/old/completed", "two/old/completed"], succeeded: 2,
      step: .start(0, prunesAfterwards: false), sync: "succeeded 0, failed 0, reset", endsAfterSync: true),
    Case(why: "the spec has changed while one runs", jobs: ["one/old/running"], step: .wait),
    Case(
      why: "the Jobs are gone", succeeded: 2, step: .start(0, prunesAfterwards: false),
      sync: "succeeded 0, failed 0, reset", endsAfterSync: true),
    Case(
      why: "a person wants a fresh run", jobs: ["one/h/completed", "two/h/completed"], labels: [manual], succeeded: 2,
      step: .start(0, prunesAfterwards: false), sync: "succeeded 0, failed 0, reset"),
    Case(
      why: "a person wants a fresh run while one runs", jobs: ["one/h/running"], labels: [manual],
      step: .suspend(job: "job-0")),
    Case(
      why: "the suspended Job counts as failed", jobs: ["one/h/suspended"], labels: [manual],
      step: .start(0, prunesAfterwards: false)),
    Case(
      why: "Kratix wants a fresh run", jobs: ["one/h/completed", "two/h/completed"], labels: [restart], succeeded: 2,
      step: .start(0, prunesAfterwards: false), sync: "succeeded 0, failed 0, reset"),
    Case(why: "a restart waits for what runs", jobs: ["one/h/running"], labels: [restart], step: .wait),
    Case(
      why: "a retry of a failed run resets the failure", jobs: ["one/h/failed"], labels: [manual], failed: 1,
      step: .start(0, prunesAfterwards: false), sync: "failed 0, reset"),
    Case(
      why: "the suspension of the second was taken back", jobs: ["one/h/completed", "two/h/completed"],
      phases: ["Succeeded", "Suspended"], succeeded: 1, step: .start(1, prunesAfterwards: true)),
    Case(
      why: "the suspension was taken back for a whole new run", jobs: ["one/h/completed", "two/h/completed"],
      labels: [restart], phases: ["Succeeded", "Suspended"], succeeded: 1,
      step: .start(0, prunesAfterwards: false), sync: "succeeded 0, failed 0, reset"),
    Case(
      why: "the resumed pipeline runs", jobs: ["one/h/completed", "two/h/completed", "two/h/running"],
      phases: ["Succeeded", "Running"], succeeded: 1, step: .wait),
    Case(why: "a delete Job runs", jobs: ["cleanup/h/running"], step: .wait),
  ]

  @Test(arguments: cases)
  func step(_ test: Case) {
    let decision = WorkflowDecision(input(test))
    #expect(decision.step == test.step)
    #expect(decision.sync.map(Self.text) == test.sync)
    #expect(decision.endsAfterSync == test.endsAfterSync)
  }

  private static func text(_ sync: WorkflowDecision.StatusSync) -> String {
    [
      sync.succeeded.map { "succeeded \($0)" }, sync.failed.map { "failed \($0)" },
      sync.succeededPipeline.map { "phase \($0)" }, sync.resetsPipelines ? "reset" : nil,
    ].compactMap { $0 }.joined(separator: ", ")
  }

  private func job(_ pipeline: String, hash: String) -> KubernetesObject {
    var job = KubernetesObject(apiVersion: "batch/v1", kind: "Job", name: "template", namespace: "default")
    job.labels = [
      KratixLabels.pipelineName: pipeline, KratixLabels.hash: hash,
      KratixLabels.workflowAction: pipeline == "cleanup" ? "delete" : "configure",
      KratixLabels.workflowType: "resource",
    ]
    return job
  }

  private func input(_ test: Case) -> WorkflowDecision.Input {
    var object = KubernetesObject(apiVersion: "x/v1", kind: "X", name: "x", namespace: "default")
    for label in test.labels { object.setLabel(label) }
    object.resetPipelines(["one", "two"], now: "")
    for (name, phase) in zip(["one", "two"], test.phases) {
      if let phase = PipelinePhase(rawValue: phase) { object.setPhase(phase, ofPipeline: name, now: "") }
    }
    object.json.set(test.succeeded.map(JSON.int), at: ["status", "workflowsSucceeded"])
    object.json.set(test.failed.map(JSON.int), at: ["status", "workflowsFailed"])
    let jobs = test.jobs.enumerated().map { index, text in
      let parts = text.split(separator: "/").map(String.init)
      var job = job(parts[0], hash: parts[1])
      job.name = "job-\(index)"
      job.creationTimestamp = "2026-11-22T22:00:0\(index)Z"
      switch parts[2] {
      case "running": job.json.set(1, at: ["status", "active"])
      case "completed": job.setCondition(Condition(type: "Complete", status: .true, reason: "", message: ""), now: "")
      case "suspended": job.setCondition(Condition(type: "Suspended", status: .true, reason: "", message: ""), now: "")
      default: job.setCondition(Condition(type: "Failed", status: .true, reason: "", message: ""), now: "")
      }
      return WorkflowJob(job)
    }
    return WorkflowDecision.Input(
      templates: [job("one", hash: "h"), job("two", hash: "h")], jobs: jobs.reversed(), object: object)
  }

  @Test func ofJobsOfTheSameSecondTheOneWrittenLastIsTheNewest() {
    var jobs: [WorkflowJob] = []
    for (name, version) in [("b", "9"), ("a", "10"), ("c", "2")] {
      var job = job("one", hash: "h")
      job.name = name
      job.creationTimestamp = "2026-11-22T22:00:00Z"
      job.resourceVersion = version
      jobs.append(WorkflowJob(job))
    }
    #expect(WorkflowJob.newestFirst(jobs).map(\.name) == ["a", "b", "c"])
  }
}
