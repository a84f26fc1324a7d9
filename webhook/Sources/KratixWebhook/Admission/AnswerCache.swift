import Crypto
import PromiseReview
import Synchronization

/// Answers to reviews of Promises, by what they were made of. kubectl sends the same change several times (a dry run,
/// then the real one; several patches for one server-side apply), and a schema that was checked against a thousand
/// resources need not be checked again while they are the same.
final class AnswerCache: Sendable {
  struct Key: Hashable {
    fileprivate let digest: SHA256Digest
    /// Of the old object alone.
    let oldObject: SHA256Digest
    /// Of the fleet and of the platform, as the cache knew them.
    fileprivate let fleet: Int
    fileprivate let platform: Int
  }

  struct Entry: Sendable {
    var answer: AdmissionAnswer
    var findings: [Finding]
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    /// The oldest first.
    var order: [Key] = []
  }

  private let state = Mutex(State())
  private let capacity: Int

  init(capacity: Int = 64) { self.capacity = capacity }

  subscript(key: Key) -> Entry? {
    state.withLock { $0.entries[key] }
  }

  func store(_ entry: Entry, for key: Key) {
    state.withLock { state in
      if state.entries.updateValue(entry, forKey: key) == nil { state.order.append(key) }
      if state.order.count > capacity { state.entries[state.order.removeFirst()] = nil }
    }
  }

  /// What of a review of a Promise its answer depends on.
  static func key(_ spans: ReviewSpans, _ scanner: JSONScanner, fleet: Int, platform: Int) -> Key {
    func add(_ part: Range<Int>?, to hash: inout SHA256) {
      // The length before each part keeps parts from running into each other.
      withUnsafeBytes(of: Int64(part?.count ?? -1)) { hash.update(bufferPointer: $0) }
      if let part { hash.update(bufferPointer: UnsafeRawBufferPointer(scanner.slice(part))) }
    }
    var old = SHA256()
    for part in spans.oldObject?.all ?? [nil] { add(part, to: &old) }
    let oldObject = old.finalize()
    var hash = SHA256()
    for part in [spans.operation, spans.dryRun, spans.userName] + (spans.object?.all ?? [nil]) { add(part, to: &hash) }
    oldObject.withUnsafeBytes { hash.update(bufferPointer: $0) }
    return Key(digest: hash.finalize(), oldObject: oldObject, fleet: fleet, platform: platform)
  }
}
