import ImageRegistry
import KratixModel
import PromiseAuthoring

/// Asks registries what the images of a Promise's file could be replaced with.
struct ImageSearch {
  /// For messages.
  var file: String
  /// The images that were named; none for all that the file holds. A tag said there stays, unless the wish chooses one.
  var wanted: [ImageReference]
  var filter: ContainerFilter
  var updates: ImageUpdates
  var wish: ImageUpdates.Wish
  /// A check goes on after a failure, and leaves out what is not ahead.
  var isCheck: Bool

  /// One request for each image that a registry has something else for.
  ///
  /// - Parameter failures: of a check, one sentence for each image that could not be looked up.
  func requests(_ failures: inout [String], in text: [UInt8]) async throws -> [BumpRequest] {
    let containers = try PromiseFile.naming(file) { try ImageBump.containers(in: text) }
      .filter { filter.matches($0.address) }
    try checkWanted(containers)
    var requests: [BumpRequest] = []
    for current in Set(containers.map(\.image)).sorted() {
      guard let reference = ImageReference(current) else {
        throw Failure("\(PromiseFile.name(file)) holds the image \"\(current)\", which is no image reference")
      }
      let named = wanted.filter { $0.canonicalRepository == reference.canonicalRepository }
      guard wanted.isEmpty || !named.isEmpty else { continue }
      let start = wish.constraint == nil ? named.first { $0.tag != nil } ?? reference : reference
      let update: ImageReference?
      do {
        update = try await updates.update(of: start, wish: wish)
      } catch {
        guard isCheck else { throw Failure("\(error)") }
        failures.append("\(error)")
        continue
      }
      guard let update else {
        if isCheck { continue }
        throw Failure("no tag of \(reference.repository) fits \(wish.constraint.map { "\($0)" } ?? "")")
      }
      if isCheck, !Self.isNewer(update, than: reference) { continue }
      requests.append(BumpRequest(image: update, containers: filter, scope: .exactly(current)))
    }
    return requests
  }

  /// - Throws: `Failure` for an image that was named and that no container runs.
  private func checkWanted(_ containers: [BumpError.Found]) throws(Failure) {
    let present = Set(containers.compactMap { ImageReference($0.image)?.canonicalRepository })
    guard let missing = wanted.first(where: { !present.contains($0.canonicalRepository) }) else { return }
    throw Failure("\(PromiseFile.name(file)) \(BumpError.noMatch(missing.repository, containers: containers))")
  }

  /// A check lists what is ahead, not what a person went beyond.
  private static func isNewer(_ update: ImageReference, than current: ImageReference) -> Bool {
    guard update != current else { return false }
    guard let new = update.tag.flatMap({ SemanticVersion($0) }), let old = current.tag.flatMap({ SemanticVersion($0) })
    else { return true }
    return old < new || old == new && update.digest != current.digest
  }
}
