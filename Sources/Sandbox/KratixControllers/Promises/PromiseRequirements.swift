import KratixModel
import Kubernetes

/// The Promises that a Promise requires (contract, section 11.2): pure rules, and the reading around them.
public enum PromiseRequirements {
  public enum State: String, Sendable, Hashable {
    case installed = "Requirement installed"
    case notInstalled = "Requirement not installed"
    case notInstalledAtVersion = "Requirement not installed at the specified version"
    case notAvailable = "Requirement not available"
    case unknown = "Requirement state unknown"

    /// The reason of the condition RequirementsFulfilled that this state gives, nil when it is met.
    var reason: String? {
      switch self {
      case .installed: nil
      case .notAvailable: "RequirementsNotAvailable"
      case .notInstalled, .notInstalledAtVersion, .unknown: "RequirementsNotInstalled"
      }
    }
  }

  /// - Parameters:
  ///   - required: the required Promise, nil when there is none of that name.
  ///   - revisions: its revisions.
  public static func state(
    of requirement: RequiredPromise, required: Promise?, revisions: [PromiseRevision]
  ) -> State {
    guard let required else { return .notInstalled }
    guard requirement.version.isEmpty || revisions.contains(where: { $0.version == requirement.version }) else {
      return .notInstalledAtVersion
    }
    return required.string("status") == PromiseConditions.isAvailable ? .installed : .notAvailable
  }

  /// RequirementsFulfilled for the states of all requirements; the last one that is not met gives the reason.
  public static func condition(_ states: [State]) -> Condition {
    if let reason = states.compactMap(\.reason).last {
      let message =
        states.last { $0.reason != nil } == .unknown
        ? "Unable to determine if requirements are fulfilled" : "Requirements not fulfilled"
      return Condition(
        type: KratixConditions.requirementsFulfilled, status: .false, reason: reason, message: message)
    }
    return Condition(
      type: KratixConditions.requirementsFulfilled, status: .true, reason: "RequirementsInstalled",
      message: "Requirements fulfilled")
  }
}

extension PromiseReconciler {
  /// Looks every requirement up and writes the findings into the status in memory. - Returns: whether that changed it.
  func checkRequirements(_ promise: inout Promise) async throws -> Bool {
    let requirements = promise.requiredPromises
    let known = promise.object[path: "status", "requiredPromises"]?.arrayValue ?? []
    if requirements.isEmpty, known.isEmpty { return false }
    var states: [PromiseRequirements.State] = []
    for requirement in requirements {
      let required = try await api.find(.promises, namespace: nil, name: requirement.name).map(Promise.init)
      let revisions = required == nil ? [] : try await api.revisions(ofPromise: requirement.name)
      let state = PromiseRequirements.state(of: requirement, required: required, revisions: revisions)
      states.append(state)
      if required == nil {
        await record(
          .normal, "RequirementsNotInstalled", "Required Promise \(requirement.name) not installed or unknown state",
          on: promise.object)
      } else if let reason = state.reason {
        await record(
          .normal, reason, "Waiting for required Promise \(requirement.name): \(state.rawValue) ", on: promise.object)
      }
      if let required { try await note(promise, requires: requirement.version, of: required) }
    }
    let condition = PromiseRequirements.condition(states)
    if condition.status == .true, !requirements.isEmpty {
      await record(.normal, "RequirementsFulfilled", "All required promises are available", on: promise.object)
    }
    let before = promise.object
    let list = zip(requirements, states).map { requirement, state -> JSON in
      var entry: JSON = ["name": .string(requirement.name), "state": .string(state.rawValue)]
      if !requirement.version.isEmpty { entry["version"] = .string(requirement.version) }
      return entry
    }
    promise.object.json.set(list.isEmpty ? nil : .array(list), at: ["status", "requiredPromises"])
    promise.object.setCondition(condition, now: context.now)
    return promise.object != before
  }

  /// Tells the required Promise who requires it; that is never taken back.
  private func note(_ promise: Promise, requires version: String, of required: Promise) async throws {
    var required = required.typed
    let before = required.object
    var summary: JSON = ["name": .string(promise.name)]
    let own = promise.string("version")
    if !own.isEmpty { summary["version"] = .string(own) }
    var entry: JSON = ["promise": summary]
    if !version.isEmpty { entry["requiredVersion"] = .string(version) }
    var entries = before[path: "status", "requiredBy"]?.arrayValue ?? []
    if let index = entries.firstIndex(where: { $0[path: "promise", "name"]?.stringValue == promise.name }) {
      entries[index] = entry
    } else {
      entries.append(entry)
    }
    required.object.json.set(.array(entries), at: ["status", "requiredBy"])
    guard required.object != before else { return }
    do {
      _ = try await api.updateStatus(.promises, required.object)
    } catch let error as StatusError {
      context.logger.debug("cannot tell Promise \(required.name) that \(promise.name) requires it: \(error)")
    }
  }
}
