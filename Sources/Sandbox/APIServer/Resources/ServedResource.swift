import Kubernetes

/// A resource at one version, as the server serves it: built in, or of an established CustomResourceDefinition.
public struct ServedResource: Sendable, Hashable {
  /// One column of `kubectl get`.
  public struct PrinterColumn: Sendable, Hashable {
    public var name: String
    /// `string`, `integer`, `number`, `boolean` or `date`.
    public var type: String
    public var format: String
    public var description: String
    /// 0 shows always, above only with `-o wide`.
    public var priority: Int64
    public var jsonPath: String

    public init(
      name: String, type: String, format: String = "", description: String = "", priority: Int64 = 0, jsonPath: String
    ) {
      self.name = name
      self.type = type
      self.format = format
      self.description = description
      self.priority = priority
      self.jsonPath = jsonPath
    }
  }

  /// `spec.versions[].subresources.scale` of a CustomResourceDefinition.
  public struct ScalePaths: Sendable, Hashable {
    public var specReplicas: String
    public var statusReplicas: String
    public var labelSelector: String?

    public init(specReplicas: String, statusReplicas: String, labelSelector: String? = nil) {
      self.specReplicas = specReplicas
      self.statusReplicas = statusReplicas
      self.labelSelector = labelSelector
    }
  }

  public var type: ResourceType
  public var singular: String
  public var listKind: String
  public var shortNames: [String]
  public var categories: [String]
  /// The verbs that discovery lists.
  public var verbs: [String]
  public var hasStatus: Bool
  public var scale: ScalePaths?
  /// nil for a built-in kind, which has columns of its own; empty means NAME and AGE only.
  public var printerColumns: [PrinterColumn]?
  /// JSON paths (`.spec.version`) that field selectors may name, beside metadata.name and metadata.namespace.
  public var selectableFields: [String]
  /// `openAPIV3Schema` of a custom resource; nil for a built-in kind.
  public var schema: JSON?
  /// The version that objects are stored in; equal to `type.version` for built-in kinds.
  public var storageVersion: String
  /// The name of the CustomResourceDefinition; nil for a built-in kind.
  public var definitionName: String?

  public var isCustom: Bool { definitionName != nil }

  public init(
    type: ResourceType, singular: String, listKind: String? = nil, shortNames: [String] = [],
    categories: [String] = [], verbs: [String] = ServedResource.allVerbs, hasStatus: Bool = false,
    scale: ScalePaths? = nil, printerColumns: [PrinterColumn]? = nil, selectableFields: [String] = [],
    schema: JSON? = nil, storageVersion: String? = nil, definitionName: String? = nil
  ) {
    self.type = type
    self.singular = singular
    self.listKind = listKind ?? type.kind + "List"
    self.shortNames = shortNames
    self.categories = categories
    self.verbs = verbs
    self.hasStatus = hasStatus
    self.scale = scale
    self.printerColumns = printerColumns
    self.selectableFields = selectableFields
    self.schema = schema
    self.storageVersion = storageVersion ?? type.version
    self.definitionName = definitionName
  }

  /// The order in which a real server lists them.
  public static let allVerbs = [
    "delete", "deletecollection", "get", "list", "patch", "create", "update", "watch",
  ]
}
