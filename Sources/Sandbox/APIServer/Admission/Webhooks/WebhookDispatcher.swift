import Foundation
import Kubernetes
import Logging
import Synchronization

/// Asks the webhooks of the stored configurations: the mutating ones one after another, then the validating ones all at
/// once.
public struct WebhookDispatcher: AdmissionPlugin {
  private let configurations: @Sendable () async -> [KubernetesObject]
  private let resources: @Sendable () async -> [ServedResource]
  private let client: WebhookClient
  private let cache = WebhookCache()
  private let logger: Logger

  /// - Parameters:
  ///   - configurations: every MutatingWebhookConfiguration and ValidatingWebhookConfiguration there is.
  ///   - resources: everything that is served; a webhook that knows only another version gets that one.
  ///   - serviceResolver: where a service that a webhook names can be reached; nil when there is no such service. What
  ///     it throws tells why the service cannot be reached.
  public init(
    configurations: @escaping @Sendable () async -> [KubernetesObject],
    resources: @escaping @Sendable () async -> [ServedResource], logger: Logger,
    serviceResolver:
      @escaping @Sendable (_ namespace: String, _ name: String, _ port: Int, _ path: String) throws -> URL? = {
        _, _, _, _ in nil
      }
  ) {
    self.configurations = configurations
    self.resources = resources
    self.logger = logger
    client = WebhookClient(resolver: serviceResolver)
  }

  /// - Throws: `AdmissionRefusal`.
  public func mutate(_ request: AdmissionRequest) async throws -> AdmissionOutcome {
    var notes = AdmissionNotes()
    let webhooks = await webhooks(isMutating: true, for: request)
    guard !webhooks.isEmpty else { return AdmissionOutcome(object: request.object) }
    let matching = WebhookMatching(resources: await resources())
    var request = request
    do {
      // Who asked to be called again when another webhook changes the object after it, and who has to be now.
      var invoked: Set<String> = []
      var pending: Set<String> = []
      var needsSecondRound = false
      for round in 0...1 where round == 0 || needsSecondRound {
        for (index, webhook) in webhooks.enumerated() where round == 0 || pending.contains(webhook.id) {
          guard let invocation = try matching.invocation(of: webhook, for: request) else { continue }
          let changed = try await mutate(&request, by: invocation, mark: "round_\(round)_index_\(index)", &notes)
          if changed {
            pending.formUnion(invoked)
            invoked = []
            needsSecondRound = true
          }
          if webhook.isReinvoked { invoked.insert(webhook.id) }
        }
      }
    } catch let error as StatusError {
      throw AdmissionRefusal(status: error, warnings: notes.warnings, auditAnnotations: notes.annotations)
    }
    return AdmissionOutcome(
      object: request.object, warnings: notes.warnings, auditAnnotations: notes.annotations)
  }

  /// - Throws: `AdmissionRefusal`.
  public func validate(_ request: AdmissionRequest) async throws -> AdmissionOutcome {
    let webhooks = await webhooks(isMutating: false, for: request)
    guard !webhooks.isEmpty else { return AdmissionOutcome(object: request.object) }
    let matching = WebhookMatching(resources: await resources())
    let invocations: [WebhookInvocation]
    do {
      invocations = try webhooks.compactMap { try matching.invocation(of: $0, for: request) }
    } catch let error as StatusError {
      throw AdmissionRefusal(status: error)
    }
    let (all, refusal) = await withTaskGroup(of: (Int, AdmissionNotes, StatusError?).self) { group in
      for (index, invocation) in invocations.enumerated() {
        group.addTask {
          var notes = AdmissionNotes()
          let error = await self.validate(request, by: invocation, mark: "round_0_index_\(index)", &notes)
          return (index, notes, error)
        }
      }
      // The first refusal that comes in counts; warnings stay in the order of the webhooks.
      var first: StatusError?
      var all: [(Int, AdmissionNotes)] = []
      for await (index, notes, error) in group {
        if first == nil { first = error }
        all.append((index, notes))
      }
      return (all.sorted { $0.0 < $1.0 }.map(\.1), first)
    }
    var notes = AdmissionNotes()
    for part in all { notes.add(part) }
    if let refusal {
      throw AdmissionRefusal(status: refusal, warnings: notes.warnings, auditAnnotations: notes.annotations)
    }
    return AdmissionOutcome(object: request.object, warnings: notes.warnings, auditAnnotations: notes.annotations)
  }

  // MARK: One webhook

  private func mutate(
    _ request: inout AdmissionRequest, by invocation: WebhookInvocation, mark: String, _ notes: inout AdmissionNotes
  ) async throws -> Bool {
    let webhook = invocation.webhook
    var changed = false
    defer {
      notes.annotations["mutation.webhook.admission.k8s.io/\(mark)"] =
        ([
          "configuration": .string(webhook.configuration), "webhook": .string(webhook.name), "mutated": .bool(changed),
        ] as JSON).text()
    }
    guard let answer = try await ask(invocation, request, mark: mark, &notes) else { return false }
    guard let patch = answer.patch else { return false }
    guard let object = request.object else {
      throw StatusError.internalError(
        "admission webhook \(AdmissionReviews.quoted(webhook.name)) attempted to modify the object, which is not "
          + "supported for this operation")
    }
    var patched: KubernetesObject
    do {
      let shown = AdmissionReviews.converted(object, to: invocation.resource)
      patched = KubernetesObject(try JSONPatch.apply(patch, to: shown.json))
    } catch {
      throw StatusError.internalError("\(error)")
    }
    patched = AdmissionReviews.converted(patched, to: request.resource)
    changed = patched != object
    request.object = patched
    return changed
  }

  private func validate(
    _ request: AdmissionRequest, by invocation: WebhookInvocation, mark: String, _ notes: inout AdmissionNotes
  ) async -> StatusError? {
    do {
      _ = try await ask(invocation, request, mark: mark, &notes)
      return nil
    } catch let error as StatusError {
      return error
    } catch {
      return .internalError("\(error)")
    }
  }

  /// - Returns: nil when the call failed and failures are ignored.
  /// - Throws: `StatusError`: the webhook's refusal, or a failure that is not ignored.
  private func ask(
    _ invocation: WebhookInvocation, _ request: AdmissionRequest, mark: String, _ notes: inout AdmissionNotes
  ) async throws -> AdmissionReviews.Answer? {
    let webhook = invocation.webhook
    let name = AdmissionReviews.quoted(webhook.name)
    if request.isDryRun, webhook.sideEffects != "None", webhook.sideEffects != "NoneOnDryRun" {
      throw StatusError.badRequest("admission webhook \(name) does not support dry run")
    }
    let answer: AdmissionReviews.Answer
    do {
      answer = try await call(invocation, request)
    } catch {
      let reason =
        switch error {
        case let failure as WebhookClient.Failure: failure.message
        case let fault as AdmissionReviews.Fault: "received invalid webhook response: \(fault.message)"
        default: "failed to call webhook: \(error)"
        }
      let message = "failed calling webhook \(name): \(reason)"
      if webhook.ignoresFailures {
        let kind = webhook.isMutating ? "mutation" : "validating"
        notes.annotations["failed-open.\(kind).webhook.admission.k8s.io/\(mark)"] = webhook.name
        logger.warning("webhook failed and is ignored", metadata: ["reason": "\(message)"])
        return nil
      }
      var failure = StatusError.internalError(message)
      failure.causes = [StatusError.Cause(reason: "", message: message, field: "")]
      throw failure
    }
    for (key, value) in answer.auditAnnotations { notes.annotations["\(webhook.name)/\(key)"] = value }
    notes.warnings += answer.warnings
    guard answer.isAllowed else { throw AdmissionReviews.refusal(by: webhook.name, answer.status) }
    return answer
  }

  private func call(
    _ invocation: WebhookInvocation, _ request: AdmissionRequest
  ) async throws -> AdmissionReviews.Answer {
    let webhook = invocation.webhook
    guard let version = webhook.reviewVersions.first(where: { $0 == "v1" || $0 == "v1beta1" }) else {
      throw WebhookClient.Failure(
        message: "could not create admission objects: webhook does not accept known AdmissionReview versions "
          + "(v1, v1beta1)")
    }
    let uid = UUID().uuidString.lowercased()
    let review = AdmissionReviews.review(request, uid: uid, as: invocation.resource, version: version)
    let answer = try await client.post(review, to: webhook)
    return try AdmissionReviews.answer(answer, uid: uid, version: version, isMutating: webhook.isMutating)
  }

  /// The webhooks of one sort, by the names of their configurations.
  private func webhooks(isMutating: Bool, for request: AdmissionRequest) async -> [Webhook] {
    if WebhookMatching.isExempt(request) { return [] }
    let kind = isMutating ? "MutatingWebhookConfiguration" : "ValidatingWebhookConfiguration"
    return await configurations().filter { $0.kind == kind }
      .sorted { JSON.isOrderedByBytes($0.name, $1.name) }.flatMap(cache.webhooks(of:))
  }
}

/// A refusal, with what the webhooks that were asked had to say beside it.
public struct AdmissionRefusal: Error, Sendable {
  public var status: StatusError
  /// A real server passes the warnings on even though it refuses.
  public var warnings: [String]
  public var auditAnnotations: [String: String]

  public init(status: StatusError, warnings: [String] = [], auditAnnotations: [String: String] = [:]) {
    self.status = status
    self.warnings = warnings
    self.auditAnnotations = auditAnnotations
  }
}

/// What comes together on the way through the webhooks.
private struct AdmissionNotes: Sendable {
  var warnings: [String] = []
  var annotations: [String: String] = [:]

  mutating func add(_ other: AdmissionNotes) {
    warnings += other.warnings
    annotations.merge(other.annotations) { first, _ in first }
  }
}

/// Webhooks by the configuration they were read from.
private final class WebhookCache: Sendable {
  private struct Entry: Sendable {
    var uid: String
    var resourceVersion: String
    var webhooks: [Webhook]
  }

  private let entries = Mutex<[String: Entry]>([:])

  func webhooks(of configuration: KubernetesObject) -> [Webhook] {
    let key = "\(configuration.kind)/\(configuration.name)"
    let (uid, version) = (configuration.uid, configuration.resourceVersion)
    if let known = entries.withLock({ $0[key] }), !version.isEmpty, known.resourceVersion == version, known.uid == uid {
      return known.webhooks
    }
    let webhooks = Webhook.all(of: configuration)
    entries.withLock { $0[key] = Entry(uid: uid, resourceVersion: version, webhooks: webhooks) }
    return webhooks
  }
}
