import KratixModel
import Kubernetes
import PromiseReview

/// A value of a plan file and where it stands.
struct PlanField {
  let value: JSON?
  let path: String

  init(_ value: JSON?, _ path: String) {
    self.value = value.flatMap { $0.isNull ? nil : $0 }
    self.path = path
  }

  subscript(key: String) -> PlanField { PlanField(value?[key], path.isEmpty ? key : "\(path).\(key)") }

  private func wanted(_ type: String) -> PlanFileError {
    PlanFileError(path, value.map { "\(type) is expected, not \($0.typeName)" } ?? "it is missing")
  }

  func string() throws(PlanFileError) -> String {
    guard let text = value?.stringValue else { throw wanted("a string") }
    return text
  }

  func optionalString() throws(PlanFileError) -> String? { value == nil ? nil : try string() }

  func bool() throws(PlanFileError) -> Bool {
    guard let flag = value?.boolValue else { throw wanted("a boolean") }
    return flag
  }

  func int() throws(PlanFileError) -> Int {
    guard let number = value?.intValue, let int = Int(exactly: number) else { throw wanted("an integer") }
    return int
  }

  func optionalDouble() throws(PlanFileError) -> Double? {
    if value == nil { return nil }
    guard let number = value?.doubleValue else { throw wanted("a number") }
    return number
  }

  func strings() throws(PlanFileError) -> [String] {
    guard let strings = value?.stringArrayValue else { throw wanted("a list of strings") }
    return strings
  }

  func optionalStrings() throws(PlanFileError) -> [String] { value == nil ? [] : try strings() }

  /// The elements of a list; none when it is missing.
  func elements<Value>(_ read: (PlanField) throws(PlanFileError) -> Value) throws(PlanFileError) -> [Value] {
    guard let value else { return [] }
    guard let elements = value.arrayValue else { throw wanted("a list") }
    var values: [Value] = []
    for (index, element) in elements.enumerated() { values.append(try read(PlanField(element, "\(path)[\(index)]"))) }
    return values
  }

  func word<Value: RawRepresentable>(
    _ type: Value.Type, _ what: String
  ) throws(PlanFileError) -> Value where Value.RawValue == String {
    let text = try string()
    guard let value = Value(rawValue: text) else { throw PlanFileError(path, "there is no \(what) \"\(text)\"") }
    return value
  }
}

extension UpgradePlan {
  /// Groups and summary are worked out again.
  init(_ field: PlanField) throws(PlanFileError) {
    self.init(
      promise: try PromiseChange(field["promise"]),
      findings: try field["findings"].elements { (field) throws(PlanFileError) in try Finding(field) },
      resources: try field["resources"].elements { (field) throws(PlanFileError) in try ResourcePlan(field) },
      unknowns: try field["unknowns"].optionalStrings(),
      consequences: try field["consequences"].elements { (field) throws(PlanFileError) in try Consequence(field) },
      estimate: field["estimate"].value == nil ? nil : try RolloutEstimate(field["estimate"]))
  }
}

extension PromiseChange {
  init(_ field: PlanField) throws(PlanFileError) {
    name = try field["name"].string()
    isInstalled = try field["installed"].bool()
    fromVersion = try field["fromVersion"].optionalString()
    toVersion = try field["toVersion"].string()
    specChanges = try field["specChanges"].bool()
    images = try field["images"].elements { (field) throws(PlanFileError) in
      Image(
        container: try field["container"].string(), from: try field["from"].optionalString(),
        to: try field["to"].optionalString())
    }
    changes = try field["changes"].elements { (field) throws(PlanFileError) in try Change(field) }
    fromDigest = try field["fromDigest"].optionalString()
    toDigest = try field["toDigest"].string()
  }
}

extension ResourcePlan {
  init(_ field: PlanField) throws(PlanFileError) {
    namespace = try field["namespace"].string()
    name = try field["name"].string()
    version = try field["version"].optionalString()
    boundTo = try field["binding"].optionalString()
    verdict = try field["verdict"].word(Verdict.self, "verdict")
    reason = try field["reason"].string()
    changes = try field["changes"].elements { (field) throws(PlanFileError) in try Change(field) }
    noise = try field["noise"].elements { (field) throws(PlanFileError) in try Change(field) }
    lastLines = try field["lastLines"].optionalStrings()
    unknown = try field["unknown"].optionalString()
    marks = try field["marks"].optionalStrings()
    identity = try ResourceIdentity(field["identity"])
    outputsDigest = try field["outputsDigest"].optionalString()
    if field["runs"].value != nil {
      runs = RunCount(
        pipelines: try field["runs"]["pipelines"].int(), shared: try field["runs"]["shared"].int())
    }
  }
}

extension ResourceIdentity {
  init(_ field: PlanField) throws(PlanFileError) {
    uid = try field["uid"].string()
    generation = Int64(try field["generation"].int())
    specDigest = try field["specDigest"].string()
    binding = try field["binding"].optionalString()
    isBeingDeleted = try field["isBeingDeleted"].bool()
  }
}

extension Change {
  init(_ field: PlanField) throws(PlanFileError) {
    self.init(
      try field["kind"].word(Kind.self, "kind of change"), object: try field["object"].string(),
      path: try field["path"].string(), from: field["from"].value, to: field["to"].value)
  }
}

extension Consequence {
  init(_ field: PlanField) throws(PlanFileError) {
    self.init(
      try field["kind"].word(Kind.self, "kind of consequence"), try field["message"].string(),
      objects: try field["objects"].optionalStrings(),
      rule: field["rule"].value == nil ? nil : try field["rule"].word(RuleID.self, "rule"))
  }
}

extension RolloutEstimate {
  init(_ field: PlanField) throws(PlanFileError) {
    self.init(
      jobs: try field["jobs"].int(), longestRun: try field["longestRunSeconds"].optionalDouble(),
      stalls: try field["stalls"].bool())
  }
}

extension Finding {
  init(_ field: PlanField) throws(PlanFileError) {
    self.init(
      try field["rule"].word(RuleID.self, "rule"), severity: try field["severity"].word(Severity.self, "severity"),
      path: try field["path"].string(), message: try field["message"].string(),
      evidence: try field["evidence"].optionalStrings(), remedy: try field["remedy"].string())
  }
}
