import ArgumentParser
import Foundation
import KratixModel
import KratixWebhook
import Kubernetes

struct ReconcileCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reconcile", abstract: "Have every resource of a Promise run again, at its present version.",
    discussion: """
      Sets the annotation \(UpgradeAnnotations.reconcileRequested) on the Promise to the present time, as kubectl \
      rollout restart does with a Deployment; kratix-webhook makes it Kratix's label \
      \(KratixLabels.reconcileResources). Where no webhook answers, the label is set directly.

      Example: kubectl kratix reconcile mongodb
      """)

  @Argument(help: "The Promise's name.")
  var promise: String

  @Flag(name: .customLong("dry-run"), help: "Ask the API server, and change nothing.")
  var isDryRun = false

  @OptionGroup var connection: ConnectionArguments

  func run() async throws {
    let result = try await PromiseReconciliation(api: try connection.client()).request(
      promise, at: Int64(Date().timeIntervalSince1970), isDryRun: isDryRun)
    Console.out("promise.platform.kratix.io/\(promise) \(result.text)\(isDryRun ? " (server dry run)" : "")")
  }
}

/// Asks Kratix to run all resources of a Promise again.
struct PromiseReconciliation: Sendable {
  enum Outcome: Sendable, Hashable {
    /// The webhook turned the annotation into Kratix's label.
    case requested
    /// Nobody did, so that the label was set after the annotation.
    case labelled

    var text: String {
      switch self {
      case .requested: "reconciliation requested"
      case .labelled: "reconciliation requested (by its label: no webhook answered)"
      }
    }
  }

  let api: any KubernetesAPI

  /// - Parameter time: in seconds since 1970; another than that of the request before.
  /// - Throws: `Failure` when there is no such Promise; `StatusError`.
  func request(_ promise: String, at time: Int64, isDryRun: Bool = false) async throws -> Outcome {
    let options = WriteOptions(isDryRun: isDryRun, fieldManager: "kubectl-kratix")
    let annotation: JSON = [
      UpgradeAnnotations.reconcileRequested: .string(Timestamp.text(secondsSince1970: time))
    ]
    let answer: KubernetesObject
    do {
      answer = try await api.patch(
        .promises, namespace: nil, name: promise, .merge(["metadata": ["annotations": annotation]]), options: options)
    } catch let error as StatusError where error.reason == .notFound {
      throw Failure("Promise \(promise) is not installed")
    }
    if answer.labels[KratixLabels.reconcileResources] == KratixLabels.yes { return .requested }
    _ = try await api.patch(
      .promises, namespace: nil, name: promise,
      .merge(["metadata": ["labels": [KratixLabels.reconcileResources: .string(KratixLabels.yes)]]]), options: options)
    return .labelled
  }
}
