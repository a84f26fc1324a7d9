import KratixModel
import Kubernetes
import Yams

/// A parsed text with the Promises in it.
struct BumpSource {
  let text: SourceText
  let documents: [Node]
  let promises: [PromiseSource]

  init(_ bytes: [UInt8]) throws(BumpError) {
    guard let text = SourceText(file: bytes) else { throw .notUTF8 }
    self.text = text
    do throws(YAMLSyntaxError) {
      documents = try YAML.compose(text.string)
      var promises: [PromiseSource] = []
      for root in Self.roots(documents, text) { promises += try PromiseSource.all(below: root) }
      self.promises = promises
    } catch {
      throw .notYAML(error)
    }
    if promises.isEmpty {
      let roots = Self.roots(documents, text)
      guard roots.contains(where: { $0.scalar.map { !$0.string.isEmpty } ?? true }) else { throw .empty }
      throw .noPromise(kinds: roots.compactMap { $0["kind"]?.string })
    }
  }

  private static func roots(_ documents: [Node], _ text: SourceText) -> [SourceNode] {
    documents.enumerated().map { index, node in
      SourceNode(node: node, path: FieldPath(index == 0 ? [] : [.text(index)]), text: text)
    }
  }

  /// The containers that a request is for, with the index of their Promise.
  func sites(for request: BumpRequest) throws(BumpError) -> [(promise: Int, site: ContainerSite)] {
    let all = promises.enumerated().flatMap { index, promise in promise.containers.map { (promise: index, site: $0) } }
    guard !all.isEmpty else { throw .noContainers(promise: promises.map(\.name).joined(separator: ", ")) }
    func found(_ sites: [(promise: Int, site: ContainerSite)]) -> [BumpError.Found] {
      sites.map { BumpError.Found(address: $0.site.address, image: $0.site.imageText) }
    }
    let addressed = all.filter { request.containers.matches($0.site.address) }
    guard !addressed.isEmpty else { throw .notFound(request.containers, containers: found(all)) }
    switch request.scope {
    case .exactly(let image):
      let same = addressed.filter { $0.site.imageText == image }
      guard !same.isEmpty else { throw .noMatch(image, containers: found(addressed)) }
      return same
    case .repository(let everywhere):
      let repository = request.image.canonicalRepository
      let same = addressed.filter { $0.site.reference?.canonicalRepository == repository }
      if same.isEmpty {
        guard request.containers.namesContainers else {
          throw .noMatch("\(request.image.repository)", containers: found(all))
        }
        guard addressed.count == 1 else { throw .ambiguous("\(request.containers)", containers: found(addressed)) }
        return addressed
      }
      let isOne = Set(same.map(\.promise)).count == 1 && Set(same.map(\.site.imageText)).count == 1
      guard isOne || everywhere || request.containers.namesContainers && Set(same.map(\.promise)).count == 1 else {
        throw .ambiguous("\(request.image.repository)", containers: found(same))
      }
      return same
    }
  }

  /// Proves a plan on its own result, and tells which values it changes through anchors.
  /// - Throws: `BumpError.wouldChangeMore` when the result parses as anything but the text with the edits' values.
  func prove(_ plan: BumpPlan, text original: [UInt8]) throws(BumpError) -> [BumpPlan.SharedValue] {
    guard !plan.edits.isEmpty else { return [] }
    guard let result = SourceText(file: plan.applied(to: original)), let after = try? YAML.compose(result.string),
      after.count == documents.count
    else { throw .wouldChangeMore(plan.edits.map(\.path)) }

    var walk = SharedWalk(plan)
    for root in Self.roots(documents, text) { walk.visit(root) }
    var comparison = SourceComparison()
    for (before, after) in zip(Self.roots(documents, text), Self.roots(after, result)) {
      comparison.compare(before, after)
    }
    let expected = Set(walk.places.values.joined()).union(plan.versions.filter { $0.from == nil }.map(\.path))
    guard !comparison.isTooLarge, Set(comparison.differences) == expected else {
      let odd = Set(comparison.differences).symmetricDifference(expected)
      throw .wouldChangeMore(odd.isEmpty ? plan.edits.map(\.path) : odd.sorted { $0.description < $1.description })
    }

    let asked = Set(plan.images.map(\.path)).union(plan.versions.map(\.path))
    return plan.edits.compactMap { edit in
      let elsewhere = (walk.places[edit.range.lowerBound] ?? []).filter { !asked.contains($0) && $0 != edit.path }
      guard !elsewhere.isEmpty else { return nil }
      let line = original[..<edit.range.lowerBound].count { $0 == 0x0A } + 1
      return BumpPlan.SharedValue(path: edit.path, line: line, elsewhere: elsewhere)
    }
  }
}

/// Finds every path that leads to the scalars that edits replace.
private struct SharedWalk {
  /// By the edit's position in the file.
  private(set) var places: [Int: [FieldPath]] = [:]
  private let starts: Set<Int>
  private let values: Set<String>
  private var budget = YAML.maximumNodes

  init(_ plan: BumpPlan) {
    starts = Set(plan.edits.filter { !$0.range.isEmpty }.map(\.range.lowerBound))
    values = Set(plan.images.map(\.from)).union(plan.versions.compactMap(\.from))
  }

  mutating func visit(_ node: SourceNode) {
    budget -= 1
    guard budget > 0 else { return }
    switch node.node {
    case .scalar(let scalar):
      let value = scalar.string.hasSuffix("\n") ? String(scalar.string.dropLast()) : scalar.string
      if values.contains(value), let range = LocatedScalar(scalar, in: node.text)?.range {
        let start = node.text.fileRange(range).lowerBound
        if starts.contains(start) { places[start, default: []].append(node.path) }
      }
      for document in PromiseSource.documents(in: scalar, at: node.path, of: node.text) { visit(document) }
    case .sequence: for element in node.elements { visit(element) }
    case .mapping(let mapping):
      for (key, value) in mapping {
        visit(SourceNode(node: value, path: node.path.appending(key.scalar?.string ?? ""), text: node.text))
      }
    case .alias: break
    }
  }
}

/// The paths of the leaves at which two documents differ. Keys must come in the same order, but for added ones.
struct SourceComparison {
  private(set) var differences: [FieldPath] = []
  private(set) var isTooLarge = false
  private var budget = YAML.maximumNodes

  mutating func compare(_ before: SourceNode, _ after: SourceNode) {
    budget -= 1
    guard budget > 0 else {
      isTooLarge = true
      return
    }
    switch (before.node, after.node) {
    case (.scalar(let old), .scalar(let new)):
      guard old.string != new.string else {
        if old.style != new.style { differences.append(before.path) }
        return
      }
      let inner = PromiseSource.documents(in: old, at: before.path, of: before.text)
      let changed = PromiseSource.documents(in: new, at: after.path, of: after.text)
      guard !inner.isEmpty, inner.count == changed.count else {
        differences.append(before.path)
        return
      }
      for (inner, changed) in zip(inner, changed) { compare(inner, changed) }
    case (.sequence, .sequence):
      guard before.elements.count == after.elements.count else {
        differences.append(before.path)
        return
      }
      for (one, other) in zip(before.elements, after.elements) { compare(one, other) }
    case (.mapping(let old), .mapping(let new)):
      var remaining = Array(old)[...]
      for (key, value) in new {
        let name = key.scalar?.string ?? ""
        let after = SourceNode(node: value, path: after.path.appending(name), text: after.text)
        if let first = remaining.first, first.key.scalar?.string == key.scalar?.string {
          remaining = remaining.dropFirst()
          compare(SourceNode(node: first.value, path: before.path.appending(name), text: before.text), after)
        } else {
          addLeaves(of: after)
        }
      }
      for (key, _) in remaining { differences.append(before.path.appending(key.scalar?.string ?? "")) }
    default: addLeaves(of: after)
    }
  }

  private mutating func addLeaves(of node: SourceNode) {
    guard case .mapping(let mapping) = node.node, !mapping.isEmpty else {
      differences.append(node.path)
      return
    }
    for (key, value) in mapping {
      addLeaves(of: SourceNode(node: value, path: node.path.appending(key.scalar?.string ?? ""), text: node.text))
    }
  }
}
