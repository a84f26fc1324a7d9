import Kubernetes
import Testing

@testable import KratixControllers

@Suite struct WorkQueueTests {
  private let a = ObjectKey(name: "a")
  private let b = ObjectKey(namespace: "ns", name: "b")

  private func queue() -> WorkQueue { WorkQueue(backoff: .milliseconds(5), backoffLimit: .seconds(1000)) }

  @Test func aKeyIsHandedOutOnceHoweverOftenItIsAdded() async {
    let queue = queue()
    for key in [a, b, a, a, b] { await queue.add(key) }
    #expect(await queue.next() == a)
    #expect(await queue.next() == b)
    await queue.shutDown()
    #expect(await queue.next() == nil)
  }

  @Test func aKeyAddedWhileAWorkerHasItComesBackWhenThatWorkerIsDone() async {
    let queue = queue()
    await queue.add(a)
    #expect(await queue.next() == a)
    await queue.add(a)
    await queue.add(b)
    #expect(await queue.next() == b)
    await queue.done(a)
    #expect(await queue.next() == a)
  }

  @Test func aWaitingWorkerGetsTheKey() async {
    let queue = queue()
    async let key = queue.next()
    await queue.add(b)
    #expect(await key == b)
  }

  @Test func aCancelledWorkerGetsNothing() async {
    let queue = queue()
    let worker = Task { await queue.next() }
    worker.cancel()
    #expect(await worker.value == nil)
  }

  @Test func theShorterOfTwoWaitsStays() async {
    let queue = queue()
    await queue.add(a, after: .seconds(3600))
    await queue.add(a, after: .milliseconds(1))
    #expect(await queue.next() == a)
  }

  @Test(arguments: [
    // Failures before this one, the wait: 5 ms doubling, at most 1000 s.
    (0, Duration.milliseconds(5)), (1, .milliseconds(10)), (2, .milliseconds(20)), (10, .milliseconds(5120)),
    (17, .milliseconds(655_360)), (18, .seconds(1000)), (500, .seconds(1000)),
  ])
  func waits(failures: Int, expected: Duration) {
    #expect(
      WorkQueue.wait(afterFailures: failures, first: .milliseconds(5), limit: .seconds(1000)) == expected)
  }
}
