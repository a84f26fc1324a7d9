/// Paths as text, without asking the file system.
enum FilePaths {
  /// The directory that a path is in: `a/b` of `a/b/c`, `.` of `c`, `/` of `/c`. Foundation's own traps on a path of one
  /// character.
  static func directory(of path: String) -> String {
    var rest = Substring(path)
    while rest.count > 1, rest.hasSuffix("/") { rest.removeLast() }
    guard rest != "/", let slash = rest.lastIndex(of: "/") else { return rest == "/" ? "/" : "." }
    rest = rest[..<slash]
    while rest.hasSuffix("/") { rest.removeLast() }
    return rest.isEmpty ? "/" : String(rest)
  }
}
