import HTTPTypes
import Hummingbird
import Kubernetes
import NIOCore

/// Responses as a real server writes them.
enum ResponseWriting {
  static func json(_ value: JSON, code: Int = 200, form: MediaTypes.Form = .json, warnings: [String] = []) -> Response {
    if form.isYAML {
      return bytes(Array(YAML.text(value).utf8), type: "application/yaml", code: code, warnings: warnings)
    }
    var body = value.serialized()
    body.append(0x0A)
    return bytes(body, type: "application/json", code: code, warnings: warnings)
  }

  static func object(
    _ object: ServedObject, code: Int = 200, form: MediaTypes.Form, warnings: [String] = []
  ) -> Response {
    if form.isYAML { return json(object.object.json, code: code, form: form, warnings: warnings) }
    var buffer = ByteBuffer()
    buffer.reserveCapacity(object.bytes.count + 1)
    buffer.writeBytes(object.bytes)
    buffer.writeInteger(UInt8(0x0A))
    return response(buffer, type: "application/json", code: code, warnings: warnings)
  }

  static func error(_ error: StatusError, warnings: [String] = []) -> Response {
    var response = json(error.json, code: error.code, warnings: warnings)
    if let seconds = error.retryAfterSeconds { response.headers[.retryAfter] = String(seconds) }
    return response
  }

  static func text(_ text: String, code: Int = 200) -> Response {
    bytes(Array(text.utf8), type: "text/plain; charset=utf-8", code: code)
  }

  static func bytes(_ bytes: [UInt8], type: String, code: Int = 200, warnings: [String] = []) -> Response {
    response(ByteBuffer(bytes: bytes), type: type, code: code, warnings: warnings)
  }

  static func response(_ buffer: ByteBuffer, type: String, code: Int = 200, warnings: [String] = []) -> Response {
    Response(
      status: .init(code: code), headers: headers(type: type, warnings: warnings),
      body: ResponseBody(byteBuffer: buffer))
  }

  static func headers(type: String, warnings: [String] = []) -> HTTPFields {
    var headers: HTTPFields = [.contentType: type, .cacheControl: "no-cache, private"]
    if let name = HTTPField.Name("Audit-Id") { headers[name] = Names.uid() }
    if let name = HTTPField.Name("Warning") {
      for warning in AdmissionWarnings.bounded(warnings) {
        headers.append(HTTPField(name: name, value: "299 - \"\(escaped(warning))\""))
      }
    }
    return headers
  }

  /// A quoted string of a header: no control characters, quotes and backslashes escaped.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The Status of a DELETE that is done.
  static func deleted(_ object: KubernetesObject, _ type: ResourceType) -> JSON {
    var details: [String: JSON] = [
      "name": .string(object.name), "kind": .string(type.plural), "uid": .string(object.uid),
    ]
    if !type.group.isEmpty { details["group"] = .string(type.group) }
    return [
      "kind": "Status", "apiVersion": "v1", "metadata": .emptyObject, "status": "Success",
      "details": .object(details),
    ]
  }
}

// Lists.
extension ResponseWriting {
  static func listMetadata(_ result: ListResult) -> JSON {
    var metadata: JSON = ["resourceVersion": .string(result.resourceVersion)]
    if let token = result.continueToken { metadata["continue"] = .string(token) }
    if let remaining = result.remaining { metadata["remainingItemCount"] = JSON(remaining) }
    return metadata
  }

  static func list(_ result: ListResult, kind: ServedKind, form: MediaTypes.Form) -> Response {
    let metadata = listMetadata(result)
    if form.isYAML {
      return json(
        [
          "apiVersion": .string(kind.type.apiVersion), "kind": .string(kind.resource.listKind), "metadata": metadata,
          "items": .array(result.items.map(\.object.json)),
        ], form: form)
    }
    // The items are bytes already: put them together instead of writing the whole list anew.
    var buffer = ByteBuffer()
    buffer.reserveCapacity(result.items.reduce(256) { $0 + $1.bytes.count + 1 })
    buffer.writeString(
      "{\"kind\":\"\(kind.resource.listKind)\",\"apiVersion\":\"\(kind.type.apiVersion)\",\"metadata\":")
    buffer.writeBytes(metadata.serialized())
    buffer.writeString(",\"items\":[")
    for (index, item) in result.items.enumerated() {
      if index > 0 { buffer.writeInteger(UInt8(0x2C)) }
      buffer.writeBytes(item.bytes)
    }
    buffer.writeString("]}\n")
    return response(buffer, type: "application/json")
  }

  /// The metadata of an object alone.
  static func partial(_ object: KubernetesObject) -> JSON {
    ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object.metadata]
  }

  static func partialList(_ result: ListResult) -> JSON {
    [
      "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": listMetadata(result),
      "items": .array(result.items.map { partial($0.object) }),
    ]
  }
}
