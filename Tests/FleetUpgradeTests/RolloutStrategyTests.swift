import Kubernetes
import Testing

@testable import FleetUpgrade

@Suite struct RolloutStrategyTests {
  @Test(arguments: [
    // what is written, of how many, how many that is
    (JSON.int(3), 10, 3), (.int(30), 10, 10), (.string("25%"), 10, 3), (.string("25%"), 3, 1), (.string("0%"), 7, 0),
    (.string("100%"), 7, 7), (.string("2"), 7, 2),
  ])
  func amounts(written: JSON, total: Int, expected: Int) throws {
    #expect(try #require(Amount(written)).of(total) == expected)
  }

  @Test(arguments: [JSON.int(-1), .string("101%"), .string("-5%"), .string("many"), .double(1.5), .bool(true), .null])
  func whatIsNoAmount(written: JSON) {
    #expect(Amount(written) == nil)
  }

  @Test(arguments: [
    ("", "empty"), ("groups: []", "at least one group"), ("[1]", "mapping"), ("group: []", "group: no such field"),
    ("groups: [{matchAll: true}]", "groups[0].name"),
    ("groups: [{name: a}]", "groups[0]: say which resources"),
    ("groups: [{name: a, matchAll: true, matchLabels: {x: y}}]", "groups[0].matchAll: excludes"),
    ("groups: [{name: a, matchAll: maybe}]", "true or false"),
    ("groups: [{name: a, matchAll: true}, {name: b, matchAll: true}]", "nothing is left"),
    ("groups: [{name: a, size: 1}, {name: a, matchAll: true}]", "there is a group a already"),
    ("groups: [{name: a, matchAll: true, soak: 1d}]", "groups[0].soak: a duration"),
    ("groups: [{name: a, matchAll: true, maxConcurrent: 0}]", "groups[0].maxConcurrent: a number from 1"),
    ("groups: [{name: a, matchAll: true, wait: 1s}]", "groups[0].wait: no such field"),
    ("groups: [{name: a, matchExpressions: [{key: x, operator: Near}]}]", "groups[0]: "),
    ("a: [", "not YAML"), ("{groups: [{name: a, size: 1}]}\n---\n{}", "2 documents"),
    ("kind: UpgradePlan", "spec: an UpgradePlan has one"),
  ])
  func whatCannotBeUsedIsSaid(yaml: String, part: String) {
    let error = #expect(throws: StrategyError.self) { try Strategy(yaml: yaml, now: 0) }
    #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
  }

  @Test func aFileIsReadAndKept() throws {
    let strategy = try Strategy(
      yaml: """
        groups:
        - name: dev
          matchLabels: {tier: dev}
          maxConcurrent: 50%
          soak: 90s
          approval: true
        - name: most
          matchExpressions: [{key: tier, operator: NotIn, values: [gold]}]
          maxFailures: 2
        - name: rest
          matchAll: true
        """, now: 0)
    #expect(strategy.groups.map(\.name) == ["dev", "most", "rest"])
    #expect(strategy.groups[0].soak.seconds == 90 && strategy.groups[0].approval)
    #expect(strategy.groups[1].maxFailures == .count(2))
    #expect(try Strategy(json: strategy.json) == strategy)
    let waves = strategy.waves(of: [
      "n/a": ["tier": "dev"], "n/b": ["tier": "gold"], "n/c": [:], "n/d": ["tier": "silver"],
    ])
    #expect(waves == ["n/a": 0, "n/b": 2, "n/c": 1, "n/d": 1])
  }

  /// For every size of fleet: each resource has one wave, the canary is one, and what is known stays.
  @Test func theStandardStrategyTakesEverybodyOnce() {
    for total in 0...50 {
      let labels = Dictionary(uniqueKeysWithValues: (0..<total).map { ("n/r\($0)", [String: String]()) })
      let waves = Strategy.standard.waves(of: labels)
      #expect(waves.count == total)
      #expect(waves.values.count { $0 == 0 } == min(1, total))
      #expect(Strategy.standard.waves(of: labels, known: waves) == waves)
      let half = waves.filter { $0.key.hashValue % 2 == 0 }
      let again = Strategy.standard.waves(of: labels, known: half)
      #expect(half.allSatisfy { again[$0.key] == $0.value } && again.count == total)
    }
  }

  @Test func theRecordIsKeptWhole() throws {
    var record = RolloutRecord(
      number: 3, id: "abc", promise: "db", promiseUID: "u", from: "v1", to: "v2", strategy: .standard,
      includesPinned: true, gateCommand: "true", startedAt: 1_000)
    record.enter(.moving)
    record.wave = 2
    record.waveDoneAt = 1_010.5
    record.gatePassed = true
    record.approvedWave = 1
    record.counts = .init(total: 9, done: 4, failed: 1, skipped: 2, outside: 3)
    for halt: RolloutRecord.Halt? in [nil, .paused, .approval(wave: 1), .stopped(reason: "it hurts")] {
      record.halt = halt
      #expect(try RolloutRecord(json: JSON(parsing: record.json.text())) == record)
    }
    record.end(.rolledBack, at: 1_020)
    #expect(try RolloutRecord(json: record.json) == record)
    var other = record.json
    other["schemaVersion"] = 2
    #expect(throws: StrategyError.self) { try RolloutRecord(json: other) }
  }

  @Test func theRecordsNameIsBounded() {
    #expect(RolloutStore.name(promise: "mongodb") == "kratix-upgrade-mongodb")
    let long = String(repeating: "a", count: 200)
    #expect(RolloutStore.name(promise: long).utf8.count <= 63)
    #expect(RolloutStore.name(promise: long) != RolloutStore.name(promise: long + "b"))
  }
}
