import ArgumentParser
import FleetUpgrade
import Foundation
import KratixModel
import Kubernetes
import KubernetesClient
import Programs
import Synchronization

/// Drives a rollout from a command, and ends the command as its help says: 0 done, 1 stopped, 5 paused.
struct RolloutSession: Sendable {
  static let pausedCode: Int32 = 5

  var api: any KubernetesAPI
  var promise: String

  static var now: Double { Date().timeIntervalSince1970 }

  var control: RolloutControl { RolloutControl(api: api, promise: promise, now: { Self.now }) }

  var watcher: RolloutWatcher { RolloutWatcher(api: api, promise: promise, now: { Self.now }) }

  /// Drives until the rollout is over or halted, or a signal ends the command.
  func drive(candidate: Promise? = nil, predictions: [String: String] = [:]) async throws {
    let narrator = RolloutNarrator()
    let driver = RolloutDriver(
      api: api, promise: promise, candidate: candidate, predictions: predictions, identity: .thisProcess,
      gate: Self.gate, now: { Self.now }, onEvent: { narrator.hear($0) })
    let ended = Mutex<RolloutRecord?>(nil)
    try await TerminationSignals.endingOnSignal {
      let record = try await driver.run()
      ended.withLock { $0 = record }
    }
    guard let record = ended.withLock({ $0 }) else {
      Console.note(
        "\nStopped driving; what is moving goes on. To go on: kubectl kratix upgrade resume \(promise)"
          + "; to look: kubectl kratix upgrade status \(promise)")
      throw ExitCode(130)
    }
    try Self.conclude(record)
  }

  /// Says how it ended. - Throws: `Failure` and exit codes.
  static func conclude(_ record: RolloutRecord) throws {
    switch record.halt {
    case .stopped(let reason): throw Failure("the rollout stopped, and the fleet is not done: \(reason)")
    case .paused:
      Console.note("The rollout is paused. To go on: kubectl kratix upgrade resume \(record.promise)")
      throw ExitCode(pausedCode)
    case .approval(let wave):
      let name = record.strategy.groups.indices.contains(wave) ? record.strategy.groups[wave].name : "\(wave + 1)"
      Console.note(
        "Wave \(name) is done and waits for approval: kubectl kratix upgrade approve \(record.promise)")
      throw ExitCode(pausedCode)
    case .aborting:
      throw Failure(
        "rollout \(record.number) of \(record.promise) is being aborted; unless somebody is at it: "
          + "kubectl kratix upgrade abort \(record.promise)")
    case nil: break
    }
    switch record.result {
    case .done:
      let held = record.counts.outside + record.counts.skipped
      Console.out("The fleet is done: \(record.counts.done) upgraded" + (held > 0 ? ", \(held) held." : "."))
    case .rolledBack: Console.out("The fleet is back at \(record.from).")
    case .aborted: throw Failure("the rollout was aborted")
    case nil: break
    }
  }

  /// Runs a gate command with what it is about in its environment; its output goes to stderr. It has ended when its shell
  /// has, whatever that left running.
  private static let gate: RolloutDriver.Gate = { command, record in
    let environment = ProcessInfo.processInfo.environment.merging([
      "KRATIX_UPGRADE_PROMISE": record.promise, "KRATIX_UPGRADE_FROM": record.from, "KRATIX_UPGRADE_TO": record.to,
      "KRATIX_UPGRADE_WAVE": record.group?.name ?? "",
    ]) { _, new in new }
    return try await Program("/bin/sh", ["-c", command], environment: environment)
      .run { _, bytes in FileHandle.standardError.write(Data(bytes)) }.code
  }
}

extension RolloutDriver.Identity {
  /// This process: named so that another one on this machine can tell whether it is still there.
  static var thisProcess: RolloutDriver.Identity {
    let pid = ProcessInfo.processInfo.processIdentifier
    let place = machine
    return RolloutDriver.Identity(name: "\(place)_\(pid)_\(startTime(of: pid) ?? "0")") { other in
      let parts = other.split(separator: "_").map(String.init)
      guard parts.count >= 3, other.hasPrefix(place + "_"), let pid = Int32(parts[parts.count - 2]) else {
        return false
      }
      return startTime(of: pid) != parts[parts.count - 1]
    }
  }

  /// The host, this boot of it, and what process numbers mean here.
  private static var machine: String {
    let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
    let space = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
    return "\(ProcessInfo.processInfo.hostName)_\(Hashes.md5(boot + space).prefix(8))"
  }

  /// When a process began, in the kernel's ticks; nil when there is no such process.
  private static func startTime(of pid: Int32) -> String? {
    ProcessStatus(of: pid).flatMap { $0.isZombie ? nil : $0.start }
  }
}
