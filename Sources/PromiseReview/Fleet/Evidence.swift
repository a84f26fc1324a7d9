import KratixModel
import Kubernetes

/// What is live of one Promise: the evidence that compatibility rules rest on.
public struct FleetEvidence: Sendable {
  /// The resource requests, as the API server reads them (with the defaults of the live schema).
  public let resources: [ResourceRequest]
  public let bindings: [ResourceBinding]
  public var revisions: [PromiseRevision]
  /// Where the resources' files are now. Empty when nobody looked.
  public var placements: [WorkPlacement]
  /// The present or last rollout of the Promise; nil when there was none, or nobody looked.
  public var rollout: RolloutNotice?
  public let standing: FleetStanding

  public init(
    resources: [ResourceRequest] = [], bindings: [ResourceBinding] = [], revisions: [PromiseRevision] = [],
    placements: [WorkPlacement] = [], rollout: RolloutNotice? = nil
  ) {
    self.resources = resources.sorted { $0.object.qualifiedName < $1.object.qualifiedName }
    self.bindings = bindings
    self.revisions = revisions
    self.placements = placements
    self.rollout = rollout
    standing = FleetStanding(resources: self.resources, bindings: bindings)
  }

  /// The binding of a resource; the first one when there are several.
  public func binding(of resource: ResourceRequest) -> ResourceBinding? {
    bindings.first { $0.resourceName == resource.name && $0.resourceNamespace == resource.namespace }
  }
}

/// What is installed beside the Promise.
public struct PlatformEvidence: Sendable {
  public var destinations: [Destination]
  public var promises: [Promise]
  /// Of all Promises.
  public var revisions: [PromiseRevision]

  public init(destinations: [Destination] = [], promises: [Promise] = [], revisions: [PromiseRevision] = []) {
    self.destinations = destinations
    self.promises = promises
    self.revisions = revisions
  }

  /// The destinations that files with these selectors can go to (contract, section 7.1).
  func destinations(matching selectors: [String: String]) -> [Destination] {
    destinations.filter {
      !$0.object.isBeingDeleted && !$0.isDryRunTarget && $0.matches(selectors.isEmpty ? nil : selectors)
    }
  }
}
