import KratixModel
import Kubernetes
import PromiseReview

/// Where in a body the parts of a review of a Promise are that its answer depends on. Found in one pass.
struct ReviewSpans {
  /// Of `object` or `oldObject`.
  struct Object {
    var whole = 0..<0
    var apiVersion: Range<Int>?
    var kind: Range<Int>?
    var spec: Range<Int>?
    var name: Range<Int>?
    var labels: Range<Int>?
    var deletionTimestamp: Range<Int>?
    /// The annotations that rules read: `upgrade.kratix.io/allow`, `.../check`, `kratix.io/reconciliation-interval`.
    var allow: Range<Int>?
    var check: Range<Int>?
    var interval: Range<Int>?

    var all: [Range<Int>?] {
      [apiVersion, kind, spec, name, labels, deletionTimestamp, allow, check, interval]
    }

    /// Where in the object each of `all` is.
    private static let paths: [[String]] =
      [["apiVersion"], ["kind"], ["spec"]] + ["name", "labels", "deletionTimestamp"].map { ["metadata", $0] }
      + [AllowAnnotation.key, PathCheck.annotation, KratixAnnotations.reconciliationInterval].map {
        ["metadata", "annotations", $0]
      }

    /// The object with these parts alone.
    /// - Throws: when one of them is no JSON.
    func decoded(_ scanner: JSONScanner) throws -> KubernetesObject {
      var object: JSON = [:]
      for (range, path) in zip(all, Self.paths) {
        guard let range else { continue }
        object.set(try JSON(parsing: scanner.slice(range)), at: path[...])
      }
      return KubernetesObject(object)
    }
  }

  var kind: Range<Int>?
  var apiVersion: Range<Int>?
  var uid: Range<Int>?
  var operation: Range<Int>?
  var dryRun: Range<Int>?
  var userName: Range<Int>?
  var object: Object?
  var oldObject: Object?

  /// nil when the body is broken or no AdmissionReview of the version that is spoken here.
  init?(_ scanner: JSONScanner) {
    var spans = ReviewSpans()
    let end = scanner.members(at: scanner.start) { member in
      if member.is("kind") { return Self.keep(member, scanner, &spans.kind) }
      if member.is("apiVersion") { return Self.keep(member, scanner, &spans.apiVersion) }
      guard member.is("request") else { return .skip }
      return scanner.object(at: member.valueStart) { member in
        if member.is("uid") { return Self.keep(member, scanner, &spans.uid) }
        if member.is("operation") { return Self.keep(member, scanner, &spans.operation) }
        if member.is("dryRun") { return Self.keep(member, scanner, &spans.dryRun) }
        if member.is("userInfo") {
          return scanner.object(at: member.valueStart) { member in
            member.is("username") ? Self.keep(member, scanner, &spans.userName) : .skip
          }
        }
        if member.is("object") { return Self.object(member, scanner, &spans.object) }
        if member.is("oldObject") { return Self.object(member, scanner, &spans.oldObject) }
        return .skip
      }
    }
    guard end != nil, scanner.isString(spans.kind, "AdmissionReview"),
      scanner.isString(spans.apiVersion, "admission.k8s.io/v1"), spans.uid != nil, spans.operation != nil
    else { return nil }
    self = spans
  }

  private init() {}

  private static func keep(_ member: JSONScanner.Member, _ scanner: JSONScanner, _ place: inout Range<Int>?)
    -> JSONScanner.Step
  {
    guard let end = scanner.endOfValue(member.valueStart) else { return .broken }
    place = member.valueStart..<end
    return .through(end)
  }

  /// Of something that is no object (`null`) nothing is kept.
  private static func object(_ member: JSONScanner.Member, _ scanner: JSONScanner, _ place: inout Object?)
    -> JSONScanner.Step
  {
    var object = Object()
    let step = scanner.object(at: member.valueStart) { member in
      if member.is("apiVersion") { return keep(member, scanner, &object.apiVersion) }
      if member.is("kind") { return keep(member, scanner, &object.kind) }
      if member.is("spec") { return keep(member, scanner, &object.spec) }
      guard member.is("metadata") else { return .skip }
      return scanner.object(at: member.valueStart) { member in
        if member.is("name") { return keep(member, scanner, &object.name) }
        if member.is("labels") { return keep(member, scanner, &object.labels) }
        if member.is("deletionTimestamp") { return keep(member, scanner, &object.deletionTimestamp) }
        guard member.is("annotations") else { return .skip }
        return scanner.object(at: member.valueStart) { member in
          if member.is("upgrade.kratix.io/allow") { return keep(member, scanner, &object.allow) }
          if member.is("upgrade.kratix.io/check") { return keep(member, scanner, &object.check) }
          if member.is("kratix.io/reconciliation-interval") { return keep(member, scanner, &object.interval) }
          return .skip
        }
      }
    }
    if case .through(let end) = step {
      object.whole = member.valueStart..<end
      place = object
    }
    return step
  }

  /// Whether it is an update of status or of metadata that no rule looks at: the same spec and the same labels, a
  /// version being a label.
  func isIrrelevant(_ scanner: JSONScanner) -> Bool {
    guard let object, let oldObject, let spec = object.spec, let oldSpec = oldObject.spec,
      scanner.areEqual(spec, oldSpec)
    else { return false }
    switch (object.labels, oldObject.labels) {
    case (nil, nil): return true
    case (let labels?, let oldLabels?): return scanner.areEqual(labels, oldLabels)
    default: return false
    }
  }
}
