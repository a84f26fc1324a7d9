import Foundation
import Kubernetes
import Synchronization
import Testing

@testable import KratixControllers

/// The states that objects go through, each as what changed: paths and values, without times.
final class TransitionRecorder: Sendable {
  private struct State {
    var last: [String: [String: String]] = [:]
    var changes: [String: [[String]]] = [:]
    var versions: [String: UInt64] = [:]
    var waiters: [(key: String, version: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  func record(_ type: ResourceType, api: any KubernetesAPI) async throws {
    for try await event in api.observe(type) {
      switch event {
      case .snapshot(let objects): for object in objects { add(object, type) }
      case .added(let object), .modified(let object): add(object, type)
      case .deleted(let object):
        state.withLock { $0.changes["\(type.kind) \(object.name)", default: []].append(["deleted"]) }
      }
    }
  }

  /// Returns when this state of an object, or a later one, has been recorded.
  func catchUp(with object: KubernetesObject) async {
    let key = "\(object.kind) \(object.name)"
    let version = UInt64(object.resourceVersion) ?? 0
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if state.versions[key, default: 0] >= version { return true }
        state.waiters.append((key, version, continuation))
        return false
      }
      if isThere { continuation.resume() }
    }
  }

  /// What was seen of an object, in order.
  func changes(of kind: String, _ name: String) -> [[String]] {
    state.withLock { $0.changes["\(kind) \(name)"] ?? [] }
  }

  private func add(_ object: KubernetesObject, _ type: ResourceType) {
    var facts: [String: String] = [:]
    Self.flatten(object.status ?? .null, "status", &facts)
    Self.flatten(JSON(object.labels), "labels", &facts)
    Self.flatten(JSON(object.finalizers), "finalizers", &facts)
    facts["generation"] = "\(object.generation)"
    let key = "\(type.kind) \(object.name)"
    state.withLock { state in
      let change = Self.change(from: state.last[key] ?? [:], to: facts)
      state.last[key] = facts
      if !change.isEmpty { state.changes[key, default: []].append(change) }
      let version = UInt64(object.resourceVersion) ?? 0
      state.versions[key] = version
      let ready = state.waiters.filter { $0.key == key && $0.version <= version }
      state.waiters.removeAll { $0.key == key && $0.version <= version }
      for waiter in ready { waiter.continuation.resume() }
    }
  }

  /// The same of a recording: `transitions.jsonl`.
  static func recorded(_ file: String, _ kind: String, _ name: String) throws -> [[String]] {
    let text = try String(contentsOf: Recorded.root.appending(path: file), encoding: .utf8)
    var last: [String: String] = [:]
    var changes: [[String]] = []
    for line in text.split(separator: "\n") where line.contains("\"name\":\"\(name)\"") {
      let event = try JSON(parsing: Array(line.utf8))
      guard event["kind"]?.stringValue == kind, event["name"]?.stringValue == name else { continue }
      if event["type"]?.stringValue == "DELETED" {
        changes.append(["deleted"])
        continue
      }
      var facts: [String: String] = [:]
      flatten(event["status"] ?? .null, "status", &facts)
      flatten(event["metadata"]?["labels"] ?? .emptyObject, "labels", &facts)
      flatten(event["metadata"]?["finalizers"] ?? [], "finalizers", &facts)
      facts["generation"] = "\(event["metadata"]?["generation"]?.intValue ?? 0)"
      let change = change(from: last, to: facts)
      last = facts
      if !change.isEmpty { changes.append(change) }
    }
    return changes
  }

  private static func change(from old: [String: String], to new: [String: String]) -> [String] {
    let set = new.filter { old[$0.key] != $0.value }.map { "\($0.key)=\($0.value)" }
    let gone = old.keys.filter { new[$0] == nil }.map { "-\($0)" }
    return (set + gone).sorted()
  }

  /// Conditions and pipelines by their names; times only as being there.
  private static func flatten(_ value: JSON, _ path: String, _ facts: inout [String: String]) {
    switch value {
    case .object(let members):
      for (key, member) in members {
        if key.hasSuffix("Time") {
          facts["\(path).\(key)"] = "time"
        } else {
          flatten(member, "\(path).\(key)", &facts)
        }
      }
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        let name = element["type"]?.stringValue ?? element["name"]?.stringValue ?? element.stringValue ?? "\(index)"
        if element.objectValue == nil {
          facts["\(path)[\(name)]"] = ""
        } else {
          flatten(element, "\(path)[\(name)]", &facts)
        }
      }
    case .null: break
    default: facts[path] = value.text()
    }
  }
}

/// Expects the same changes in the same order, and shows where the two part.
func expectSame(
  _ seen: [[String]], _ wanted: [[String]], _ what: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  guard seen != wanted else { return }
  let same = zip(seen, wanted).prefix { $0 == $1 }.count
  func lines(_ changes: [[String]]) -> String {
    changes.dropFirst(same).prefix(4).map { "  " + $0.joined(separator: " | ") }.joined(separator: "\n")
  }
  Issue.record(
    "\(what), after \(same) changes:\nseen\n\(lines(seen))\nwanted\n\(lines(wanted))", sourceLocation: sourceLocation)
}
