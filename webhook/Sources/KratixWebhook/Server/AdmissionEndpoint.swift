import Crypto
import Kubernetes
import Logging
import PromiseReview

/// One of the paths that an API server calls.
enum AdmissionEndpoint: String, Sendable, CaseIterable {
  case validatePromise = "/validate/promise"
  case mutatePromise = "/mutate/promise"
  case validateBinding = "/validate/resourcebinding"
  case validateRevision = "/validate/promiserevision"
  case mutateResource = "/mutate/resource"
}

/// From the bytes of a review to the bytes of its answer.
struct AdmissionDesk: Sendable {
  let validator: PromiseValidator
  let promiseMutator: PromiseMutator
  let resourceMutator: ResourceMutator
  let bindings: BindingValidator
  let fleet: FleetCache
  let answers = AnswerCache()
  /// By the digest of what is kept of them: the same live Promise comes with every change of it.
  private let livePromises = Memo<SHA256Digest, KubernetesObject>()
  let metrics: WebhookMetrics
  let logger: Logger

  init(
    fleet: FleetCache, api: any KubernetesAPI, settings: ReviewSettings, metrics: WebhookMetrics, logger: Logger
  ) {
    validator = PromiseValidator(fleet: fleet, settings: settings)
    promiseMutator = PromiseMutator()
    resourceMutator = ResourceMutator(fleet: fleet)
    bindings = BindingValidator(fleet: fleet, api: api, settings: settings)
    self.fleet = fleet
    self.metrics = metrics
    self.logger = logger
  }

  /// - Throws: `ReviewSyntaxError` when the body is no review.
  func answer(_ body: [UInt8], at endpoint: AdmissionEndpoint) async throws -> [UInt8] {
    let start = ContinuousClock.now
    var key: AnswerCache.Key?
    var decoded: AdmissionReview?
    switch endpoint == .validatePromise ? shortcut(for: body) : nil {
    case .irrelevant(let uid):
      finish("UPDATE", "promises", "allowed", start, [])
      return AdmissionAnswer.allowed.serialized(uid: uid)
    case .known(let uid, let operation, let entry):
      finish(operation, "promises", entry.answer.isAllowed ? "allowed" : "denied", start, entry.findings)
      return entry.answer.serialized(uid: uid)
    case .new(let newKey, let review):
      key = newKey
      decoded = review
    case nil: break
    }
    let review = try decoded ?? AdmissionReview(parsing: body)
    let (answer, findings) = await decide(review, endpoint)
    // A key of a fleet that was not complete, or is of the past, is asked for by nobody again.
    if let key { answers.store(.init(answer: answer, findings: findings), for: key) }
    let verdict = answer.isAllowed ? "allowed" : "denied"
    finish(review.operation.rawValue, review.resource, verdict, start, findings)
    log(review, answer, findings)
    return answer.serialized(uid: review.uid)
  }

  private func decide(
    _ review: AdmissionReview, _ endpoint: AdmissionEndpoint
  ) async -> (answer: AdmissionAnswer, findings: [Finding]) {
    switch endpoint {
    case .validatePromise: await validator.answer(review)
    case .mutatePromise: (promiseMutator.answer(review), [])
    case .validateBinding: await bindings.answerBinding(review)
    case .validateRevision: await bindings.answerRevision(review)
    case .mutateResource: (resourceMutator.answer(review), [])
    }
  }

  /// What is known of a review of a Promise without decoding the whole of it.
  private enum Shortcut {
    /// Nothing changes that a rule looks at.
    case irrelevant(uid: String)
    case known(uid: String, operation: String, AnswerCache.Entry)
    /// The review is nil when a part of it does not decode, or all of it is looked at.
    case new(AnswerCache.Key, AdmissionReview?)
  }

  private func shortcut(for body: [UInt8]) -> Shortcut? {
    body.withUnsafeBufferPointer { bytes in
      let scanner = JSONScanner(bytes)
      guard let spans = ReviewSpans(scanner) else { return nil }
      func value(_ range: Range<Int>?) -> JSON? { range.flatMap { try? JSON(parsing: scanner.slice($0)) } }
      guard let uid = value(spans.uid)?.stringValue, !uid.isEmpty,
        let operation = value(spans.operation)?.stringValue, let name = value(spans.object?.name)?.stringValue
      else { return nil }
      if spans.isIrrelevant(scanner) { return .irrelevant(uid: uid) }
      let versions = fleet.versions(ofFleet: name)
      let key = AnswerCache.key(spans, scanner, fleet: versions.fleet, platform: versions.platform)
      if let entry = answers[key] { return .known(uid: uid, operation: operation, entry) }
      // The rule about a Promise's size looks at the whole of a large one.
      guard let operation = AdmissionReview.Operation(rawValue: operation), let object = spans.object,
        object.whole.count < PromiseReview.smallSize, let promise = try? object.decoded(scanner)
      else { return .new(key, nil) }
      var live: KubernetesObject?
      if let old = spans.oldObject {
        live = try? livePromises.value(for: key.oldObject) { try old.decoded(scanner) }
        if live == nil { return .new(key, nil) }
      }
      return .new(
        key,
        AdmissionReview(
          uid: uid, operation: operation, userName: value(spans.userName)?.stringValue ?? "",
          isDryRun: value(spans.dryRun)?.boolValue ?? false, promise: promise, live: live))
    }
  }

  private func finish(
    _ operation: String, _ resource: String, _ verdict: String, _ start: ContinuousClock.Instant,
    _ findings: [Finding]
  ) {
    let spent = start.duration(to: .now)
    let seconds = Double(spent.components.seconds) + Double(spent.components.attoseconds) / 1e18
    let rules = findings.filter { $0.severity > .info }.map(\.rule.rawValue)
    metrics.record(.init(operation: operation, resource: resource, verdict: verdict), seconds: seconds, rules: rules)
  }

  /// Who, what and the verdict: never an object.
  private func log(_ review: AdmissionReview, _ answer: AdmissionAnswer, _ findings: [Finding]) {
    let name = review.namespace.isEmpty ? review.name : "\(review.namespace)/\(review.name)"
    logger.log(
      level: answer.isAllowed ? .debug : .info, "reviewed",
      metadata: [
        "uid": "\(review.uid)", "operation": "\(review.operation.rawValue)", "resource": "\(review.resource)",
        "name": "\(name)", "user": "\(review.userName)", "dryRun": "\(review.isDryRun)",
        "allowed": "\(answer.isAllowed)", "rules": "\(findings.map(\.rule.rawValue).joined(separator: ","))",
      ])
  }
}
