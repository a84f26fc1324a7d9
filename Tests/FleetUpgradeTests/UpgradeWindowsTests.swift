import Kubernetes
import Testing

@testable import FleetUpgrade

@Suite struct UpgradeWindowsTests {
  private func time(_ text: String) throws -> Double { try #require(Timestamp.secondsSince1970(text)) }

  @Test(arguments: [
    // expression, zone, from, next
    ("0 22 * * *", "UTC", "2026-05-01T21:00:00Z", "2026-05-01T22:00:00Z"),
    ("0 22 * * *", "UTC", "2026-05-01T22:00:00Z", "2026-05-02T22:00:00Z"),
    // Summer time in London is an hour ahead.
    ("0 22 * * *", "Europe/London", "2026-07-01T00:00:00Z", "2026-07-01T21:00:00Z"),
    ("0 23 * * 6", "Europe/London", "2026-01-01T00:00:00Z", "2026-01-03T23:00:00Z"),
    ("*/20 9-10 * * mon-fri", "UTC", "2026-01-02T10:40:00Z", "2026-01-05T09:00:00Z"),
    // Either day will do when both are restricted.
    ("0 0 13 * 5", "UTC", "2026-02-01T00:00:00Z", "2026-02-06T00:00:00Z"),
    ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
    ("0 0 * * 7", "UTC", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
    ("@daily", "UTC", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
    // 01:30 is skipped on this night: the moment after the gap.
    ("30 1 * * *", "Europe/London", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),
    // 01:30 comes twice on this one: the first.
    ("30 1 * * *", "Europe/London", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
  ])
  func nextTimes(expression: String, zone: String, from: String, next: String) throws {
    let schedule = try CronSchedule(expression, timeZone: zone)
    #expect(schedule.next(after: try time(from)) == (try time(next)))
  }

  @Test(arguments: ["0 22 * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "a * * * *", "5-1 * * * *", "*/0 * * * *", ""])
  func whatIsNoSchedule(expression: String) {
    #expect(throws: StrategyError.self) { try CronSchedule(expression, timeZone: nil) }
  }

  @Test func aDayThatNeverComesIsNeverWaitedForInVain() throws {
    #expect(try CronSchedule("0 0 30 2 *", timeZone: nil).next(after: 0) == nil)
  }

  @Test func aZoneThatIsNoneIsSaid() {
    #expect(throws: StrategyError.self) { try CronSchedule("* * * * *", timeZone: "Europe/Nowhere") }
  }

  private func window(_ kind: UpgradeWindow.Kind, _ cron: String, _ hours: Int64) throws -> UpgradeWindow {
    UpgradeWindow(
      kind: kind, schedule: try CronSchedule(cron, timeZone: "UTC"),
      duration: GoDuration(nanoseconds: hours * 3_600_000_000_000))
  }

  @Test func denyWins() throws {
    let windows = UpgradeWindows([try window(.allow, "0 22 * * *", 4), try window(.deny, "0 23 * * *", 1)])
    for (when, isOpen) in [
      ("2026-05-01T21:59:59Z", false), ("2026-05-01T22:00:00Z", true), ("2026-05-01T23:30:00Z", false),
      ("2026-05-02T00:00:00Z", true), ("2026-05-02T01:59:00Z", true), ("2026-05-02T02:00:00Z", false),
    ] {
      #expect(windows.isOpen(at: try time(when)) == isOpen, "\(when)")
    }
    #expect(windows.nextOpening(after: try time("2026-05-01T23:30:00Z")) == (try time("2026-05-02T00:00:00Z")))
    #expect(windows.nextOpening(after: try time("2026-05-02T03:00:00Z")) == (try time("2026-05-02T22:00:00Z")))
    #expect(UpgradeWindows([]).isOpen(at: 0))
    let denying = UpgradeWindows([try window(.deny, "0 23 * * *", 1)])
    #expect(denying.isOpen(at: try time("2026-05-01T12:00:00Z")))
    #expect(UpgradeWindows([try window(.deny, "* * * * *", 1)]).nextOpening(after: 0) == nil)
  }

  static let plan = """
    apiVersion: platform.syntasso.io/v1alpha1
    kind: UpgradePlan
    metadata: {name: redis-v1-to-v2}
    spec:
      promiseRef: {name: redis}
      upgradePath:
        from: [v1.0.0, '/v1\\.1\\..*/']
        to: v2.0.0
      upgradeExecutionPolicy:
        repeatSchedule: "0 23 * * 6"
        executeAt: "2026-05-01T23:00"
        timeZone: Europe/London
      rolloutGroups:
      - name: dev
        selectors:
          matchLabels: {env: dev}
          matchExpressions: [{key: prod, operator: NotIn, values: ["true"]}]
        maxConcurrent: 5
        resourceUpgradeWindows:
        - {kind: allow, schedule: "0 22 * * *", duration: 4h, timeZone: Europe/London}
      - name: nobody
    """

  @Test func anUpgradePlanIsTakenAsItIs() throws {
    // Thursday: the schedule's Saturday comes after the Friday of executeAt.
    let now = try time("2026-04-30T00:00:00Z")
    let strategy = try Strategy(yaml: Self.plan, now: now)
    #expect(strategy.promise == "redis" && strategy.to == "v2.0.0")
    #expect(strategy.startAt == (try time("2026-05-01T22:00:00Z")))
    for (version, isTaken) in [
      ("v1.0.0", true), ("v1.0.01", false), ("v1.1.7", true), ("v1.10.7", false), ("xv1.1.7", false), ("v2.0.0", false),
    ] {
      #expect(strategy.takes(version: version) == isTaken, "\(version)")
    }
    #expect(strategy.groups[0].windows.windows.count == 1 && strategy.groups[0].maxConcurrent == .count(5))
    // A group without selectors takes nobody.
    #expect(strategy.waves(of: ["n/a": ["env": "dev"], "n/b": [:]]) == ["n/a": 0])
    #expect(try Strategy(json: strategy.json) == strategy)
    // Once executeAt is over, the schedule counts.
    #expect(try Strategy(yaml: Self.plan, now: time("2026-05-02T00:00:00Z")).startAt == time("2026-05-02T22:00:00Z"))
  }

  @Test(arguments: [
    ("promiseRef: {name: redis}", "promiseRef: {}", "spec.promiseRef.name"),
    ("to: v2.0.0", "at: v2.0.0", "spec.upgradePath.to"),
    ("'/v1\\.1\\..*/'", "'/v1(/'", "spec.upgradePath.from[1]"),
    ("Europe/London", "Mars/Base", "no IANA time zone"),
    ("maxConcurrent: 5", "maxParallel: 5", "spec.rolloutGroups[0].maxParallel"),
    ("kind: allow", "kind: maybe", "windows[0].kind"), ("duration: 4h", "duration: 4d", "windows[0].duration"),
    ("2026-05-01T23:00", "tomorrow", "executeAt"),
  ])
  func whatIsWrongInAPlanIsSaid(part: String, replacement: String, said: String) {
    let error = #expect(throws: StrategyError.self) {
      try Strategy(yaml: Self.plan.replacing(part, with: replacement), now: 0)
    }
    #expect(error?.message.contains(said) == true, "\(error?.message ?? "")")
  }
}
