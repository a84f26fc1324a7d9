import Kubernetes
import Testing

/// The messages marked "recorded" are those of an API server 1.36.
@Suite struct CustomResourceDefinitionTests {
  static let crd = KubernetesObject([
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": ["name": "mongodbs.promise.kratix.io"],
    "spec": [
      "group": "promise.kratix.io", "scope": "Namespaced",
      "names": ["kind": "MongoDB", "plural": "mongodbs", "singular": "mongodb"],
      "versions": [
        [
          "name": "v1alpha1", "served": true, "storage": true,
          "schema": [
            "openAPIV3Schema": [
              "type": "object",
              "properties": [
                "spec": [
                  "type": "object",
                  "properties": ["majorVersion": ["type": "number", "default": 6], "version": ["type": "string"]],
                ]
              ],
            ]
          ],
        ]
      ],
    ],
  ])

  static var stored: KubernetesObject {
    var crd = CustomResourceDefinitions.defaulted(crd)
    crd.setCondition(
      Condition(type: "Established", status: .true, reason: "InitialNamesAccepted", message: ""), now: "")
    return crd
  }

  static func changed(_ change: (inout KubernetesObject) -> Void) -> KubernetesObject {
    var result = crd
    change(&result)
    return result
  }

  /// The definition with other schemas of properties in its spec.
  static func withProperties(_ properties: JSON) -> KubernetesObject {
    withSchema(["type": "object", "properties": ["spec": ["type": "object", "properties": properties]]])
  }

  static func withSchema(_ schema: JSON) -> KubernetesObject {
    changed {
      $0[path: "spec", "versions"] = [
        ["name": "v1alpha1", "served": true, "storage": true, "schema": ["openAPIV3Schema": schema]]
      ]
    }
  }

  @Test func takesAGoodOne() {
    #expect(CustomResourceDefinitions.validate(Self.crd).map(\.description) == [])
    #expect(CustomResourceDefinitions.validate(Self.crd, old: Self.stored).map(\.description) == [])
  }

  @Test func fillsInDefaults() {
    let result = CustomResourceDefinitions.defaulted(
      Self.changed { $0[path: "spec", "names"] = ["kind": "MongoDB", "plural": "mongodbs"] })
    #expect(
      result[path: "spec", "names"]
        == ["kind": "MongoDB", "plural": "mongodbs", "singular": "mongodb", "listKind": "MongoDBList"])
    #expect(result[path: "spec", "conversion"] == ["strategy": "None"])
    #expect(result[path: "status", "storedVersions"] == ["v1alpha1"])
  }

  static let cases: [(String, KubernetesObject, [String])] = [
    (
      "name (recorded)", changed { $0.name = "wrong.test.example.com" },
      [
        "metadata.name: Invalid value: \"wrong.test.example.com\": must be spec.names.plural+\".\"+spec.group"
      ]
    ),
    (
      "not structural (recorded)",
      withSchema(["type": "object", "properties": ["spec": ["properties": ["a": ["type": "string"]]]]]),
      [
        "spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object "
          + "fields"
      ]
    ),
    (
      "no storage version (recorded)",
      changed {
        $0[path: "spec", "versions"] = [
          ["name": "v1", "served": true, "storage": false, "schema": ["openAPIV3Schema": ["type": "object"]]]
        ]
      },
      [
        "spec.versions: Invalid value: [{\"Name\":\"v1\",\"Served\":true,\"Storage\":false,\"Deprecated\":false,"
          + "\"DeprecationWarning\":null,\"Schema\":null,\"Subresources\":null,\"AdditionalPrinterColumns\":null,"
          + "\"SelectableFields\":null}]: must have exactly one version marked as storage version",
        "status.storedVersions: Invalid value: null: must have at least one stored version",
      ]
    ),
    (
      "default of another type (recorded)", withProperties(["majorVersion": ["type": "number", "default": "six"]]),
      [
        "spec.validation.openAPIV3Schema.properties[spec].properties[majorVersion].default: Invalid value: \"string\":  "
          + "in body must be of type number: \"string\""
      ]
    ),
    (
      "no schema", changed { $0[path: "spec", "versions"] = [["name": "v1", "served": true, "storage": true]] },
      ["spec.versions[0].schema.openAPIV3Schema: Required value"]
    ),
    (
      "group and scope",
      changed {
        $0[path: "spec", "group"] = "local"
        $0[path: "spec", "scope"] = "Galaxy"
        $0.name = "mongodbs.local"
      },
      [
        "spec.group: Invalid value: \"local\": should be a domain with at least one dot",
        "spec.scope: Unsupported value: \"Galaxy\": supported values: \"Cluster\", \"Namespaced\"",
      ]
    ),
    (
      "names",
      changed { $0[path: "spec", "names"] = ["kind": "Mongo_DB", "listKind": "Mongo_DB", "plural": "mongodbs"] },
      [
        "spec.names.singular: Invalid value: \"mongo_db\": \(dns1035)",
        "spec.names.kind: Invalid value: \"Mongo_DB\": may have mixed case, but should otherwise match: \(dns1035)",
        "spec.names.listKind: Invalid value: \"Mongo_DB\": may have mixed case, but should otherwise match: \(dns1035)",
        "spec.names.listKind: Invalid value: \"Mongo_DB\": kind and listKind may not be the same",
      ]
    ),
    (
      "two versions of one name, and different schemas",
      changed {
        $0[path: "spec", "versions"] = [
          ["name": "v1", "served": true, "storage": true, "schema": ["openAPIV3Schema": ["type": "object"]]],
          ["name": "v1", "served": true, "storage": false, "schema": ["openAPIV3Schema": ["type": "string"]]],
        ]
      },
      [
        "spec.versions[1].schema.openAPIV3Schema.type: Invalid value: \"string\": must be object at the root",
        "spec.versions: Invalid value: [{\"Name\":\"v1\",\"Served\":true,\"Storage\":true,\"Deprecated\":false,"
          + "\"DeprecationWarning\":null,\"Schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}},\"Subresources\":null,"
          + "\"AdditionalPrinterColumns\":null,\"SelectableFields\":null},{\"Name\":\"v1\",\"Served\":true,\"Storage\":"
          + "false,\"Deprecated\":false,\"DeprecationWarning\":null,\"Schema\":{\"openAPIV3Schema\":{\"type\":"
          + "\"string\"}},\"Subresources\":null,\"AdditionalPrinterColumns\":null,\"SelectableFields\":null}]: must "
          + "contain unique version names",
      ]
    ),
    (
      "preserveUnknownFields", changed { $0[path: "spec", "preserveUnknownFields"] = true },
      [
        "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set "
          + "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
      ]
    ),
    (
      "items", withProperties(["l": ["type": "array"]]),
      ["spec.validation.openAPIV3Schema.properties[spec].properties[l].items: Required value: must be specified"]
    ),
    (
      "unknown type", withProperties(["a": ["type": "text"]]),
      [
        "spec.validation.openAPIV3Schema.properties[spec].properties[a].type: Unsupported value: \"text\": supported "
          + "values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\""
      ]
    ),
    (
      "a type in anyOf, and a field that is only narrowed",
      withProperties(["o": ["type": "object", "anyOf": [["type": "object"], ["properties": ["x": [:]]]]]]),
      [
        "spec.validation.openAPIV3Schema.properties[spec].properties[o].anyOf[0].type: Forbidden: must be empty to be "
          + "structural"
      ]
    ),
    (
      "narrowed at the root only",
      withSchema(["type": "object", "anyOf": [["required": ["x"], "properties": ["x": ["minLength": 1]]]]]),
      [
        "spec.validation.openAPIV3Schema.properties[x]: Required value: because it is defined in "
          + "spec.validation.openAPIV3Schema.anyOf[0].properties[x]"
      ]
    ),
    (
      "int or string may have its types in anyOf",
      withProperties([
        "p": ["x-kubernetes-int-or-string": true, "anyOf": [["type": "integer"], ["type": "string"]]]
      ]), []
    ),
    (
      "pattern", withProperties(["s": ["type": "string", "pattern": "("]]),
      [
        "spec.validation.openAPIV3Schema.properties[spec].properties[s].pattern: Invalid value: \"(\": must be a valid "
          + "regular expression, but isn't: error parsing regexp: missing closing ): `(`"
      ]
    ),
    (
      "metadata",
      withSchema([
        "type": "object",
        "properties": ["metadata": ["type": "object", "properties": ["labels": ["type": "object"]]]],
      ]),
      [
        "spec.validation.openAPIV3Schema.properties[metadata]: Forbidden: must not specify anything other than name and "
          + "generateName, but metadata is implicitly specified"
      ]
    ),
    (
      "the name in metadata may be narrowed",
      withSchema([
        "type": "object",
        "properties": [
          "metadata": ["type": "object", "properties": ["name": ["type": "string", "maxLength": 63]]]
        ],
      ]), []
    ),
    (
      "additionalProperties beside properties",
      withProperties([
        "o": ["type": "object", "properties": ["a": ["type": "string"]], "additionalProperties": ["type": "string"]]
      ]),
      [
        "spec.validation.openAPIV3Schema.properties[spec].properties[o].additionalProperties: Forbidden: "
          + "additionalProperties and properties are mutual exclusive"
      ]
    ),
    (
      "lists that are maps",
      withProperties([
        "l": [
          "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"],
          "items": ["type": "object", "properties": ["a": ["type": "string"]]],
        ]
      ]),
      [
        "spec.validation.openAPIV3Schema.properties[spec].properties[l].x-kubernetes-list-map-keys: Invalid value: "
          + "[\"a\",\"b\"]: entries must all be names of item properties",
        "spec.validation.openAPIV3Schema.properties[spec].properties[l].items.properties[a].default: Required value: this "
          + "property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
      ]
    ),
    (
      "a default with an unknown field",
      withProperties(["o": ["type": "object", "default": ["x": 1], "properties": ["a": ["type": "string"]]]]),
      [
        "spec.validation.openAPIV3Schema.properties[spec].properties[o].default: Invalid value: {\"x\":1}: must not have "
          + "unknown fields"
      ]
    ),
    (
      "unsupported keywords", withProperties(["a": ["$ref": "#/x", "type": "string", "uniqueItems": true]]),
      [
        "spec.validation.openAPIV3Schema.properties[spec].properties[a].$ref: Forbidden: $ref is not supported",
        "spec.validation.openAPIV3Schema.properties[spec].properties[a].uniqueItems: Forbidden: uniqueItems cannot be "
          + "set to true since the runtime complexity becomes quadratic",
      ]
    ),
    (
      "printer columns",
      changed {
        $0[path: "spec", "versions"] = [
          [
            "name": "v1", "served": true, "storage": true, "schema": ["openAPIV3Schema": ["type": "object"]],
            "additionalPrinterColumns": [
              ["name": "Age", "type": "date", "jsonPath": "metadata.creationTimestamp"], ["type": "text"],
            ],
          ]
        ]
      },
      [
        "spec.additionalPrinterColumns[0].JSONPath: Invalid value: \"metadata.creationTimestamp\": must be a simple json "
          + "path starting with .",
        "spec.additionalPrinterColumns[1].name: Required value",
        "spec.additionalPrinterColumns[1].type: Invalid value: \"text\": must be one of "
          + "boolean,date,integer,number,string",
        "spec.additionalPrinterColumns[1].JSONPath: Required value",
      ]
    ),
    (
      "scale, conversion",
      changed {
        $0[path: "spec", "versions"] = [
          [
            "name": "v1", "served": true, "storage": true, "schema": ["openAPIV3Schema": ["type": "object"]],
            "subresources": ["scale": ["specReplicasPath": ".status.replicas"]],
          ]
        ]
        $0[path: "spec", "conversion"] = ["strategy": "Webhook", "webhook": ["conversionReviewVersions": ["v9"]]]
      },
      [
        "spec.subresources.scale.specReplicasPath: Invalid value: \".status.replicas\": should be a json path under .spec",
        "spec.subresources.scale.statusReplicasPath: Required value",
        "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
        "spec.conversion.conversionReviewVersions: Invalid value: [\"v9\"]: must include at least one of v1, v1beta1",
      ]
    ),
    (
      "protected group",
      changed {
        $0[path: "spec", "group"] = "x.k8s.io"
        $0.name = "mongodbs.x.k8s.io"
      },
      [
        "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval "
          + "annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111"
      ]
    ),
  ]

  static let dns1035 =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and "
    + "end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    + "'[a-z]([-a-z0-9]*[a-z0-9])?')"

  @Test(arguments: cases.indices) func complains(index: Int) {
    let (name, crd, errors) = Self.cases[index]
    #expect(CustomResourceDefinitions.validate(crd).map(\.description) == errors, "\(name)")
  }

  static let updates: [(String, KubernetesObject, [String])] = [
    (
      "scope (recorded)", changed { $0[path: "spec", "scope"] = "Cluster" },
      ["spec.scope: Invalid value: \"Cluster\": field is immutable"]
    ),
    (
      "kind (recorded)",
      changed { $0[path: "spec", "names"] = ["kind": "Mongo", "plural": "mongodbs", "singular": "mongodb"] },
      ["spec.names.kind: Invalid value: \"Mongo\": field is immutable"]
    ),
    (
      "version renamed (recorded)",
      changed {
        $0[path: "spec", "versions"] = [
          ["name": "v1", "served": true, "storage": true, "schema": ["openAPIV3Schema": ["type": "object"]]]
        ]
      },
      [
        "status.storedVersions[0]: Invalid value: \"v1alpha1\": missing from spec.versions; v1alpha1 was previously a "
          + "storage version, and must remain in spec.versions until a storage migration ensures no data remains "
          + "persisted in v1alpha1 and removes v1alpha1 from status.storedVersions"
      ]
    ),
    (
      "a short name", changed { $0[path: "spec", "names", "shortNames"] = ["mdb"] }, []
    ),
    ("a type changed (recorded)", withProperties(["majorVersion": ["type": "string"]]), []),
    (
      "plural",
      changed {
        $0[path: "spec", "names", "plural"] = "mongos"
      }, ["spec.names.plural: Invalid value: \"mongos\": field is immutable"]
    ),
  ]

  @Test(arguments: updates.indices) func complainsOfUpdates(index: Int) {
    let (name, crd, errors) = Self.updates[index]
    #expect(CustomResourceDefinitions.validate(crd, old: Self.stored).map(\.description) == errors, "\(name)")
  }

  @Test func addsUpStoredVersions() {
    let next = Self.changed {
      $0[path: "spec", "versions"] = [
        ["name": "v1alpha1", "served": true, "storage": false], ["name": "v1", "served": true, "storage": true],
      ]
    }
    #expect(CustomResourceDefinitions.storedVersions(of: next, old: Self.stored) == ["v1alpha1", "v1"])
    #expect(CustomResourceDefinitions.storedVersions(of: next, old: nil) == ["v1"])
  }
}
