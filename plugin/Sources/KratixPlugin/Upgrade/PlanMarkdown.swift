import FleetUpgrade
import Kubernetes
import PromiseReview

/// A plan as Markdown, for the comment of a pull request.
enum PlanMarkdown {
  /// What the summary, the longest names apart, takes at most.
  static let smallestLimit = 2000
  private static let namesPerGroup = 20
  private static let changesPerGroup = 50

  /// - Parameters:
  ///   - only: the verdicts to show; the summary counts all.
  ///   - limit: the most UTF-8 bytes. The summary comes first, then the riskiest groups; what no longer fits is counted.
  static func document(
    _ plan: UpgradePlan, command: String, only: Set<FleetUpgrade.Verdict>, limit: Int
  ) -> String {
    var document = Bounded(limit: limit)
    // The end first: it must have its place.
    let end = "\n" + footer(plan, command: command)
    document.reserve(end)
    document.add("### \(escaped(PlanText.title(plan.promise).replacing("->", with: "→")))\n\n" + summary(plan))
    if !plan.unknowns.isEmpty { document.add(list("What could not be told", plan.unknowns.map(escaped))) }
    let shown = plan.resources.filter { only.contains($0.verdict) }
    for group in ChangeGroup.groups(shown) {
      document.add(self.group(group, resources: shown))
    }
    document.add(list("The Promise", promise(plan.promise)))
    document.add(list("When it is applied", plan.consequences.map { escaped($0.message) }))
    document.add(
      list(
        "Findings",
        plan.otherFindings.filter { $0.severity > .info }.map {
          "**\($0.severity.rawValue)** `\($0.rule.rawValue)`: \(escaped($0.text)) \(escaped($0.remedy))"
        }))
    return document.finished(with: end)
  }

  private static func summary(_ plan: UpgradePlan) -> String {
    if plan.resources.isEmpty { return "The fleet has no resources.\n" }
    let verdicts = FleetUpgrade.Verdict.allCases.filter { plan.count($0) > 0 }
    return "| " + verdicts.map(\.rawValue).joined(separator: " | ") + " |\n|"
      + String(repeating: " ---: |", count: verdicts.count) + "\n| "
      + verdicts.map { String(plan.count($0)) }.joined(separator: " | ") + " |\n"
  }

  private static func footer(_ plan: UpgradePlan, command: String) -> String {
    var text = ""
    if plan.runs.shared > 0 { text += "\(escaped(PlanText.runs(plan.runs)))\n\n" }
    if let estimate = plan.estimate { text += "Time, all at once: \(escaped(estimate.text)).\n\n" }
    return text + "To carry it out: \(code(command))\n"
  }

  private static func promise(_ change: PromiseChange) -> [String] {
    change.images.map { image in
      "\(code(image.container)): \(code(image.from ?? "(none)")) → \(code(image.to ?? "(none)"))"
    } + change.changes.map(line)
  }

  private static func group(_ group: ChangeGroup, resources: [ResourcePlan]) -> String {
    let names = group.resources
    let title = names.count == 1 ? names[0] : "\(names.count) resources"
    var text = "\n<details\(group.risk < .changes ? " open" : "")><summary><b>\(group.verdict.rawValue)</b> "
    text += "\(html(title)): \(html(group.reason))</summary>\n\n"
    if names.count > 1 {
      text += names.prefix(namesPerGroup).map(code).joined(separator: ", ")
      if names.count > namesPerGroup { text += ", and \(names.count - namesPerGroup) more" }
      text += "\n\n"
    }
    text += group.changes.prefix(changesPerGroup).map { "- \(line($0))\n" }.joined()
    if group.changes.count > changesPerGroup {
      text += "- … and \(group.changes.count - changesPerGroup) more changes\n"
    }
    guard let first = resources.first(where: { $0.qualifiedName == names.first }) else {
      return text + "\n</details>\n"
    }
    if !first.lastLines.isEmpty { text += "\n" + fenced(first.lastLines) }
    if !first.noise.isEmpty {
      text += "\nDiffers by itself from run to run, or was edited by hand (not counted):\n\n"
      text += first.noise.prefix(changesPerGroup).map { "- \(line($0))\n" }.joined()
    }
    return text + "\n</details>\n"
  }

  private static func line(_ change: Change) -> String {
    let place = code(change.path.isEmpty ? change.object : "\(change.object) \(change.path)")
    let from = code(PlanText.value(change.from))
    let to = code(PlanText.value(change.to))
    return switch change.kind {
    case .added: change.path.isEmpty ? "\(place) **added**" : "\(place) **added** \(to)"
    case .removed: change.path.isEmpty ? "\(place) **removed**" : "\(place) **removed** (was \(from))"
    case .modified: "\(place): \(from) → \(to)"
    case .renamed: "\(place) **renamed** to \(to)"
    case .replaced: "\(place): \(from) → \(to) (**replace**: this field cannot change in place)"
    }
  }

  private static func list(_ title: String, _ items: [String]) -> String {
    items.isEmpty ? "" : "\n**\(title)**\n\n" + items.map { "- \($0)\n" }.joined()
  }

  // MARK: Escapes: nothing that a pipeline or a request says becomes markup.

  static func html(_ text: String) -> String {
    Printable.text(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\n", with: " ")
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in html(text) {
      // `@` would notify whoever is called so.
      if "\\`*_[]|#~".contains(character) { result.append("\\") }
      result += character == "@" ? "@\u{200B}" : String(character)
    }
    return result
  }

  /// A code span; its fence is longer than any within.
  private static func code(_ text: String) -> String {
    let text = Printable.text(text).replacing("\n", with: " ")
    let fence = String(repeating: "`", count: longestRun(in: text) + 1)
    let padding = text.hasPrefix("`") || text.hasSuffix("`") || text.isEmpty ? " " : ""
    return fence + padding + text + padding + fence
  }

  private static func fenced(_ lines: [String]) -> String {
    let text = lines.map(Printable.text).joined(separator: "\n")
    let fence = String(repeating: "`", count: max(3, longestRun(in: text) + 1))
    return "\(fence)text\n\(text)\n\(fence)\n"
  }

  private static func longestRun(in text: String) -> Int {
    var longest = 0
    var current = 0
    for character in text {
      current = character == "`" ? current + 1 : 0
      longest = max(longest, current)
    }
    return longest
  }
}

/// A text of parts that stays below a number of bytes: parts that do not fit any more are counted.
private struct Bounded {
  private static let note = "\n_%d more parts do not fit here; `-o html` and `-o json` hold all._\n"

  private let limit: Int
  private var text = ""
  private var left: Int
  private var dropped = 0

  init(limit: Int) {
    self.limit = limit
    left = limit - Self.note.utf8.count - 12
  }

  mutating func reserve(_ end: String) { left -= end.utf8.count }

  mutating func add(_ part: String) {
    guard !part.isEmpty else { return }
    // Once one did not fit, smaller ones behind it would suggest that nothing is missing between.
    guard dropped == 0, part.utf8.count <= left else {
      dropped += 1
      return
    }
    text += part
    left -= part.utf8.count
  }

  func finished(with end: String) -> String {
    let all = text + (dropped > 0 ? Self.note.replacing("%d", with: String(dropped)) : "") + end
    if all.utf8.count <= limit { return all.hasSuffix("\n") ? String(all.dropLast()) : all }
    // Names so long that not even the summary fits.
    var cut = String(all.prefix(limit))
    while cut.utf8.count > limit { cut.removeLast() }
    return cut
  }
}
