import Foundation
import Kubernetes
import Testing

/// A fleet that is moved in waves, with kubectl and the plugin.
@Suite(.platform(arguments: Greeter.images + Greeter.pickyImage), .serialized)
struct RolloutTests {
  private let names = ["a", "b", "c", "d", "e"]

  private func start(_ platform: Platform, mallory: String? = nil) async throws {
    try await platform.remove(promises: "greeter")
    try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
    let requests = names.map { Greeter.request($0, who: $0 == mallory ? "Mallory" : $0) }
    try await platform.kubectl("apply", "-f", "-", input: requests.joined(separator: "\n---\n")).succeeded()
    for name in names {
      try await platform.wait("greeter/\(name)", for: "jsonpath={.status.resourceBindingVersion}=latest")
    }
  }

  private func candidate(_ platform: Platform, image: String = "v2-picky") throws -> String {
    try platform.file("v2.yaml", Greeter.promise(image: Greeter.image(image), version: "v2.0.0"))
  }

  /// What every resource runs, and what its binding says.
  private func fleet(_ platform: Platform) async throws -> [String: (version: String, binding: String)] {
    let json = try JSON(parsing: try await platform.kratix("fleet", "greeter", "-o", "json").succeeded().output)
    var fleet: [String: (version: String, binding: String)] = [:]
    for resource in json["resources"]?.arrayValue ?? [] {
      fleet[resource["name"]?.stringValue ?? ""] = (
        resource["version"]?.stringValue ?? "", resource["binding"]?.stringValue ?? ""
      )
    }
    return fleet
  }

  private func expect(
    _ platform: Platform, _ version: String, _ binding: String = "latest", for names: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let fleet = try await fleet(platform)
    for name in names {
      #expect(fleet[name]?.version == version, "\(name)", sourceLocation: sourceLocation)
      #expect(fleet[name]?.binding == binding, "\(name)", sourceLocation: sourceLocation)
    }
  }

  @Test func aFleetMovesInWavesAndGoesBack() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let upgrade = try await platform.kratix("upgrade", "-f", try candidate(platform), "--yes").succeeded()
    let lines = upgrade.lines
    let waves = ["wave 1 of 3, canary: 1", "wave 2 of 3, quarter: 2", "wave 3 of 3, rest: 2"]
    let starts = waves.compactMap { wave in lines.firstIndex { $0.hasPrefix(wave) } }
    #expect(starts.count == 3 && starts == starts.sorted(), "\(upgrade.output)")
    #expect(lines.last == "The fleet is done: 5 upgraded.")
    try await expect(platform, "v2.0.0", for: names)
    try await platform.wait("configmap/greeting-e", for: "create", context: platform.worker)
    try await platform.wait("configmap/greeting-e", for: "jsonpath={.data.text}=Good day, e", context: platform.worker)
    // The same once more: nothing to do.
    let again = try await platform.kratix("upgrade", "-f", try candidate(platform), "--yes").succeeded()
    #expect(again.output.contains("Nothing to do"))
    try await platform.kratix("upgrade", "rollback", "greeter").succeeded()
    try await expect(platform, "v1.0.0", for: names)
    #expect(try await platform.object("promise", "greeter").labels["kratix.io/promise-version"] == "v1.0.0")
    let history = try await platform.kratix("upgrade", "history", "greeter").succeeded().lines
    #expect(history.count >= 3 && history[1].contains("done") && history[2].contains("done"))
  }

  @Test func aFailureStopsTheWaveAndRetryAfterAFixCompletesIt() async throws {
    let platform = try Platform.require()
    try await start(platform, mallory: "b")
    let file = try candidate(platform)
    let upgrade = try await platform.kratix("upgrade", "-f", file, "--yes", "--force")
    #expect(upgrade.exitCode == 1)
    #expect(upgrade.error.contains("default/b failed (A Configure Pipeline has failed: greet)"), "\(upgrade.error)")
    #expect(upgrade.output.contains("default/a: done (1 of 5)"))
    try await expect(platform, "v1.0.0", "v1.0.0", for: ["d", "e"])
    try await platform.wait("configmap/greeting-b", for: "create", context: platform.worker)
    let worker = try await platform.object("configmap", "greeting-b", context: platform.worker)
    #expect(worker[path: "data", "text"] == "Hello, Mallory")
    let status = try await platform.kratix("upgrade", "status", "greeter").succeeded()
    #expect(status.output.contains("State: stopped"))
    // The pod is gone with its Job; what it printed last is not.
    #expect(upgrade.output.contains("default/b: | does not greet Mallory"), "\(upgrade.output)")
    #expect(status.output.contains("default/b:\n  does not greet Mallory"), "\(status.output)")
    // Waves are counted from one: the canary, and those that have not been moved.
    let table = try await platform.kratix("fleet", "greeter").succeeded().lines.map { line in
      line.split(separator: " ").map(String.init)
    }
    #expect(table.map { $0[5] } == ["WAVE", "1", "2", "2", "3", "3"], "\(table)")
    let json = try JSON(
      parsing: try await platform.kratix("upgrade", "status", "greeter", "-o", "json").succeeded().output)
    #expect(json["state"] == "stopped" && json["resources"]?[1]?["state"] == "failed")
    // Without a fix it fails again.
    #expect(try await platform.kratix("upgrade", "retry", "greeter").exitCode == 1)
    // Another version cannot be begun over it.
    let other = try platform.file("v4.yaml", Greeter.promise(image: Greeter.image("v2"), version: "v4.0.0"))
    try await platform.kratix("upgrade", "-f", other, "--yes").failed("is open (stopped)")
    try await platform.kubectl("apply", "-f", "-", input: Greeter.request("b", who: "Bob")).succeeded()
    try await platform.wait("greeter/b", for: "jsonpath={.status.message}=Good day, Bob")
    let retry = try await platform.kratix("upgrade", "retry", "greeter").succeeded()
    #expect(retry.lines.last == "The fleet is done: 5 upgraded.")
    try await expect(platform, "v2.0.0", for: names)
  }

  @Test func aStoppedRolloutIsRolledBack() async throws {
    let platform = try Platform.require()
    try await start(platform, mallory: "b")
    #expect(
      try await platform.kratix("upgrade", "-f", try candidate(platform), "--yes", "--force").exitCode == 1)
    let back = try await platform.kratix("upgrade", "rollback", "greeter").succeeded()
    #expect(back.lines.last == "The fleet is back at v1.0.0.")
    try await expect(platform, "v1.0.0", for: names)
    #expect(try await platform.object("greeter", "a")[path: "status", "message"] == "Hello, a")
    #expect(try await platform.object("promise", "greeter").labels["kratix.io/promise-version"] == "v1.0.0")
  }

  /// After a rollout, the way back is a rollout of its own: stopped and said again, it goes on, and does not turn round.
  @Test func aRollbackThatStopsGoesOnWhenSaidAgain() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let strategy = try platform.file(
      "strategy.yaml", "groups:\n- {name: first, size: 1, approval: true}\n- {name: rest, matchAll: true}\n")
    let forward = try await platform.kratix(
      "upgrade", "-f", try candidate(platform), "--yes", "--strategy", strategy)
    #expect(forward.exitCode == 5)
    try await platform.kratix("upgrade", "approve", "greeter").succeeded()
    try await expect(platform, "v2.0.0", for: names)
    #expect(try await platform.kratix("upgrade", "rollback", "greeter").exitCode == 5)
    try await expect(platform, "v1.0.0", "v1.0.0", for: ["a"])
    try await expect(platform, "v2.0.0", "v2.0.0", for: ["b", "c", "d", "e"])
    // It waits for approval still; that is no reason to go the other way.
    #expect(try await platform.kratix("upgrade", "rollback", "greeter").exitCode == 5)
    try await expect(platform, "v1.0.0", "v1.0.0", for: ["a"])
    try await platform.kratix("upgrade", "rollback", "greeter", "--to", "v7.0.0").failed("is open")
    try await platform.kratix("upgrade", "approve", "greeter").succeeded()
    try await expect(platform, "v1.0.0", for: names)
    #expect(try await platform.object("promise", "greeter").labels["kratix.io/promise-version"] == "v1.0.0")
  }

  /// Nothing but an annotation of the object tells the old Promise from the new one.
  @Test func aPromiseWithoutVersionsGoesThereAndBack() async throws {
    let platform = try Platform.require()
    try await platform.remove(promises: "greeter")
    try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: nil))
    let requests = names.map { Greeter.request($0, who: $0) }
    try await platform.kubectl("apply", "-f", "-", input: requests.joined(separator: "\n---\n")).succeeded()
    for name in names { try await platform.wait("greeter/\(name)", for: "jsonpath={.status.message}=Hello, \(name)") }
    let file = try platform.file("v2.yaml", Greeter.promise(image: Greeter.image("v2-picky"), version: nil))
    let upgrade = try await platform.kratix("upgrade", "-f", file, "--yes").succeeded()
    #expect(upgrade.output.contains("Hold: pause"), "\(upgrade.output)")
    for name in names {
      #expect(try await platform.object("greeter", name)[path: "status", "message"] == .string("Good day, \(name)"))
    }
    try await platform.kratix("upgrade", "rollback", "greeter").succeeded()
    for name in names {
      let object = try await platform.object("greeter", name)
      #expect(object[path: "status", "message"] == .string("Hello, \(name)"))
      #expect(object.labels["kratix.io/paused"] == nil)
    }
  }

  /// A plan that was made before is carried out as it is, or not at all.
  @Test func aPlanIsCarriedOutUnlessTheFleetMoved() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try candidate(platform)
    let plan = "\(platform.folder)/plan.json"
    try await platform.kratix("upgrade", "preview", "-f", file, "--out", plan).succeeded()
    try await platform.kubectl("apply", "-f", "-", input: Greeter.request("c", who: "Carla")).succeeded()
    try await platform.wait("greeter/c", for: "jsonpath={.status.message}=Hello, Carla")
    try await platform.kratix("upgrade", "--plan", plan, "--yes").failed("default/c")
    #expect(try await platform.object("promise", "greeter").labels["kratix.io/promise-version"] == "v1.0.0")
    try await platform.kratix("upgrade", "preview", "-f", file, "--out", plan).succeeded()
    let upgrade = try await platform.kratix("upgrade", "--plan", plan, "--yes", "--strict").succeeded()
    #expect(upgrade.lines.last == "The fleet is done: 5 upgraded.")
    try await expect(platform, "v2.0.0", for: names)
  }

  /// With --strict, what a wave put out has to be what the plan said.
  @Test(.enabled(if: Platform.isSandbox)) func strictlyAnotherOutputThanPlannedStops() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let plan = "\(platform.folder)/plan.json"
    try await platform.kratix("upgrade", "preview", "-f", try candidate(platform), "--out", plan).succeeded()
    // Another image by the same name, after the plan was made.
    let directory = try #require(platform.sandbox)
    func map(to version: String) async throws {
      let path = "\(Platform.root)/Tests/EndToEndTests/Images/greeter/\(version)"
      try await platform.kratix("sandbox", "load", "--dir", directory, "\(Greeter.image("v2-picky"))=\(path)")
        .succeeded()
    }
    try await map(to: "v1")
    let upgrade = try await platform.kratix("upgrade", "--plan", plan, "--yes", "--strict")
    try await map(to: "v2-picky")
    #expect(upgrade.exitCode == 1 && upgrade.error.contains("default/a"), "\(upgrade.output)\(upgrade.error)")
    try await expect(platform, "v1.0.0", "v1.0.0", for: ["b", "c", "d", "e"])
  }

  /// Before its start, a rollout holds nothing, and lets itself be given up.
  @Test func beforeItsStartNothingIsHeld() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try candidate(platform)
    try await platform.kratix("upgrade", "-f", file, "--yes", "--start-at", "tomorrow").failed(
      "--start-at takes a time")
    let inAnHour = Timestamp.text(secondsSince1970: Int64(Date().timeIntervalSince1970) + 3600)
    let waits = try await Shell.withLines(
      of: "kubectl", ["kratix", "upgrade", "-f", file, "--yes", "--start-at", inAnHour],
      environment: platform.environment
    ) { lines in await lines.contains { $0 == "waiting until \(inAnHour)" } }
    #expect(waits)
    try await expect(platform, "v1.0.0", for: names)
    #expect(try await platform.object("promise", "greeter").labels["kratix.io/promise-version"] == "v1.0.0")
    try await platform.kratix("upgrade", "abort", "greeter").succeeded()
    try await platform.kratix("upgrade", "-f", file, "--yes").succeeded()
    try await expect(platform, "v2.0.0", for: names)
  }

  @Test func aSkippedOneKeepsItsVersion() async throws {
    let platform = try Platform.require()
    try await start(platform, mallory: "a")
    #expect(
      try await platform.kratix("upgrade", "-f", try candidate(platform), "--yes", "--force").exitCode == 1)
    try await platform.kratix("upgrade", "skip", "greeter", "default/nobody").failed("holds no resource default/nobody")
    try await platform.kratix("upgrade", "skip", "greeter", "default/a").succeeded()
    let resumed = try await platform.kratix("upgrade", "resume", "greeter").succeeded()
    #expect(resumed.lines.last == "The fleet is done: 4 upgraded, 1 held.")
    try await expect(platform, "v2.0.0", for: ["b", "c", "d", "e"])
    try await expect(platform, "v1.0.0", "v1.0.0", for: ["a"])
  }

  @Test func aKilledDriverIsFollowedByOneThatFinishes() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try candidate(platform)
    let marker = "\(platform.folder)/killed"
    // The gate command is the driver's child: once, it kills it without a word.
    let gate = "test -e \(marker) || { touch \(marker); kill -9 $PPID; }"
    let killed = try await platform.kratix("upgrade", "-f", file, "--yes", "--gate-command", gate)
    #expect(killed.exitCode == 128 + 9, "\(killed.output)\(killed.error)")
    try await expect(platform, "v1.0.0", "v1.0.0", for: ["b", "c", "d", "e"])
    let resumed = try await platform.kratix("upgrade", "-f", file, "--yes").succeeded()
    #expect(resumed.output.contains("Going on with rollout"))
    #expect(resumed.lines.last == "The fleet is done: 5 upgraded.")
    try await expect(platform, "v2.0.0", for: names)
  }

  @Test func peopleAtWorkMeanwhileAreLeftAlone() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let strategy = try platform.file(
      "strategy.yaml", "groups:\n- {name: first, size: 1, approval: true}\n- {name: rest, matchAll: true}\n")
    let waiting = try await platform.kratix(
      "upgrade", "-f", try candidate(platform), "--yes", "--strategy", strategy)
    #expect(waiting.exitCode == 5 && waiting.error.contains("waits for approval"), "\(waiting.error)")
    // Deleted, created, edited, and pinned by hand to another version than it is held at.
    try await platform.kubectl("delete", "greeter", "b").succeeded()
    try await platform.kubectl("apply", "-f", "-", input: Greeter.request("new", who: "New")).succeeded()
    try await platform.wait("greeter/new", for: "jsonpath={.status.promiseVersion}=v2.0.0")
    try await platform.kubectl("apply", "-f", "-", input: Greeter.request("c", who: "Carla")).succeeded()
    let binding = try await platform.kubectl(
      "get", "resourcebindings", "-l", "kratix.io/promise-name=greeter,kratix.io/resource-name=d", "-o",
      "jsonpath={.items[0].metadata.name}"
    ).succeeded().output
    try await platform.kubectl(
      "patch", "resourcebinding", binding, "--type=merge", "-p", #"{"spec":{"version":"latest"}}"#
    ).succeeded()
    let approved = try await platform.kratix("upgrade", "approve", "greeter").succeeded()
    #expect(approved.output.contains("default/d: left alone: its binding was set to latest by hand"))
    try await expect(platform, "v2.0.0", for: ["a", "c", "d", "e", "new"])
    try await platform.wait("greeter/c", for: "jsonpath={.status.message}=Good day, Carla")
    #expect(try await fleet(platform)["b"] == nil)
  }

  @Test func aPausedRolloutWaits() async throws {
    let platform = try Platform.require()
    try await start(platform)
    // The gate command pauses the rollout that waits for it.
    let gate = "kubectl kratix upgrade pause greeter --context \(platform.platform)"
    let paused = try await platform.kratix(
      "upgrade", "-f", try candidate(platform), "--yes", "--gate-command", gate)
    #expect(paused.exitCode == 5, "\(paused.output)\(paused.error)")
    try await expect(platform, "v1.0.0", "v1.0.0", for: ["b", "c", "d", "e"])
    let watched = try await platform.kratix("upgrade", "status", "greeter", "--watch")
    #expect(watched.exitCode == 5 && watched.output.contains("State: paused"))
    try await platform.kratix("upgrade", "abort", "greeter").succeeded()
    try await expect(platform, "v2.0.0", for: ["a"])
    try await expect(platform, "v1.0.0", "v1.0.0", for: ["b", "c", "d", "e"])
    // Given up, it can be rolled back all the same: those that are held follow again.
    try await platform.kratix("upgrade", "rollback", "greeter").succeeded()
    try await expect(platform, "v1.0.0", for: names)
  }

  /// `status --watch` on a terminal: one view, written over until the rollout ends.
  @Test func aTerminalShowsARolloutLive() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let watch = "kubectl kratix upgrade status greeter --watch --context \(platform.platform)"
    // The gate of the first wave begins to watch, and lets the rollout go on when there is something to see.
    let gate = """
      [ -e screen ] && exit 0
      (script -qefc "\(watch)" screen; echo $? > code) < /dev/null > /dev/null 2>&1 &
      until grep -q WAVE screen; do sleep 0.1; done
      """
    try await platform.kratix("upgrade", "-f", try candidate(platform), "--yes", "--gate-command", gate).succeeded()
    let code = try await platform.run("timeout", ["60", "sh", "-c", "until [ -s code ]; do sleep 0.1; done; cat code"])
    #expect(code.lines == ["0"])
    let screen = try await platform.run("cat", ["screen"]).succeeded().output
    #expect(screen.contains("done  5 of 5 done, 0 failed"), "\(screen)")
    // Lines up, and each erased before it is written.
    #expect(screen.contains("\u{1B}[2K") && screen.contains(/\u{1B}\[\d+F/), "\(screen)")
  }

  /// A rollout that has stopped ends the view, which says why.
  @Test func aTerminalShowsWhatAFailedContainerPrinted() async throws {
    let platform = try Platform.require()
    try await start(platform, mallory: "a")
    #expect(try await platform.kratix("upgrade", "-f", try candidate(platform), "--yes", "--force").exitCode == 1)
    let watch = "kubectl kratix upgrade status greeter --watch --context \(platform.platform)"
    let live = try await platform.run("script", ["-qefc", watch, "/dev/null"])
    #expect(live.exitCode == 1)
    for text in ["stopped  0 of 5 done, 1 failed", "default/a failed: ", "  does not greet Mallory"] {
      #expect(live.output.contains(text), "\(live.output)")
    }
  }

  @Test func aStrategyThatCannotBeUsedChangesNothing() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let strategy = try platform.file("bad.yaml", "groups:\n- {name: a, soak: 1d, matchAll: true}\n")
    let refused = try await platform.kratix(
      "upgrade", "-f", try candidate(platform), "--yes", "--strategy", strategy)
    #expect(refused.exitCode == 64 && refused.error.contains("groups[0].soak: a duration"), "\(refused.error)")
    try await expect(platform, "v1.0.0", for: names)
  }
}

extension Greeter {
  /// As v2, but fails for Mallory.
  static let pickyImage = [
    "--image", "\(image("v2-picky"))=\(Platform.root)/Tests/EndToEndTests/Images/greeter/v2-picky",
  ]
}
