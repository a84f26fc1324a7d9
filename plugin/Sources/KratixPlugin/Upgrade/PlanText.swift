import FleetUpgrade
import Kubernetes
import PromiseReview

/// A plan as a person reads it.
enum PlanText {
  /// So many resources have a line of their own; of larger fleets the groups tell, and `wide` shows all.
  static let rowLimit = 100
  /// So many changes of the Promise itself are shown; `wide` shows all.
  static let promiseChangeLimit = 20
  /// So many resources that change alike are shown one by one.
  static let alikeLimit = 3

  /// - Parameter only: the verdicts to show; the summary counts all.
  static func table(
    _ plan: UpgradePlan, command: String, wide: Bool = false,
    only: Set<FleetUpgrade.Verdict> = Set(FleetUpgrade.Verdict.allCases),
    paint: Paint = .plain
  ) -> String {
    let shown = plan.resources.filter { only.contains($0.verdict) }
    var sections = [promise(plan.promise, wide: wide)]
    if plan.resources.isEmpty {
      sections.append("The fleet has no resources.")
    } else {
      if !shown.isEmpty { sections.append(resources(shown, wide: wide, paint: paint)) }
      let details = self.details(shown)
      if !details.isEmpty { sections.append(Printable.text(details.joined(separator: "\n"))) }
    }
    if !plan.consequences.isEmpty {
      sections.append(
        Printable.text("When it is applied:\n" + plan.consequences.map { "  \($0.message)" }.joined(separator: "\n")))
    }
    let findings = plan.otherFindings.filter { wide || $0.severity > .info }
    if !findings.isEmpty { sections.append(Printable.text(self.findings(findings))) }
    if !plan.unknowns.isEmpty {
      sections.append(
        Printable.text("What could not be told:\n" + plan.unknowns.map { "  \($0)" }.joined(separator: "\n")))
    }
    sections.append(summary(plan, command: command))
    return sections.joined(separator: "\n\n")
  }

  private static func promise(_ change: PromiseChange, wide: Bool) -> String {
    var lines = [title(change)]
    for image in change.images {
      lines.append("  \(image.container): \(image.from ?? "(none)") -> \(image.to ?? "(none)")")
    }
    let changes = wide ? change.changes[...] : change.changes.prefix(promiseChangeLimit)
    lines += changes.map { "  " + line($0) }
    if changes.count < change.changes.count {
      lines.append("  ... and \(change.changes.count - changes.count) more changes; -o wide shows all")
    }
    return lines.map(Printable.text).joined(separator: "\n")
  }

  /// `Promise mongodb: v0.1.0 -> v0.2.0`.
  static func title(_ change: PromiseChange) -> String {
    if !change.isInstalled { return "Promise \(change.name): not installed -> \(change.toVersion)" }
    if change.fromVersion == change.toVersion {
      return "Promise \(change.name): \(change.toVersion), \(change.specChanges ? "changed in place" : "not changed")"
    }
    return "Promise \(change.name): \(change.fromVersion ?? "") -> \(change.toVersion)"
  }

  private static func resources(_ plans: [ResourcePlan], wide: Bool, paint: Paint) -> String {
    var table =
      wide
      ? TextTable("VERDICT", "NAMESPACE", "NAME", "VERSION", "BINDING", "MARKS", "REASON")
      : TextTable("VERDICT", "NAMESPACE", "NAME", "VERSION", "REASON")
    for plan in wide ? plans[...] : plans.prefix(rowLimit) {
      let start = [plan.verdict.rawValue, plan.namespace, plan.name, plan.version ?? "-"]
      table.rows.append(
        start + (wide ? [plan.boundTo ?? "-", plan.marks.isEmpty ? "-" : plan.marks.joined(separator: ", ")] : []) + [
          Printable.text(plan.reason)
        ])
    }
    var lines = table.text.split(separator: "\n").map { paint.verdictLine(String($0)) }
    if !wide, plans.count > rowLimit { lines.append("... and \(plans.count - rowLimit) more; -o wide shows all") }
    return lines.joined(separator: "\n")
  }

  /// What changes: for resources that change alike once, the riskiest first.
  private static func details(_ plans: [ResourcePlan]) -> [String] {
    let groups = ChangeGroup.groups(plans)
    guard groups.contains(where: { $0.resources.count > alikeLimit && !$0.changes.isEmpty }) else {
      return plans.compactMap(detail)
    }
    let byName = Dictionary(plans.map { ($0.qualifiedName, $0) }, uniquingKeysWith: { first, _ in first })
    return groups.flatMap { group -> [String] in
      if group.resources.count <= alikeLimit {
        return group.resources.compactMap { byName[$0] }.compactMap(detail)
      }
      guard !group.changes.isEmpty || group.verdict == .fails else { return [] }
      var lines = ["\(group.resources.count) resources alike: \(NameList.text(group.resources))"]
      if group.verdict == .fails { lines.append("  \(group.reason)") }
      return [(lines + group.changes.map { "  " + line($0) }).joined(separator: "\n")]
    }
  }

  /// The fields that change for one resource; nil when there is nothing to show.
  private static func detail(_ plan: ResourcePlan) -> String? {
    var lines = plan.changes.map { "  " + line($0) }
    if !plan.lastLines.isEmpty {
      lines.append("  the container's last lines:")
      lines += plan.lastLines.map { "    \(Printable.text($0))" }
    }
    if !plan.noise.isEmpty {
      lines.append("  differs by itself from run to run, or was edited by hand (not counted):")
      lines += plan.noise.map { "    " + line($0) }
    }
    lines = lines.map(Printable.text)
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
  static func value(_ value: JSON?) -> String {
    guard let value else { return "(none)" }
    let text = value.stringValue ?? value.text(.init(escapesHTML: false))
    let line = Printable.text(text.replacing("\n", with: "\\n"))
    return line.count > 160 ? line.prefix(157) + "..." : line
  }

  static func runs(_ runs: RunCount) -> String {
    "\(NameList.count(runs.pipelines - runs.shared, "pipeline")) run; \(runs.shared) more had the very input of one that had run, "
      + "and took its result."
  }

  private static func findings(_ findings: [Finding]) -> String {
    "Findings:\n"
      + findings.map { finding in
        "  \(finding.severity.rawValue) \(finding.rule.rawValue): \(finding.text)\n    \(finding.remedy)"
      }.joined(separator: "\n")
  }

  private static func summary(_ plan: UpgradePlan, command: String) -> String {
    let counts = FleetUpgrade.Verdict.allCases.compactMap { verdict -> String? in
      let count = plan.count(verdict)
      return count == 0 ? nil : "\(count) \(verdict.rawValue)"
    }
    var text = counts.isEmpty ? "Nobody is concerned." : "Summary: \(counts.joined(separator: ", "))."
    if plan.runs.shared > 0 {
      text += "\n\(runs(plan.runs))"
    }
    if let estimate = plan.estimate { text += "\nTime, all at once: \(estimate.text)." }
    return "\(text)\nTo carry it out: \(command)"
  }
}

/// Text that others wrote, on its way to a terminal.
enum Printable {
  /// Without characters that would move the cursor or change colours: they are written as `\u{1B}`.
  static func text(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isControl(scalar) {
        result += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == "\n" || scalar == "\t" { return false }
    switch scalar.properties.generalCategory {
    case .control: return true
    // Marks that turn the direction of what follows.
    case .format: return (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    default: return false
    }
  }
}
