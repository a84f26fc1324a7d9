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
  let livePromises = LivePromises()
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
    let shortcut = endpoint == .validatePromise ? shortcut(for: body) : nil
    if let shortcut, shortcut.isIrrelevant {
      finish("UPDATE", "promises", "allowed", start, [])
      return AdmissionAnswer.allowed.serialized(uid: shortcut.uid)
    }
    if let shortcut, let known = answers[shortcut.key] {
      let verdict = known.answer.isAllowed ? "allowed" : "denied"
      finish(shortcut.operation, "promises", verdict, start, known.findings)
      return known.answer.serialized(uid: shortcut.uid)
    }
    let review = try shortcut?.review ?? AdmissionReview(parsing: body)
    let (answer, findings) = await decide(review, endpoint)
    // A key of a fleet that was not complete, or is of the past, is asked for by nobody again.
    if let shortcut { answers.store(.init(answer: answer, findings: findings), for: shortcut.key) }
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

  /// A review of a Promise as far as it is known without decoding its objects.
  private struct Shortcut {
    var uid: String
    var operation: String
    var isIrrelevant: Bool
    var key: AnswerCache.Key
    /// nil when nobody needs it, or a part of it does not decode: then the whole body says why.
    var review: AdmissionReview?
  }

  private func shortcut(for body: [UInt8]) -> Shortcut? {
    body.withUnsafeBufferPointer { bytes in
      let scanner = JSONScanner(bytes)
      guard let spans = ReviewSpans(scanner) else { return nil }
      func text(_ range: Range<Int>?) -> String? {
        range.flatMap { try? JSON(parsing: scanner.slice($0)) }?.stringValue
      }
      guard let uid = text(spans.uid), !uid.isEmpty, let operation = text(spans.operation),
        let name = text(spans.object?.name)
      else { return nil }
      let versions = fleet.versions(ofFleet: name)
      let key = AnswerCache.key(spans, scanner, fleet: versions.fleet, platform: versions.platform)
      let isIrrelevant = spans.isIrrelevant(scanner)
      var shortcut = Shortcut(uid: uid, operation: operation, isIrrelevant: isIrrelevant, key: key)
      if !isIrrelevant, answers[key] == nil { shortcut.review = review(spans, scanner, shortcut, name: name) }
      return shortcut
    }
  }

  /// Bytes; the rule about a Promise's size looks at the whole of one that is as large.
  private static let largeObject = 40_000

  private func review(
    _ spans: ReviewSpans, _ scanner: JSONScanner, _ shortcut: Shortcut, name: String
  ) -> AdmissionReview? {
    func value(_ range: Range<Int>?) -> JSON? { range.flatMap { try? JSON(parsing: scanner.slice($0)) } }
    guard let operation = AdmissionReview.Operation(rawValue: shortcut.operation),
      let span = spans.object, span.whole.count < Self.largeObject, let object = span.decoded(scanner)
    else { return nil }
    var review = AdmissionReview(
      ofPromise: name, uid: shortcut.uid, operation: operation, userName: value(spans.userName)?.stringValue ?? "",
      isDryRun: value(spans.dryRun)?.boolValue ?? false)
    review.object = object
    if let old = spans.oldObject {
      guard let decoded = livePromises.object(shortcut.key.oldObject, decode: { old.decoded(scanner) }) else {
        return nil
      }
      review.oldObject = decoded
    }
    return review
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
