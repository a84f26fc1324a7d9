import KratixModel
import Kubernetes
import Synchronization

/// Members as they stood at the last look: of a large fleet few change from one look to the next, and to tell where one
/// stands takes a walk through its conditions.
final class MemberMemory: Sendable {
  /// What a member's standing depends on.
  private struct Basis: Hashable {
    var resource: String
    var binding: String?
    var job: WorkflowJob?
  }

  private struct Content {
    var record: RolloutRecord?
    var revisions: Set<String> = []
    var members: [String: (basis: Basis, member: RolloutMember)] = [:]
  }

  private let content = Mutex(Content())

  /// The members of a fleet; in no order.
  /// - Parameter make: a member anew.
  func members(
    of fleet: LiveFleet, _ record: RolloutRecord, newestJobs: [String: WorkflowJob],
    make: (ResourceRequest, WorkflowJob?) -> RolloutMember
  ) -> [RolloutMember] {
    content.withLock { content in
      let revisions = Set(fleet.revisions.values.map(\.version))
      if content.record != record || content.revisions != revisions {
        content = Content(record: record, revisions: revisions)
      }
      // What is moving fails when its time is over, although nothing changes.
      let isTimed = record.strategy.groups.contains { $0.timeout != nil }
      var known = content.members
      content.members.removeAll(keepingCapacity: true)
      return fleet.resources.map { key, resource in
        let basis = Basis(
          resource: resource.object.resourceVersion, binding: fleet.bindings[key]?.object.resourceVersion,
          job: newestJobs[key])
        if let seen = known.removeValue(forKey: key), seen.basis == basis {
          content.members[key] = seen
          return seen.member
        }
        let member = make(resource, newestJobs[key])
        if !isTimed || (member.standing != .moving && !member.isFailing) { content.members[key] = (basis, member) }
        return member
      }
    }
  }
}
