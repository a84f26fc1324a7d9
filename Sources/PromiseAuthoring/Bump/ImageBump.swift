import KratixModel
import Kubernetes
import Yams

/// Changes image references and the version label in a Promise's YAML text, and leaves every other byte as it was.
public enum ImageBump {
  /// The containers of every Promise in a text, with their images.
  /// - Throws: `BumpError` when the text is no YAML or holds no Promise.
  public static func containers(in text: [UInt8]) throws(BumpError) -> [BumpError.Found] {
    let source = try BumpSource(text)
    return source.promises.flatMap(\.containers).map { BumpError.Found(address: $0.address, image: $0.imageText) }
  }

  /// What to replace, so that the containers asked for get their images and the Promise its version.
  ///
  /// A scalar keeps its style (plain, quoted, block). The plan has been proved: the text with the edits made parses, and
  /// differs from the text only at the paths of the edits and of values that anchors share with them.
  /// - Parameters:
  ///   - text: UTF-8, one or several documents, with or without a byte order mark.
  ///   - requests: images and the containers that get them; none to change the version alone.
  ///   - promiseVersion: for every Promise that a request fits; without requests, for the one in the text, which
  ///     `.raise` then raises by a patch.
  /// - Throws: `BumpError`; then nothing can be changed.
  public static func plan(
    text: [UInt8], requests: [BumpRequest], promiseVersion: VersionChange? = nil
  ) throws(BumpError) -> BumpPlan {
    let source = try BumpSource(text)
    var images: [BumpPlan.ImageChange] = []
    var edits: [ByteEdit] = []
    var touched: [Int] = []
    var chosen: [ContainerAddress: String] = [:]
    for request in requests {
      for (promise, site) in try source.sites(for: request) {
        let new = request.image.description
        if let other = chosen.updateValue(new, forKey: site.address), other != new {
          throw .conflict(site.address, other, new)
        }
        if !touched.contains(promise) { touched.append(promise) }
        guard site.imageText != new else { continue }
        guard let image = site.image, let edit = replacement(of: image, with: new) else {
          throw .notReplaceable(path: site.path, line: site.image?.node.mark?.line ?? 1)
        }
        images.append(BumpPlan.ImageChange(address: site.address, path: image.path, from: site.imageText, to: new))
        edits.append(edit)
      }
    }
    var versions: [BumpPlan.VersionLabelChange] = []
    if let promiseVersion {
      if requests.isEmpty {
        guard source.promises.count == 1 else { throw .severalPromises(source.promises.map(\.name)) }
        touched = [0]
      }
      for index in touched {
        let promise = source.promises[index]
        let label = VersionLabel(promise)
        guard
          let version = try label.version(
            after: promiseVersion, images: images, least: requests.isEmpty ? .patch : nil), version != label.value
        else {
          continue
        }
        edits.append(try label.edit(to: version))
        versions.append(
          BumpPlan.VersionLabelChange(promise: promise.name, path: label.path, from: label.value, to: version))
      }
    }
    edits = try sortedWithoutRepetition(edits, images: images)
    for index in edits.indices { edits[index].old = Array(text[edits[index].range]) }
    var plan = BumpPlan(edits: edits, images: images, versions: versions, warnings: [])
    plan.warnings = try source.prove(plan, text: text)
    return plan
  }

  /// The edit that gives a scalar another text, in its own style.
  static func replacement(of node: SourceNode, with new: String) -> ByteEdit? {
    guard let scalar = node.scalar, let located = LocatedScalar(scalar, in: node.text) else { return nil }
    // A block scalar's line break at the end is not the value that is meant.
    let count = located.value.last == 0x0A ? located.value.count - 1 : located.value.count
    guard count > 0, !located.value[..<count].contains(0x0A) else { return nil }
    let range = located.origins[0].lowerBound..<located.origins[count - 1].upperBound
    let fileRange = node.text.fileRange(range)
    let plain = scalar.style == .plain || scalar.style == .any
    let written = plain && !readsAsString(new) ? "\"\(new)\"" : new
    return ByteEdit(range: fileRange, new: Array(written.utf8), path: node.path)
  }

  /// Whether a plain scalar with this text is a string: `1.10` and `010` are not.
  static func readsAsString(_ text: String) -> Bool {
    guard case .string? = try? YAML.json(.scalar(Node.Scalar(text, .implicit, .plain))) else { return false }
    return !text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x3A || $0 == 0x2E || $0 == 0x2D || $0 == 0x5F }
  }

  /// In the order of the text; the same edit reached by two ways counts once.
  private static func sortedWithoutRepetition(
    _ edits: [ByteEdit], images: [BumpPlan.ImageChange]
  ) throws(BumpError) -> [ByteEdit] {
    var result: [ByteEdit] = []
    for edit in edits.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      guard let last = result.last, last.range.upperBound > edit.range.lowerBound else {
        result.append(edit)
        continue
      }
      guard last.range == edit.range, last.new == edit.new else {
        let address = images.first { $0.path == edit.path }?.address
        let one = String(decoding: last.new, as: UTF8.self)
        let other = String(decoding: edit.new, as: UTF8.self)
        guard let address else { throw .wouldChangeMore([last.path, edit.path]) }
        throw .conflict(address, one, other)
      }
    }
    return result
  }
}
