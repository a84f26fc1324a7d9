import KratixModel
import Kubernetes
import Synchronization

/// Proves that the API server reaches the webhook: creates a Promise as a dry run, and looks for what only the webhook
/// adds to the answer.
public struct PathCheck: Sendable {
  /// On a dry run, the validating webhook gives the annotation's value back as a warning.
  static let annotation = "upgrade.kratix.io/check"
  static func warning(_ word: String) -> String { "kratix-webhook is in the path: \(word)" }

  public enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
    case validatingNotReached
    case mutatingNotReached
    case refused(String)

    public var description: String {
      switch self {
      case .validatingNotReached:
        "the API server took a Promise without asking the validating webhook; look at the "
          + "ValidatingWebhookConfiguration \(WebhookRegistration.name)"
      case .mutatingNotReached:
        "the API server took a Promise without asking the mutating webhook; look at the "
          + "MutatingWebhookConfiguration \(WebhookRegistration.name)"
      case .refused(let message): "the API server refused the dry run: \(message)"
      }
    }
  }

  /// The warnings of the client's answers, as they come.
  public final class Warnings: Sendable {
    private let texts = Mutex<[String]>([])
    public init() {}
    public func add(_ text: String) { texts.withLock { $0.append(text) } }
    func contains(_ text: String) -> Bool { texts.withLock { $0.contains { $0.contains(text) } } }
  }

  private let api: any KubernetesAPI
  private let warnings: Warnings

  /// - Parameter warnings: what the client of `api` hears of warnings.
  public init(api: any KubernetesAPI, warnings: Warnings) {
    self.api = api
    self.warnings = warnings
  }

  /// - Parameter word: something that no earlier answer holds.
  /// - Throws: `Failure`, or what the client throws when the API server cannot be reached.
  public func run(word: String) async throws {
    var promise = KubernetesObject(
      apiVersion: ResourceType.promises.apiVersion, kind: "Promise", name: "kratix-webhook-check")
    promise.annotations = [Self.annotation: word]
    promise.spec = [:]
    let answer: KubernetesObject
    do {
      answer = try await api.create(.promises, promise, options: WriteOptions(isDryRun: true))
    } catch let error as StatusError {
      throw Failure.refused(error.message)
    }
    guard answer.annotations[UpgradeAnnotations.contentHash] != nil else { throw Failure.mutatingNotReached }
    guard warnings.contains(Self.warning(word)) else { throw Failure.validatingNotReached }
  }
}
