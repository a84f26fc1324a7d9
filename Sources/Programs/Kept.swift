import Synchronization

/// The first bytes of both streams.
final class Kept: Sendable {
  private let limit: Int
  private let streams = Mutex<[Program.Stream: [UInt8]]>([:])

  init(limit: Int) { self.limit = limit }

  func append(_ bytes: [UInt8], of stream: Program.Stream) {
    streams.withLock { streams in
      let room = limit - streams[stream, default: []].count
      if room > 0 { streams[stream, default: []] += bytes.prefix(room) }
    }
  }

  func bytes(of stream: Program.Stream) -> [UInt8] { streams.withLock { $0[stream] ?? [] } }
}
