/// The rules. The raw value is the id that settings, the annotation `upgrade.kratix.io/allow` and people use; it never
/// changes its meaning.
public enum RuleID: String, Sendable, Hashable, CaseIterable {
  // The Promise by itself.
  case notAPromise = "not-a-promise"
  case promiseName = "promise-name"
  case unknownField = "unknown-field"
  case versionLabel = "version-label"
  case versionMissing = "version-missing"
  case labelInvalid = "label-invalid"
  case reconciliationInterval = "reconciliation-interval"
  case promiseTooLarge = "promise-too-large"

  // Its API.
  case apiNotCRD = "api-not-crd"
  case apiNoVersions = "api-no-versions"
  case apiClusterScoped = "api-cluster-scoped"
  case apiNotStructural = "api-not-structural"
  case apiUnknownKeyword = "api-unknown-keyword"

  // Its workflows.
  case pipelineWithoutAPI = "pipeline-without-api"
  case pipelineInvalid = "pipeline-invalid"
  case pipelineName = "pipeline-name"
  case pipelineNameDuplicate = "pipeline-name-duplicate"
  case pipelineNameTooLong = "pipeline-name-too-long"
  case pipelineLabel = "pipeline-label"
  case pipelineEmpty = "pipeline-empty"
  case containerInvalid = "container-invalid"
  case imageInvalid = "image-invalid"
  case imageNoTag = "image-no-tag"
  case imageLatest = "image-latest"
  case imageNotPinned = "image-not-pinned"
  case backoffLimit = "backoff-limit"

  // What it depends on and where it goes.
  case dependencyInvalid = "dependency-invalid"
  case dependenciesLoop = "dependencies-loop"
  case destinationSelector = "destination-selector"
  case requiredPromise = "required-promise"

  // Against the live Promise: its API.
  case apiRemoved = "api-removed"
  case apiIdentity = "api-identity"
  case apiVersionRemoved = "api-version-removed"
  case apiFieldRemoved = "api-field-removed"
  case apiFieldRequired = "api-field-required"
  case apiTypeChanged = "api-type-changed"
  case apiValueNarrowed = "api-value-narrowed"
  case apiDefaultChanged = "api-default-changed"
  case apiListType = "api-list-type"
  case apiRuleAdded = "api-rule-added"
  case apiUnknownChange = "api-unknown-change"
  case resourceInvalid = "resource-invalid"

  // Against the live Promise: everything else.
  case versionReused = "version-reused"
  case versionBackwards = "version-backwards"
  case versionRemoved = "version-removed"
  case versionOnly = "version-only"
  case rolloutInProgress = "rollout-in-progress"
  case destinationMisplaced = "destination-misplaced"
  case dependencyRemoved = "dependency-removed"
  case pipelineRenamed = "pipeline-renamed"
  case pipelineNamespaceChanged = "pipeline-namespace-changed"
  case workflowsRemoved = "workflows-removed"
  case permissionsWidened = "permissions-widened"

  // Bindings and revisions.
  case bindingVersion = "binding-version"
  case bindingDuplicate = "binding-duplicate"
  case revisionInUse = "revision-in-use"
}

/// What a rule is about, for the guide and for `--help`.
public struct RuleDescription: Sendable, Hashable {
  public var defaultSeverity: Severity
  /// What it finds, in a few words.
  public var title: String
  public var why: String
  public var remedy: String
}

extension RuleID {
  public var defaultSeverity: Severity { description.defaultSeverity }
  public var title: String { description.title }
  public var why: String { description.why }
  public var remedy: String { description.remedy }
}
