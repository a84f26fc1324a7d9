import ArgumentParser
import FleetUpgrade
import Foundation
import KratixModel
import Kubernetes

/// What the commands on a rollout share.
struct RolloutArguments: ParsableArguments {
  @Argument(help: "The Promise's name.")
  var promise: String

  @OptionGroup var connection: ConnectionArguments

  func session() throws -> RolloutSession { RolloutSession(api: try connection.client(), promise: promise) }
}

struct RolloutPause: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Halt a rollout: what is moving is finished by Kratix, nothing else is moved.",
    discussion: "Example: kubectl kratix upgrade pause mongodb")

  @OptionGroup var arguments: RolloutArguments

  func run() async throws {
    let record = try await arguments.session().control.pause()
    Console.out("Rollout \(record.number) of \(record.promise) is paused (\(record.phase.rawValue)).")
  }
}

struct RolloutResume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Drive a rollout on that was paused, was stopped, or lost its driver.",
    discussion: """
      Exit codes: 0 done, 1 stopped, 5 paused or waiting for approval.

      Example: kubectl kratix upgrade resume mongodb
      """)

  @OptionGroup var arguments: RolloutArguments

  func run() async throws {
    let session = try arguments.session()
    _ = try await session.control.resume()
    try await session.drive()
  }
}

struct RolloutApprove: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve", abstract: "Let a rollout go on after a wave that waits for approval, and drive it.",
    discussion: "Example: kubectl kratix upgrade approve mongodb")

  @OptionGroup var arguments: RolloutArguments

  func run() async throws {
    let session = try arguments.session()
    let before = try await session.control.look().record
    guard case .approval = before.halt else {
      throw Failure("the rollout of \(before.promise) does not wait for approval")
    }
    _ = try await session.control.approve()
    try await session.drive()
  }
}

struct RolloutRetry: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Ask Kratix to run the resources that failed again, and drive the rollout on.",
    discussion: "Example: kubectl kratix upgrade retry mongodb")

  @OptionGroup var arguments: RolloutArguments

  func run() async throws {
    let session = try arguments.session()
    for resource in try await session.control.retry() { Console.out("\(resource): tried again") }
    try await session.drive()
  }
}

struct RolloutSkip: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "skip", abstract: "Leave a resource out of the rollout: it keeps, or gets back, the version it ran.",
    discussion: """
      The resource stays pinned. The rollout is not driven on: see resume.

      Example: kubectl kratix upgrade skip mongodb default/mongo-v4
      """)

  @OptionGroup var arguments: RolloutArguments

  @Argument(help: "NAMESPACE/NAME.")
  var resource: String

  func run() async throws {
    guard try await arguments.session().control.skip(resource) else {
      throw Failure("the rollout of \(arguments.promise) holds no resource \(resource); name it as NAMESPACE/NAME")
    }
    Console.out("\(resource): skipped; to go on: kubectl kratix upgrade resume \(arguments.promise)")
  }
}

struct RolloutAbort: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "abort", abstract: "Give a rollout up where it is.",
    discussion: """
      A resource that runs the Promise's present version follows the latest one again; any other stays pinned to the
      version that it runs. To bring everything back instead: kubectl kratix upgrade rollback.

      Example: kubectl kratix upgrade abort mongodb
      """)

  @OptionGroup var arguments: RolloutArguments

  func run() async throws {
    let record = try await arguments.session().control.abort()
    Console.out("Rollout \(record.number) of \(record.promise) is aborted.")
  }
}

struct RolloutRollback: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Bring a fleet back to the version it ran, and the Promise to its earlier spec.",
    discussion: """
      A rollout that is under way is turned round: the resources that were moved go back to the version that they ran,
      then the Promise does. After a rollout, the fleet goes to the earlier version in waves, as it came; said again, a
      rollback that stopped goes on, and --to the version that it left turns it round.

      Exit codes: 0 done, 1 stopped, 5 paused or waiting for approval.

      Example: kubectl kratix upgrade rollback mongodb
      """)

  @OptionGroup var arguments: RolloutArguments

  @Option(help: "The version to go to; the one before the last rollout when left out.")
  var to: String?

  @Flag(help: "Move every resource at a time, once the rollout is over.")
  var allAtOnce = false

  func run() async throws {
    let session = try arguments.session()
    let logic = try await session.control.look()
    let record = logic.record
    guard let live = logic.fleet.promise else { throw RolloutError.notServed(arguments.promise) }
    let isSame = record.promiseUID == live.object.uid
    if !record.isOver, isSame { return try await goBack(record, session) }
    let target = try await target(live, logic, before: isSame ? record.from : nil, session)
    var options = RolloutOptions(
      strategy: allAtOnce ? Strategy(groups: [.init(name: "all")]) : record.strategy,
      includesPinned: record.includesPinned)
    // A plan for the way there says nothing of the way back.
    options.strategy.startAt = nil
    options.strategy.from = []
    options.strategy.to = nil
    options.isRollback = true
    _ = try await session.control.begin(live, to: target, options: options)
    try await session.drive(candidate: target)
  }

  /// Turns an open rollout round, or goes on with one that takes an earlier one back.
  private func goBack(_ record: RolloutRecord, _ session: RolloutSession) async throws {
    guard [nil, record.from, record.to].contains(to), to != record.to || record.isRollback else {
      throw Failure(
        "a rollout from \(record.from) to \(record.to) is open: roll back to \(record.from), or abort it first")
    }
    if record.isRollback, to != record.from {
      _ = try await session.control.resume()
    } else {
      _ = try await session.control.turnBack()
    }
    try await session.drive()
  }

  /// The Promise to go to: of a revision, or as the record kept it where no revision does.
  private func target(
    _ live: Promise, _ logic: RolloutLogic, before: String?, _ session: RolloutSession
  ) async throws -> Promise {
    if let stored = try await RolloutStore(api: session.api, promise: session.promise).load(), before != nil,
      let kept = stored.before, to.map({ $0 == kept.revisionVersion }) ?? true, kept.planDigest != live.planDigest
    {
      return kept
    }
    guard let version = to ?? before else {
      throw Failure("Promise \(live.name) had no rollout since it was installed: say --to VERSION")
    }
    guard version != live.revisionVersion else {
      throw Failure("Promise \(live.name) is at \(version) already: say --to VERSION")
    }
    guard let revision = logic.fleet.revisions.values.first(where: { $0.version == version }) else {
      let known = Set(logic.fleet.revisions.values.map(\.version)).sorted().joined(separator: ", ")
      throw Failure("Promise \(live.name) has no revision of \(version); there are \(known)")
    }
    return Promise(of: revision)
  }
}

struct RolloutHistory: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List a Promise's rollouts, newest first.",
    discussion: "Example: kubectl kratix upgrade history mongodb")

  @OptionGroup var arguments: RolloutArguments

  func run() async throws {
    let session = try arguments.session()
    guard let stored = try await RolloutStore(api: session.api, promise: session.promise).load() else {
      throw RolloutError.noRollout(session.promise)
    }
    Console.out(RolloutText.history([stored.record] + stored.history))
  }
}

struct RolloutShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show one rollout of a Promise, whole, as YAML.",
    discussion: "Example: kubectl kratix upgrade show mongodb 3")

  @OptionGroup var arguments: RolloutArguments

  @Argument(help: "The rollout's number: see history.")
  var number: Int

  func run() async throws {
    let session = try arguments.session()
    let stored = try await RolloutStore(api: session.api, promise: session.promise).load()
    let records = stored.map { [$0.record] + $0.history } ?? []
    guard let record = records.first(where: { $0.number == number }) else {
      throw Failure("Promise \(session.promise) has no rollout \(number): see kubectl kratix upgrade history")
    }
    Console.out(String(YAML.text(record.json).dropLast()))
  }
}
