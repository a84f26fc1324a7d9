import Foundation
import Kubernetes
import Testing

@testable import KratixWebhook

/// The OCI layout that `make image OCI=...` writes, read by skopeo. The webhook's own binary takes minutes to link
/// statically; another static program stands for it.
@Suite struct ImageTests {
  private static var root: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  }

  private func image(_ binary: String, into directory: URL) throws -> (status: Int32, output: String, errors: String) {
    try ChartTests.run([
      "python3", Self.root.appending(path: "scripts/oci.py").path, binary, directory.path, "--name",
      "kratix-webhook:1.2.3", "--version", "1.2.3",
    ])
  }

  @Test func aLayoutIsWritten() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "oci-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let written = try image("/bin/busybox", into: folder.appending(path: "a"))
    try #require(written.status == 0, "\(written.errors)")
    let read = try ChartTests.run(["skopeo", "inspect", "--config", "oci:\(folder.path)/a:1.2.3"])
    try #require(read.status == 0, "\(read.errors)")
    let config = try JSON(parsing: read.output)
    #expect(config[path: "config", "User"] == "65532:65532")
    #expect(config[path: "config", "Entrypoint"] == ["/usr/local/bin/kratix-webhook"])
    #expect(config[path: "config", "Cmd"] == ["serve"])
    let copied = try ChartTests.run([
      "skopeo", "copy", "--quiet", "--insecure-policy", "oci:\(folder.path)/a:1.2.3", "dir:\(folder.path)/copy",
    ])
    #expect(copied.status == 0, "\(copied.errors)")

    let text = try Data(contentsOf: folder.appending(path: "a/sbom.spdx.json"))
    let bill = try JSON(parsing: [UInt8](text))
    #expect(bill["spdxVersion"] == "SPDX-2.3")
    let names = (bill["packages"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
    #expect(names.first == "kratix-webhook" && names.contains("hummingbird") && names.contains("swift-runtime"))

    // The same again, also over what is there.
    let again = try image("/bin/busybox", into: folder.appending(path: "a"))
    #expect(again.output == written.output)
  }

  @Test func aBinaryThatNeedsLibrariesIsRefused() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "oci-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let refused = try image("/bin/ls", into: folder)
    #expect(refused.status == 1)
    #expect(refused.errors.contains("oci.py: /bin/ls is not static"))
    #expect(!FileManager.default.fileExists(atPath: folder.path))
  }
}
