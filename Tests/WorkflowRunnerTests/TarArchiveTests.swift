import Foundation
import Programs
import Testing

@testable import WorkflowRunner

/// Archives that tar has made, and such as no tar makes.
@Suite struct TarArchiveTests {
  private func unpacked(_ script: String, _ options: String) async throws -> TemporaryDirectory {
    let source = try TemporaryDirectory()
    let packed = try await Program(
      "sh", ["-ec", "cd \(source.path); mkdir output; (cd output; \(script)); tar \(options) -cf - output"]
    ).collect(limit: 64 << 20)
    try #require(packed.succeeded)
    let target = try TemporaryDirectory()
    try TarArchive.unpack(packed.output, into: target.path)
    return target
  }

  @Test(arguments: ["--format=gnu", "--format=posix", "--format=ustar"])
  func filesAreWhatTheyWere(options: String) async throws {
    let long = String(repeating: "n", count: 90)
    let target = try await unpacked(
      """
      mkdir -p \(long)/\(long) empty; echo deep > \(long)/\(long)/file; printf a > 'with a blank'; : > nothing
      head -c 1000 /dev/zero > zeros; ln zeros same; ln -s ../secret link; mkfifo pipe
      """, options)
    let output = OutputDirectory(path: "\(target.path)/output", mount: "/kratix/output")
    #expect(OutputDirectory.status("\(target.path)/output/pipe").map { $0.st_mode & S_IFMT } == S_IFIFO)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(target.path)/output/link") == "../secret")
    for name in ["pipe", "link"] { try FileManager.default.removeItem(atPath: "\(target.path)/output/\(name)") }
    let files = try output.files(maximumBytes: 1 << 20, maximumFiles: 100)
    #expect(files.map(\.path) == ["\(long)/\(long)/file", "nothing", "same", "with a blank", "zeros"])
    #expect(files[0].bytes == Array("deep\n".utf8) && files[3].bytes == Array("a".utf8))
    #expect(files[2].bytes == [UInt8](repeating: 0, count: 1000) && files[4].bytes == files[2].bytes)
  }

  /// entries: name, type, link; what is said
  @Test(
    arguments: [
      ([("../a", "0", "")], "../a leads out of the archive"),
      ([("output/..", "5", "")], "output/.. leads out of the archive"),
      ([("link", "2", "/tmp"), ("link/a", "0", "")], "link/a leads out of the archive"),
      ([("same", "1", "../../etc/passwd")], "../../etc/passwd leads out of the archive"),
      ([("disk", "4", "")], "disk is no file"),
    ] as [([(String, String, String)], String)])
  func nothingLeavesTheDirectory(entries: [(String, String, String)], text: String) throws {
    var bytes: [UInt8] = []
    for (name, type, link) in entries {
      var header = [UInt8](repeating: 0, count: 512)
      header.replaceSubrange(0..<name.utf8.count, with: name.utf8)
      header[156] = Array(type.utf8)[0]
      header.replaceSubrange(157..<(157 + link.utf8.count), with: link.utf8)
      bytes += header
    }
    bytes += [UInt8](repeating: 0, count: 1024)
    let target = try TemporaryDirectory()
    let error = #expect(throws: TarArchive.Failure.self) { try TarArchive.unpack(bytes, into: target.path) }
    #expect(error?.description == text)
  }

  @Test func whatIsNoArchive() throws {
    let target = try TemporaryDirectory()
    for bytes in [[], [UInt8](repeating: 0x41, count: 2048), [UInt8](repeating: 0x41, count: 100)] as [[UInt8]] {
      #expect(throws: TarArchive.Failure.self) { try TarArchive.unpack(bytes, into: target.path) }
    }
  }
}
