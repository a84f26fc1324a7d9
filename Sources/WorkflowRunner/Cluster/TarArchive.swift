import Foundation

/// Unpacks a tar archive (ustar, with the extensions of GNU and of POSIX) whose files are nobody's: entries become files,
/// directories, links and FIFOs below one directory, so that whoever reads it finds what was packed.
struct TarArchive {
  struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
  }

  private static let block = 512
  private let bytes: [UInt8]
  private let directory: String

  /// - Parameter directory: absolute, and there.
  static func unpack(_ bytes: [UInt8], into directory: String) throws(Failure) {
    try TarArchive(bytes: bytes, directory: directory).unpack()
  }

  private func unpack() throws(Failure) {
    var offset = 0
    var longName: String?
    var longLink: String?
    while offset + Self.block <= bytes.count {
      let header = bytes[offset..<offset + Self.block]
      offset += Self.block
      // Two empty blocks end an archive.
      if header.allSatisfy({ $0 == 0 }) { return }
      let size = try number(header, 124, 12)
      guard size >= 0, size <= bytes.count - offset else { throw Failure("the archive ends early") }
      let content = bytes[offset..<offset + size]
      offset = min(bytes.count, offset + (size + Self.block - 1) / Self.block * Self.block)
      switch header[header.startIndex + 156] {
      case UInt8(ascii: "L"): longName = text(content)
      case UInt8(ascii: "K"): longLink = text(content)
      case UInt8(ascii: "x"):
        for (key, value) in Self.records(content) {
          if key == "path" { longName = value }
          if key == "linkpath" { longLink = value }
        }
      case UInt8(ascii: "g"): break
      case let type:
        var name = text(field(header, 0, 100))
        let prefix = text(field(header, 345, 155))
        // GNU's own format has other things in the place of the prefix.
        if !prefix.isEmpty, text(field(header, 257, 6)) == "ustar", field(header, 263, 1) == [UInt8(ascii: "0")] {
          name = "\(prefix)/\(name)"
        }
        try add(longName ?? name, type: type, link: longLink ?? text(field(header, 157, 100)), content: content)
        longName = nil
        longLink = nil
      }
    }
    throw Failure("the archive ends early")
  }

  private func add(_ name: String, type: UInt8, link: String, content: ArraySlice<UInt8>) throws(Failure) {
    guard let path = try place(name) else { return }
    let isDone: Bool
    switch type {
    case UInt8(ascii: "5"):
      isDone = mkdir(path, 0o700) == 0 || errno == EEXIST
    case UInt8(ascii: "2"):
      isDone = symlink(link, path) == 0
    case UInt8(ascii: "1"):
      guard let target = try place(link) else { throw Failure("\(name) is a link to nothing") }
      isDone = Glibc.link(target, path) == 0
    case UInt8(ascii: "6"):
      isDone = mkfifo(path, 0o600) == 0
    case UInt8(ascii: "0"), 0, UInt8(ascii: "7"):
      isDone = write(content, to: path)
    default:
      throw Failure("\(name) is no file")
    }
    guard isDone else { throw Failure("\(name) cannot be unpacked: \(String(cString: strerror(errno)))") }
  }

  /// Where an entry goes; nil for the directory itself. Nothing leads out of it: not the name, and no link on the way.
  private func place(_ name: String) throws(Failure) -> String? {
    let parts = name.split(separator: "/").filter { $0 != "." }
    guard let last = parts.last else { return nil }
    var path = directory
    for part in parts.dropLast() {
      guard part != ".." else { throw Failure("\(name) leads out of the archive") }
      path += "/\(part)"
      if mkdir(path, 0o700) == 0 { continue }
      guard let status = OutputDirectory.status(path), OutputDirectory.isDirectory(status) else {
        throw Failure("\(name) leads out of the archive")
      }
    }
    guard last != ".." else { throw Failure("\(name) leads out of the archive") }
    return "\(path)/\(last)"
  }

  private func write(_ content: ArraySlice<UInt8>, to path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var rest = content
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno != EINTR { return false }
      rest = rest.dropFirst(max(0, count))
    }
    return true
  }

  private func field(_ header: ArraySlice<UInt8>, _ offset: Int, _ count: Int) -> ArraySlice<UInt8> {
    header[(header.startIndex + offset)..<(header.startIndex + offset + count)]
  }

  private func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Octal digits, or GNU's binary form for what they cannot hold.
  private func number(_ header: ArraySlice<UInt8>, _ offset: Int, _ count: Int) throws(Failure) -> Int {
    let field = field(header, offset, count)
    if let first = field.first, first & 0x80 != 0 {
      return field.dropFirst().suffix(7).reduce(0) { $0 << 8 | Int($1) }
    }
    let digits = text(field).filter { $0 != " " }
    guard let value = digits.isEmpty ? 0 : Int(digits, radix: 8) else { throw Failure("it is no tar archive") }
    return value
  }

  /// `LENGTH KEY=VALUE\n`, as POSIX has it.
  private static func records(_ content: ArraySlice<UInt8>) -> [(String, String)] {
    var records: [(String, String)] = []
    var rest = content
    while let blank = rest.firstIndex(of: 0x20),
      let length = Int(String(decoding: rest[..<blank], as: UTF8.self)), length > blank - rest.startIndex + 1,
      length <= rest.count
    {
      let record = rest[(blank + 1)..<(rest.startIndex + length)].dropLast()
      if let equals = record.firstIndex(of: UInt8(ascii: "=")) {
        records.append(
          (
            String(decoding: record[..<equals], as: UTF8.self),
            String(decoding: record[(equals + 1)...], as: UTF8.self)
          ))
      }
      rest = rest.dropFirst(length)
    }
    return records
  }
}
