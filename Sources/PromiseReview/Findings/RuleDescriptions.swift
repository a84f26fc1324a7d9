// What each rule finds, why it matters and what to do. The guide in docs/ and the command's help are made from here.

extension RuleID {
  public var description: RuleDescription {
    offlineDescription ?? comparisonDescription
  }

  /// Rules that need nothing but the Promise, and what is installed on the platform.
  private var offlineDescription: RuleDescription? {
    switch self {
    case .notAPromise:
      RuleDescription(
        defaultSeverity: .deny, title: "The object is no Promise",
        why: "Kratix reads kind Promise of platform.kratix.io/v1alpha1 and nothing else.",
        remedy: "Set apiVersion: platform.kratix.io/v1alpha1 and kind: Promise.")
    case .promiseName:
      RuleDescription(
        defaultSeverity: .deny, title: "The Promise's name is missing or illegal",
        why: "The name goes into label values and into the names of Jobs, Works and ServiceAccounts.",
        remedy: "Use at most 63 lower-case letters, digits and dashes.")
    case .unknownField:
      RuleDescription(
        defaultSeverity: .warn, title: "A field that Kratix does not know",
        why: "The API server drops it without a word, so what it was meant to do does not happen.",
        remedy: "Correct the field's name, or remove it.")
    case .versionLabel:
      RuleDescription(
        defaultSeverity: .deny, title: "The version label cannot serve as a version",
        why: "It must be a legal label value, and bindings read the word latest as \"follow the latest revision\".",
        remedy: "Use a version such as v1.2.0 as the value of kratix.io/promise-version.")
    case .versionMissing:
      RuleDescription(
        defaultSeverity: .info, title: "The Promise has no version",
        why: "All its revisions are one, called not-set, that every change overwrites: nothing can be pinned or rolled "
          + "back.",
        remedy: "Set the label kratix.io/promise-version.")
    case .labelInvalid:
      RuleDescription(
        defaultSeverity: .deny, title: "A label is illegal",
        why: "The API server refuses a Promise with it, and no destination has one that a selector asks for.",
        remedy: "Use a legal label key and value: at most 63 letters, digits, dashes, dots and underscores.")
    case .reconciliationInterval:
      RuleDescription(
        defaultSeverity: .deny, title: "The reconciliation interval is no duration of a minute or more",
        why: "Kratix refuses it.",
        remedy: "Write a Go duration of at least 1m, such as 10h or 90m; there is no unit for days.")
    case .promiseTooLarge:
      RuleDescription(
        defaultSeverity: .warn, title: "The Promise is too large for kubectl apply",
        why: "Client-side apply keeps the whole manifest in an annotation, and annotations end at 262,144 bytes.",
        remedy: "Apply it with kubectl apply --server-side, or move dependencies into a promise workflow.")
    case .apiNotCRD:
      RuleDescription(
        defaultSeverity: .deny, title: "spec.api is no CustomResourceDefinition",
        why: "Kratix's own webhook crashes on anything else, and its controller never gets past it.",
        remedy: "Put a whole apiextensions.k8s.io/v1 CustomResourceDefinition into spec.api.")
    case .apiNoVersions:
      RuleDescription(
        defaultSeverity: .deny, title: "The API has no version with a schema",
        why: "Kratix's controller panics on a version without schema.openAPIV3Schema, again and again.",
        remedy: "Give every entry of spec.api.spec.versions a schema.openAPIV3Schema of type object, and one of them "
          + "storage: true.")
    case .apiClusterScoped:
      RuleDescription(
        defaultSeverity: .deny, title: "The API is cluster scoped",
        why: "Kratix serves namespaced resources only.",
        remedy: "Set spec.api.spec.scope: Namespaced.")
    case .apiNotStructural:
      RuleDescription(
        defaultSeverity: .deny, title: "The API server would refuse the CustomResourceDefinition",
        why: "The Promise would never become available.",
        remedy: "Correct the field that the message names.")
    case .apiUnknownKeyword:
      RuleDescription(
        defaultSeverity: .warn, title: "A keyword of the schema that Kubernetes does not know",
        why: "The API server drops it, so whatever it was to check is not checked.",
        remedy: "Use the keywords of a structural schema.")
    case .pipelineWithoutAPI:
      RuleDescription(
        defaultSeverity: .deny, title: "A resource workflow without an API",
        why: "There is no resource that it could run for; Kratix refuses the Promise.",
        remedy: "Add spec.api, or move the pipelines to spec.workflows.promise.")
    case .pipelineInvalid:
      RuleDescription(
        defaultSeverity: .deny, title: "A pipeline that Kratix cannot read",
        why: "Kratix decodes pipelines strictly: one unknown field, or another kind, and it refuses the Promise.",
        remedy: "Write kind: Pipeline of platform.kratix.io/v1alpha1 with the fields that the reference lists.")
    case .pipelineName:
      RuleDescription(
        defaultSeverity: .deny, title: "A pipeline's name is missing or illegal",
        why: "The name goes into the names of Jobs and ServiceAccounts.",
        remedy: "Use lower-case letters, digits and dashes.")
    case .pipelineNameDuplicate:
      RuleDescription(
        defaultSeverity: .deny, title: "Two pipelines of one workflow have the same name",
        why: "Their Jobs and Works could not be told apart; Kratix refuses the Promise.",
        remedy: "Give each pipeline of a workflow a name of its own.")
    case .pipelineNameTooLong:
      RuleDescription(
        defaultSeverity: .deny, title: "A pipeline's generated name grows past 60 characters",
        why: "Kratix names ServiceAccounts PROMISE-TYPE-ACTION-PIPELINE and refuses more than 60 characters.",
        remedy: "Shorten the pipeline's name or the Promise's.")
    case .pipelineLabel:
      RuleDescription(
        defaultSeverity: .deny, title: "A pipeline's label is illegal",
        why: "It is copied onto Jobs and pods; Kratix refuses the Promise.",
        remedy: "Use a legal label key and value.")
    case .pipelineEmpty:
      RuleDescription(
        defaultSeverity: .warn, title: "A pipeline without containers",
        why: "It starts a Job that does nothing but read and write.",
        remedy: "Add a container or remove the pipeline.")
    case .containerInvalid:
      RuleDescription(
        defaultSeverity: .deny, title: "A container that no pod could have",
        why: "The API server refuses the Job that Kratix makes of it.",
        remedy: "Give every container a lower-case name, once in its pipeline, and an image.")
    case .imageInvalid:
      RuleDescription(
        defaultSeverity: .deny, title: "A text that is no image reference",
        why:
          "The image can never be pulled, and an image that cannot be pulled never fails the Job: the upgrade hangs.",
        remedy: "Write [REGISTRY/]REPOSITORY[:TAG][@DIGEST].")
    case .imageNoTag:
      RuleDescription(
        defaultSeverity: .warn, title: "An image without a tag",
        why:
          "It means latest: what runs depends on when a node pulled it, and the Promise does not change when it does.",
        remedy: "Name a version, or better a digest: kubectl kratix bump --digest.")
    case .imageLatest:
      RuleDescription(
        defaultSeverity: .warn, title: "An image on the tag latest",
        why: "What runs depends on when a node pulled it, and no preview can say what that is.",
        remedy: "Name a version, or better a digest: kubectl kratix bump --digest.")
    case .imageNotPinned:
      RuleDescription(
        defaultSeverity: .info, title: "An image that is not pinned by digest",
        why: "A tag can be moved: then a rerun or a rollback runs other code than it ran before.",
        remedy: "Pin it: kubectl kratix bump --digest.")
    case .backoffLimit:
      RuleDescription(
        defaultSeverity: .info, title: "A backoffLimit that hides failures for minutes",
        why: "A failing pipeline is tried again with growing waits, six times by default, before it counts as failed.",
        remedy: "Set spec.jobOptions.backoffLimit to 0 or 1.")
    case .dependencyInvalid:
      RuleDescription(
        defaultSeverity: .deny, title: "A dependency that is no object",
        why: "Kratix cannot decode the Promise, and its controller fails on it again and again.",
        remedy: "Give every entry of spec.dependencies an apiVersion, a kind and a metadata.name.")
    case .dependenciesLoop:
      RuleDescription(
        defaultSeverity: .warn, title: "Static dependencies make Kratix reconcile without end",
        why: "Each pass rewrites the dependencies' Work, and that wakes the next pass: tens of writes a second.",
        remedy: "Ship the dependencies from a promise configure workflow.")
    case .destinationSelector:
      RuleDescription(
        defaultSeverity: .warn, title: "The destination selectors match no destination",
        why: "What the workflows make stays unscheduled until a destination gets the labels.",
        remedy: "Correct spec.destinationSelectors, or label a destination.")
    case .requiredPromise:
      RuleDescription(
        defaultSeverity: .warn, title: "A required Promise is not there",
        why: "The Promise stays unavailable, and its requests blocked, until it is.",
        remedy: "Install the required Promise, or the version that is asked for.")
    default: nil
    }
  }

  /// Rules that compare with what is live.
  private var comparisonDescription: RuleDescription {
    switch self {
    case .apiRemoved:
      RuleDescription(
        defaultSeverity: .deny, title: "The API is taken away",
        why: "The resources would be orphaned; Kratix refuses it too.",
        remedy: "Keep spec.api; to end the service, delete the Promise.")
    case .apiIdentity:
      RuleDescription(
        defaultSeverity: .deny, title: "Group, names or scope of the API change",
        why: "They are immutable: to Kubernetes it is another resource.",
        remedy: "Keep them as they are; another kind needs another Promise.")
    case .apiVersionRemoved:
      RuleDescription(
        defaultSeverity: .deny, title: "A version of the API is removed or no longer served",
        why: "Requests written for it are refused, and objects stored in it make the API server refuse the change.",
        remedy: "Keep the version served until nothing uses it, and migrate stored objects first.")
    case .apiFieldRemoved:
      RuleDescription(
        defaultSeverity: .deny, title: "A field of the API is removed",
        why: "The API server drops its values from live resources at once and silently; the next run no longer sees "
          + "them.",
        remedy: "Keep the field and mark it as deprecated in its description, or unset it on those resources first.")
    case .apiFieldRequired:
      RuleDescription(
        defaultSeverity: .deny, title: "A field becomes required",
        why: "Live resources without it stay until somebody edits them, and then every edit is refused.",
        remedy: "Give the field a default, or leave it optional.")
    case .apiTypeChanged:
      RuleDescription(
        defaultSeverity: .deny, title: "A field changes its type",
        why: "Values that are stored no longer validate, so that Kratix's own writes to those resources can fail.",
        remedy: "Add a new field of the new type beside the old one.")
    case .apiValueNarrowed:
      RuleDescription(
        defaultSeverity: .deny, title: "A field accepts fewer values",
        why: "Values that were legal are refused at the next edit of the resource.",
        remedy: "Keep accepting what was accepted, or change those resources first.")
    case .apiDefaultChanged:
      RuleDescription(
        defaultSeverity: .warn, title: "A default is added, changed or removed",
        why: "Resources that leave the field out get another value, with no change of their generation.",
        remedy: "Make sure that the workflow does the same with either value, or leave the default as it was.")
    case .apiListType:
      RuleDescription(
        defaultSeverity: .warn, title: "A list or map merges in another way",
        why: "Server-side apply keeps, merges or replaces items by it; items that were legal may now be duplicates.",
        remedy: "Keep x-kubernetes-list-type, x-kubernetes-list-map-keys and x-kubernetes-map-type as they were.")
    case .apiRuleAdded:
      RuleDescription(
        defaultSeverity: .deny, title: "A validation rule is added",
        why: "A resource that does not satisfy it can no longer be edited where the rule looks.",
        remedy: "Check that all live resources satisfy it, or let the rule pass where nothing changed (oldSelf).")
    case .apiUnknownChange:
      RuleDescription(
        defaultSeverity: .warn, title: "A change whose effect cannot be told",
        why: "It may refuse what was accepted: two patterns or rules cannot be compared in general.",
        remedy: "Check it against the live resources: kubectl kratix upgrade preview.")
    case .resourceInvalid:
      RuleDescription(
        defaultSeverity: .deny, title: "Live resources would no longer validate",
        why: "The next edit of such a resource is refused, and if Kratix's own write is, the whole fleet waits.",
        remedy: "Change the API so that they validate, or change those resources first.")
    case .versionReused:
      RuleDescription(
        defaultSeverity: .warn, title: "The spec changes but the version stays",
        why: "The revision of that version is overwritten in place: resources pinned to it get the change too, and "
          + "nothing is left to roll back to.",
        remedy: "Raise the label kratix.io/promise-version: kubectl kratix bump --promise-version auto.")
    case .versionBackwards:
      RuleDescription(
        defaultSeverity: .warn, title: "The version goes back",
        why: "The older version becomes the latest, and resources that follow the latest move back to it.",
        remedy: "Raise the version, unless you mean to roll back; kubectl kratix upgrade does that in stages.")
    case .versionRemoved:
      RuleDescription(
        defaultSeverity: .warn, title: "The version label is removed",
        why: "The revision not-set becomes the latest, and Kratix keeps no books of upgrades to it.",
        remedy: "Keep the label kratix.io/promise-version.")
    case .versionOnly:
      RuleDescription(
        defaultSeverity: .warn, title: "Only the version changes",
        why: "Kratix makes a revision but runs nothing: resources claim the new version without a run.",
        remedy: "Change label and spec together, in one apply.")
    case .rolloutInProgress:
      RuleDescription(
        defaultSeverity: .warn, title: "An upgrade is still under way",
        why: "Resources that are still moving would be moved again before anybody knows how the first move ended.",
        remedy: "Wait for it, or stop it, before changing the Promise again.")
    case .destinationMisplaced:
      RuleDescription(
        defaultSeverity: .warn, title: "Destinations no longer match the selectors",
        why: "What is there stays and is marked as misplaced, its resources count as failing, and nothing moves it.",
        remedy: "Keep the labels that the selectors ask for on those destinations, or move the resources yourself.")
    case .dependencyRemoved:
      RuleDescription(
        defaultSeverity: .warn, title: "A dependency is removed",
        why: "It is deleted from every destination, whatever still uses it there.",
        remedy: "Keep it until no resource, of any version, needs it.")
    case .pipelineRenamed:
      RuleDescription(
        defaultSeverity: .warn, title: "A pipeline is renamed",
        why: "Kratix makes new Works for it and places them anew, at random among the destinations that match: "
          + "resources may move to another cluster.",
        remedy: "Keep the pipeline's name.")
    case .pipelineNamespaceChanged:
      RuleDescription(
        defaultSeverity: .warn, title: "The namespace of the workflows changes",
        why: "Works and Jobs are made anew there; the old ones stay, and so do their files.",
        remedy: "Keep spec.workflows.config.pipelineNamespace.")
    case .workflowsRemoved:
      RuleDescription(
        defaultSeverity: .warn, title: "All pipelines of a workflow are removed",
        why: "Nothing runs for the resources any more, and what the last run made stays as it is.",
        remedy: "Keep the workflow, or delete the resources first.")
    case .permissionsWidened:
      RuleDescription(
        defaultSeverity: .warn, title: "A pipeline asks for more permissions",
        why: "Whoever writes the pipeline's image can do these things on the platform cluster.",
        remedy: "Ask for the verbs, resources and names that the pipeline needs, in the namespaces where it needs them."
      )
    case .bindingVersion:
      RuleDescription(
        defaultSeverity: .deny, title: "A binding to a version that does not exist",
        why: "The upgrade never starts and never fails: the resource waits for ever with healthy looking conditions.",
        remedy: "Bind to the version of an existing revision, or to latest.")
    case .bindingDuplicate:
      RuleDescription(
        defaultSeverity: .deny, title: "Two bindings for one resource",
        why: "Kratix stops reconciling the resource, its deletion included.",
        remedy: "Change the binding that exists.")
    default:
      RuleDescription(
        defaultSeverity: .deny, title: "A revision that resources still need is deleted",
        why: "Kratix deletes the resources that are bound to it, their files too; those that last ran it can no longer "
          + "be deleted properly.",
        remedy: "Bind those resources to another version first.")
    }
  }
}
