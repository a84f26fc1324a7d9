import KratixModel
import Kubernetes
import Testing

@testable import PromiseReview

/// What is around the schemas of two APIs: versions, names, scope. A table of rules.
@Suite struct APIComparisonTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var verdict: Verdict
    var kinds: Set<SchemaChange.Kind>
    var change: @Sendable (inout JSON) -> Void

    init(
      _ rule: String, _ verdict: Verdict, _ kinds: Set<SchemaChange.Kind> = [],
      _ change: @escaping @Sendable (inout JSON) -> Void
    ) {
      testDescription = rule
      self.verdict = verdict
      self.kinds = kinds
      self.change = change
    }
  }

  /// Of two versions; v2 is stored.
  static let definition: JSON = [
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": ["name": "things.example.org"],
    "spec": [
      "group": "example.org", "scope": "Namespaced",
      "names": ["kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList"],
      "versions": [version("v1", isStored: false), version("v2", isStored: true)],
    ],
  ]

  static func version(_ name: String, isServed: Bool = true, isStored: Bool) -> JSON {
    [
      "name": .string(name), "served": .bool(isServed), "storage": .bool(isStored),
      "schema": [
        "openAPIV3Schema": [
          "type": "object", "properties": ["spec": ["type": "object", "properties": ["size": ["type": "integer"]]]],
        ]
      ],
    ]
  }

  static func versions(_ versions: JSON...) -> @Sendable (inout JSON) -> Void {
    { $0.set(.array(versions), at: ["spec", "versions"]) }
  }

  static let cases = [
    Case("nothing", .compatible) { _ in },
    Case("a served version is removed", .breaking, [.versionRemoved], versions(version("v2", isStored: true))),
    Case(
      "the stored version is removed", .breaking, [.versionRemoved], versions(version("v1", isStored: true))),
    Case(
      "a version is no longer served", .breaking, [.versionNotServed],
      versions(version("v1", isServed: false, isStored: false), version("v2", isStored: true))),
    Case(
      "another version is stored", .warn, [.storageVersionChanged],
      versions(version("v1", isStored: true), version("v2", isStored: false))),
    Case(
      "a version more", .compatible, [.versionAdded],
      versions(version("v1", isStored: false), version("v2", isStored: true), version("v3", isStored: false))),
    Case(
      "versions in another order", .compatible, [],
      versions(version("v2", isStored: true), version("v1", isStored: false))),
    Case("another scope", .breaking, [.scopeChanged]) { $0.set("Cluster", at: ["spec", "scope"]) },
    Case("another group", .breaking, [.groupChanged]) { $0.set("other.org", at: ["spec", "group"]) },
    Case("another kind", .breaking, [.namesChanged]) { $0.set("Item", at: ["spec", "names", "kind"]) },
    Case("another plural", .breaking, [.namesChanged]) { $0.set("thingies", at: ["spec", "names", "plural"]) },
    // Kratix refuses any difference of names (contract, section 9.1).
    Case("a short name more", .breaking, [.namesChanged]) { $0.set(["th"], at: ["spec", "names", "shortNames"]) },
    // What the API server makes up is no difference.
    Case("names that are left out", .compatible) {
      $0.set(["kind": "Thing", "plural": "things"], at: ["spec", "names"])
    },
    Case(
      "printer columns, deprecation, selectable fields", .compatible, [],
      { definition in
        var version = Self.version("v1", isStored: false)
        version["additionalPrinterColumns"] = [["name": "Size", "type": "integer", "jsonPath": ".spec.size"]]
        version["deprecated"] = true
        version["selectableFields"] = [["jsonPath": ".spec.size"]]
        definition.set(.array([version, Self.version("v2", isStored: true)]), at: ["spec", "versions"])
      }),
    Case("labels and annotations", .compatible) { $0.set(["a": "b"], at: ["metadata", "labels"]) },
    Case(
      "a field in one of the versions", .breaking, [.fieldRemoved],
      { definition in
        var version = Self.version("v1", isStored: false)
        version.set([:], at: ["schema", "openAPIV3Schema", "properties", "spec", "properties"])
        definition.set(.array([version, Self.version("v2", isStored: true)]), at: ["spec", "versions"])
      }),
  ]

  @Test(arguments: cases) func judges(_ example: Case) {
    var changed = Self.definition
    example.change(&changed)
    let comparison = APIComparison(
      old: PromiseAPI(KubernetesObject(Self.definition)), new: PromiseAPI(KubernetesObject(changed)))
    #expect(comparison.verdict == example.verdict, "\(comparison.changes.map(\.sentence))")
    #expect(Set(comparison.changes.map(\.kind)) == example.kinds, "\(comparison.changes.map(\.sentence))")
    for change in comparison.changes where change.verdict != .compatible {
      #expect(!change.why.isEmpty && !change.remedy.isEmpty)
    }
  }

  @Test func theVersionIsNamedWhereThereAreSeveral() throws {
    let example = try #require(Self.cases.last)
    var changed = Self.definition
    example.change(&changed)
    let comparison = APIComparison(
      old: PromiseAPI(KubernetesObject(Self.definition)), new: PromiseAPI(KubernetesObject(changed)))
    #expect(comparison.changes.map(\.sentence) == ["field spec.size is removed (version v1)"])
  }

  /// Each kind of change that there is, told by one of the tables.
  @Test func everyKindIsInATable() {
    let told = Set(Self.cases.flatMap(\.kinds)).union(SchemaComparisonTests.fields.compactMap(\.kind))
    let toldApart: Set<SchemaChange.Kind> = [.fieldAdded, .requiredAdded, .requiredRemoved]
    #expect(Set(SchemaChange.Kind.allCases).subtracting(told).subtracting(toldApart).isEmpty)
  }
}
