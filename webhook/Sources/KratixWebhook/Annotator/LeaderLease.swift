import Foundation
import Kubernetes
import Logging

/// One leader among several replicas, by a `Lease` of coordination.k8s.io.
///
/// Who leads renews; who follows takes over when the lease has not moved for its whole duration by the follower's own
/// clock, so that clocks need not agree.
struct LeaderLease: Sendable {
  let api: any KubernetesAPI
  let namespace: String
  let name: String
  /// Who this replica is.
  let identity: String
  var duration: Duration = .seconds(15)
  var renewal: Duration = .seconds(5)
  let logger: Logger

  /// Runs `work` for as long as this replica leads, again and again, until cancelled.
  func run(_ work: @escaping @Sendable () async -> Void) async {
    while !Task.isCancelled {
      guard await acquire() else { return }
      logger.info("leading", metadata: ["lease": "\(namespace)/\(name)"])
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await work() }
        group.addTask { await renewUntilLost() }
        // Whichever ends first ends the other.
        await group.next()
        group.cancelAll()
      }
      if Task.isCancelled { await release() }
    }
  }

  /// Waits for the lease. - Returns: false when cancelled.
  private func acquire() async -> Bool {
    var seen = ""
    var seenAt = ContinuousClock.now
    while !Task.isCancelled {
      do {
        let lease = try await api.find(.leases, namespace: namespace, name: name)
        guard let lease else {
          _ = try await api.create(.leases, renewed(nil))
          return true
        }
        let holder = lease[path: "spec", "holderIdentity"]?.stringValue ?? ""
        if lease.resourceVersion != seen {
          seen = lease.resourceVersion
          seenAt = .now
        }
        if holder.isEmpty || holder == identity || seenAt.duration(to: .now) >= duration {
          _ = try await api.update(.leases, renewed(lease))
          return true
        }
      } catch is CancellationError {
        return false
      } catch {
        logger.debug("cannot take the lease", metadata: ["error": "\(error)"])
      }
      guard (try? await Task.sleep(for: renewal)) != nil else { return false }
    }
    return false
  }

  private func renewUntilLost() async {
    var lastRenewal = ContinuousClock.now
    while (try? await Task.sleep(for: renewal)) != nil {
      do {
        guard let lease = try await api.find(.leases, namespace: namespace, name: name),
          lease[path: "spec", "holderIdentity"]?.stringValue == identity
        else { return }
        _ = try await api.update(.leases, renewed(lease))
        lastRenewal = .now
      } catch {
        if lastRenewal.duration(to: .now) >= duration { return }
      }
    }
  }

  /// Lets another replica lead at once.
  private func release() async {
    // The task is cancelled already; the farewell is its own.
    await Task {
      guard var lease = try? await api.find(.leases, namespace: namespace, name: name),
        lease[path: "spec", "holderIdentity"]?.stringValue == identity
      else { return }
      lease.json.set("", at: ["spec", "holderIdentity"])
      _ = try? await api.update(.leases, lease)
    }.value
  }

  private func renewed(_ lease: KubernetesObject?) -> KubernetesObject {
    var object =
      lease
      ?? KubernetesObject(apiVersion: "coordination.k8s.io/v1", kind: "Lease", name: name, namespace: namespace)
    let now = JSON.string(Timestamp.microText(secondsSince1970: Date().timeIntervalSince1970))
    if object[path: "spec", "holderIdentity"]?.stringValue != identity {
      let transitions = object[path: "spec", "leaseTransitions"]?.intValue
      object.json.set(.int(transitions.map { $0 + 1 } ?? 0), at: ["spec", "leaseTransitions"])
      object.json.set(now, at: ["spec", "acquireTime"])
    }
    object.json.set(.string(identity), at: ["spec", "holderIdentity"])
    object.json.set(now, at: ["spec", "renewTime"])
    object.json.set(JSON(Int(duration.components.seconds)), at: ["spec", "leaseDurationSeconds"])
    return object
  }
}
