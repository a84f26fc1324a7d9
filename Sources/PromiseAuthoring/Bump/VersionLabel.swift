import KratixModel
import Kubernetes
import Yams

/// The label `kratix.io/promise-version` in a Promise's source: its value, and how to write another.
struct VersionLabel {
  private let promise: PromiseSource
  private let node: SourceNode?

  init(_ promise: PromiseSource) {
    self.promise = promise
    node = promise.node["metadata", "labels", KratixLabels.promiseVersion]
  }

  /// nil when there is no label, or an empty one.
  var value: String? { node?.string.flatMap { $0.isEmpty ? nil : $0 } }

  var path: FieldPath {
    node?.path ?? promise.node.path.appending("metadata", "labels", KratixLabels.promiseVersion)
  }

  /// The version after a change; nil when no image changes that could raise it.
  /// - Parameter least: what it is raised by at least.
  func version(
    after change: VersionChange, images: [BumpPlan.ImageChange], least: VersionStep? = nil
  ) throws(BumpError) -> String? {
    switch change {
    case .set(let version):
      if version.isEmpty { throw .invalidVersion(version, reason: "a version must not be empty") }
      if let reason = NameRules.labelValue(version).first { throw .invalidVersion(version, reason: reason) }
      return version
    case .raise:
      let steps = images.filter { $0.address.promise == promise.name }.map(Self.step)
      guard let step = (steps + [least].compactMap(\.self)).max() else { return nil }
      guard let value else { throw .noVersionToRaise(promise: promise.name) }
      guard let version = SemanticVersion(value) else {
        throw .versionNotSemantic(promise: promise.name, version: value)
      }
      return version.raised(by: step).description
    }
  }

  /// A patch where the tags say nothing: another digest, or tags that are no versions.
  private static func step(of change: BumpPlan.ImageChange) -> VersionStep {
    guard let old = ImageReference(change.from)?.tag.flatMap({ SemanticVersion($0) }),
      let new = ImageReference(change.to)?.tag.flatMap({ SemanticVersion($0) })
    else { return .patch }
    return old.step(to: new) ?? .patch
  }

  /// The edit that gives the label a value: its scalar replaced, or the label inserted, which is the only thing that is
  /// ever inserted.
  func edit(to version: String) throws(BumpError) -> ByteEdit {
    if let node, let scalar = node.scalar, !scalar.string.isEmpty {
      guard let edit = ImageBump.replacement(of: node, with: version) else {
        throw .notReplaceable(path: node.path, line: scalar.mark?.line ?? 1)
      }
      return edit
    }
    guard node == nil, let edit = insertion(of: version) else {
      throw .labelNotInsertable(
        promise: promise.name, line: promise.node.member("metadata")?.key.mark?.line ?? promise.line)
    }
    return edit
  }

  private func insertion(of version: String) -> ByteEdit? {
    guard let metadata = promise.node.member("metadata"), case .mapping(let mapping) = metadata.value.node else {
      return nil
    }
    let written = ImageBump.readsAsString(version) ? version : "\"\(version)\""
    let text = promise.node.text
    guard let labels = metadata.value.member("labels") else {
      if let brace = text.openingBrace(of: mapping) {
        let member = "\"labels\": {\"\(KratixLabels.promiseVersion)\": \"\(version)\"}"
        return flowInsertion(member, after: brace, isEmpty: mapping.isEmpty)
      }
      // Below the name, or the first member where the name comes from elsewhere.
      guard let anchor = metadata.value.member("name") ?? mapping.first.map({ ($0.key, metadata.value) }),
        let scalar = anchor.value.scalar, let range = LocatedScalar(scalar, in: text)?.range,
        let column = anchor.key.mark?.column, let parent = metadata.key.mark?.column, column > parent
      else { return nil }
      let step = String(repeating: " ", count: column - parent)
      return lineInsertion(
        ["labels:", "\(step)\(KratixLabels.promiseVersion): \(written)"], column: column, after: range.upperBound - 1)
    }
    guard let labelsColumn = labels.key.mark?.column, let keyMark = labels.key.mark,
      let keyOffset = text.offset(of: keyMark)
    else { return nil }
    switch labels.value.node {
    case .mapping(let members):
      if let brace = text.openingBrace(of: members) {
        let member = "\"\(KratixLabels.promiseVersion)\": \"\(version)\""
        return flowInsertion(member, after: brace, isEmpty: members.isEmpty)
      }
      guard let column = members.first?.key.mark?.column else { return nil }
      return lineInsertion(["\(KratixLabels.promiseVersion): \(written)"], column: column, after: keyOffset)
    case .scalar(let scalar) where scalar.string.isEmpty && scalar.style == .plain:
      return lineInsertion(["\(KratixLabels.promiseVersion): \(written)"], column: labelsColumn + 2, after: keyOffset)
    default: return nil
    }
  }

  /// New lines below the line that holds `offset`, indented to `column` and broken as that line is.
  private func lineInsertion(_ lines: [String], column: Int, after offset: Int) -> ByteEdit? {
    let text = promise.node.text
    guard let frame = text.insertedLine else { return nil }
    let line = text.line(at: offset)
    let position = text.fileRange(line.range.upperBound..<line.range.upperBound)
    let indentation = frame.indentation + Array(repeating: 0x20, count: column - 1)
    let body = lines.map { indentation + Array($0.utf8) }
    // In a block scalar the text's own breaks read as line feeds: the file's first break says how it breaks lines.
    let ownBreak = Array(text.bytes[line.range.suffix(line.breakLength)])
    let lineBreak = ownBreak.isEmpty || !frame.indentation.isEmpty ? frame.lineBreak : ownBreak
    let new = ownBreak.isEmpty ? body.flatMap { lineBreak + $0 } : body.flatMap { $0 + lineBreak }
    return ByteEdit(range: position, new: new, path: path)
  }

  /// Right after the opening brace of a flow mapping. In a quoted string the quotes would have to be escaped.
  private func flowInsertion(_ member: String, after brace: Int, isEmpty: Bool) -> ByteEdit? {
    let text = promise.node.text
    guard text.insertedLine != nil else { return nil }
    let position = text.fileRange(brace + 1..<brace + 1)
    return ByteEdit(range: position, new: Array((member + (isEmpty ? "" : ", ")).utf8), path: path)
  }
}
