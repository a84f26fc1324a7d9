import KratixModel
import Kubernetes

/// Asks the API server what it would say, by dry-run: it knows rules that are not evaluated here (CEL, admission
/// webhooks, quotas). Nothing is stored.
///
/// What it cannot be asked is whether resources satisfy CEL rules that only the new API has: it compiles them, and
/// evaluates them once the API is installed.
public struct ServerCheck: Sendable {
  /// How many requests are under way at a time.
  private static let parallelism = 8

  let api: any KubernetesAPI

  public init(api: any KubernetesAPI) { self.api = api }

  /// The plan with the server's answers in it: refusals of the Promise or its API are consequences, refused resources
  /// are invalid.
  /// - Throws: failures to reach the server; that a dry-run itself is not allowed is among the unknowns.
  public func asked(_ plan: UpgradePlan, candidate: Promise, fleet: FleetSnapshot) async throws -> UpgradePlan {
    var plan = plan
    func ask(_ what: String, _ request: () async throws -> Void) async throws {
      do {
        try await request()
      } catch let error as StatusError where error.reason == .forbidden && !Self.isAdmission(error) {
        plan.unknowns.append("the API server may not be asked about \(what): \(error.message)")
      } catch let error as StatusError {
        plan.consequences.insert(
          Consequence(.refused, "the API server refuses \(what): \(error.message.replacing("\n", with: " "))"), at: 0)
      }
    }
    try await ask("the Promise") {
      try await PromiseInstaller(api: api).ask(candidate, over: fleet.promise)
    }
    guard let live = fleet.promise?.api, let new = candidate.api, let type = live.resourceType else { return plan }
    if live.versions != new.versions {
      try await ask("the new API") {
        _ = try await api.patch(
          .customResourceDefinitions, namespace: nil, name: new.definition.name,
          .merge(["spec": ["versions": .array(new.versions)]]), options: WriteOptions(isDryRun: true))
      }
    }
    let refusals = try await refusals(of: fleet.members, type: type)
    for index in plan.resources.indices {
      switch refusals[plan.resources[index].qualifiedName] {
      case .refused(let message):
        plan.resources[index].verdict = .invalid
        plan.resources[index].reason = "the API server refuses it: \(message)"
      case .notAllowed(let message):
        plan.unknowns.append(
          "\(plan.resources[index].qualifiedName): the API server may not be asked about it: \(message)")
      case nil: break
      }
    }
    return plan
  }

  private enum Refusal: Sendable {
    case refused(String)
    case notAllowed(String)
  }

  private func refusals(of members: [FleetMember], type: ResourceType) async throws -> [String: Refusal] {
    try await withThrowingTaskGroup(of: (String, Refusal?).self) { group in
      var rest = members.filter { !$0.resource.object.isBeingDeleted }[...]
      func next() {
        guard let member = rest.popFirst() else { return }
        group.addTask {
          (member.resource.object.qualifiedName, try await refusal(of: member.resource.object, type: type))
        }
      }
      for _ in 0..<Self.parallelism { next() }
      var refusals: [String: Refusal] = [:]
      for try await (name, refusal) in group {
        refusals[name] = refusal
        next()
      }
      return refusals
    }
  }

  /// As a new object of the same content: of an update, a server looks only at what changes (ratcheting, Kubernetes
  /// 1.33).
  private func refusal(of object: KubernetesObject, type: ResourceType) async throws -> Refusal? {
    var copy = KubernetesObject(
      apiVersion: object.apiVersion, kind: object.kind, name: "", namespace: object.namespace)
    copy.metadata["name"] = nil
    copy.metadata["generateName"] = "kratix-preview-"
    copy.labels = object.labels
    copy.spec = object.spec
    do {
      _ = try await api.create(type, copy, options: WriteOptions(isDryRun: true))
      return nil
    } catch let error as StatusError where error.reason == .forbidden && !Self.isAdmission(error) {
      return .notAllowed(error.message)
    } catch let error as StatusError {
      return .refused(error.message)
    }
  }

  /// A webhook's denial, which has the same status as a missing right.
  private static func isAdmission(_ error: StatusError) -> Bool {
    error.message.contains("admission webhook") || error.message.contains("ValidatingAdmissionPolicy")
  }
}
