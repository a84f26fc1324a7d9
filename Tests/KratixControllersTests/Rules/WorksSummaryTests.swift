import KratixModel
import Kubernetes
import Testing

@testable import KratixControllers

/// WorksSucceeded and Reconciled (contract, sections 4.5 and 5.9).
@Suite struct WorksSummaryTests {
  private static func works(_ messages: [String?]) -> WorksSummary {
    WorksSummary(
      messages.enumerated().map { index, message in
        var work = KubernetesObject(
          apiVersion: "platform.kratix.io/v1alpha1", kind: "Work", name: "w\(index + 1)", namespace: "default")
        if let message {
          work.setCondition(Condition(type: "Ready", status: .true, reason: "R", message: message), now: "")
        }
        return work
      })
  }

  @Test(
    arguments: [
      // Messages of the Works, of a resource and of a Promise.
      (
        [], "True All works associated with this resource are ready",
        "True All works associated with this promise are ready"
      ),
      (
        ["Ready", "Ready"], "True All works associated with this resource are ready",
        "True All works associated with this promise are ready"
      ),
      (
        ["Pending", nil], "Unknown Some works associated with this resource are not ready: [w1,w2]",
        "Unknown Some works associated with this promise are not ready: [w1 w2]"
      ),
      (
        ["Failing", "Pending", "Failing"], "False Some works associated with this resource failed: [w1,w3]",
        "False Some works associated with this promise are not ready: [w1 w3]"
      ),
      (
        ["Misplaced", "Ready"], "False Some works associated with this resource are misplaced: [w1]",
        "False Some works associated with this promise are misplaced: [w1]"
      ),
      (
        ["Misplaced", "Pending"], "Unknown Some works associated with this resource are not ready: [w2]",
        "Unknown Some works associated with this promise are not ready: [w2]"
      ),
    ] as [([String?], String, String)])
  func condition(messages: [String?], resource: String, promise: String) {
    let summary = Self.works(messages)
    for (owner, expected) in [(WorksSummary.Owner.resource, resource), (.promise, promise)] {
      let change = summary.change(from: nil, owner: owner)
      #expect(change.map { "\($0.condition.status.rawValue) \($0.condition.message)" } == expected)
    }
  }

  @Test func aStandingConditionIsNotWrittenAgain() {
    func condition(_ status: Condition.Status, _ reason: String) -> Condition {
      Condition(type: KratixConditions.worksSucceeded, status: status, reason: reason, message: "")
    }
    #expect(Self.works(["Ready"]).change(from: condition(.true, "WorksSucceeded"), owner: .resource) == nil)
    #expect(Self.works(["Pending"]).change(from: condition(.unknown, "WorksPending"), owner: .resource) == nil)
    // Failing Works do not replace a condition that is False or Unknown already.
    #expect(Self.works(["Failing"]).change(from: condition(.unknown, "WorksPending"), owner: .resource) == nil)
    #expect(Self.works(["Misplaced"]).change(from: condition(.false, "WorksFailing"), owner: .resource) != nil)
  }

  @Test(
    arguments: [
      // Workflow, Works, Reconciled as it is, and as it becomes (nil: it stays).
      (.false, "PipelinesInProgress", .true, .true, "Unknown WorkflowPending Pending"),
      (.false, "ConfigureWorkflowFailed", .true, .true, "False ConfigureWorkflowFailed Failing"),
      (.true, "PipelinesExecutedSuccessfully", .unknown, .true, "Unknown WorksPending Pending"),
      (.true, "PipelinesExecutedSuccessfully", .false, .true, "False WorksFailing Failing"),
      (.true, "PipelinesExecutedSuccessfully", .true, .unknown, "True Reconciled Reconciled"),
      (.true, "PipelinesExecutedSuccessfully", .true, .true, nil),
      (.true, "PipelinesExecutedSuccessfully", .unknown, .unknown, nil),
    ] as [(Condition.Status, String, Condition.Status, Condition.Status, String?)])
  func reconciled(
    workflow: Condition.Status, reason: String, works: Condition.Status, current: Condition.Status, expected: String?
  ) {
    var object = KubernetesObject(apiVersion: "x/v1", kind: "X", name: "x", namespace: "default")
    for (type, status, reason) in [
      (KratixConditions.configureWorkflowCompleted, workflow, reason), (KratixConditions.worksSucceeded, works, "W"),
      (KratixConditions.reconciled, current, current == .true ? "Reconciled" : "WorkflowPending"),
    ] {
      object.setCondition(Condition(type: type, status: status, reason: reason, message: ""), now: "")
    }
    let change = ReconciledCondition.change(of: object)
    #expect(change.map { "\($0.status.rawValue) \($0.reason) \($0.message)" } == expected)
  }
}
