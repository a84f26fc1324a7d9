import Kubernetes
import Synchronization

/// A reader of a collection's changes. It holds a position, no changes: a reader that stops costs nothing and delays
/// nobody; when it comes back too late it is told to list again.
final class WatchSubscription: Sendable {
  private let store: ObjectStore
  private let collection: String
  private let position: Mutex<UInt64>
  private let wakes: AsyncStream<Void>
  private let waker: AsyncStream<Void>.Continuation
  private let number: Int

  init(store: ObjectStore, collection: String, after version: UInt64) {
    self.store = store
    self.collection = collection
    position = Mutex(version)
    (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    number = store.addWaiter(collection, waker)
  }

  deinit { cancel() }

  /// Ends the wait of `next`.
  func cancel() {
    store.removeWaiter(collection, number)
    waker.finish()
  }

  /// Makes `next` return, with no event when there is none: for deadlines and bookmarks.
  func wake() { waker.yield() }

  /// Waits for changes. Empty when woken for something else; nil when cancelled.
  /// - Throws: `StatusError` 410 when changes were missed.
  func next() async throws -> ObjectStore.Batch? {
    var iterator = wakes.makeAsyncIterator()
    var batch = try read()
    if batch.events.isEmpty {
      guard await iterator.next() != nil else { return nil }
      batch = try read()
    }
    return batch
  }

  private func read() throws -> ObjectStore.Batch {
    try position.withLock { position in
      guard let batch = store.events(collection, after: position) else {
        throw StatusError.expired("too old resource version: \(position) (\(store.version))")
      }
      position = batch.version
      return batch
    }
  }
}
