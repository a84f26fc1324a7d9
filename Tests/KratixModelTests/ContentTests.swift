import Testing

@testable import KratixModel

@Suite struct ContentTests {
  /// Content as Kratix wrote it (contract, section 8.7).
  @Test(arguments: [
    ("H4sIAAAAAAAA/wEAAP//AAAAAAAAAAA=", ""),
    ("H4sIAAAAAAAA/wAFAPr/cjogMQoDADv0Y8QFAAAA", "r: 1\n"),
  ])
  func readsWhatKratixWrites(content: String, expected: String) throws {
    #expect(String(decoding: try Gzip.decodedContent(content), as: UTF8.self) == expected)
  }

  @Test func roundTrip() throws {
    for size in [0, 1, 100, 70_000, 300_000] {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
      let workload = Workload(filepath: "a.yaml", bytes: bytes)
      #expect(try workload.bytes() == bytes)
    }
  }

  @Test func theHeaderIsKratixs() {
    #expect(Gzip.compress(Array("x".utf8)).prefix(10) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
  }

  @Test(arguments: [
    ("not base64!", GzipError.notBase64),
    ("aGVsbG8gd29ybGQsIGhlbGxvIHdvcmxk", GzipError.notGzip),
    ("H4sIAAAAAAAA/wAFAPr/cjogMQoDADv0Y8Q=", GzipError.truncated),
  ])
  func refusesDamagedContent(content: String, expected: GzipError) {
    #expect(throws: expected) { try Gzip.decodedContent(content) }
  }

  @Test func boundsWhatABombBecomes() {
    let bomb = Workload(filepath: "bomb", bytes: [UInt8](repeating: 0, count: 5_000_000))
    #expect(throws: GzipError.tooLarge(limit: 1_000_000)) { try bomb.bytes(limit: 1_000_000) }
  }
}
