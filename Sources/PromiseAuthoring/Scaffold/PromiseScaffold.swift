import KratixModel
import Kubernetes

/// The beginnings of a Promise: what `kubectl kratix init` writes (contract, sections 13.1 and 13.2, for what the kratix
/// CLI's `init promise` and `update api` write).
public struct PromiseScaffold: Sendable, Hashable {
  public struct Property: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
      case string, number, integer, object, boolean
    }

    /// Dots nest.
    public var path: [String]
    public var kind: Kind

    /// `NAME:TYPE`. - Throws: `ScaffoldError`.
    public init(parsing text: String) throws(ScaffoldError) {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 else {
        throw ScaffoldError("\"\(text)\" is no property; write NAME:TYPE, as in size:integer")
      }
      guard let kind = Kind(rawValue: parts[1]) else {
        let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw ScaffoldError("property \(parts[0]) has the type \"\(parts[1])\"; the types are \(known)")
      }
      path = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      self.kind = kind
      let isName = path.allSatisfy { part in
        part.first?.isLetter == true && part.utf8.allSatisfy { NameCharacters.isAlphanumeric($0) || $0 == 0x5F }
      }
      guard isName else {
        throw ScaffoldError("\"\(parts[0])\" is no name of a property; use letters and digits, and dots to nest")
      }
    }
  }

  public var name: String
  public var group: String
  public var kind: String
  public var plural: String
  /// Of the API.
  public var version: String
  public var properties: [Property]

  /// - Parameters:
  ///   - plural: the kind in lower case with an `s` when nil.
  /// - Throws: `ScaffoldError` for names that no cluster takes.
  public init(
    name: String, group: String, kind: String, plural: String? = nil, version: String = "v1alpha1",
    properties: [Property] = []
  ) throws(ScaffoldError) {
    self.name = name
    self.group = group
    self.kind = kind
    self.plural = plural ?? kind.lowercased() + "s"
    self.version = version
    self.properties = try Self.withoutRepetition(properties)
    // The Promise's and the pipeline's name share 40 characters with what Kratix puts between them (contract, 12.5).
    if name.utf8.count > 30 {
      throw ScaffoldError("the name \"\(name)\" is longer than the 30 characters that leave room for pipelines' names")
    }
    for (what, value, rule) in [
      ("name", name, NameRules.dns1123Label), ("group", group, NameRules.dns1123Subdomain),
      ("plural", self.plural, NameRules.dns1035Label), ("version", version, NameRules.dns1035Label),
    ] as [(String, String, (String) -> [String])] {
      if let reason = rule(value).first { throw ScaffoldError("the \(what) \"\(value)\" cannot be used: \(reason)") }
    }
    guard group.contains(".") else {
      throw ScaffoldError("the group \"\(group)\" needs a domain, as in platform.example.org")
    }
    guard kind.first?.isUppercase == true, kind.utf8.allSatisfy(NameCharacters.isAlphanumeric) else {
      throw ScaffoldError(
        "the kind \"\(kind)\" must begin with a capital and have only letters and digits, as in Database")
    }
  }

  /// As in the kratix CLI, a later property replaces an earlier one of its name, with all that was below it.
  private static func withoutRepetition(_ properties: [Property]) throws(ScaffoldError) -> [Property] {
    var kept: [Property] = []
    for property in properties {
      if let leaf = kept.first(where: {
        $0.kind != .object && property.path.count > $0.path.count
          && property.path.starts(with: $0.path)
      }) {
        throw ScaffoldError(
          "property \(property.path.joined(separator: ".")) is inside of \(leaf.path.joined(separator: ".")), which is a "
            + "\(leaf.kind.rawValue), not an object")
      }
      kept.removeAll { $0.path.starts(with: property.path) }
      kept.append(property)
    }
    return kept
  }

  public static let promiseVersion = "v0.0.1"
  static let pipeline = "instance"
  static let container = "configure"

  var image: ImageReference {
    ImageReference(registry: nil, path: "\(name)-\(Self.container)", tag: Self.promiseVersion)
  }

  /// Promise, example request, pipeline, test and README.
  public var files: [SourceFile] {
    let directory = "workflows/resource/configure/\(Self.pipeline)/\(Self.container)"
    let tests = "\(PipelineTestCase.directory)/resource/configure/\(Self.pipeline)/example"
    return [
      ("promise.yaml", YAML.text(promise)), ("example-resource.yaml", YAML.text(example)), ("README.md", readme),
      (
        "\(directory)/Dockerfile", "FROM alpine:3.20\nCOPY scripts/ /scripts/\nCMD [\"sh\", \"/scripts/pipeline.sh\"]\n"
      ),
      ("\(directory)/scripts/pipeline.sh", script),
      ("\(tests)/input.yaml", YAML.text(example)), ("\(tests)/output/configmap.yaml", expectedOutput),
      ("\(tests)/metadata/status.yaml", "message: example-\(name) is ready\n"),
    ].map { SourceFile(path: $0.0, bytes: Array($0.1.utf8)) }
  }

  private var promise: JSON {
    [
      "apiVersion": .string(ResourceType.promises.apiVersion), "kind": .string(ResourceType.promises.kind),
      "metadata": ["name": .string(name), "labels": [KratixLabels.promiseVersion: .string(Self.promiseVersion)]],
      "spec": [
        "api": definition,
        "workflows": [
          "resource": [
            "configure": [
              [
                "apiVersion": .string(ResourceType.promises.apiVersion), "kind": "Pipeline",
                "metadata": ["name": .string(Self.pipeline)],
                "spec": [
                  "containers": [["name": .string(Self.container), "image": .string(image.description)]]
                ],
              ]
            ]
          ]
        ],
      ],
    ]
  }

  private var definition: JSON {
    var spec: JSON = ["type": "object", "default": [:]]
    for property in properties {
      var path = ["properties"]
      for (index, name) in property.path.enumerated() {
        path.append(name)
        if index < property.path.count - 1 {
          spec.set("object", at: (path + ["type"])[...])
          path.append("properties")
        }
      }
      spec.set(["type": .string(property.kind.rawValue)], at: path[...])
    }
    return [
      "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
      "metadata": ["name": .string("\(plural).\(group)")],
      "spec": [
        "group": .string(group), "scope": "Namespaced",
        "names": [
          "kind": .string(kind), "plural": .string(plural), "singular": .string(kind.lowercased()),
          "listKind": .string(kind + "List"),
        ],
        "versions": [
          [
            "name": .string(version), "served": true, "storage": true,
            "schema": ["openAPIV3Schema": ["type": "object", "properties": ["spec": spec]]],
          ]
        ],
      ],
    ]
  }

  private var example: JSON {
    var spec = JSON.emptyObject
    for property in properties {
      let value: JSON =
        switch property.kind {
        case .string: "example"
        case .number, .integer: 1
        case .object: [:]
        case .boolean: true
        }
      spec.set(value, at: property.path[...])
    }
    return [
      "apiVersion": .string("\(group)/\(version)"), "kind": .string(kind),
      "metadata": ["name": .string("example-\(name)"), "namespace": "default"], "spec": spec,
    ]
  }

  /// What the script can read without a YAML parser: text and numbers right below `spec`.
  private var plainProperties: [Property] { properties.filter { $0.path.count == 1 && $0.kind != .object } }

  private var script: String {
    """
    #!/usr/bin/env sh
    # Makes the manifests of one \(kind). It reads /kratix/input/object.yaml and writes below /kratix/output and
    # /kratix/metadata. It needs no more than a POSIX shell, so that it runs in the sandbox as it does in the image.
    set -eu

    # field SECTION NAME: a value right below metadata or spec, without quotes. Kratix writes two spaces a level.
    field() {
      awk -v section="$1:" -v name="  $2:" '
        /^[^ ]/ { current = $1 }
        current == section && index($0, name) == 1 {
          value = substr($0, length(name) + 1)
          sub(/^ */, "", value)
          gsub(/^["\\047]|["\\047]$/, "", value)
          print value
          exit
        }' /kratix/input/object.yaml
    }

    name="$(field metadata name)"
    namespace="$(field metadata namespace)"

    cat > /kratix/output/configmap.yaml <<END
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: \(name)-$name
      namespace: $namespace
    data:
      kind: \(kind)
    \(plainProperties.map { "  \($0.path[0]): \"$(field spec \($0.path[0]))\"" }.joined(separator: "\n"))
    END

    echo "message: $name is ready" > /kratix/metadata/status.yaml

    """.replacing("\n\nEND", with: "\nEND")
  }

  private var expectedOutput: String {
    let values = plainProperties.map { property in
      let value = property.kind == .string ? "example" : property.kind == .boolean ? "true" : "1"
      return "  \(property.path[0]): \"\(value)\"\n"
    }
    return """
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: \(name)-example-\(name)
        namespace: default
      data:
        kind: \(kind)

      """ + values.joined()
  }

  private var readme: String {
    let directory = "workflows/resource/configure/\(Self.pipeline)/\(Self.container)"
    return """
      # \(kind)

      The Promise `\(name)`: whoever creates a `\(kind)` of `\(group)/\(version)` gets what its pipeline makes of it.

      | | |
      |---|---|
      | `promise.yaml` | the Promise: its API and its workflow |
      | `\(directory)/` | the pipeline's image |
      | `example-resource.yaml` | a request |
      | `tests/` | inputs of the pipelines, and what they must make of them |

      Run the pipeline on its test:

          kubectl kratix test .

      Try it in the sandbox (and set KUBECONFIG as it says):

          kubectl kratix sandbox up --image \(image)=\(directory)
          kubectl kratix package . -o /tmp/promise.yaml
          kubectl --context platform apply -f /tmp/promise.yaml
          kubectl --context platform apply -f example-resource.yaml

      Build and push the image, and make an installable Promise:

          kubectl kratix package . --image-prefix REGISTRY/PATH --build --push -o /tmp/promise.yaml

      """
  }
}

/// Why a Promise cannot be started so; one whole sentence.
public struct ScaffoldError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

private enum NameCharacters {
  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
  }
}
