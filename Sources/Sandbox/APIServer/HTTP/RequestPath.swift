/// What the path of a resource request names.
struct ResourcePath: Sendable, Hashable {
  var group: String
  var version: String
  var namespace: String?
  var plural: String
  var name = ""
  var subresource = ""

  /// nil for a path that names no resource.
  init?(_ segments: [String]) {
    var rest = segments[...]
    switch rest.popFirst() {
    case "api":
      group = ""
    case "apis":
      guard let first = rest.popFirst() else { return nil }
      group = first
    default: return nil
    }
    guard let second = rest.popFirst() else { return nil }
    version = second
    if rest.first == "namespaces", rest.count >= 3, !["status", "finalize"].contains(rest[rest.startIndex + 2]) {
      namespace = rest[rest.startIndex + 1]
      rest = rest.dropFirst(2)
    }
    guard let third = rest.popFirst() else { return nil }
    plural = third
    name = rest.popFirst() ?? ""
    subresource = rest.popFirst() ?? ""
    guard rest.isEmpty else { return nil }
  }
}
