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
  let metrics: WebhookMetrics
  let logger: Logger

  init(
    fleet: FleetCache, api: any KubernetesAPI, settings: ReviewSettings, metrics: WebhookMetrics, logger: Logger
  ) {
    validator = PromiseValidator(fleet: fleet, settings: settings)
    promiseMutator = PromiseMutator()
    resourceMutator = ResourceMutator(fleet: fleet)
    bindings = BindingValidator(fleet: fleet, api: api, settings: settings)
    self.metrics = metrics
    self.logger = logger
  }

  /// - Throws: `ReviewSyntaxError` when the body is no review.
  func answer(_ body: [UInt8], at endpoint: AdmissionEndpoint) async throws -> [UInt8] {
    let start = ContinuousClock.now
    if endpoint == .validatePromise, let uid = Self.uidOfIrrelevantUpdate(body) {
      finish("UPDATE", "promises", "allowed", start, [])
      return AdmissionAnswer.allowed.serialized(uid: uid)
    }
    let review = try AdmissionReview(parsing: body)
    let (answer, findings) = await decide(review, endpoint)
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

  /// The uid of a review whose update touches nothing that a rule looks at. Found without decoding the objects.
  private static func uidOfIrrelevantUpdate(_ body: [UInt8]) -> String? {
    body.withUnsafeBufferPointer { bytes -> String? in
      let scanner = JSONScanner(bytes)
      guard let range = scanner.value(at: "request", "uid"), let kind = scanner.value(at: "kind"),
        scanner.slice(kind).elementsEqual("\"AdmissionReview\"".utf8), PromiseValidator.isIrrelevant(scanner)
      else { return nil }
      return (try? JSON(parsing: scanner.slice(range)))?.stringValue
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
