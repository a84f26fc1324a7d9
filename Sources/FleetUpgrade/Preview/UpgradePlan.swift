import KratixModel
import Kubernetes
import PromiseReview

/// What a candidate Promise would do to its fleet.
public struct UpgradePlan: Sendable {
  /// Of the plan's JSON form.
  public static let schemaVersion = 1

  public var promise: PromiseChange
  /// What the rules found.
  public var findings: [Finding]
  public var resources: [ResourcePlan]
  /// What could not be told, one sentence each; not empty makes the plan incomplete.
  public var unknowns: [String]
  /// What Kratix itself will do on apply.
  public var consequences: [Consequence]
  /// How long the fleet takes when it is moved all at once; nil when nothing runs.
  public var estimate: RolloutEstimate?

  public init(
    promise: PromiseChange, findings: [Finding], resources: [ResourcePlan], unknowns: [String],
    consequences: [Consequence] = [], estimate: RolloutEstimate? = nil
  ) {
    self.promise = promise
    self.findings = findings
    self.resources = resources
    self.unknowns = unknowns
    self.consequences = consequences
    self.estimate = estimate
  }

  /// The plan of a candidate, once the verdicts on the resources are known.
  /// - Parameter findings: of the rules, with the fleet as evidence.
  public init(candidate: Promise, fleet: FleetSnapshot, findings: [Finding], resources: [ResourcePlan]) {
    self.init(
      promise: PromiseChange(live: fleet.promise, candidate: candidate), findings: findings, resources: resources,
      unknowns: Unknowns.of(candidate: candidate, fleet: fleet, resources: resources),
      consequences: Consequence.all(candidate: candidate, fleet: fleet, findings: findings, plans: resources),
      estimate: RolloutEstimate(candidate: candidate, fleet: fleet))
  }

  /// Resources of which the same becomes, the riskiest group first.
  public var groups: [ChangeGroup] { ChangeGroup.groups(resources) }

  /// Findings that are not among the consequences.
  public var otherFindings: [Finding] { findings.filter { !Consequence.rules.contains($0.rule) } }

  public func count(_ verdict: Verdict) -> Int { resources.count { $0.verdict == verdict } }

  /// Whether the upgrade changes anything for anybody.
  public var changesSomething: Bool {
    resources.contains { $0.verdict != .unchanged && $0.verdict != .skipped && $0.verdict != .held }
  }

  /// Resources for which nobody knows what the candidate puts out, because it could not be run.
  public var notRun: [ResourcePlan] { resources.filter { $0.unknown != nil && $0.outputsDigest == nil } }

  public var hasFailures: Bool {
    count(.fails) + count(.invalid) > 0 || consequences.contains { $0.kind == .refused }
  }

  /// How many pipelines were run for all resources together.
  public var runs: RunCount { resources.reduce(into: RunCount()) { $0 += $1.runs } }
}

/// The Promise itself: what is installed, and what is to come.
public struct PromiseChange: Sendable, Hashable {
  public struct Image: Sendable, Hashable {
    /// `resource/configure/PIPELINE/CONTAINER`.
    public var container: String
    public var from: String?
    public var to: String?
  }

  public var name: String
  public var isInstalled: Bool
  /// The revision's version now; nil when the Promise is not installed.
  public var fromVersion: String?
  public var toVersion: String
  /// Whether what Kratix hashes differs: what makes it run workflows again (contract, section 3.3).
  public var specChanges: Bool
  /// Containers whose image changes, comes or goes.
  public var images: [Image]
  /// What else of the Promise changes: its API, workflows, dependencies, destination selectors, required Promises.
  public var changes: [Change]
  /// `Promise.planDigest` of both; nil when none is installed.
  public var fromDigest: String?
  public var toDigest: String

  public init(live: Promise?, candidate: Promise) {
    name = candidate.name
    isInstalled = live != nil
    fromVersion = live?.revisionVersion
    toVersion = candidate.revisionVersion
    fromDigest = live?.planDigest
    toDigest = candidate.planDigest
    changes = live.map { PromiseDifference.between($0, candidate) } ?? []
    specChanges = live.map { PromiseSpec.normalized($0.spec) != PromiseSpec.normalized(candidate.spec) } ?? true
    let before = live.map(Self.imagesByContainer) ?? [:]
    let after = Self.imagesByContainer(candidate)
    images = Set(before.keys).union(after.keys).sorted().compactMap { container in
      guard before[container] != after[container] else { return nil }
      return Image(container: container, from: before[container], to: after[container])
    }
  }

  private static func imagesByContainer(_ promise: Promise) -> [String: String] {
    var images: [String: String] = [:]
    for type in WorkflowType.allCases {
      for action in WorkflowAction.allCases {
        for pipeline in promise.pipelines(type, action) {
          for container in pipeline.containers {
            images["\(type.rawValue)/\(action.rawValue)/\(pipeline.name)/\(container.name)"] = container.image
          }
        }
      }
    }
    return images
  }
}

/// How many pipelines were run; one with the very input of another (the same pipeline, object and environment) is not
/// run again.
public struct RunCount: Sendable, Hashable {
  public var pipelines: Int
  /// Whose result was taken from a run with the same input.
  public var shared: Int

  public init(pipelines: Int = 0, shared: Int = 0) {
    self.pipelines = pipelines
    self.shared = shared
  }

  static func += (left: inout RunCount, right: RunCount) {
    left.pipelines += right.pipelines
    left.shared += right.shared
  }
}

/// What becomes of one resource.
public enum Verdict: String, Sendable, Hashable, CaseIterable {
  /// Its outputs, its status, its scheduling or its stored object change.
  case changes
  /// Kratix runs its workflow again, and everything comes out the same.
  case unchanged
  /// A pipeline of the candidate fails for it.
  case fails
  /// It does not satisfy the candidate's API.
  case invalid
  /// The new version does not reach it: it is pinned, paused or suspended.
  case held
  /// Not looked at.
  case skipped
}

public struct ResourcePlan: Sendable {
  public var namespace: String
  public var name: String
  /// The version it runs; nil when it never ran.
  public var version: String?
  /// What its binding asks for: a version, or `latest`; nil without a binding.
  public var boundTo: String?
  public var verdict: Verdict
  /// Why, in a sentence.
  public var reason: String
  public var changes: [Change]
  /// What differs by itself from run to run, or was edited by hand: not the upgrade's doing.
  public var noise: [Change]
  /// The end of the failing container's output.
  public var lastLines: [String]
  /// Why the verdict is less than it could be; nil when everything could be told.
  public var unknown: String?
  /// What is particular about it before anything happens, a word or two each: `failing`, `part of compound shop`.
  public var marks: [String]
  /// What the plan rests on.
  public var identity: ResourceIdentity
  /// Of what the candidate's workflow put out for it; nil when it did not run to its end.
  public var outputsDigest: String?
  /// How many pipelines were run to find the verdict.
  public var runs = RunCount()

  public init(
    member: FleetMember, verdict: Verdict, reason: String, changes: [Change] = [], noise: [Change] = [],
    lastLines: [String] = [], unknown: String? = nil, outputsDigest: String? = nil
  ) {
    namespace = member.resource.namespace
    name = member.resource.name
    version = member.version
    boundTo = member.binding?.version
    self.verdict = verdict
    self.reason = reason
    self.changes = changes
    self.noise = noise
    self.lastLines = lastLines
    self.unknown = unknown
    self.outputsDigest = outputsDigest
    identity = ResourceIdentity(member)
    marks = Self.marks(of: member)
  }

  public var qualifiedName: String { "\(namespace)/\(name)" }

  private static func marks(of member: FleetMember) -> [String] {
    var marks: [String] = []
    let state = ResourceState(of: member, latest: nil)
    switch state {
    case .deleting, .paused, .suspended, .failing, .misplaced: marks.append(state.rawValue)
    case .running, .behind, .pending, .ready: break
    }
    if let compound = member.resource.componentOfPromise { marks.append("part of compound \(compound)") }
    return marks
  }
}

/// What a plan could not tell.
enum Unknowns {
  static func of(candidate: Promise, fleet: FleetSnapshot, resources: [ResourcePlan]) -> [String] {
    var unknowns = fleet.gaps.map(\.description) + fleet.unreadable
    if !fleet.members.isEmpty, candidate.api?.schema != fleet.promise?.api?.schema,
      let schema = candidate.api?.schema, StructuralSchema(json: schema).hasUnevaluatedRules
    {
      unknowns.append(
        "the new API has CEL rules (x-kubernetes-validations) that are not evaluated here: --server asks "
          + "the API server whether it takes them, and it evaluates them once the API is installed")
    }
    // What nobody's Works tell is said once.
    let said = Set(unknowns)
    return unknowns
      + resources.compactMap { plan in
        plan.unknown.flatMap { said.contains($0) ? nil : "\(plan.qualifiedName): \($0)" }
      }
  }
}
