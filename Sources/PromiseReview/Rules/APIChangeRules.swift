import KratixModel
import Kubernetes

/// Compatibility of the API, and the live resources that an incompatible change would hit.
struct APIChangeRules {
  let candidate: Promise
  let live: Promise
  let fleet: FleetEvidence?

  func findings() -> [Finding] {
    guard let old = live.api, old.isCustomResourceDefinition else { return [] }
    guard let new = candidate.api else {
      return [
        Finding(.apiRemoved, path: "spec.api", message: "cannot remove API from existing promise" + resourcesClause)
      ]
    }
    guard new.isCustomResourceDefinition, old != new else { return [] }
    let identity = Set(["metadata.name": old.definition.name == new.definition.name].filter { !$0.value }.keys)
    var findings = identity.map {
      Finding(.apiIdentity, path: "spec.api.\($0)", message: "field is immutable" + resourcesClause)
    }
    let comparison = APIComparison(old: old, new: new)
    findings += comparison.changes.compactMap { finding(for: $0, new: new) }
    let explained = findings.filter { $0.severity == .deny }.flatMap(\.evidence)
    findings += invalidResources(old: old, new: new, except: Set(explained))
    return findings
  }

  private var resourcesClause: String {
    guard let fleet, !fleet.resources.isEmpty else { return "" }
    let names = fleet.resources.map(\.object.qualifiedName)
    return "; \(NameList.count(names.count, "resource")) live by it: \(NameList.text(names))"
  }

  private func finding(for change: SchemaChange, new: PromiseAPI) -> Finding? {
    guard let rule = change.rule, change.verdict != .compatible else { return nil }
    let path = "spec.api"
    guard change.verdict == .breaking else {
      return Finding(rule, severity: min(rule.defaultSeverity, .warn), path: path, message: change.sentence)
    }
    guard let fleet else { return Finding(rule, severity: .deny, path: path, message: change.sentence) }
    // What Kubernetes holds to be immutable is refused whether or not somebody uses it.
    if rule == .apiIdentity {
      return Finding(rule, path: path, message: change.sentence + resourcesClause)
    }
    let impact = SchemaImpact(change: change, schema: new.schema ?? .emptyObject)
    let hit = fleet.resources.filter { impact.hits($0.object.json) }.map(\.object.qualifiedName)
    guard !hit.isEmpty else {
      return Finding(
        rule, severity: .warn, path: path,
        message: "\(change.sentence); none of the \(NameList.count(fleet.resources.count, "live resource")) "
          + impact.clauseForNone)
    }
    return Finding(
      rule, severity: impact.isCertain ? .deny : .warn, path: path,
      message: "\(change.sentence), \(impact.clause(hit.count)): \(NameList.text(hit))", evidence: hit)
  }

  /// The resources that validate now and would not any more, whatever the reason.
  /// - Parameter explained: those of which another finding has said why.
  private func invalidResources(old: PromiseAPI, new: PromiseAPI, except explained: Set<String>) -> [Finding] {
    guard let fleet, !fleet.resources.isEmpty, let before = old.schema, let after = new.schema, before != after else {
      return []
    }
    let present = ResourceValidator(schema: before)
    let future = ResourceValidator(schema: after)
    var complaints: [(name: String, why: String)] = []
    for resource in fleet.resources where !explained.contains(resource.object.qualifiedName) {
      let errors = future.errors(in: resource.object.json)
      guard let first = errors.first, present.errors(in: resource.object.json).isEmpty else { continue }
      complaints.append((resource.object.qualifiedName, "\(first.field): \(first.message)"))
    }
    guard !complaints.isEmpty else { return [] }
    let names = complaints.map(\.name)
    return [
      Finding(
        .resourceInvalid, path: "spec.api",
        message: "\(NameList.count(names.count, "resource")) would no longer validate: "
          + NameList.text(complaints.map { "\($0.name) (\($0.why))" }), evidence: names)
    ]
  }
}
