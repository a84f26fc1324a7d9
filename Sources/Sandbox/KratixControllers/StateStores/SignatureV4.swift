import Crypto
import Kubernetes

/// AWS Signature Version 4 for requests to an S3 endpoint.
struct SignatureV4: Sendable, Hashable {
  var accessKeyID: String
  var secretAccessKey: String
  var sessionToken: String?
  var region: String

  /// The headers to add to a request: `x-amz-date`, `x-amz-content-sha256`, `authorization` and, for temporary
  /// credentials, `x-amz-security-token`.
  /// - Parameters:
  ///   - path: percent-encoded.
  ///   - query: names and values, not encoded.
  ///   - headers: lower-case names; all of them are signed. `host` must be one.
  ///   - date: `20261122T220240Z`.
  func headers(
    method: String, path: String, query: [(String, String)], headers: [String: String], body: [UInt8], date: String
  ) -> [String: String] {
    let bodyHash = SHA256.hash(data: body).hexText
    var added = ["x-amz-date": date, "x-amz-content-sha256": bodyHash]
    if let sessionToken { added["x-amz-security-token"] = sessionToken }
    let signed = headers.merging(added) { _, new in new }
    let names = signed.keys.sorted()
    let canonical =
      ([method, path, Self.queryText(query)] + names.map { "\($0):\(signed[$0] ?? "")" }
      + ["", names.joined(separator: ";"), bodyHash]).joined(separator: "\n")
    let day = String(date.prefix(8))
    let scope = "\(day)/\(region)/s3/aws4_request"
    let toSign = "AWS4-HMAC-SHA256\n\(date)\n\(scope)\n\(SHA256.hash(data: Array(canonical.utf8)).hexText)"
    var key = Array("AWS4\(secretAccessKey)".utf8)
    for part in [day, region, "s3", "aws4_request"] { key = Self.hmac(part, key: key) }
    added["authorization"] =
      "AWS4-HMAC-SHA256 Credential=\(accessKeyID)/\(scope), SignedHeaders=\(names.joined(separator: ";")), "
      + "Signature=\(Self.hmac(toSign, key: key).hexText)"
    return added
  }

  private static func hmac(_ text: String, key: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)))
  }

  /// A query as it is signed and sent: encoded, sorted by name.
  static func queryText(_ query: [(String, String)]) -> String {
    query.map { (encoded($0.0), encoded($0.1)) }.sorted { $0 < $1 }
      .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
  }

  /// Everything but letters, digits and `-._~` (and, in paths, `/`) as `%XX`.
  static func encoded(_ text: String, keepingSlashes: Bool = false) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
        result.unicodeScalars.append(Unicode.Scalar(byte))
      case 0x2F where keepingSlashes: result += "/"
      default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }

  /// `20261122T220240Z`.
  static func dateText(secondsSince1970 seconds: Double) -> String {
    Timestamp.text(secondsSince1970: Int64(seconds)).filter { $0 != "-" && $0 != ":" }
  }
}
