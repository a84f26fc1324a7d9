import Foundation
import Kubernetes
import Synchronization

/// What containers printed: written by whatever runs pods, read by `pods/log`. Kept as files, a line each with the time
/// it was printed, so that logs outlive the process.
public final class PodLogs: Sendable {
  /// One printed line, or the beginning of one.
  struct Line: Sendable {
    /// Seconds since 1970.
    var time: Double
    /// With its newline, when it has come.
    var text: [UInt8]
  }

  private struct Log {
    var lines: [Line] = []
    var isFinished = false
    var waiters: [Int: AsyncStream<Void>.Continuation] = [:]
  }

  private struct State {
    var logs: [String: Log] = [:]
    var nextWaiter = 0
  }

  /// More than this of one container is not kept.
  private static let maximumLines = 50_000

  private let directory: URL?
  private let state = Mutex(State())

  /// - Parameter directory: of files `POD-UID/CONTAINER.log`, written when a container has ended; nil keeps all in memory.
  public init(directory: URL?) { self.directory = directory }

  /// Takes what a container printed.
  public func append(podUID: String, container: String, _ bytes: [UInt8]) {
    let key = "\(podUID)/\(container)"
    let now = Clock.now()
    state.withLock { state in
      var log = state.logs[key] ?? Log(lines: read(key))
      for piece in bytes.split(after: 0x0A) {
        if let last = log.lines.indices.last, log.lines[last].text.last != 0x0A {
          log.lines[last].text += piece
        } else {
          log.lines.append(Line(time: now, text: piece))
        }
      }
      if log.lines.count > Self.maximumLines { log.lines.removeFirst(log.lines.count - Self.maximumLines) }
      for waiter in log.waiters.values { waiter.yield() }
      state.logs[key] = log
    }
  }

  /// The container has ended: its log is complete and written to disk.
  public func finish(podUID: String, container: String) {
    let key = "\(podUID)/\(container)"
    let waiters = state.withLock { state in
      var log = state.logs[key] ?? Log(lines: read(key))
      log.isFinished = true
      let waiters = Array(log.waiters.values)
      log.waiters = [:]
      // On disk it is safe; in memory only while somebody writes.
      state.logs[key] = write(key, log.lines) ? nil : log
      return waiters
    }
    // Outside of the lock: ending a stream tells its reader, who takes the lock.
    for waiter in waiters { waiter.finish() }
  }

  /// The pod has ended: whoever still follows a log of it reads what there is, and is done. Of a pod that another
  /// process runs nobody else says so.
  func endFollowing(podUID: String) {
    let waiters = state.withLock { state in
      var waiters: [AsyncStream<Void>.Continuation] = []
      for key in state.logs.keys where key.hasPrefix(podUID + "/") {
        waiters += (state.logs[key]?.waiters ?? [:]).values
        state.logs[key]?.waiters = [:]
        if state.logs[key]?.lines.isEmpty == true { state.logs[key] = nil }
      }
      return waiters
    }
    for waiter in waiters { waiter.finish() }
  }

  /// Whether a pod prints no more.
  static func isComplete(_ pod: KubernetesObject) -> Bool {
    ["Succeeded", "Failed"].contains(pod[path: "status", "phase"]?.stringValue ?? "")
  }

  /// Forgets the logs of a pod that is gone.
  public func remove(podUID: String) {
    let waiters = state.withLock { state in
      var waiters: [AsyncStream<Void>.Continuation] = []
      for key in state.logs.keys where key.hasPrefix(podUID + "/") {
        waiters += (state.logs[key]?.waiters ?? [:]).values
        state.logs[key] = nil
      }
      if let directory, !podUID.isEmpty, !podUID.contains("/") {
        try? FileManager.default.removeItem(at: directory.appending(path: podUID))
      }
      return waiters
    }
    for waiter in waiters { waiter.finish() }
  }

  func lines(podUID: String, container: String) -> [Line] {
    let key = "\(podUID)/\(container)"
    return state.withLock { state in state.logs[key]?.lines ?? read(key) }
  }

  /// Yields whenever there is more; finishes with the container. nil when it has ended already.
  func follow(podUID: String, container: String) -> AsyncStream<Void>? {
    let key = "\(podUID)/\(container)"
    return state.withLock { state in
      if state.logs[key]?.isFinished == true || (state.logs[key] == nil && isOnDisk(key)) { return nil }
      state.nextWaiter += 1
      let number = state.nextWaiter
      let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
      continuation.onTermination = { [weak self] _ in
        self?.state.withLock { state in _ = state.logs[key]?.waiters.removeValue(forKey: number) }
      }
      state.logs[key, default: Log()].waiters[number] = continuation
      return stream
    }
  }

  private func file(_ key: String) -> URL? {
    guard !key.contains("..") else { return nil }
    return directory?.appending(path: key + ".log")
  }

  private func isOnDisk(_ key: String) -> Bool {
    file(key).map { FileManager.default.fileExists(atPath: $0.path) } ?? false
  }

  private func write(_ key: String, _ lines: [Line]) -> Bool {
    guard let file = file(key) else { return false }
    var data = Data()
    for line in lines {
      data.append(contentsOf: Array("\(Timestamp.microText(secondsSince1970: line.time)) ".utf8))
      data.append(contentsOf: line.text)
    }
    do {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try data.write(to: file, options: .atomic)
      return true
    } catch {
      return false
    }
  }

  private func read(_ key: String) -> [Line] {
    guard let file = file(key), let data = try? Data(contentsOf: file) else { return [] }
    return [UInt8](data).split(after: 0x0A).compactMap { line in
      guard let blank = line.firstIndex(of: 0x20),
        let time = Timestamp.secondsSince1970(String(decoding: line[..<blank], as: UTF8.self))
      else { return nil }
      return Line(time: time, text: Array(line[(blank + 1)...]))
    }
  }
}

extension Array<UInt8> {
  /// The pieces that end with a byte, and what follows the last of them.
  fileprivate func split(after end: UInt8) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var start = startIndex
    while start < endIndex {
      let stop = self[start...].firstIndex(of: end).map { $0 + 1 } ?? endIndex
      pieces.append(Array(self[start..<stop]))
      start = stop
    }
    return pieces
  }
}
