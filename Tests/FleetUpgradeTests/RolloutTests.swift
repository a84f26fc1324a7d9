import KratixModel
import Kubernetes
import Testing

@testable import FleetUpgrade

@Suite struct RolloutTests {
  private func job(_ uid: String, condition: String?) -> WorkflowJob {
    var job = KubernetesObject(apiVersion: "batch/v1", kind: "Job", name: uid, namespace: "default")
    job.uid = uid
    if let condition { job.status = ["conditions": [["type": .string(condition), "status": "True"]]] }
    return WorkflowJob(job)
  }

  private func resource(version: String, reconciled: String, workflow: (String, String), labels: [String: String] = [:])
    -> ResourceRequest
  {
    var object = Fixtures.request("a", spec: [:], version: version, message: "")
    object.generation = 2
    object.labels = labels
    object.status?["observedGeneration"] = 2
    object.status?["conditions"] = [
      [
        "type": "Reconciled", "status": .string(reconciled), "reason": "x", "message": "", "lastTransitionTime": "",
      ],
      [
        "type": "ConfigureWorkflowCompleted", "status": .string(workflow.0), "reason": .string(workflow.1),
        "message": "A Configure Pipeline has failed: configure", "lastTransitionTime": "",
      ],
    ]
    return ResourceRequest(object)
  }

  private let target = UpgradeTarget(version: "v2", earlierJobs: ["old"], runsWorkflow: true)
  private let succeeded = ("True", "PipelinesExecutedSuccessfully")

  @Test func doneOnlyWithTheVersionAndANewJob() {
    let atNew = resource(version: "v2", reconciled: "True", workflow: succeeded)
    let jobs = [job("old", condition: "Complete"), job("new", condition: "Complete")]
    #expect(MemberProgress(of: atNew, binding: nil, jobs: jobs, target: target) == .done)
    // The conditions of the run before look just the same.
    let atOld = resource(version: "v1", reconciled: "True", workflow: succeeded)
    #expect(MemberProgress(of: atOld, binding: nil, jobs: [jobs[0]], target: target) == .waiting)
    // An old-version Job may start right after a bump (contract, section 12.2): it is not the upgrade.
    #expect(MemberProgress(of: atOld, binding: nil, jobs: jobs, target: target) == .running)
  }

  @Test func anInPlaceBumpIsDoneWithANewJobOnly() {
    let same = UpgradeTarget(version: "v1", earlierJobs: ["old"], runsWorkflow: true)
    let settled = resource(version: "v1", reconciled: "True", workflow: succeeded)
    #expect(
      MemberProgress(of: settled, binding: nil, jobs: [job("old", condition: "Complete")], target: same) == .waiting)
    #expect(
      MemberProgress(
        of: settled, binding: nil, jobs: [job("old", condition: "Complete"), job("new", condition: nil)], target: same)
        == .running)
    #expect(
      MemberProgress(
        of: settled, binding: nil, jobs: [job("old", condition: "Complete"), job("new", condition: "Complete")],
        target: same) == .done)
  }

  @Test func aFailureOfAnEarlierRunIsNotThisOnes() {
    let failing = resource(version: "v1", reconciled: "False", workflow: ("False", "ConfigureWorkflowFailed"))
    #expect(
      MemberProgress(of: failing, binding: nil, jobs: [job("old", condition: "Failed")], target: target) == .waiting)
    #expect(
      MemberProgress(
        of: failing, binding: nil, jobs: [job("old", condition: "Complete"), job("new", condition: "Failed")],
        target: target) == .failed(reason: "A Configure Pipeline has failed: configure"))
  }

  @Test(arguments: [KratixLabels.runFromStart, KratixLabels.manualReconciliation])
  func notDoneWhileARunIsAskedFor(label: String) {
    let asked = resource(version: "v2", reconciled: "True", workflow: succeeded, labels: [label: "true"])
    let jobs = [job("new", condition: "Complete")]
    #expect(MemberProgress(of: asked, binding: nil, jobs: jobs, target: target) == .running)
  }

  @Test func heldOnesAreNotWaitedFor() {
    let settled = resource(version: "v1", reconciled: "True", workflow: succeeded)
    let pinned = MemberProgress(
      of: settled, binding: Fixtures.binding("a", version: "v1"), jobs: [], target: target)
    #expect(pinned == .held(reason: "pinned to v1"))
    let paused = resource(version: "v1", reconciled: "True", workflow: succeeded, labels: [KratixLabels.paused: "true"])
    #expect(MemberProgress(of: paused, binding: nil, jobs: [], target: target) == .held(reason: "paused"))
  }

  // MARK: The request that changes the Promise

  @Test func onePatchCarriesLabelAndSpecAndTestsTheVersion() throws {
    var live = try Fixtures.promise(image: "old:1", version: "v1")
    live.object.generation = 41
    live.object.labels["team"] = "data"
    live.object.annotations["kubectl.kubernetes.io/last-applied-configuration"] = "{}"
    let candidate = try Fixtures.promise(image: "new:1", version: "v2")
    let operations = try #require(PromiseInstaller.outcome(of: candidate, over: live).arrayValue)
    #expect(operations.first?["op"] == "test" && operations.first?["value"] == 41)
    #expect(operations[1]["op"] == "test" && operations[1]["value"] == "v1")
    let patched = KubernetesObject(try JSONPatch.apply(.array(operations), to: live.object.json))
    #expect(patched.spec == candidate.spec)
    #expect(patched.labels == ["team": "data", KratixLabels.promiseVersion: "v2"])
    // A later kubectl apply of the same file finds nothing to do.
    let applied = try #require(patched.annotations["kubectl.kubernetes.io/last-applied-configuration"])
    #expect(try JSON(parsing: applied)["spec"] == candidate.spec)
  }

  @Test func withoutAnyLabelsTheObjectIsMade() throws {
    var live = try Fixtures.promise(image: "old:1", version: nil)
    live.object.generation = 7
    let candidate = try Fixtures.promise(image: "new:1", version: "v1")
    let patch = PromiseInstaller.outcome(of: candidate, over: live)
    let patched = KubernetesObject(try JSONPatch.apply(patch, to: live.object.json))
    #expect(patched.labels == [KratixLabels.promiseVersion: "v1"])
  }
}
