/// Brings one object towards what it asks for. Level-triggered: it reads everything anew, and says nothing of what
/// woke it.
public protocol Reconciler: Sendable {
  /// An error puts the key back with a growing wait; a key is never reconciled twice at the same time.
  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult
}

/// When to look at an object again, unless an event comes first.
public enum ReconcileResult: Sendable, Hashable {
  case done
  case requeue(after: Duration)
}

/// A pass that cannot go on, with the sentence for the log.
public struct ReconcileError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
