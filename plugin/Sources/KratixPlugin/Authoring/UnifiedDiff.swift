/// A unified diff, as `diff -u` writes it.
enum UnifiedDiff {
  /// - Returns: "" when both are equal. Lines keep their bytes; what is not UTF-8 is shown by replacement characters.
  static func text(_ old: [UInt8], _ new: [UInt8], oldName: String, newName: String, context: Int = 3) -> String {
    guard old != new else { return "" }
    let hunks = hunks(lines(old), lines(new), context: context)
    return "--- \(oldName)\n+++ \(newName)\n" + hunks.joined()
  }

  private enum Line {
    case same(ArraySlice<UInt8>)
    case removed(ArraySlice<UInt8>)
    case added(ArraySlice<UInt8>)

    var isChange: Bool { if case .same = self { false } else { true } }

    var text: String {
      switch self {
      case .same(let bytes): Self.text(" ", bytes)
      case .removed(let bytes): Self.text("-", bytes)
      case .added(let bytes): Self.text("+", bytes)
      }
    }

    private static func text(_ mark: String, _ bytes: ArraySlice<UInt8>) -> String {
      let text = mark + String(decoding: bytes, as: UTF8.self)
      return bytes.last == 0x0A ? text : text + "\n\\ No newline at end of file\n"
    }
  }

  /// With their line feeds.
  private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var start = 0
    for (index, byte) in bytes.enumerated() where byte == 0x0A {
      lines.append(bytes[start...index])
      start = index + 1
    }
    if start < bytes.count { lines.append(bytes[start...]) }
    return lines
  }

  private static func hunks(
    _ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>], context: Int
  ) -> [String] {
    let merged = merged(old, new)
    var hunks: [String] = []
    var position = 0
    var oldLine = 1
    var newLine = 1
    while let change = merged[position...].firstIndex(where: \.isChange) {
      let start = max(position, change - context)
      oldLine += start - position
      newLine += start - position
      var end = change
      // Changes that are near one another share a hunk.
      while let next = merged[end...].firstIndex(where: \.isChange), next - end <= 2 * context { end = next + 1 }
      end = min(merged.count, end + context)
      let hunk = merged[start..<end]
      let oldCount = hunk.count { if case .added = $0 { false } else { true } }
      let newCount = hunk.count { if case .removed = $0 { false } else { true } }
      hunks.append(
        "@@ -\(range(oldLine, oldCount)) +\(range(newLine, newCount)) @@\n" + hunk.map(\.text).joined())
      oldLine += oldCount
      newLine += newCount
      position = end
    }
    return hunks
  }

  private static func range(_ line: Int, _ count: Int) -> String {
    count == 1 ? "\(line)" : "\(count == 0 ? line - 1 : line),\(count)"
  }

  private static func merged(_ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>]) -> [Line] {
    let prefix = zip(old, new).prefix { $0 == $1 }.count
    let suffix = zip(old[prefix...].reversed(), new[prefix...].reversed()).prefix { $0 == $1 }.count
    let oldMiddle = Array(old[prefix..<old.count - suffix])
    let newMiddle = Array(new[prefix..<new.count - suffix])
    let difference = newMiddle.difference(from: oldMiddle)
    var removed = Set<Int>()
    var added = Set<Int>()
    for change in difference {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): added.insert(offset)
      }
    }
    var lines = old[..<prefix].map(Line.same)
    var (from, to) = (0, 0)
    while from < oldMiddle.count || to < newMiddle.count {
      if removed.contains(from) {
        lines.append(.removed(oldMiddle[from]))
        from += 1
      } else if added.contains(to) {
        lines.append(.added(newMiddle[to]))
        to += 1
      } else {
        lines.append(.same(oldMiddle[from]))
        from += 1
        to += 1
      }
    }
    return lines + old[(old.count - suffix)...].map(Line.same)
  }
}
