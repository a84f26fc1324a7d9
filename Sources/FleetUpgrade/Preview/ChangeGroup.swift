import Kubernetes

/// Resources of which the same becomes: the same verdict, and the same changes but for their own names.
public struct ChangeGroup: Sendable, Hashable {
  public var verdict: Verdict
  /// With `<name>` and `<namespace>` for the resource's own.
  public var reason: String
  public var changes: [Change]
  /// `namespace/name`, in the order of the plan.
  public var resources: [String]

  /// How much could go wrong, the most first; equal ones by size.
  public var risk: Risk

  public enum Risk: Int, Sendable, Hashable, Comparable {
    case fails
    case invalid
    case replaces
    case removes
    case moves
    case changes
    case unknown
    case none

    public static func < (left: Risk, right: Risk) -> Bool { left.rawValue < right.rawValue }
  }
}

extension ChangeGroup {
  /// The resources by what becomes of them, the riskiest group first, then the largest.
  public static func groups(_ plans: [ResourcePlan]) -> [ChangeGroup] {
    var indices: [Key: Int] = [:]
    var groups: [ChangeGroup] = []
    for plan in plans {
      let template = NameTemplate(plan)
      let key = Key(
        verdict: plan.verdict, reason: template.text(plan.reason), changes: plan.changes.map(template.change),
        isUnknown: plan.unknown != nil)
      if let index = indices[key] {
        groups[index].resources.append(plan.qualifiedName)
      } else {
        indices[key] = groups.count
        groups.append(
          ChangeGroup(
            verdict: plan.verdict, reason: key.reason, changes: key.changes, resources: [plan.qualifiedName],
            risk: risk(of: plan)))
      }
    }
    // A group of one says the resource's own names.
    let plansByName = Dictionary(plans.map { ($0.qualifiedName, $0) }, uniquingKeysWith: { first, _ in first })
    for index in groups.indices where groups[index].resources.count == 1 {
      guard let plan = groups[index].resources.first.flatMap({ plansByName[$0] }) else { continue }
      groups[index].reason = plan.reason
      groups[index].changes = plan.changes
    }
    return groups.enumerated().sorted { left, right in
      let (a, b) = (left.element, right.element)
      if a.risk != b.risk { return a.risk < b.risk }
      return a.resources.count == b.resources.count
        ? left.offset < right.offset : a.resources.count > b.resources.count
    }.map(\.element)
  }

  private struct Key: Hashable {
    var verdict: Verdict
    var reason: String
    var changes: [Change]
    var isUnknown: Bool
  }

  private static func risk(of plan: ResourcePlan) -> Risk {
    if plan.unknown != nil { return .unknown }
    switch plan.verdict {
    case .fails: return .fails
    case .invalid: return .invalid
    case .held, .skipped, .unchanged: return .none
    case .changes:
      if plan.changes.contains(where: { $0.kind == .replaced || $0.kind == .renamed }) { return .replaces }
      if plan.changes.contains(where: { $0.kind == .removed }) { return .removes }
      return plan.changes.contains { $0.object == "scheduling" } ? .moves : .changes
    }
  }
}

/// Texts with a resource's own name and namespace taken out, so that what is alike is equal.
struct NameTemplate {
  private let name: [Character]
  private let namespace: [Character]

  init(_ plan: ResourcePlan) {
    name = Array(plan.name)
    namespace = Array(plan.namespace)
  }

  func change(_ change: Change) -> Change {
    var change = change
    change.object = text(change.object)
    change.path = text(change.path)
    change.from = change.from.map(value)
    change.to = change.to.map(value)
    return change
  }

  private func value(_ json: JSON) -> JSON {
    switch json {
    case .string(let string): .string(text(string))
    case .array(let elements): .array(elements.map(value))
    case .object(let members):
      .object(
        Dictionary(members.map { (text($0.key), value($0.value)) }, uniquingKeysWith: { first, _ in first }))
    default: json
    }
  }

  /// The name stands for itself only where no letter or digit is beside it: `greeting-ann` holds `ann`, `manner` not.
  func text(_ text: String) -> String {
    var result = text
    if !name.isEmpty { result = replacing(name, by: "<name>", in: result) }
    // The namespace is only meant where a path says it: as a word it may be any (`default`).
    let wrapped = ["/"] + namespace + ["/"]
    if !namespace.isEmpty, result.count >= wrapped.count {
      result = result.replacing(String(wrapped), with: "/<namespace>/")
    }
    return result
  }

  private func replacing(_ word: [Character], by placeholder: String, in text: String) -> String {
    let characters = Array(text)
    guard characters.count >= word.count else { return text }
    var result = ""
    var index = 0
    while index < characters.count {
      let end = index + word.count
      let fits =
        end <= characters.count && characters[index] == word[0] && Array(characters[index..<end]) == word
        && (index == 0 || !isWord(characters[index - 1])) && (end == characters.count || !isWord(characters[end]))
      result += fits ? placeholder : String(characters[index])
      index = fits ? end : index + 1
    }
    return result
  }

  private func isWord(_ character: Character) -> Bool { character.isLetter || character.isNumber }
}
