import KratixModel
import Kubernetes

/// The CustomResourceDefinitions of `platform.kratix.io` (contract, section 1).
enum KratixDefinitions {
  static let all: [KubernetesObject] = [
    promise, promiseRelease, promiseRevision, resourceBinding, work, workPlacement, destination, bucketStateStore,
    gitStateStore, healthRecord,
  ]

  struct Column {
    var name: String
    var type = "string"
    var path: String

    init(_ name: String, _ path: String, type: String = "string") {
      self.name = name
      self.type = type
      self.path = path
    }
  }

  private static func definition(
    _ type: ResourceType, shortNames: [String] = [], isInCategory: Bool = true, hasStatus: Bool = true,
    columns: [Column], selectableFields: [String] = [], properties: [String: JSON], required: [String] = []
  ) -> KubernetesObject {
    let singular = type.kind.lowercased()
    var names: JSON = [
      "kind": .string(type.kind), "listKind": .string(type.kind + "List"), "plural": .string(type.plural),
      "singular": .string(singular),
    ]
    if isInCategory { names["categories"] = ["kratix"] }
    if !shortNames.isEmpty { names["shortNames"] = JSON(shortNames) }
    var schema = Schema.object(
      properties.merging([
        "apiVersion": Schema.string, "kind": Schema.string, "metadata": ["type": "object"],
      ]) { own, _ in own })
    if !required.isEmpty { schema["required"] = JSON(required) }
    var version: JSON = [
      "name": .string(type.version), "served": true, "storage": true, "schema": ["openAPIV3Schema": schema],
    ]
    if hasStatus { version["subresources"] = ["status": [:]] }
    if !columns.isEmpty {
      version["additionalPrinterColumns"] = .array(
        columns.map { ["name": .string($0.name), "type": .string($0.type), "jsonPath": .string($0.path)] })
    }
    if !selectableFields.isEmpty {
      version["selectableFields"] = .array(selectableFields.map { ["jsonPath": .string($0)] })
    }
    var object = KubernetesObject(
      apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name: type.qualifiedResource)
    object.labels = ["app.kubernetes.io/part-of": "kratix"]
    object.spec = [
      "group": .string(type.group), "names": names, "scope": type.isNamespaced ? "Namespaced" : "Cluster",
      "versions": [version],
    ]
    return object
  }

  private static let readyStatus = Column("Ready", ".status.conditions[?(@.type==\"Ready\")].status")
  private static let readyMessage = Column("STATUS", ".status.conditions[?(@.type==\"Ready\")].message")

  // MARK: Promises

  private static let pipelines = Schema.array(of: Schema.anything)

  /// The spec of a Promise, and of a revision's copy.
  static let promiseSpec = Schema.object([
    "api": ["type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true],
    "dependencies": Schema.array(of: Schema.anything),
    "destinationSelectors": Schema.array(of: Schema.object(["matchLabels": Schema.stringMap])),
    "requiredPromises": Schema.array(of: Schema.object(["name": Schema.string, "version": Schema.string])),
    "workflows": Schema.object([
      "config": Schema.object(["pipelineNamespace": Schema.string, "reconciliationInterval": Schema.string]),
      "promise": Schema.object(["configure": pipelines, "delete": pipelines]),
      "resource": Schema.object(["configure": pipelines, "delete": pipelines]),
    ]),
  ])

  private static let pipelineStatuses = Schema.array(
    of: Schema.object([
      "name": Schema.string, "phase": Schema.choice("Pending", "Running", "Succeeded", "Failed", "Suspended"),
      "message": Schema.string, "nextRetryAt": Schema.dateTime, "attempts": Schema.int64,
      "lastTransitionTime": Schema.dateTime,
    ]))

  static let promise = definition(
    .promises,
    columns: [
      Column("Status", ".status.status"), Column("Kind", ".status.kind"), Column("API Version", ".status.apiVersion"),
      Column("Version", ".status.version"), Column("Message", ".status.message"),
    ],
    properties: [
      "spec": promiseSpec,
      "status": Schema.object(
        [
          "status": Schema.string, "kind": Schema.string, "apiVersion": Schema.string, "version": Schema.string,
          "message": Schema.string, "observedGeneration": Schema.int64, "workflows": Schema.int64,
          "workflowsSucceeded": Schema.int64, "workflowsFailed": Schema.int64,
          "lastAvailableTime": Schema.dateTime, "conditions": Schema.conditions,
          "requiredPromises": Schema.array(
            of: Schema.object(["name": Schema.string, "version": Schema.string, "state": Schema.string])),
          "requiredBy": Schema.array(
            of: Schema.object([
              "promise": Schema.object(["name": Schema.string, "version": Schema.string]),
              "requiredVersion": Schema.string,
            ])),
          "kratix": Schema.object([
            "apiVersion": Schema.string, "kind": Schema.string, "status": Schema.string, "version": Schema.string,
            "lastAvailableTime": Schema.dateTime,
            "workflows": Schema.object([
              "suspendedGeneration": Schema.int64, "pipelines": pipelineStatuses,
            ]),
          ]),
        ], required: ["workflows", "workflowsFailed", "workflowsSucceeded"]),
    ])

  static let promiseRelease = definition(
    .promiseReleases,
    columns: [Column("Status", ".status.status"), Column("Version", ".spec.version")],
    properties: [
      "spec": Schema.object(
        [
          "sourceRef": Schema.object(
            [
              "type": Schema.choice("http"), "url": Schema.string,
              "secretRef": Schema.object(["name": Schema.string, "namespace": Schema.string]),
            ], required: ["type"], default: ["type": "http"]),
          "version": Schema.string,
        ], required: ["sourceRef"]),
      "status": Schema.object(["status": Schema.string, "conditions": Schema.conditions]),
    ])

  static let promiseRevision = definition(
    .promiseRevisions,
    columns: [
      Column("Promise", ".spec.promiseRef.name"), Column("Version", ".spec.version"),
      Column("Latest", ".status.latest", type: "boolean"),
    ],
    properties: [
      "spec": Schema.object(
        [
          "promiseRef": Schema.object(["name": Schema.string], required: ["name"]), "promiseSpec": promiseSpec,
          "version": Schema.string,
        ], required: ["promiseRef", "promiseSpec", "version"]),
      "status": Schema.object(["latest": Schema.boolean, "conditions": Schema.keyedConditions]),
    ])

  static let resourceBinding = definition(
    .resourceBindings,
    columns: [
      Column("Resource", ".spec.resourceRef.name"), Column("Promise", ".spec.promiseRef.name"),
      Column("Desired", ".spec.version"), Column("Applied", ".status.lastAppliedVersion"),
    ],
    selectableFields: [".spec.version"],
    properties: [
      "spec": Schema.object(
        [
          "promiseRef": Schema.object(["name": Schema.string], required: ["name"]),
          "resourceRef": Schema.object(
            ["name": Schema.string, "namespace": Schema.string, "generation": Schema.int64],
            required: ["name", "namespace"]), "version": Schema.string,
        ], required: ["promiseRef", "resourceRef", "version"]),
      "status": Schema.object([
        "conditions": Schema.keyedConditions, "lastAppliedVersion": Schema.string, "failedVersion": Schema.string,
      ]),
    ])

  // MARK: Works

  private static let workloads = Schema.array(
    of: Schema.object(["filepath": Schema.string, "content": Schema.string]))

  static let work = definition(
    .works, columns: [readyMessage],
    properties: [
      "spec": Schema.object([
        "promiseName": Schema.string, "resourceName": Schema.string, "lastExecutionTimestamp": Schema.dateTime,
        "workloadGroups": Schema.array(
          of: Schema.object([
            "id": Schema.string, "directory": Schema.string, "workloads": workloads,
            "destinationSelectors": Schema.array(
              of: Schema.object(["matchLabels": Schema.stringMap, "source": Schema.string])),
          ])),
      ]),
      "status": Schema.object([
        "conditions": Schema.conditions, "workPlacements": Schema.integer, "workPlacementsCreated": Schema.integer,
      ]),
    ])

  static let workPlacement = definition(
    .workPlacements, shortNames: ["wp", "wps"],
    columns: [Column("DESTINATION", ".spec.targetDestinationName"), readyMessage],
    properties: [
      "spec": Schema.object([
        "targetDestinationName": Schema.string, "promiseName": Schema.string, "resourceName": Schema.string,
        "id": Schema.string, "generation": Schema.int64, "workloads": workloads,
      ]),
      "status": Schema.object(["conditions": Schema.conditions, "versionID": Schema.string]),
    ])

  // MARK: Destinations and state stores

  static let destination = definition(
    .destinations, shortNames: ["dest", "dests"],
    columns: [
      Column("StateStoreKind", ".spec.stateStoreRef.kind"), Column("StateStoreName", ".spec.stateStoreRef.name"),
      readyStatus,
    ],
    properties: [
      "spec": Schema.object(
        [
          "path": Schema.string, "cleanup": Schema.choice("none", "all", default: "none"),
          "stateStoreRef": Schema.object(
            ["kind": Schema.choice("BucketStateStore", "GitStateStore"), "name": Schema.string],
            required: ["kind", "name"]),
          "filepath": Schema.object(
            [
              "filename": Schema.string,
              "mode": Schema.choice("nestedByMetadata", "aggregatedYAML", "none")
                .immutable(message: "filepath.mode is immutable"),
            ],
            default: ["mode": "nestedByMetadata"]),
          "initWorkloads": Schema.object(["enabled": ["type": "boolean", "default": true]], default: [:]),
          "strictMatchLabels": Schema.boolean,
        ], required: ["path"]),
      "status": Schema.object(["conditions": Schema.conditions]),
    ])

  private static let secretReference = Schema.object(["name": Schema.string, "namespace": Schema.string])

  private static let storeStatus = Schema.object(
    ["status": Schema.string, "observedGeneration": Schema.int64, "conditions": Schema.conditions],
    required: ["status"])

  static let bucketStateStore = definition(
    .bucketStateStores,
    columns: [Column("Name", ".spec.bucketName"), Column("Endpoint", ".spec.endpoint"), readyStatus],
    properties: [
      "spec": Schema.object(
        [
          "bucketName": Schema.string, "endpoint": Schema.string, "path": Schema.string, "insecure": Schema.boolean,
          "useDualStack": Schema.boolean, "secretRef": secretReference,
          "authMethod": Schema.choice("accessKey", "IAM", default: "accessKey"),
        ], required: ["bucketName", "endpoint"]),
      "status": storeStatus,
    ])

  static let gitStateStore = definition(
    .gitStateStores,
    columns: [Column("URL", ".spec.url"), Column("Branch", ".spec.branch"), readyStatus],
    properties: [
      "spec": Schema.object([
        "url": Schema.string, "branch": Schema.string(default: "main"), "path": Schema.string,
        "secretRef": secretReference,
        "authMethod": Schema.choice("basicAuth", "ssh", "githubApp", default: "basicAuth"),
        "gitAuthor": Schema.object(["name": Schema.string, "email": Schema.string], default: ["name": "kratix"]),
      ]),
      "status": storeStatus,
    ])

  // MARK: Health

  static let healthRecord = definition(
    .healthRecords, isInCategory: false, hasStatus: false,
    columns: [
      Column("Status", ".data.state"), Column("Age", ".metadata.creationTimestamp", type: "date"),
    ],
    properties: [
      "data": Schema.object(
        [
          "promiseRef": Schema.object(["name": Schema.string], required: ["name"]),
          "resourceRef": Schema.object(
            ["name": Schema.string, "namespace": Schema.string, "generation": Schema.int64],
            required: ["name", "namespace"]),
          "state": Schema.choice("unknown", "ready", "unhealthy", "healthy", "degraded", default: "unknown"),
          "lastRun": Schema.int64, "details": Schema.anything,
        ], required: ["promiseRef"])
    ])
}
