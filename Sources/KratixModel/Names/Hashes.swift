import Crypto
import Kubernetes

/// The hashes that decide whether Kratix runs a workflow again (contract, section 3.3).
public enum Hashes {
  /// 32 lower-case hexadecimal characters.
  public static func md5(_ text: String) -> String { md5(Array(text.utf8)) }

  public static func md5(_ bytes: [UInt8]) -> String { hex(Insecure.MD5.hash(data: bytes)) }

  /// `sha256:` and 64 hexadecimal characters: our own content digests, of plans and revisions.
  public static func sha256(_ bytes: [UInt8]) -> String { "sha256:" + hex(SHA256.hash(data: bytes)) }

  /// The hash of a Promise's spec as Kratix re-encodes it.
  public static func promise(spec: JSON) -> String {
    md5(PromiseSpec.normalized(spec).serialized(.goCompact))
  }

  /// The hash of a resource's spec; an absent one is hashed as `null`.
  public static func resource(spec: JSON?) -> String { md5((spec ?? .null).serialized(.goCompact)) }

  /// The `kratix.io/hash` label of a resource workflow's Job.
  public static func resourceJob(promiseSpec: JSON, resourceSpec: JSON?, isDryRun: Bool = false) -> String {
    md5("\(promise(spec: promiseSpec))-\(resource(spec: resourceSpec))\(isDryRun ? "-dry-run" : "")")
  }

  private static func hex(_ digest: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in digest {
      text.append(byte < 16 ? "0" : "")
      text.append(String(byte, radix: 16))
    }
    return text
  }
}

/// The spec of a Promise as text and as Kratix's typed struct would write it.
public enum PromiseSpec {
  /// The spec as Kratix re-encodes it from its struct: unknown fields dropped, empty lists and strings left out, the
  /// workflow objects always there, durations in Go's own form (contract, section 3.3). Two specs mean the same to
  /// Kratix when these are equal.
  public static func normalized(_ spec: JSON) -> JSON {
    var result: [String: JSON] = [:]
    if let api = spec["api"], !api.isNull { result["api"] = api }
    if let dependencies = nonEmptyArray(spec["dependencies"]) { result["dependencies"] = .array(dependencies) }
    if let selectors = nonEmptyArray(spec["destinationSelectors"]) {
      result["destinationSelectors"] = .array(selectors.map { keep($0, objects: ["matchLabels"]) })
    }
    if let required = nonEmptyArray(spec["requiredPromises"]) {
      result["requiredPromises"] = .array(required.map { keep($0, strings: ["name", "version"]) })
    }
    let workflows = spec["workflows"]
    var config = keep(workflows?["config"] ?? .emptyObject, strings: ["pipelineNamespace"])
    if let text = workflows?[path: "config", "reconciliationInterval"]?.stringValue, !text.isEmpty {
      config["reconciliationInterval"] = .string(GoDuration(text)?.description ?? text)
    }
    result["workflows"] = [
      "config": config,
      "promise": keep(workflows?["promise"] ?? .emptyObject, arrays: ["configure", "delete"]),
      "resource": keep(workflows?["resource"] ?? .emptyObject, arrays: ["configure", "delete"]),
    ]
    return .object(result)
  }

  private static func nonEmptyArray(_ value: JSON?) -> [JSON]? {
    guard let array = value?.arrayValue, !array.isEmpty else { return nil }
    return array
  }

  private static func keep(
    _ value: JSON, strings: [String] = [], objects: [String] = [], arrays: [String] = []
  ) -> JSON {
    var kept: [String: JSON] = [:]
    for key in strings {
      if let text = value[key]?.stringValue, !text.isEmpty { kept[key] = .string(text) }
    }
    for key in objects {
      if let members = value[key]?.objectValue, !members.isEmpty { kept[key] = .object(members) }
    }
    for key in arrays {
      if let elements = nonEmptyArray(value[key]) { kept[key] = .array(elements) }
    }
    return .object(kept)
  }
}
