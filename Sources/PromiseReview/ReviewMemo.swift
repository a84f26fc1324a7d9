import Kubernetes
import Synchronization

/// What reviews found about APIs lately. An API is the largest part of a Promise and the dearest to look at; most updates
/// leave it as it is, and the live Promise has it too.
public final class ReviewMemo: Sendable {
  private let apis = Mutex<[(api: JSON, findings: [Finding])]>([])
  private let capacity: Int

  /// - Parameter capacity: how many APIs are remembered.
  public init(capacity: Int = 8) { self.capacity = capacity }

  /// The findings about an API: remembered ones, or those that `review` makes, which may look at nothing else.
  func findings(about api: JSON, review: () -> [Finding]) -> [Finding] {
    if let known = apis.withLock({ $0.first { $0.api == api } }) { return known.findings }
    let findings = review()
    apis.withLock { apis in
      apis.insert((api, findings), at: 0)
      if apis.count > capacity { apis.removeLast() }
    }
    return findings
  }
}
