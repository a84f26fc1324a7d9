import KratixModel
import Kubernetes

/// Why a text cannot be bumped. The description is one sentence that stands after the file's name.
public enum BumpError: Error, Sendable, Hashable, CustomStringConvertible {
  case notUTF8
  case empty
  case notYAML(YAMLSyntaxError)
  /// No document is a Promise; the kinds that there are.
  case noPromise(kinds: [String])
  case noContainers(promise: String)
  /// What was asked for, and what there is.
  case noMatch(String, containers: [Found])
  /// No container is at the address; those that there are.
  case notFound(ContainerFilter, containers: [Found])
  /// One request fits several containers that hold different images, or several Promises.
  case ambiguous(String, containers: [Found])
  /// `--promise-version` alone fits several Promises.
  case severalPromises([String])
  case conflict(ContainerAddress, String, String)
  case notReplaceable(path: FieldPath, line: Int)
  case invalidVersion(String, reason: String)
  case noVersionToRaise(promise: String)
  case versionNotSemantic(promise: String, version: String)
  case labelNotInsertable(promise: String, line: Int)
  /// The result does not read as intended; these places would differ.
  case wouldChangeMore([FieldPath])

  public struct Found: Sendable, Hashable {
    public var address: ContainerAddress
    public var image: String

    public init(address: ContainerAddress, image: String) {
      self.address = address
      self.image = image
    }
  }

  public var description: String {
    switch self {
    case .notUTF8: "is not UTF-8 text; save it as UTF-8"
    case .empty: "is empty; a Promise is expected"
    case .notYAML(let error): "is not YAML: \(error)"
    case .noPromise(let kinds):
      "holds no Promise of \(ResourceType.kratixGroup)"
        + (kinds.isEmpty ? "" : "; it holds \(kinds.joined(separator: ", "))")
    case .noContainers(let promise): "holds the Promise \(promise), which has no container in any workflow"
    case .noMatch(let what, let containers): "has no container for \(what); there are \(Self.list(containers))"
    case .notFound(let filter, let containers): "does not have \(filter); there are \(Self.list(containers))"
    case .ambiguous(let what, let containers):
      "has several containers for \(what), which differ: \(Self.list(containers)); say which with --container, "
        + "--pipeline or --promise"
    case .severalPromises(let names):
      "holds several Promises (\(names.joined(separator: ", "))); say which with --promise"
    case .conflict(let address, let one, let other): "cannot give \(address) both \(one) and \(other)"
    case .notReplaceable(let path, let line):
      "writes \(path) (line \(line)) in a way that cannot be replaced in place; write it on one line"
    case .invalidVersion(let version, let reason): "cannot carry the Promise version \"\(version)\": \(reason)"
    case .noVersionToRaise(let promise):
      "has no label \(KratixLabels.promiseVersion) on the Promise \(promise) that could be raised; name the version "
        + "with --promise-version"
    case .versionNotSemantic(let promise, let version):
      "has the version \"\(version)\" on the Promise \(promise), which is no semantic version; name the new one with "
        + "--promise-version"
    case .labelNotInsertable(let promise, let line):
      "has no label \(KratixLabels.promiseVersion) on the Promise \(promise), and metadata (line \(line)) is not "
        + "written in a way that takes one in place; add the label by hand"
    case .wouldChangeMore(let paths):
      "would not read as intended after the change at \(paths.map(\.description).joined(separator: ", "))"
    }
  }

  private static func list(_ containers: [Found]) -> String {
    let promises = Set(containers.map(\.address.promise))
    return containers.map { found in
      (promises.count > 1 ? "\(found.address.promise): " : "") + "\(found.address) (\(found.image))"
    }.joined(separator: ", ")
  }
}
