import Kubernetes

extension Finding {
  /// `rule`, `severity`, `path`, `message`, `remedy` and `evidence`: how every command prints a finding as JSON.
  public var json: JSON {
    [
      "rule": .string(rule.rawValue), "severity": .string(severity.rawValue), "path": .string(path),
      "message": .string(message), "remedy": .string(remedy), "evidence": JSON(evidence),
    ]
  }
}
