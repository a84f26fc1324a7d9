import KratixModel
import Kubernetes
import PromiseReview

/// What `validate` found, in every form in which it can be printed.
struct ValidationReport {
  var subject: ReviewSubject
  var findings: [Finding]
  /// Of the APIs, when there was something to compare with.
  var comparison: APIComparison?
  /// nil when no requests were given.
  var requests: [RequestResult]?

  /// Whether something would be refused.
  var isDenied: Bool {
    findings.contains { $0.severity == .deny } || (requests ?? []).contains { !$0.isValid }
  }

  // MARK: Text

  /// - Parameter showsInfo: findings that are only worth knowing, too.
  func text(showsInfo: Bool) -> String {
    var parts: [String] = []
    let shown = findings.filter { showsInfo || $0.severity > .info }
    if shown.isEmpty {
      parts.append("\(PromiseFile.name(subject.file)): no findings")
    } else {
      parts.append(Self.table(shown) { subject.line(of: $0) })
      var seen: Set<String> = []
      let remedies = shown.filter { !$0.remedy.isEmpty && seen.insert($0.rule.rawValue + $0.remedy).inserted }
      if !remedies.isEmpty {
        parts.append("What to do:\n" + remedies.map { "  \($0.rule.rawValue): \($0.remedy)" }.joined(separator: "\n"))
      }
    }
    if let comparison { parts.append("The API is \(Self.word(comparison.verdict)).") }
    if let requests { parts.append(requests.map(Self.text).joined(separator: "\n")) }
    return parts.joined(separator: "\n\n")
  }

  static func table(_ findings: [Finding], line: (String) -> Int? = { _ in nil }) -> String {
    var table = TextTable("SEVERITY", "RULE", "LINE", "MESSAGE")
    for finding in findings {
      table.add(
        finding.severity.rawValue, finding.rule.rawValue, line(finding.path).map(String.init) ?? "-", finding.text)
    }
    return table.text
  }

  private static func word(_ verdict: Verdict) -> String {
    switch verdict {
    case .breaking: "breaking"
    case .warn: "to be changed with care"
    case .compatible: "compatible"
    }
  }

  private static func text(_ result: RequestResult) -> String {
    var lines = ["\(result.file)[\(result.index)] \(result.name): \(result.isValid ? "valid" : "invalid")"]
    lines += result.messages.map { "  \($0)" }
    lines += result.pruned.map { "  unknown field \"\($0)\": kubectl refuses it, others lose it" }
    lines += result.defaults.map { "  default \($0.path) = \($0.value.text())" }
    return lines.joined(separator: "\n")
  }

  // MARK: JSON

  var json: JSON {
    var json: JSON = ["findings": .array(findings.map(self.json))]
    if let comparison {
      json["compatibility"] = [
        "verdict": .string(comparison.verdict.rawValue),
        "changes": .array(
          comparison.changes.map { change in
            [
              "verdict": .string(change.verdict.rawValue), "kind": .string(change.kind.rawValue),
              "path": .string(change.path.description), "keyword": .string(change.keyword), "old": change.old ?? .null,
              "new": change.new ?? .null, "message": .string(change.sentence), "why": .string(change.why),
              "remedy": .string(change.remedy),
            ]
          }),
      ]
    }
    if let requests { json["requests"] = .array(requests.map(\.json)) }
    return json
  }

  private func json(_ finding: Finding) -> JSON {
    var json: JSON = [
      "rule": .string(finding.rule.rawValue), "severity": .string(finding.severity.rawValue),
      "path": .string(finding.path), "message": .string(finding.message), "remedy": .string(finding.remedy),
    ]
    if !finding.evidence.isEmpty { json["evidence"] = JSON(finding.evidence) }
    if let line = subject.line(of: finding.path) { json["line"] = JSON(line) }
    return json
  }

  // MARK: SARIF

  /// SARIF 2.1.0, as code scanners take it.
  var sarif: JSON {
    let rules = Set(findings.map(\.rule)).sorted { $0.rawValue < $1.rawValue }
    var results = findings.map { finding -> JSON in
      [
        "ruleId": .string(finding.rule.rawValue), "level": .string(Self.level(finding.severity)),
        "message": ["text": .string(finding.text)],
        "locations": [location(subject.file, line: subject.line(of: finding.path), path: finding.path)],
      ]
    }
    for request in requests ?? [] {
      results += request.messages.map { message in
        [
          "ruleId": "request-invalid", "level": "error", "message": ["text": .string("\(request.name): \(message)")],
          "locations": [location(request.file, line: nil, path: "")],
        ]
      }
    }
    return [
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
      "runs": [
        [
          "tool": [
            "driver": [
              "name": "kubectl-kratix", "version": .string(Version.number),
              "rules": .array(
                rules.map { rule in
                  [
                    "id": .string(rule.rawValue), "shortDescription": ["text": .string(rule.title)],
                    "fullDescription": ["text": .string(rule.why)], "help": ["text": .string(rule.remedy)],
                    "defaultConfiguration": ["level": .string(Self.level(rule.defaultSeverity))],
                  ]
                }),
            ]
          ], "results": .array(results),
        ]
      ],
    ]
  }

  private static func level(_ severity: Severity) -> String {
    switch severity {
    case .deny: "error"
    case .warn: "warning"
    case .info: "note"
    }
  }

  private func location(_ file: String, line: Int?, path: String) -> JSON {
    var physical: JSON = ["artifactLocation": ["uri": .string(file)]]
    if let line { physical["region"] = ["startLine": JSON(line)] }
    var location: JSON = ["physicalLocation": physical]
    if !path.isEmpty { location["logicalLocations"] = [["fullyQualifiedName": .string(path)]] }
    return location
  }
}
