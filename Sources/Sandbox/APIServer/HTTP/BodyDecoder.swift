import HTTPTypes
import Hummingbird
import Kubernetes
import NIOCore

/// Reads the body of a write: bounded, in a form that the server takes, as JSON.
enum BodyDecoder {
  /// The limit of a real server.
  static let limit = 3 * 1024 * 1024

  /// A body that goes on beyond this is cut off.
  private static let drainLimit = 64 << 20

  struct Content: Sendable {
    var json: JSON
    var duplicateFields: [String]
  }

  static func bytes(of request: Request) async throws -> [UInt8] {
    var collected: [UInt8] = []
    var received = 0
    for try await buffer in request.body {
      received += buffer.readableBytes
      if received > drainLimit { break }
      // What is too much is read and thrown away: a client that is still sending would not read the answer.
      if received <= limit { collected.append(contentsOf: buffer.readableBytesView) }
    }
    if received > limit { throw tooLarge }
    // A connection that breaks ends the stream of parts as if the body were whole: its announced length tells.
    if let length = request.headers[.contentLength].flatMap(Int.init), received < length {
      throw StatusError.badRequest("unexpected EOF")
    }
    return collected
  }

  private static var tooLarge: StatusError {
    StatusError(
      code: 413, reason: .requestEntityTooLarge, message: "Request entity too large: limit is \(limit)")
  }

  /// An object of a POST or PUT.
  static func object(_ request: Request, target: RequestTarget) async throws -> DecodedBody {
    let type = contentType(request)
    let accepted = MediaTypes.readable(isCustom: target.kind.resource.isCustom)
    guard type.isEmpty || accepted.contains(type) else { throw MediaTypes.unsupported(accepted) }
    let bytes = try await bytes(of: request)
    if type == ProtobufDecoding.mediaType { return DecodedBody(object: KubernetesObject(try protobuf(bytes))) }
    let content = try decode(bytes, isYAML: type == "application/yaml", expecting: target.type.kind)
    return DecodedBody(object: KubernetesObject(content.json), duplicateFields: content.duplicateFields)
  }

  static func patch(_ request: Request, target: RequestTarget) async throws -> (Patch, duplicateFields: [String]) {
    let type = contentType(request)
    let accepted = MediaTypes.patches(isCustom: target.kind.resource.isCustom)
    guard accepted.contains(type) else { throw MediaTypes.unsupported(accepted) }
    let bytes = try await bytes(of: request)
    if type == "application/apply-patch+yaml" {
      let content = try decode(bytes, isYAML: true, expecting: target.type.kind, failure: "error decoding YAML: ")
      guard content.json.objectValue != nil else {
        throw StatusError.badRequest("error decoding YAML: the patch is not an object")
      }
      return (.apply(content.json), content.duplicateFields)
    }
    let report: JSON.ParseReport
    do {
      report = try JSON.parse(bytes, collectingDuplicates: true)
    } catch {
      throw StatusError.badRequest("error decoding patch: \(error)")
    }
    switch type {
    case "application/json-patch+json": return (.json(report.value), [])
    case "application/merge-patch+json": return (.merge(report.value), report.duplicateFields)
    default: return (.strategic(report.value), report.duplicateFields)
    }
  }

  /// DeleteOptions; nil for an empty body.
  static func deleteOptions(_ request: Request) async throws -> JSON? {
    let bytes = try await bytes(of: request)
    guard !bytes.isEmpty else { return nil }
    let type = contentType(request)
    let accepted = MediaTypes.readable(isCustom: false)
    guard type.isEmpty || accepted.contains(type) else { throw MediaTypes.unsupported(accepted) }
    if type == ProtobufDecoding.mediaType { return try protobuf(bytes) }
    return try decode(bytes, isYAML: type == "application/yaml", expecting: "DeleteOptions").json
  }

  private static func protobuf(_ bytes: [UInt8]) throws -> JSON {
    do {
      return try ProtobufDecoding.object(bytes)
    } catch {
      throw StatusError.badRequest("the object provided is unrecognized: \(error) (\(summary(bytes)))")
    }
  }

  private static func contentType(_ request: Request) -> String {
    request.headers[.contentType].flatMap { MediaTypes.parse($0).first?.type } ?? ""
  }

  private static func decode(
    _ bytes: [UInt8], isYAML: Bool, expecting kind: String, failure prefix: String? = nil
  ) throws -> Content {
    let problem: String
    // A JSON text is YAML too, and far cheaper to read as what it is.
    let looksLikeJSON = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == 0x7B
    switch isYAML && !looksLikeJSON ? .failure("not JSON") : parsed(bytes) {
    case .success(let content): return content
    case .failure(let text): problem = text.description
    }
    guard isYAML else { throw undecodable("json", problem, bytes, kind, prefix) }
    do throws(YAMLSyntaxError) {
      return Content(json: try YAML.parse(String(decoding: bytes, as: UTF8.self)), duplicateFields: [])
    } catch {
      throw undecodable("yaml", error.description, bytes, kind, prefix)
    }
  }

  private struct Problem: Error, ExpressibleByStringLiteral {
    var description: String
    init(_ description: String) { self.description = description }
    init(stringLiteral value: String) { description = value }
  }

  private static func parsed(_ bytes: [UInt8]) -> Result<Content, Problem> {
    do throws(JSONSyntaxError) {
      let report = try JSON.parse(bytes, collectingDuplicates: true)
      return .success(Content(json: report.value, duplicateFields: report.duplicateFields))
    } catch {
      return .failure(Problem(error.description))
    }
  }

  private static func undecodable(
    _ format: String, _ problem: String, _ bytes: [UInt8], _ kind: String, _ prefix: String?
  ) -> StatusError {
    if let prefix { return .badRequest("\(prefix)\(problem)") }
    return .badRequest(
      "the object provided is unrecognized (must be of type \(kind)): couldn't get version/kind; "
        + "\(format) parse error: \(problem) (\(summary(bytes)))")
  }

  /// The beginning of a body, in hexadecimal, as the server's message shows it.
  private static func summary(_ bytes: [UInt8]) -> String {
    guard !bytes.isEmpty else { return "<empty>" }
    let digits = Array("0123456789abcdef")
    let text = String(bytes.prefix(30).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    return bytes.count > 30 ? text + " ..." : text
  }
}
