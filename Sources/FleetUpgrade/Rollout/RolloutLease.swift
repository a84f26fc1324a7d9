import KratixModel
import Kubernetes

/// One driver of a Promise's rollout at a time: a Lease in Kratix's namespace.
struct RolloutLease: Sendable {
  /// A driver that does not renew for so long is gone.
  static let duration = Duration.seconds(15)

  let api: any KubernetesAPI
  let promise: String
  let driver: RolloutDriver.Identity
  let now: @Sendable () -> Double

  private var name: String { RolloutStore.name(promise: promise) }

  /// Returns when the lease is ours. Another driver's is taken over when it is given back, when it was not renewed for
  /// the whole duration (by our clock, so that clocks need not agree), or at once when its process is known to be gone.
  /// - Parameter onWait: who holds it, each time that it has to be waited for.
  func acquire(onWait: @Sendable (String) -> Void) async throws {
    var waitedOn: String?
    while true {
      do {
        guard let lease = try await api.find(.leases, namespace: KratixNames.systemNamespace, name: name) else {
          var lease = KubernetesObject(
            apiVersion: ResourceType.leases.apiVersion, kind: "Lease", name: name,
            namespace: KratixNames.systemNamespace)
          lease.spec = spec(acquiredAt: nil)
          _ = try await api.create(.leases, lease, options: RolloutStore.options)
          return
        }
        let holder = lease[path: "spec", "holderIdentity"]?.stringValue ?? ""
        if holder.isEmpty || holder == driver.name || waitedOn == lease.resourceVersion || driver.isGone(holder) {
          var taken = lease
          taken.spec = spec(acquiredAt: nil)
          _ = try await api.update(.leases, taken, subresource: nil, options: RolloutStore.options)
          return
        }
        onWait(holder)
        waitedOn = try await unchanged(lease) ? lease.resourceVersion : nil
      } catch let error as StatusError where error.code == 409 {
        continue
      }
    }
  }

  /// Waits until the lease changes or its time is over. - Returns: whether it did not change.
  private func unchanged(_ lease: KubernetesObject) async throws -> Bool {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await Task.sleep(for: Self.duration)
        return true
      }
      group.addTask {
        let events = api.observe(
          .leases, namespace: KratixNames.systemNamespace, fieldSelector: "metadata.name=\(name)")
        for try await event in events {
          switch event {
          case .snapshot(let objects) where objects.first?.resourceVersion == lease.resourceVersion: continue
          default: return false
          }
        }
        throw CancellationError()
      }
      defer { group.cancelAll() }
      return try await group.next() ?? true
    }
  }

  /// Renews for as long as the task lives.
  /// - Throws: `RolloutError.leaseLost` when another driver has taken over.
  func keep() async throws {
    while true {
      try await Task.sleep(for: Self.duration / 3)
      do {
        guard var lease = try await api.find(.leases, namespace: KratixNames.systemNamespace, name: name) else {
          throw RolloutError.leaseLost("nobody")
        }
        let holder = lease[path: "spec", "holderIdentity"]?.stringValue ?? ""
        guard holder == driver.name else { throw RolloutError.leaseLost(holder) }
        lease.spec = spec(acquiredAt: lease[path: "spec", "acquireTime"])
        _ = try await api.update(.leases, lease, subresource: nil, options: RolloutStore.options)
      } catch let error as StatusError where error.code == 409 {
        continue
      } catch let error as any RetryableError where error.isTransient {
        continue
      }
    }
  }

  /// Gives the lease back; one that cannot be given back runs out.
  func giveBack() async {
    do {
      guard var lease = try await api.find(.leases, namespace: KratixNames.systemNamespace, name: name),
        lease[path: "spec", "holderIdentity"]?.stringValue == driver.name
      else { return }
      lease.spec?["holderIdentity"] = ""
      _ = try await api.update(.leases, lease, subresource: nil, options: RolloutStore.options)
    } catch {
      return
    }
  }

  private func spec(acquiredAt: JSON?) -> JSON {
    let time = JSON.string(Timestamp.microText(secondsSince1970: now()))
    return [
      "holderIdentity": .string(driver.name), "leaseDurationSeconds": .int(Self.duration.components.seconds),
      "acquireTime": acquiredAt ?? time, "renewTime": time,
    ]
  }
}
