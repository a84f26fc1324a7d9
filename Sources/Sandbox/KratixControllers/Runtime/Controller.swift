import Kubernetes
import Logging

/// Watches its sources, queues the keys that they wake, and hands each to the reconciler: controller-runtime's model of
/// a controller.
public struct Controller: Sendable {
  public var name: String
  public var sources: [Source]
  public var reconciler: any Reconciler
  /// Keys reconciled at the same time.
  public var workers: Int

  public init(name: String, sources: [Source], reconciler: any Reconciler, workers: Int = 1) {
    self.name = name
    self.sources = sources
    self.reconciler = reconciler
    self.workers = workers
  }

  /// Runs until the task is cancelled. Errors of the reconciler are logged and retried, never thrown.
  public func run(api: any KubernetesAPI, pace: Pace, logger: Logger) async {
    let queue = WorkQueue(backoff: pace.errorBackoff, backoffLimit: pace.errorBackoffLimit)
    var log = logger
    log[metadataKey: "controller"] = .string(name)
    let logger = log
    await withTaskGroup(of: Void.self) { group in
      for source in sources {
        group.addTask { await source.run(api: api, queue: queue, logger: logger) }
      }
      for _ in 0..<max(workers, 1) {
        group.addTask { await work(queue, logger) }
      }
      await group.waitForAll()
    }
    await queue.shutDown()
  }

  private func work(_ queue: WorkQueue, _ logger: Logger) async {
    while let key = await queue.next() {
      do {
        let result = try await reconciler.reconcile(key)
        await queue.forget(key)
        if case .requeue(let delay) = result { await queue.add(key, after: delay) }
      } catch is CancellationError {
        break
      } catch let error as StatusError where error.reason == .conflict {
        // Somebody wrote in between: the next pass reads anew.
        logger.debug("\(key): \(error)")
        await queue.addAfterFailure(key)
      } catch {
        logger.info("\(key): \(error)")
        await queue.addAfterFailure(key)
      }
      await queue.done(key)
    }
  }
}
