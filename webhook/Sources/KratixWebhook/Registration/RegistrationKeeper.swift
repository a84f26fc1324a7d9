import Kubernetes
import Logging
import Synchronization

/// Keeps the rules of the resource webhook what the installed Promises serve: they come and go, and Helm may put the
/// chart's empty list back.
final class RegistrationKeeper: Sendable {
  private let api: any KubernetesAPI
  /// nil keeps nothing.
  private let name: String?
  private let logger: Logger
  private let types = Mutex<[ResourceType]?>(nil)
  private let wake: AsyncStream<Void>
  private let waker: AsyncStream<Void>.Continuation

  init(api: any KubernetesAPI, name: String?, logger: Logger) {
    self.api = api
    self.name = name
    self.logger = logger
    (wake, waker) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// From now on the rules are these.
  func serve(_ types: [ResourceType]) async {
    self.types.withLock { $0 = types }
    waker.yield()
  }

  /// Keeps the rules until cancelled.
  func run() async {
    guard let name else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        var failures = 0
        while !Task.isCancelled {
          do {
            for try await _ in self.api.observe(
              .mutatingWebhookConfigurations, fieldSelector: "metadata.name=\(name)")
            {
              failures = 0
              self.waker.yield()
            }
          } catch is CancellationError {
            return
          } catch {
            failures += 1
            self.logger.warning("cannot observe the webhook's own configuration", metadata: ["error": "\(error)"])
            guard (try? await Task.sleep(for: Backoff.reconnecting.delay(afterFailures: failures))) != nil else {
              return
            }
          }
        }
      }
      group.addTask {
        for await _ in self.wake { await self.settle(name) }
      }
    }
  }

  private func settle(_ name: String) async {
    guard let types = types.withLock({ $0 }) else { return }
    let rules = JSON.array(WebhookRegistration.resourceRules(types))
    do {
      guard
        let object = try await api.find(.mutatingWebhookConfigurations, namespace: nil, name: name),
        let webhooks = object["webhooks"]?.arrayValue,
        let index = webhooks.firstIndex(where: { $0["name"]?.stringValue == WebhookRegistration.resourceWebhook }),
        webhooks[index]["rules"] ?? [] != rules
      else { return }
      // The test keeps the patch from another webhook's place in the list.
      let patch: JSON = [
        [
          "op": "test", "path": .string("/webhooks/\(index)/name"),
          "value": .string(WebhookRegistration.resourceWebhook),
        ],
        ["op": "add", "path": .string("/webhooks/\(index)/rules"), "value": rules],
      ]
      _ = try await api.patch(.mutatingWebhookConfigurations, namespace: nil, name: name, .json(patch))
      logger.info("the resource webhook follows the Promises' APIs", metadata: ["count": "\(types.count)"])
    } catch is CancellationError {
      return
    } catch {
      logger.warning("cannot update the resource webhook's rules", metadata: ["error": "\(error)"])
    }
  }
}
