import DequeModule

/// The objects of one resource in key order, the latest changes, and who waits for the next one.
struct CollectionState {
  /// A reader that is further behind than this many changes, or this many bytes of them, starts again with a list.
  static let maximumEvents = 10_000
  static let maximumEventBytes = 16 << 20

  private(set) var sorted: [StoredObject] = []
  private(set) var byKey: [String: StoredObject] = [:]
  private(set) var events: Deque<StoreEvent> = []
  private var eventBytes = 0
  /// The version of the latest change that `events` no longer has.
  private(set) var forgottenThrough: UInt64
  var waiters: [Int: AsyncStream<Void>.Continuation] = [:]

  init(forgottenThrough: UInt64) { self.forgottenThrough = forgottenThrough }

  /// Puts back what a journal held, in any order; `finishLoading` sorts.
  mutating func load(_ object: StoredObject) {
    byKey[object.key] = object
    sorted.append(object)
  }

  mutating func finishLoading() { sorted.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) } }

  mutating func insert(_ object: StoredObject) {
    byKey[object.key] = object
    sorted.insert(object, at: position(of: object.key))
    append(StoreEvent(version: object.version, kind: .added, object: object, previous: nil))
  }

  mutating func replace(_ previous: StoredObject, by object: StoredObject) {
    byKey[object.key] = object
    sorted[position(of: object.key)] = object
    append(StoreEvent(version: object.version, kind: .modified, object: object, previous: previous))
  }

  mutating func remove(_ previous: StoredObject, lastState: StoredObject) {
    byKey[previous.key] = nil
    sorted.remove(at: position(of: previous.key))
    append(StoreEvent(version: lastState.version, kind: .deleted, object: lastState, previous: previous))
  }

  /// The objects whose key starts with a prefix; all of them when it is empty.
  func objects(withPrefix prefix: String) -> ArraySlice<StoredObject> {
    if prefix.isEmpty { return sorted[...] }
    let start = position(of: prefix)
    var end = start
    // The keys with a prefix follow each other: find the end by doubling, so that a small namespace costs little.
    var step = 1
    while end + step <= sorted.count, sorted[end + step - 1].key.hasPrefix(prefix) {
      end += step
      step *= 2
    }
    while step > 0 {
      if end + step <= sorted.count, sorted[end + step - 1].key.hasPrefix(prefix) { end += step } else { step /= 2 }
    }
    return sorted[start..<end]
  }

  /// The changes after a version; nil when some of them are forgotten.
  func events(after version: UInt64) -> [StoreEvent]? {
    guard version >= forgottenThrough else { return nil }
    var low = 0
    var high = events.count
    while low < high {
      let middle = (low + high) / 2
      if events[middle].version <= version { low = middle + 1 } else { high = middle }
    }
    return Array(events[low...])
  }

  private mutating func append(_ event: StoreEvent) {
    events.append(event)
    eventBytes += event.object.bytes.count
    while events.count > Self.maximumEvents || eventBytes > Self.maximumEventBytes {
      guard let oldest = events.popFirst() else { break }
      eventBytes -= oldest.object.bytes.count
      forgottenThrough = oldest.version
    }
    for waiter in waiters.values { waiter.yield() }
  }

  private func position(of key: String) -> Int {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle].key.utf8.lexicographicallyPrecedes(key.utf8) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
