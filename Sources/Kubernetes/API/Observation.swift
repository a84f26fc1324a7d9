/// What an observation tells.
public enum ObservedEvent: Sendable, Hashable {
  /// Everything there is at this moment: the first event, and again whenever the server could not say what happened
  /// in between. It replaces all that was known before.
  case snapshot([KubernetesObject])
  case added(KubernetesObject)
  case modified(KubernetesObject)
  /// The object's last state.
  case deleted(KubernetesObject)
}

extension KubernetesAPI {
  /// Lists, then watches for as long as the caller listens: goes on where a watch ended, lists again when the server
  /// has forgotten that version (410), and comes back with growing waits when the connection breaks.
  ///
  /// The stream throws what trying again cannot mend (a `StatusError` such as 403 or 404, an untrusted certificate).
  /// Before the first snapshot it throws every fault, so that a wrong address is told at once. It never finishes by
  /// itself; to cancel the task that iterates it, or to let it go, ends it.
  /// - Parameter keeping: what of each object is kept; all of it unless told. Of a long list, no more than a page is ever
  ///   held whole.
  public func observe(
    _ type: ResourceType, namespace: String? = nil, labelSelector: String = "", fieldSelector: String = "",
    backoff: Backoff = .reconnecting, keeping: @escaping @Sendable (KubernetesObject) -> KubernetesObject = { $0 }
  ) -> AsyncThrowingStream<ObservedEvent, any Error> {
    let observation = Observation(
      api: self, type: type, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector,
      backoff: backoff, keeping: keeping)
    return AsyncThrowingStream { continuation in
      let task = Task {
        do {
          try await observation.run { continuation.yield($0) }
        } catch is CancellationError {
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }
}

private struct Observation<API: KubernetesAPI>: Sendable {
  let api: API
  let type: ResourceType
  let namespace: String?
  let labelSelector: String
  let fieldSelector: String
  let backoff: Backoff
  let keeping: @Sendable (KubernetesObject) -> KubernetesObject

  func run(emit: (ObservedEvent) -> Void) async throws {
    var version: String?
    var hasSnapshot = false
    var failures = 0
    while true {
      try Task.checkCancellation()
      var waitsBeforeNext = true
      do {
        let start: String
        if let version {
          start = version
        } else {
          let list = try await api.collect(
            type, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector, keeping: keeping)
          emit(.snapshot(list.items))
          hasSnapshot = true
          start = list.resourceVersion
          version = start
        }
        let began = ContinuousClock.now
        var isProductive = false
        let events = try await api.watch(
          type, namespace: namespace,
          options: WatchOptions(
            labelSelector: labelSelector, fieldSelector: fieldSelector, resourceVersion: start, allowBookmarks: true))
        for try await event in events {
          if !event.resourceVersion.isEmpty { version = event.resourceVersion }
          isProductive = true
          failures = 0
          switch event {
          case .added(let object): emit(.added(keeping(object)))
          case .modified(let object): emit(.modified(keeping(object)))
          case .deleted(let object): emit(.deleted(keeping(object)))
          case .bookmark: break
          }
        }
        // A server that ends every watch at once must not be asked in a tight loop.
        waitsBeforeNext = !isProductive && began.duration(to: .now) < .seconds(1)
        failures = waitsBeforeNext ? failures + 1 : 0
      } catch let error as StatusError where error.code == 410 {
        version = nil
        failures += 1
        waitsBeforeNext = failures > 1
      } catch let error as any RetryableError where error.isTransient && hasSnapshot {
        failures += 1
      }
      if waitsBeforeNext { try await Task.sleep(for: backoff.delay(afterFailures: failures)) }
    }
  }
}
