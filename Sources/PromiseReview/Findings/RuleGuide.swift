/// The guide to the rules, made of what the rules say of themselves.
public enum RuleGuide {
  private static let groups: [(title: String, rules: [RuleID])] = [
    (
      "The Promise by itself",
      [
        .notAPromise, .promiseName, .unknownField, .versionLabel, .versionMissing, .labelInvalid,
        .reconciliationInterval, .promiseTooLarge,
      ]
    ),
    (
      "Its API",
      [.apiNotCRD, .apiNoVersions, .apiClusterScoped, .apiNotStructural, .apiUnknownKeyword]
    ),
    (
      "Its workflows",
      [
        .pipelineWithoutAPI, .pipelineInvalid, .pipelineName, .pipelineNameDuplicate, .pipelineNameTooLong,
        .pipelineLabel, .pipelineEmpty, .containerInvalid, .imageInvalid, .imageNoTag, .imageLatest, .imageNotPinned,
        .backoffLimit,
      ]
    ),
    (
      "What it depends on, and where it goes",
      [.dependencyInvalid, .dependenciesLoop, .destinationSelector, .requiredPromise]
    ),
    (
      "A change of the API",
      [
        .apiRemoved, .apiIdentity, .apiVersionRemoved, .apiFieldRemoved, .apiFieldRequired, .apiTypeChanged,
        .apiValueNarrowed, .apiDefaultChanged, .apiListType, .apiRuleAdded, .apiUnknownChange, .resourceInvalid,
      ]
    ),
    (
      "Any other change",
      [
        .versionReused, .versionBackwards, .versionRemoved, .versionOnly, .rolloutInProgress, .destinationMisplaced,
        .dependencyRemoved, .pipelineRenamed, .pipelineNamespaceChanged, .workflowsRemoved, .permissionsWidened,
      ]
    ),
    ("Bindings and revisions", [.bindingVersion, .bindingDuplicate, .revisionInUse]),
  ]

  /// Rules that no group of the guide names; there should be none.
  static var missing: [RuleID] { RuleID.allCases.filter { rule in !groups.contains { $0.rules.contains(rule) } } }

  /// The guide as Markdown.
  public static func markdown() -> String {
    var text = """
      # The rules

      Each rule has an id, a severity and a remedy. `deny` refuses, `warn` tells whoever applies the Promise, `info` is \
      shown by `kubectl kratix validate` only. A platform sets other severities with the chart's value `rules`; one \
      update of a Promise gets past a denial with the annotation `\(AllowAnnotation.key): ID,...`, which is written \
      to the audit log. What was wrong before an update weighs one step less, so that it does not block it.


      """
    for group in groups {
      text += "## \(group.title)\n\n"
      for rule in group.rules {
        text += """
          ### `\(rule.rawValue)`

          \(rule.title) (*\(rule.defaultSeverity.rawValue)*).

          - **Why:** \(rule.why)
          - **Remedy:** \(rule.remedy)
          - **Override:** \(override(of: rule))


          """
      }
    }
    return String(text.dropLast())
  }

  private static func override(of rule: RuleID) -> String {
    let value = "`rules.\(rule.rawValue): \(rule.defaultSeverity == .deny ? "warn" : "off")` in the chart's values"
    let isOfPromises = ![.bindingVersion, .bindingDuplicate, .revisionInUse].contains(rule)
    guard rule.defaultSeverity == .deny, isOfPromises else { return value + "." }
    return "annotate the Promise with `\(AllowAnnotation.key): \(rule.rawValue)`, or \(value)."
  }
}
