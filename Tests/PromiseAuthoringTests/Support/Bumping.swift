import KratixModel
import Testing

@testable import PromiseAuthoring

/// A text that was bumped, and how.
struct Bumping {
  let text: [UInt8]
  let plan: BumpPlan

  /// - Parameters:
  ///   - images: by their references.
  ///   - address: of the one container or pipeline that gets them; nil for all of their repositories.
  /// - Throws: `BumpError`, and an issue for words that are no reference or no address.
  init(
    _ text: String, _ images: String..., container: String? = nil, pipeline: String? = nil,
    version: VersionChange? = nil
  ) throws {
    var filter = ContainerFilter.all
    if let container { filter = try #require(ContainerFilter(containerAddress: container)) }
    if let pipeline { filter = try #require(ContainerFilter(pipelineAddress: pipeline)) }
    let requests = try images.map { BumpRequest(image: try #require(ImageReference($0)), containers: filter) }
    self.text = Array(text.utf8)
    plan = try ImageBump.plan(text: self.text, requests: requests, promiseVersion: version)
  }

  var result: String { String(decoding: plan.applied(to: text), as: UTF8.self) }
}
