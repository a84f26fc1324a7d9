import KratixModel
import Kubernetes

/// A digest of what of a Promise its resources depend on: their API and workflows, and where their files go. Static
/// dependencies and the Promise's own workflows are not part of it.
public enum ContentHash {
  /// `sha256:` and 64 hexadecimal characters; equal for specs that mean the same to Kratix.
  public static func of(spec: JSON) -> String {
    let normalized = PromiseSpec.normalized(spec)
    var content: JSON = [:]
    content["api"] = normalized["api"]
    content["destinationSelectors"] = normalized["destinationSelectors"]
    content["config"] = normalized[path: "workflows", "config"]
    content["resource"] = normalized[path: "workflows", "resource"]
    return Hashes.sha256(content.serialized())
  }
}
