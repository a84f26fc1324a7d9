import FleetUpgrade
import Kubernetes
import PromiseReview

/// A plan as a person reads it.
enum PlanText {
  static func table(_ plan: UpgradePlan, command: String, wide: Bool = false) -> String {
    var sections = [promise(plan.promise)]
    if plan.resources.isEmpty {
      sections.append("The fleet has no resources.")
    } else {
      sections.append(resources(plan.resources, wide: wide))
      let details = plan.resources.compactMap(detail)
      if !details.isEmpty { sections.append(details.joined(separator: "\n")) }
    }
    let findings = plan.findings.filter { wide || $0.severity > .info }
    if !findings.isEmpty { sections.append(self.findings(findings)) }
    if !plan.unknowns.isEmpty {
      sections.append("What could not be told:\n" + plan.unknowns.map { "  \($0)" }.joined(separator: "\n"))
    }
    sections.append(summary(plan, command: command))
    return sections.joined(separator: "\n\n")
  }

  private static func promise(_ change: PromiseChange) -> String {
    var lines: [String]
    if !change.isInstalled {
      lines = ["Promise \(change.name): not installed -> \(change.toVersion)"]
    } else if change.fromVersion == change.toVersion {
      lines = [
        "Promise \(change.name): \(change.toVersion), \(change.specChanges ? "changed in place" : "not changed")"
      ]
    } else {
      lines = ["Promise \(change.name): \(change.fromVersion ?? "") -> \(change.toVersion)"]
    }
    for image in change.images {
      lines.append("  \(image.container): \(image.from ?? "(none)") -> \(image.to ?? "(none)")")
    }
    return lines.joined(separator: "\n")
  }

  private static func resources(_ plans: [ResourcePlan], wide: Bool) -> String {
    var table =
      wide
      ? TextTable("VERDICT", "NAMESPACE", "NAME", "VERSION", "BINDING", "REASON")
      : TextTable("VERDICT", "NAMESPACE", "NAME", "VERSION", "REASON")
    for plan in plans {
      let start = [plan.verdict.rawValue, plan.namespace, plan.name, plan.version ?? "-"]
      table.rows.append(start + (wide ? [plan.boundTo ?? "-"] : []) + [plan.reason])
    }
    return table.text
  }

  /// The fields that change for one resource; nil when there is nothing to show.
  private static func detail(_ plan: ResourcePlan) -> String? {
    var lines = plan.changes.map { "  " + line($0) }
    if !plan.lastLines.isEmpty {
      lines.append("  the container's last lines:")
      lines += plan.lastLines.map { "    \($0)" }
    }
    if !plan.noise.isEmpty {
      lines.append("  differs by itself from run to run, or was edited by hand (not counted):")
      lines += plan.noise.map { "    " + line($0) }
    }
    guard !lines.isEmpty else { return nil }
    return "\(plan.namespace)/\(plan.name)\n" + lines.joined(separator: "\n")
  }

  static func line(_ change: Change) -> String {
    let place = change.path.isEmpty ? change.object : "\(change.object) \(change.path)"
    switch change.kind {
    case .added: return change.path.isEmpty ? "\(place): added" : "\(place): added \(value(change.to))"
    case .removed: return change.path.isEmpty ? "\(place): removed" : "\(place): removed (was \(value(change.from)))"
    case .modified: return "\(place): \(value(change.from)) -> \(value(change.to))"
    case .renamed: return "\(place): renamed to \(value(change.to))"
    case .replaced:
      return "\(place): \(value(change.from)) -> \(value(change.to)) (replace: this field cannot change in place)"
    }
  }

  /// A value on one line, cut where it gets long.
  private static func value(_ value: JSON?) -> String {
    guard let value else { return "(none)" }
    let text = value.stringValue ?? value.text(.init(escapesHTML: false))
    let line = text.replacing("\n", with: "\\n")
    return line.count > 160 ? line.prefix(157) + "..." : line
  }

  private static func findings(_ findings: [Finding]) -> String {
    "Findings:\n"
      + findings.map { finding in
        "  \(finding.severity.rawValue) \(finding.rule.rawValue): \(finding.text)\n    \(finding.remedy)"
      }.joined(separator: "\n")
  }

  private static func summary(_ plan: UpgradePlan, command: String) -> String {
    let counts = Verdict.allCases.compactMap { verdict -> String? in
      let count = plan.count(verdict)
      return count == 0 ? nil : "\(count) \(verdict.rawValue)"
    }
    let text = counts.isEmpty ? "Nobody is concerned." : "Summary: \(counts.joined(separator: ", "))."
    return "\(text)\nTo carry it out: \(command)"
  }
}
