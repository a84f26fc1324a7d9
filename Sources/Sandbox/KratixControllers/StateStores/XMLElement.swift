/// One element of the small XML documents that S3 answers with: no attributes, namespaces or processing instructions
/// are kept.
struct XMLElement: Sendable, Hashable {
  var name: String
  var text: String = ""
  var children: [XMLElement] = []

  subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

  /// The document's root, or nil when it is not well-formed or nested deeper than any answer of S3.
  init?(parsing document: String) {
    var open: [XMLElement] = []
    var root: XMLElement?
    var rest = Substring(document)
    while let start = rest.firstIndex(of: "<") {
      if !open.isEmpty { open[open.count - 1].text += Self.unescaped(rest[..<start]) }
      guard let end = rest[start...].firstIndex(of: ">") else { return nil }
      let tag = rest[rest.index(after: start)..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("?") || tag.hasPrefix("!") { continue }
      if tag.hasPrefix("/") {
        guard let closed = open.popLast(), closed.name == Self.name(tag.dropFirst()) else { return nil }
        if open.isEmpty { root = closed } else { open[open.count - 1].children.append(closed) }
        continue
      }
      let element = XMLElement(name: Self.name(tag))
      if tag.hasSuffix("/") {
        if open.isEmpty { root = element } else { open[open.count - 1].children.append(element) }
      } else {
        guard open.count < 32 else { return nil }
        open.append(element)
      }
    }
    guard open.isEmpty, let root else { return nil }
    self = root
  }

  private init(name: String) { self.name = name }

  /// Up to the first space, without a namespace prefix.
  private static func name(_ tag: Substring) -> String {
    let whole = tag.prefix { !$0.isWhitespace && $0 != "/" }
    return String(whole.split(separator: ":").last ?? whole)
  }

  private static func unescaped(_ text: Substring) -> String {
    guard text.contains("&") else { return String(text) }
    var result = ""
    var rest = text
    while let start = rest.firstIndex(of: "&"), let end = rest[start...].firstIndex(of: ";") {
      result += rest[..<start]
      let entity = rest[rest.index(after: start)..<end]
      switch entity {
      case "lt": result += "<"
      case "gt": result += ">"
      case "amp": result += "&"
      case "quot": result += "\""
      case "apos": result += "'"
      default:
        let digits = entity.dropFirst(entity.hasPrefix("#x") ? 2 : 1)
        if entity.hasPrefix("#"), let code = UInt32(digits, radix: entity.hasPrefix("#x") ? 16 : 10),
          let scalar = Unicode.Scalar(code)
        {
          result.unicodeScalars.append(scalar)
        } else {
          result += "&\(entity);"
        }
      }
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }
}
