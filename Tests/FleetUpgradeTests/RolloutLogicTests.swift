import KratixModel
import Kubernetes
import Testing

@testable import FleetUpgrade

/// A fleet in memory, whose Kratix is done with everything at once.
private struct ModelFleet {
  var live = LiveFleet()
  /// Resources that fail at a version: `a@v2`.
  var failing: Set<String> = []
  var moves: [String: Int] = [:]
  private let memory = MemberMemory()

  init(_ names: [String], version: String = "v1", pinned: Set<String> = []) throws {
    var promise = try Fixtures.promise(image: "i", version: version)
    promise.object.uid = "promise-uid"
    live.promise = promise
    for version in ["v1", "v2"] { addRevision(version) }
    for name in names { add(name, version: version, bound: pinned.contains(name) ? version : "latest") }
    apply(version)
  }

  private mutating func addRevision(_ version: String) {
    guard var promise = live.promise else { return }
    promise.object.labels[KratixLabels.promiseVersion] = version
    let revision = Fixtures.revision(of: promise, isLatest: false)
    live.revisions[revision.name] = revision
  }

  mutating func add(_ name: String, version: String, bound: String) {
    var object = Fixtures.request(name, spec: [:], version: version, message: "")
    object.generation = 1
    live.resources["default/\(name)"] = ResourceRequest(object)
    var binding = Fixtures.binding(name, version: bound)
    binding.object.uid = "binding-\(name)"
    binding.object.status = ["lastAppliedVersion": .string(version)]
    live.bindings["default/\(name)"] = binding
    run("default/\(name)", isRerun: false)
  }

  mutating func apply(_ version: String) {
    live.promise?.object.labels[KratixLabels.promiseVersion] = version
    live.promise?.object.generation += 1
    let generation = live.promise?.object.generation ?? 0
    live.promise?.object.status = [
      "version": .string(version), "observedGeneration": .int(generation),
      "conditions": [["type": "Available", "status": "True"]],
    ]
    for (name, revision) in live.revisions {
      var object = revision.object
      object.status = revision.version == version ? ["latest": true] : [:]
      live.revisions[name] = PromiseRevision(object)
    }
    // Kratix runs everybody again, whatever their bindings say (contract, section 6.1).
    for key in live.resources.keys { run(key, isRerun: true) }
  }

  mutating func bind(_ key: String, _ version: String, _ mark: HoldMark?) throws {
    guard let binding = live.bindings[key] else { return }
    let patched = try JSONPatch.apply(
      HoldMark.patch(binding, version: version, mark: mark), to: binding.object.json)
    live.bindings[key] = ResourceBinding(KubernetesObject(patched))
    if version != binding.version, version != KratixNames.latest, version != mark?.held { moves[key, default: 0] += 1 }
    run(key, isRerun: false)
  }

  mutating func pause(_ key: String, _ isPaused: Bool, _ mark: HoldMark?) {
    guard let object = live.resources[key]?.object else { return }
    let patched = MergePatch.apply(HoldMark.patch(object, isPaused: isPaused, mark: mark), to: object.json)
    live.resources[key] = ResourceRequest(KubernetesObject(patched))
    if isPaused {
      live.resources[key]?.object.status?["conditions"] = [
        Condition(type: KratixConditions.reconciled, status: .unknown, reason: "PausedReconciliation", message: "").json
      ]
    } else if mark != nil {
      moves[key, default: 0] += 1
      run(key, isRerun: true)
    }
  }

  /// What Kratix makes of a resource whose binding or Promise changed.
  private mutating func run(_ key: String, isRerun: Bool) {
    guard live.resources[key]?.isPaused != true else { return }
    guard var resource = live.resources[key]?.object, var binding = live.bindings[key]?.object else { return }
    let bound = ResourceBinding(binding).version
    let version = bound == KratixNames.latest ? live.promise?.revisionVersion ?? "" : bound
    let was = ResourceRequest(resource).promiseVersion
    let fails = failing.contains("\(resource.name)@\(version)")
    let workflow = Condition(
      type: KratixConditions.configureWorkflowCompleted, status: fails ? .false : .true,
      reason: fails ? "ConfigureWorkflowFailed" : "PipelinesExecutedSuccessfully", message: "it failed")
    resource.status?["conditions"] = [
      workflow.json,
      Condition(type: KratixConditions.reconciled, status: fails ? .false : .true, reason: "r", message: "").json,
    ]
    let generation = resource.generation
    resource.status?["observedGeneration"] = .int(generation)
    if fails {
      binding.status?["failedVersion"] = .string(version)
      binding.status?["conditions"] = [
        Condition(type: "UpgradeSucceeded", status: .false, reason: "UpgradeFailed", message: "it failed").json
      ]
    } else {
      resource.status?["promiseVersion"] = .string(version)
      resource.status?["resourceBindingVersion"] = .string(bound)
      binding.status?["failedVersion"] = nil
      binding.status?["lastAppliedVersion"] = .string(version)
      if was != version || binding.status?["conditions"] != nil {
        binding.status?["conditions"] = [
          Condition(type: "UpgradeSucceeded", status: .true, reason: "UpgradeComplete", message: "").json
        ]
      }
    }
    live.resources[key] = ResourceRequest(resource)
    live.bindings[key] = ResourceBinding(binding)
  }

  /// The rollout as it stands, told with the memory of earlier looks; without it, all stand the same.
  private func look(_ record: RolloutRecord) -> RolloutLogic {
    var fleet = live
    // As on an API server: what is another object has another version.
    for (key, resource) in live.resources {
      fleet.resources[key]?.object.resourceVersion = "\(resource.object.json.hashValue)"
    }
    for (key, binding) in live.bindings {
      fleet.bindings[key]?.object.resourceVersion = "\(binding.object.json.hashValue)"
    }
    let fresh = RolloutLogic(record: record, fleet: fleet, now: 5_000)
    let remembered = RolloutLogic(record: record, fleet: fleet, now: 5_000, memory: memory)
    #expect(remembered.members.map(\.standing) == fresh.members.map(\.standing))
    return RolloutLogic(record: record, fleet: live, now: 5_000)
  }

  /// Does what the logic says until there is nothing more to do.
  /// - Returns: every step: what it did to whom.
  mutating func drive(_ record: inout RolloutRecord, limit: Int = 500) throws -> [[RolloutAction]] {
    var steps: [[RolloutAction]] = []
    for _ in 0..<limit {
      let decision = look(record).decide()
      if decision.actions.isEmpty { return steps }
      steps.append(decision.actions)
      for action in decision.actions {
        switch action {
        case .bind(let resource, let version, let mark): try bind(resource, version, mark)
        case .pause(let resource, let isPaused, let mark): pause(resource, isPaused, mark)
        case .apply(let version): apply(version)
        case .checkOutputs: record.checkedWave = record.wave
        case .runGate: record.gatePassed = true
        case .write(let next): record = next
        }
      }
    }
    Issue.record("the rollout comes to no end")
    return steps
  }

  func version(_ name: String) -> String? { live.resources["default/\(name)"]?.promiseVersion }
  func bound(_ name: String) -> String? { live.bindings["default/\(name)"]?.version }
  func mark(_ name: String) -> HoldMark? { live.bindings["default/\(name)"].flatMap(HoldMark.init(on:)) }
}

@Suite struct RolloutLogicTests {
  private func record(_ strategy: Strategy = .standard) -> RolloutRecord {
    RolloutRecord(
      number: 1, id: "r1", promise: "db", promiseUID: "promise-uid", from: "v1", to: "v2", strategy: strategy,
      startedAt: 1_000)
  }

  private let names = ["a", "b", "c", "d", "e", "f", "g", "h"]

  private func moves(_ steps: [[RolloutAction]], to version: String) -> [[String]] {
    steps.map { step in
      step.compactMap { if case .bind(let key, version, _?) = $0 { String(key.dropFirst(8)) } else { nil } }
    }.filter { !$0.isEmpty }
  }

  @Test func oneThenAQuarterThenTheRest() throws {
    var fleet = try ModelFleet(names)
    var record = record()
    let steps = try fleet.drive(&record)
    #expect(record.result == .done && record.counts == .init(total: 8, done: 8))
    #expect(moves(steps, to: "v2") == [["a"], ["b", "c"], ["d", "e", "f", "g", "h"]])
    // The Promise was applied when all were held, and not before.
    let applied = try #require(steps.firstIndex { $0 == [.apply(version: "v2")] })
    #expect(Set(moves(Array(steps[..<applied]), to: "v1").joined()) == Set(names))
    for name in names {
      #expect(fleet.version(name) == "v2" && fleet.bound(name) == "latest" && fleet.mark(name) == nil)
      #expect(fleet.moves["default/\(name)"] == 1)
    }
  }

  @Test func theFirstFailureStopsAndTheOthersKeepTheirVersion() throws {
    var fleet = try ModelFleet(names)
    fleet.failing = ["c@v2"]
    var record = record()
    _ = try fleet.drive(&record)
    guard case .stopped(let reason) = record.halt else {
      Issue.record("not stopped: \(record)")
      return
    }
    #expect(reason.contains("default/c failed (it failed)"))
    #expect(fleet.version("a") == "v2" && fleet.version("b") == "v2")
    #expect(names.dropFirst(2).allSatisfy { fleet.version($0) == "v1" })
    #expect(names.dropFirst(3).allSatisfy { fleet.bound($0) == "v1" })
    // A person mends it, and Kratix runs it again.
    fleet.failing = []
    try fleet.bind("default/c", "v2", fleet.mark("c"))
    record.halt = nil
    _ = try fleet.drive(&record)
    #expect(record.result == .done && names.allSatisfy { fleet.version($0) == "v2" && fleet.bound($0) == "latest" })
  }

  @Test func aStoppedRolloutGoesBackAsItWas() throws {
    var fleet = try ModelFleet(names, pinned: ["h"])
    fleet.failing = ["c@v2"]
    var record = record()
    _ = try fleet.drive(&record)
    record.direction = .back
    record.enter(.moving)
    _ = try fleet.drive(&record)
    #expect(record.result == .rolledBack)
    #expect(fleet.live.promise?.revisionVersion == "v1")
    for name in names {
      #expect(fleet.version(name) == "v1" && fleet.mark(name) == nil)
      #expect(fleet.bound(name) == (name == "h" ? "v1" : "latest"))
    }
  }

  @Test func pinnedOnesStayUnlessTheyAreIncluded() throws {
    var fleet = try ModelFleet(["a", "b"], pinned: ["b"])
    var first = record()
    _ = try fleet.drive(&first)
    #expect(fleet.version("a") == "v2" && fleet.version("b") == "v1" && fleet.bound("b") == "v1")
    #expect(first.counts == .init(total: 1, done: 1, outside: 1))
    var other = try ModelFleet(["a", "b"], pinned: ["b"])
    var second = record()
    second.includesPinned = true
    _ = try other.drive(&second)
    // It was pinned, and is: to the new version.
    #expect(other.version("b") == "v2" && other.bound("b") == "v2" && other.mark("b") == nil)
  }

  @Test func aFailureAtTheOldVersionStopsBeforeAnythingMoves() throws {
    var fleet = try ModelFleet(names)
    var record = record()
    // Not failing when it is held: its rerun is the first to fail.
    fleet.failing = ["d@v1"]
    _ = try fleet.drive(&record)
    #expect(
      record.halt
        == .stopped(
          reason:
            "resources fail at the version they ran before: default/d failed (it failed); retry, skip or roll back"))
    #expect(fleet.moves.isEmpty)
  }

  @Test func whatFailedBeforeIsNoNewsAndMoves() throws {
    var fleet = try ModelFleet(["a"])
    fleet.failing = ["b@v1"]
    fleet.add("b", version: "v1", bound: "latest")
    var record = record()
    _ = try fleet.drive(&record)
    #expect(record.result == .done && fleet.version("b") == "v2" && fleet.bound("b") == "latest")
  }

  @Test(arguments: [1, 2, 3])
  func noMoreMoveAtATimeThanAllowed(limit: Int) throws {
    var fleet = try ModelFleet(names)
    let group = Strategy.Group(name: "all", maxConcurrent: .count(limit))
    var record = record(Strategy(groups: [group]))
    let steps = try fleet.drive(&record)
    #expect(record.result == .done)
    #expect(moves(steps, to: "v2").allSatisfy { $0.count <= limit })
  }

  @Test func failuresWithinTheBudgetDoNotStopTheWave() throws {
    var fleet = try ModelFleet(names)
    fleet.failing = ["a@v2"]
    let group = Strategy.Group(name: "all", maxConcurrent: .count(1), maxFailures: .count(1))
    var record = record(Strategy(groups: [group]))
    _ = try fleet.drive(&record)
    // All the others are through; the one that failed is still to be dealt with.
    #expect(names.dropFirst().allSatisfy { fleet.version($0) == "v2" })
    guard case .stopped(let reason) = record.halt else {
      Issue.record("not stopped")
      return
    }
    #expect(reason.contains("default/a failed") && reason.contains("the others are done"))
  }

  @Test func soakGateAndApprovalComeAfterTheWave() throws {
    var fleet = try ModelFleet(["a", "b"])
    let first = Strategy.Group(name: "first", size: .count(1), soak: .seconds(60), approval: true)
    var record = record(Strategy(groups: [first, .init(name: "rest")]))
    record.gateCommand = "check"
    let logic = { (record: RolloutRecord, fleet: ModelFleet, now: Double) in
      RolloutLogic(record: record, fleet: fleet.live, now: now).decide()
    }
    _ = try fleet.drive(&record)
    #expect(record.waveDoneAt == 5_000 && fleet.version("b") == "v1")
    #expect(logic(record, fleet, 5_059).lookAgainAt == 5_060)
    #expect(logic(record, fleet, 5_059).actions.isEmpty)
    #expect(logic(record, fleet, 5_060).actions == [.runGate])
    record.gatePassed = true
    guard case .write(let waiting) = logic(record, fleet, 5_060).actions.first else {
      Issue.record("no approval is asked for")
      return
    }
    #expect(waiting.halt == .approval(wave: 0))
    var approved = waiting
    approved.approvedWave = 0
    approved.halt = nil
    approved.waveDoneAt = 1
    approved.gateCommand = nil
    _ = try fleet.drive(&approved)
    #expect(approved.result == .done && fleet.version("b") == "v2")
  }

  // MARK: People at work meanwhile

  @Test func aBindingThatAHandChangedIsLeftAlone() throws {
    var fleet = try ModelFleet(names)
    fleet.failing = ["a@v2"]
    var record = record()
    _ = try fleet.drive(&record)
    fleet.failing = []
    try fleet.bind("default/a", "v2", fleet.mark("a"))
    let mark = fleet.mark("e")
    try fleet.bind("default/e", "latest", mark)
    fleet.moves = [:]
    record.halt = nil
    _ = try fleet.drive(&record)
    #expect(record.result == .done && fleet.bound("e") == "latest" && fleet.mark("e") == nil)
    #expect(fleet.moves["default/e"] == nil)
  }

  @Test func aPausedOneIsLeftAloneAndAnewOneFollows() throws {
    var fleet = try ModelFleet(["a", "b"])
    fleet.live.resources["default/b"]?.object.labels[KratixLabels.paused] = KratixLabels.yes
    var record = record()
    record.phase = .holding
    _ = try fleet.drive(&record)
    #expect(record.result == .done && record.counts.outside == 1 && fleet.bound("b") == "latest")
  }

  @Test(arguments: RolloutRecord.Phase.allCases.filter { $0 != .ended })
  func anotherVersionAppliedStopsInEveryPhase(phase: RolloutRecord.Phase) throws {
    var fleet = try ModelFleet(["a"])
    fleet.apply("v9")
    var record = record()
    record.phase = phase
    let decision = RolloutLogic(record: record, fleet: fleet.live, now: 0).decide()
    guard case .write(let next) = decision.actions.first, case .stopped(let reason) = next.halt else {
      Issue.record("\(decision)")
      return
    }
    #expect(reason.contains("set to v9 by somebody else"))
  }

  @Test func aDeletedRevisionStops() throws {
    var fleet = try ModelFleet(["a"])
    var record = record()
    fleet.failing = ["a@v2"]
    _ = try fleet.drive(&record)
    record.halt = nil
    fleet.live.revisions = fleet.live.revisions.filter { $0.value.version != "v2" }
    let decision = RolloutLogic(record: record, fleet: fleet.live, now: 0).decide()
    guard case .write(let next) = decision.actions.first, case .stopped(let reason) = next.halt else {
      Issue.record("\(decision)")
      return
    }
    #expect(reason.contains("revision of db v2 was deleted"))
  }

  @Test func ahealthRecordThatSaysIllStopsAfterTheWave() throws {
    var fleet = try ModelFleet(["a", "b"])
    fleet.live.resources["default/a"]?.object.status?["healthStatus"] = ["state": "degraded"]
    var record = record()
    _ = try fleet.drive(&record)
    #expect(record.halt.map { if case .stopped(let why) = $0 { why.contains("a is degraded") } else { false } } == true)
    #expect(fleet.version("b") == "v1")
  }

  /// A halted or finished rollout does nothing, whatever the fleet.
  @Test(arguments: [RolloutRecord.Halt.paused, .approval(wave: 0), .stopped(reason: "")])
  func aHaltedOneDoesNothing(halt: RolloutRecord.Halt) throws {
    let fleet = try ModelFleet(names)
    var record = record()
    record.halt = halt
    #expect(RolloutLogic(record: record, fleet: fleet.live, now: 0).decide().actions.isEmpty)
  }

  /// Random fleets and failures; the driver stops anywhere and begins again from the record alone. In the end nobody
  /// was moved twice, and whoever followed the latest version does.
  @Test(arguments: 0..<100)
  func whateverHappensNobodyIsLeftBehind(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let names = (0..<Int.random(in: 0...12, using: &random)).map { "r\($0)" }
    let pinned = Set(names.filter { _ in Int.random(in: 0..<5, using: &random) == 0 })
    var fleet = try ModelFleet(names, pinned: pinned)
    fleet.failing = Set(names.filter { _ in Int.random(in: 0..<6, using: &random) == 0 }.map { "\($0)@v2" })
    var record = record()
    var rounds = 0
    while !record.isOver, rounds < 50 {
      rounds += 1
      _ = try fleet.drive(&record)
      if record.halt != nil {
        let failed = RolloutLogic(record: record, fleet: fleet.live, now: 0).failures
        #expect(!failed.isEmpty)
        for member in failed {
          fleet.failing.remove("\(member.resource.name)@v2")
          try fleet.bind(member.key, "v2", member.mark)
        }
        record.halt = nil
      }
    }
    #expect(record.result == .done)
    for name in names {
      #expect(fleet.bound(name) == (pinned.contains(name) ? "v1" : "latest"))
      #expect(fleet.version(name) == (pinned.contains(name) ? "v1" : "v2"))
      #expect(fleet.mark(name) == nil && fleet.moves["default/\(name)", default: 0] <= 1)
    }
  }
}

/// A small generator, so that a failing seed fails again.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
