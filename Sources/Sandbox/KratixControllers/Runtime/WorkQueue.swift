/// Keys that wait for a worker, as client-go's rate-limiting queue keeps them: a key is in it once however often it is
/// added, it is not handed out while a worker has it, and one added meanwhile comes back when that worker is done.
actor WorkQueue {
  private let backoff: Duration
  private let backoffLimit: Duration
  private var ready: [ObjectKey] = []
  /// First index of `ready` that is not handed out yet.
  private var head = 0
  private var dirty: Set<ObjectKey> = []
  private var processing: Set<ObjectKey> = []
  private var failures: [ObjectKey: Int] = [:]
  private var delayed: [ObjectKey: Delayed] = [:]
  private var waiters: [(id: Int, continuation: CheckedContinuation<ObjectKey?, Never>)] = []
  private var nextID = 0
  private var isShutDown = false

  private struct Delayed {
    var id: Int
    var deadline: ContinuousClock.Instant
    var task: Task<Void, Never>
  }

  init(backoff: Duration, backoffLimit: Duration) {
    self.backoff = backoff
    self.backoffLimit = backoffLimit
  }

  func add(_ key: ObjectKey) {
    guard !isShutDown, dirty.insert(key).inserted, !processing.contains(key) else { return }
    push(key)
  }

  /// Adds later; of two waits for the same key the shorter one stays.
  func add(_ key: ObjectKey, after delay: Duration) {
    guard !isShutDown else { return }
    guard delay > .zero else { return add(key) }
    let deadline = ContinuousClock.now + delay
    if let pending = delayed[key] {
      if pending.deadline <= deadline { return }
      pending.task.cancel()
    }
    nextID += 1
    let id = nextID
    let task = Task { [weak self] in
      guard (try? await ContinuousClock().sleep(until: deadline)) != nil else { return }
      await self?.expire(key, id: id)
    }
    delayed[key] = Delayed(id: id, deadline: deadline, task: task)
  }

  /// Adds after the wait that the failures in a row of this key have earned.
  func addAfterFailure(_ key: ObjectKey) {
    let count = failures[key, default: 0]
    failures[key] = count + 1
    add(key, after: WorkQueue.wait(afterFailures: count, first: backoff, limit: backoffLimit))
  }

  /// Forgets the failures of a key that went well.
  func forget(_ key: ObjectKey) { failures[key] = nil }

  /// The next key, when there is one; nil after `shutDown`.
  func next() async -> ObjectKey? {
    if let key = pop() { return key }
    if isShutDown || Task.isCancelled { return nil }
    nextID += 1
    let id = nextID
    return await withTaskCancellationHandler {
      await withCheckedContinuation { waiters.append((id, $0)) }
    } onCancel: {
      Task { await self.abandon(id) }
    }
  }

  /// Gives a key back that `next` handed out.
  func done(_ key: ObjectKey) {
    processing.remove(key)
    if dirty.contains(key), !isShutDown { push(key) }
  }

  func shutDown() {
    isShutDown = true
    for pending in delayed.values { pending.task.cancel() }
    delayed = [:]
    for waiter in waiters { waiter.continuation.resume(returning: nil) }
    waiters = []
  }

  /// `first` doubled for each earlier failure, at most `limit`.
  static func wait(afterFailures count: Int, first: Duration, limit: Duration) -> Duration {
    count >= 40 ? limit : min(first * (1 << count), limit)
  }

  private func expire(_ key: ObjectKey, id: Int) {
    guard delayed[key]?.id == id else { return }
    delayed[key] = nil
    add(key)
  }

  private func abandon(_ id: Int) {
    guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
    waiters.remove(at: index).continuation.resume(returning: nil)
  }

  private func push(_ key: ObjectKey) {
    ready.append(key)
    guard !waiters.isEmpty, let next = pop() else { return }
    waiters.removeFirst().continuation.resume(returning: next)
  }

  private func pop() -> ObjectKey? {
    guard head < ready.count else { return nil }
    let key = ready[head]
    head += 1
    if head == ready.count {
      ready.removeAll(keepingCapacity: true)
      head = 0
    } else if head > 256, head * 2 > ready.count {
      ready.removeFirst(head)
      head = 0
    }
    dirty.remove(key)
    processing.insert(key)
    return key
  }
}
