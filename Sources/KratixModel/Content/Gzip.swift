import CZlib
import Foundation

/// Why a content could not be read.
public enum GzipError: Error, Sendable, Hashable, CustomStringConvertible {
  case notBase64
  case notGzip
  case truncated
  /// More than so many bytes.
  case tooLarge(limit: Int)

  public var description: String {
    switch self {
    case .notBase64: "not base64"
    case .notGzip: "not a gzip stream"
    case .truncated: "a gzip stream that ends too early"
    case .tooLarge(let limit): "more than \(limit) bytes when decompressed"
    }
  }
}

/// The encoding of files in Works and WorkPlacements: base64 of gzip (contract, section 8.7).
public enum Gzip {
  /// A Work is bounded by etcd's object limit; what it decompresses to is bounded here.
  public static let defaultLimit = 256 << 20

  /// Base64 of the gzip stream of `bytes`.
  public static func encodedContent(_ bytes: [UInt8]) -> String {
    Data(compress(bytes)).base64EncodedString()
  }

  public static func decodedContent(_ content: String, limit: Int = defaultLimit) throws(GzipError) -> [UInt8] {
    guard let data = Data(base64Encoded: content) else { throw .notBase64 }
    return try decompress(Array(data), limit: limit)
  }

  /// A gzip stream with no name, no time, and an unknown system, as Kratix writes it.
  public static func compress(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    guard
      deflateInit2_(
        &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return [] }
    defer { deflateEnd(&stream) }
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, uLong(bytes.count))) + 32)
    var input = bytes
    let written = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        _ = deflate(&stream, Z_FINISH)
        return target.count - Int(stream.avail_out)
      }
    }
    output.removeSubrange(written...)
    if output.count > 9 {
      output[8] = 0  // XFL
      output[9] = 0xFF  // OS: unknown
    }
    return output
  }

  /// Any valid gzip stream, of any number of members.
  public static func decompress(_ bytes: [UInt8], limit: Int = defaultLimit) throws(GzipError) -> [UInt8] {
    guard bytes.count >= 18, bytes[0] == 0x1F, bytes[1] == 0x8B else { throw .notGzip }
    var stream = z_stream()
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw .notGzip
    }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output: [UInt8] = []
    let result: Result<Void, GzipError> = input.withUnsafeMutableBufferPointer { source in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      var chunk = [UInt8](repeating: 0, count: 64 << 10)
      while true {
        let size = chunk.count
        let code = chunk.withUnsafeMutableBufferPointer { target in
          stream.next_out = target.baseAddress
          stream.avail_out = UInt32(size)
          return inflate(&stream, Z_NO_FLUSH)
        }
        output.append(contentsOf: chunk[..<(size - Int(stream.avail_out))])
        if output.count > limit { return .failure(.tooLarge(limit: limit)) }
        switch code {
        case Z_OK: continue
        case Z_STREAM_END:
          if stream.avail_in == 0 { return .success(()) }
          guard inflateReset(&stream) == Z_OK else { return .failure(.notGzip) }
        case Z_BUF_ERROR: return .failure(.truncated)
        default: return .failure(.notGzip)
        }
      }
    }
    try result.get()
    return output
  }
}
