import Synchronization

/// The values of the last few keys, for what is dear to make and comes again.
public final class Memo<Key: Equatable & Sendable, Value: Sendable>: Sendable {
  /// The newest first.
  private let known = Mutex<[(key: Key, value: Value)]>([])
  private let capacity: Int

  /// - Parameter capacity: how many keys are remembered.
  public init(capacity: Int = 8) { self.capacity = capacity }

  /// The remembered value, or the one that `make` makes, which may depend on the key alone.
  public func value(for key: Key, make: () throws -> Value) rethrows -> Value {
    if let known = known.withLock({ $0.first { $0.key == key } }) { return known.value }
    let value = try make()
    known.withLock { known in
      known.insert((key, value), at: 0)
      if known.count > capacity { known.removeLast() }
    }
    return value
  }
}
