import Kubernetes

/// What a client sends and what it accepts.
enum MediaTypes {
  /// One entry of an Accept header, or a Content-Type.
  struct Entry: Sendable, Hashable {
    var type: String
    var parameters: [String: String] = [:]
  }

  /// How a response is written.
  struct Form: Sendable, Hashable {
    enum Shape: Sendable, Hashable {
      case object
      case table
      case metadata
    }

    var shape: Shape = .object
    var isYAML = false
    /// For discovery: the aggregated document was asked for.
    var isAggregated = false

    static let json = Form()
  }

  static let writable = ["application/json", "application/yaml"]

  /// What bodies may be in: custom resources have no protobuf.
  static func readable(isCustom: Bool) -> [String] { isCustom ? writable : writable + [ProtobufDecoding.mediaType] }

  static func patches(isCustom: Bool) -> [String] {
    ["application/json-patch+json", "application/merge-patch+json"]
      + (isCustom ? [] : ["application/strategic-merge-patch+json"]) + ["application/apply-patch+yaml"]
  }

  static func parse(_ header: String) -> [Entry] {
    var entries: [(quality: Double, entry: Entry)] = []
    for part in header.split(separator: ",") {
      let pieces = part.split(separator: ";").map { $0.trimmed }
      guard let type = pieces.first, !type.isEmpty else { continue }
      var entry = Entry(type: type.lowercased())
      var quality = 1.0
      for piece in pieces.dropFirst() {
        let pair = piece.split(separator: "=", maxSplits: 1).map { $0.trimmed }
        guard pair.count == 2 else { continue }
        if pair[0] == "q" { quality = Double(pair[1]) ?? 1 } else { entry.parameters[pair[0]] = pair[1] }
      }
      entries.append((quality, entry))
    }
    return entries.enumerated().sorted {
      $0.element.quality == $1.element.quality ? $0.offset < $1.offset : $0.element.quality > $1.element.quality
    }.map(\.element.entry)
  }

  /// The first form of an Accept header that this server writes.
  /// - Throws: `StatusError` 406.
  static func form(accept header: String?) throws -> Form {
    guard let header, !header.isEmpty else { return .json }
    for entry in parse(header) {
      var form = Form()
      switch entry.type {
      case "application/json", "*/*", "application/*": break
      case "application/yaml": form.isYAML = true
      default: continue
      }
      let group = entry.parameters["g"] ?? ""
      switch (entry.parameters["as"], group) {
      case (nil, _): break
      case ("Table", "meta.k8s.io"): form.shape = .table
      case ("PartialObjectMetadata", "meta.k8s.io"), ("PartialObjectMetadataList", "meta.k8s.io"):
        form.shape = .metadata
      case ("APIGroupDiscoveryList", "apidiscovery.k8s.io") where entry.parameters["v"] == "v2":
        form.isAggregated = true
      default: continue
      }
      return form
    }
    throw StatusError(
      code: 406, reason: .notAcceptable,
      message: "only the following media types are accepted: \(writable.joined(separator: ", "))")
  }

  static func unsupported(_ accepted: [String]) -> StatusError {
    StatusError(
      code: 415, reason: .unsupportedMediaType,
      message: "the body of the request was in an unknown format - accepted media types include: "
        + accepted.joined(separator: ", "))
  }
}

extension StringProtocol {
  /// Without blanks at the ends.
  fileprivate var trimmed: String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    guard let start = firstIndex(where: { !isBlank($0) }), let end = lastIndex(where: { !isBlank($0) }) else {
      return ""
    }
    return String(self[start...end])
  }
}
