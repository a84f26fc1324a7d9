import Foundation

/// The Promises of the public marketplace that the tests read.
enum RealPromises {
  static let directory = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "shared/promises", directoryHint: .isDirectory)

  /// Names of files that hold a Promise.
  static let names = [
    "app-as-a-service", "cert-manager", "jenkins", "kafka", "knative", "mongodb-full", "mongodb", "namespace", "redis",
    "runtime", "slack", "vault-namespace",
  ]

  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: directory.appending(path: "\(name).yaml")))
  }
}

/// SplitMix64: the same numbers from the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
