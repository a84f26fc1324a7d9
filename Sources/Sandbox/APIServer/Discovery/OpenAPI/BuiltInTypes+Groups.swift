/// The types of the other groups that are built in, in the notation that `BuiltInTypes` reads.
extension BuiltInTypes {
  static let groups = #"""
    @apps/v1
    *DaemonSet: metadata meta.ObjectMeta; spec! DaemonSetSpec; status DaemonSetStatus
    DaemonSetCondition: lastTransitionTime time; message string; reason string; status string; type string
    DaemonSetSpec: minReadySeconds int32; revisionHistoryLimit int32; selector! meta.LabelSelector; template!
      core.PodTemplateSpec; updateStrategy DaemonSetUpdateStrategy
    DaemonSetStatus: collisionCount int32; conditions [DaemonSetCondition] map(type) ~merge(type);
      currentNumberScheduled! int32; desiredNumberScheduled! int32; numberAvailable int32; numberMisscheduled! int32;
      numberReady! int32; numberUnavailable int32; observedGeneration int64; updatedNumberScheduled int32
    DaemonSetUpdateStrategy: rollingUpdate RollingUpdateDaemonSet; type string
    *Deployment: metadata meta.ObjectMeta; spec! DeploymentSpec; status DeploymentStatus
    DeploymentCondition: lastTransitionTime time; lastUpdateTime time; message string; reason string; status string;
      type string
    DeploymentSpec: minReadySeconds int32; paused bool; progressDeadlineSeconds int32; replicas int32;
      revisionHistoryLimit int32; selector! meta.LabelSelector; strategy DeploymentStrategy ~retainKeys; template!
      core.PodTemplateSpec
    DeploymentStatus: availableReplicas int32; collisionCount int32; conditions [DeploymentCondition] map(type)
      ~merge(type); observedGeneration int64; readyReplicas int32; replicas int32; terminatingReplicas int32;
      unavailableReplicas int32; updatedReplicas int32
    DeploymentStrategy: rollingUpdate RollingUpdateDeployment; type string
    *ReplicaSet: metadata meta.ObjectMeta; spec! ReplicaSetSpec; status ReplicaSetStatus
    ReplicaSetCondition: lastTransitionTime time; message string; reason string; status string; type string
    ReplicaSetSpec: minReadySeconds int32; replicas int32; selector! meta.LabelSelector; template core.PodTemplateSpec
    ReplicaSetStatus: availableReplicas int32; conditions [ReplicaSetCondition] map(type) ~merge(type);
      fullyLabeledReplicas int32; observedGeneration int64; readyReplicas int32; replicas! int32; terminatingReplicas
      int32
    RollingUpdateDaemonSet: maxSurge intorstring; maxUnavailable intorstring
    RollingUpdateDeployment: maxSurge intorstring; maxUnavailable intorstring
    RollingUpdateStatefulSetStrategy: maxUnavailable intorstring; partition int32
    *StatefulSet: metadata meta.ObjectMeta; spec! StatefulSetSpec; status StatefulSetStatus
    StatefulSetCondition: lastTransitionTime time; message string; reason string; status string; type string
    StatefulSetOrdinals: start int32
    StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted string; whenScaled string
    StatefulSetSpec: minReadySeconds int32; ordinals StatefulSetOrdinals; persistentVolumeClaimRetentionPolicy
      StatefulSetPersistentVolumeClaimRetentionPolicy; podManagementPolicy string; replicas int32;
      revisionHistoryLimit int32; selector! meta.LabelSelector; serviceName string; template! core.PodTemplateSpec;
      updateStrategy StatefulSetUpdateStrategy; volumeClaimTemplates [core.PersistentVolumeClaim] atomic
    StatefulSetStatus: availableReplicas int32; collisionCount int32; conditions [StatefulSetCondition] map(type)
      ~merge(type); currentReplicas int32; currentRevision string; observedGeneration int64; readyReplicas int32;
      replicas! int32; updateRevision string; updatedReplicas int32
    StatefulSetUpdateStrategy: rollingUpdate RollingUpdateStatefulSetStrategy; type string
    @batch/v1
    *CronJob: metadata meta.ObjectMeta; spec! CronJobSpec; status CronJobStatus
    CronJobSpec: concurrencyPolicy string; failedJobsHistoryLimit int32; jobTemplate! JobTemplateSpec; schedule!
      string; startingDeadlineSeconds int64; successfulJobsHistoryLimit int32; suspend bool; timeZone string
    CronJobStatus: active [core.ObjectReference] atomic; lastScheduleTime time; lastSuccessfulTime time
    *Job: metadata meta.ObjectMeta; spec JobSpec; status JobStatus
    JobCondition: lastProbeTime time; lastTransitionTime time; message string; reason string; status! string; type!
      string
    JobSpec: activeDeadlineSeconds int64; backoffLimit int32; backoffLimitPerIndex int32; completionMode string;
      completions int32; managedBy string; manualSelector bool; maxFailedIndexes int32; parallelism int32;
      podFailurePolicy PodFailurePolicy; podReplacementPolicy string; selector meta.LabelSelector; successPolicy
      SuccessPolicy; suspend bool; template! core.PodTemplateSpec; ttlSecondsAfterFinished int32
    JobStatus: active int32; completedIndexes string; completionTime time; conditions [JobCondition] atomic
      ~merge(type); failed int32; failedIndexes string; ready int32; startTime time; succeeded int32; terminating
      int32; uncountedTerminatedPods UncountedTerminatedPods
    JobTemplateSpec: metadata meta.ObjectMeta; spec JobSpec
    PodFailurePolicy: rules! [PodFailurePolicyRule] atomic
    PodFailurePolicyOnExitCodesRequirement: containerName string; operator! string; values! [int32] set
    PodFailurePolicyOnPodConditionsPattern: status string; type! string
    PodFailurePolicyRule: action! string; onExitCodes PodFailurePolicyOnExitCodesRequirement; onPodConditions
      [PodFailurePolicyOnPodConditionsPattern] atomic
    SuccessPolicy: rules! [SuccessPolicyRule] atomic
    SuccessPolicyRule: succeededCount int32; succeededIndexes string
    UncountedTerminatedPods: failed [string] set; succeeded [string] set
    @events/v1
    *Event: action string; deprecatedCount int32; deprecatedFirstTimestamp time; deprecatedLastTimestamp time;
      deprecatedSource core.EventSource; eventTime! microtime; metadata meta.ObjectMeta; note string; reason string;
      regarding core.ObjectReference; related core.ObjectReference; reportingController string; reportingInstance
      string; series EventSeries; type string
    EventSeries: count! int32; lastObservedTime! microtime
    @coordination/v1
    *Lease: metadata meta.ObjectMeta; spec LeaseSpec
    LeaseSpec: acquireTime microtime; holderIdentity string; leaseDurationSeconds int32; leaseTransitions int32;
      preferredHolder string; renewTime microtime; strategy string
    @rbac/v1
    AggregationRule: clusterRoleSelectors [meta.LabelSelector] atomic
    *ClusterRole: aggregationRule AggregationRule; metadata meta.ObjectMeta; rules [PolicyRule] atomic
    *ClusterRoleBinding: metadata meta.ObjectMeta; roleRef! RoleRef; subjects [Subject] atomic
    PolicyRule: apiGroups [string] atomic; nonResourceURLs [string] atomic; resourceNames [string] atomic; resources
      [string] atomic; verbs! [string] atomic
    *Role: metadata meta.ObjectMeta; rules [PolicyRule] atomic
    *RoleBinding: metadata meta.ObjectMeta; roleRef! RoleRef; subjects [Subject] atomic
    RoleRef atomic: apiGroup string; kind! string; name! string
    Subject atomic: apiGroup string; kind! string; name! string; namespace string
    @networking/v1
    HTTPIngressPath: backend! IngressBackend; path string; pathType! string
    HTTPIngressRuleValue: paths! [HTTPIngressPath] atomic
    IPBlock: cidr! string; except [string] atomic
    *Ingress: metadata meta.ObjectMeta; spec IngressSpec; status IngressStatus
    IngressBackend: resource core.TypedLocalObjectReference; service IngressServiceBackend
    IngressLoadBalancerIngress: hostname string; ip string; ports [IngressPortStatus] atomic
    IngressLoadBalancerStatus: ingress [IngressLoadBalancerIngress] atomic
    IngressPortStatus: error string; port! int32; protocol! string
    IngressRule: host string; http HTTPIngressRuleValue
    IngressServiceBackend: name! string; port ServiceBackendPort
    IngressSpec: defaultBackend IngressBackend; ingressClassName string; rules [IngressRule] atomic; tls [IngressTLS]
      atomic
    IngressStatus: loadBalancer IngressLoadBalancerStatus
    IngressTLS: hosts [string] atomic; secretName string
    *NetworkPolicy: metadata meta.ObjectMeta; spec NetworkPolicySpec
    NetworkPolicyEgressRule: ports [NetworkPolicyPort] atomic; to [NetworkPolicyPeer] atomic
    NetworkPolicyIngressRule: from [NetworkPolicyPeer] atomic; ports [NetworkPolicyPort] atomic
    NetworkPolicyPeer: ipBlock IPBlock; namespaceSelector meta.LabelSelector; podSelector meta.LabelSelector
    NetworkPolicyPort: endPort int32; port intorstring; protocol string
    NetworkPolicySpec: egress [NetworkPolicyEgressRule] atomic; ingress [NetworkPolicyIngressRule] atomic; podSelector
      meta.LabelSelector; policyTypes [string] atomic
    ServiceBackendPort atomic: name string; number int32
    @policy/v1
    *PodDisruptionBudget: metadata meta.ObjectMeta; spec PodDisruptionBudgetSpec; status PodDisruptionBudgetStatus
    PodDisruptionBudgetSpec: maxUnavailable intorstring; minAvailable intorstring; selector meta.LabelSelector
      ~replace; unhealthyPodEvictionPolicy string
    PodDisruptionBudgetStatus: conditions [meta.Condition] map(type) ~merge(type); currentHealthy int32;
      desiredHealthy int32; disruptedPods {time}; disruptionsAllowed int32; expectedPods int32; observedGeneration
      int64
    @admissionregistration/v1
    MatchCondition: expression! string; name! string
    MutatingWebhook: admissionReviewVersions! [string] atomic; clientConfig! WebhookClientConfig; failurePolicy
      string; matchConditions [MatchCondition] map(name) ~merge(name); matchPolicy string; name! string;
      namespaceSelector meta.LabelSelector; objectSelector meta.LabelSelector; reinvocationPolicy string; rules
      [RuleWithOperations] atomic; sideEffects! string; timeoutSeconds int32
    *MutatingWebhookConfiguration: metadata meta.ObjectMeta; webhooks [MutatingWebhook] map(name) ~merge(name)
    RuleWithOperations: apiGroups [string] atomic; apiVersions [string] atomic; operations [string] atomic; resources
      [string] atomic; scope string
    ServiceReference: name! string; namespace! string; path string; port int32
    ValidatingWebhook: admissionReviewVersions! [string] atomic; clientConfig! WebhookClientConfig; failurePolicy
      string; matchConditions [MatchCondition] map(name) ~merge(name); matchPolicy string; name! string;
      namespaceSelector meta.LabelSelector; objectSelector meta.LabelSelector; rules [RuleWithOperations] atomic;
      sideEffects! string; timeoutSeconds int32
    *ValidatingWebhookConfiguration: metadata meta.ObjectMeta; webhooks [ValidatingWebhook] map(name) ~merge(name)
    WebhookClientConfig: caBundle bytes; service ServiceReference; url string
    @scheduling/v1
    *PriorityClass: description string; globalDefault bool; metadata meta.ObjectMeta; preemptionPolicy string; value
      int32
    @authentication/v1
    *SelfSubjectReview: metadata meta.ObjectMeta; status SelfSubjectReviewStatus
    SelfSubjectReviewStatus: userInfo UserInfo
    *TokenReview: metadata meta.ObjectMeta; spec! TokenReviewSpec; status TokenReviewStatus
    TokenReviewSpec: audiences [string] atomic; token! string
    TokenReviewStatus: audiences [string] atomic; authenticated bool; error string; user UserInfo
    UserInfo: extra {[string]}; groups [string] atomic; uid string; username string
    @authorization/v1
    FieldSelectorAttributes: rawSelector string; requirements [meta.FieldSelectorRequirement] atomic
    LabelSelectorAttributes: rawSelector string; requirements [meta.LabelSelectorRequirement] atomic
    *LocalSubjectAccessReview: metadata meta.ObjectMeta; spec! SubjectAccessReviewSpec; status
      SubjectAccessReviewStatus
    NonResourceAttributes: path string; verb string
    NonResourceRule: nonResourceURLs [string] atomic; verbs! [string] atomic
    ResourceAttributes: fieldSelector FieldSelectorAttributes; group string; labelSelector LabelSelectorAttributes;
      name string; namespace string; resource string; subresource string; verb string; version string
    ResourceRule: apiGroups [string] atomic; resourceNames [string] atomic; resources [string] atomic; verbs! [string]
      atomic
    *SelfSubjectAccessReview: metadata meta.ObjectMeta; spec! SelfSubjectAccessReviewSpec; status
      SubjectAccessReviewStatus
    SelfSubjectAccessReviewSpec: nonResourceAttributes NonResourceAttributes; resourceAttributes ResourceAttributes
    *SelfSubjectRulesReview: metadata meta.ObjectMeta; spec! SelfSubjectRulesReviewSpec; status
      SubjectRulesReviewStatus
    SelfSubjectRulesReviewSpec: namespace string
    *SubjectAccessReview: metadata meta.ObjectMeta; spec! SubjectAccessReviewSpec; status SubjectAccessReviewStatus
    SubjectAccessReviewSpec: extra {[string]}; groups [string] atomic; nonResourceAttributes NonResourceAttributes;
      resourceAttributes ResourceAttributes; uid string; user string
    SubjectAccessReviewStatus: allowed! bool; denied bool; evaluationError string; reason string
    SubjectRulesReviewStatus: evaluationError string; incomplete! bool; nonResourceRules! [NonResourceRule] atomic;
      resourceRules! [ResourceRule] atomic
    @autoscaling/v1
    *Scale: metadata meta.ObjectMeta; spec ScaleSpec; status ScaleStatus
    ScaleSpec: replicas int32
    ScaleStatus: replicas! int32; selector string
    @apiextensions/v1
    CustomResourceColumnDefinition: description string; format string; jsonPath! string; name! string; priority int32;
      type! string
    CustomResourceConversion: strategy! string; webhook WebhookConversion
    *CustomResourceDefinition: metadata meta.ObjectMeta; spec! CustomResourceDefinitionSpec; status
      CustomResourceDefinitionStatus
    CustomResourceDefinitionCondition: lastTransitionTime time; message string; observedGeneration int64; reason
      string; status! string; type! string
    CustomResourceDefinitionNames: categories [string] atomic; kind! string; listKind string; plural! string;
      shortNames [string] atomic; singular string
    CustomResourceDefinitionSpec: conversion CustomResourceConversion; group! string; names!
      CustomResourceDefinitionNames; preserveUnknownFields bool; scope! string; versions!
      [CustomResourceDefinitionVersion] atomic
    CustomResourceDefinitionStatus: acceptedNames CustomResourceDefinitionNames; conditions
      [CustomResourceDefinitionCondition] map(type); observedGeneration int64; storedVersions [string] atomic
    CustomResourceDefinitionVersion: additionalPrinterColumns [CustomResourceColumnDefinition] atomic; deprecated
      bool; deprecationWarning string; name! string; schema CustomResourceValidation; selectableFields
      [SelectableField] atomic; served! bool; storage! bool; subresources CustomResourceSubresources
    CustomResourceSubresourceScale: labelSelectorPath string; specReplicasPath! string; statusReplicasPath! string
    CustomResourceSubresources: scale CustomResourceSubresourceScale; status raw
    CustomResourceValidation: openAPIV3Schema JSONSchemaProps
    ExternalDocumentation: description string; url string
    JSONSchemaProps: $ref string; $schema string; additionalItems any; additionalProperties any; allOf
      [JSONSchemaProps] atomic; anyOf [JSONSchemaProps] atomic; default any; definitions {JSONSchemaProps};
      dependencies {any}; description string; enum [any] atomic; example any; exclusiveMaximum bool; exclusiveMinimum
      bool; externalDocs ExternalDocumentation; format string; id string; items any; maxItems int64; maxLength int64;
      maxProperties int64; maximum double; minItems int64; minLength int64; minProperties int64; minimum double;
      multipleOf double; not JSONSchemaProps; nullable bool; oneOf [JSONSchemaProps] atomic; pattern string;
      patternProperties {JSONSchemaProps}; properties {JSONSchemaProps}; required [string] atomic; title string; type
      string; uniqueItems bool; x-kubernetes-embedded-resource bool; x-kubernetes-int-or-string bool;
      x-kubernetes-list-map-keys [string] atomic; x-kubernetes-list-type string; x-kubernetes-map-type string;
      x-kubernetes-preserve-unknown-fields bool; x-kubernetes-validations [ValidationRule] map(rule) ~merge(rule)
    SelectableField: jsonPath! string
    ServiceReference: name! string; namespace! string; path string; port int32
    ValidationRule: fieldPath string; message string; messageExpression string; optionalOldSelf bool; reason string;
      rule! string
    WebhookClientConfig: caBundle bytes; service ServiceReference; url string
    WebhookConversion: clientConfig WebhookClientConfig; conversionReviewVersions! [string] atomic
    @meta/v1
    Condition: lastTransitionTime! time; message! string; observedGeneration int64; reason! string; status! string;
      type! string
    DeleteOptions: dryRun [string] atomic; gracePeriodSeconds int64; ignoreStoreReadErrorWithClusterBreakingPotential
      bool; orphanDependents bool; preconditions Preconditions; propagationPolicy string
    FieldSelectorRequirement: key! string; operator! string; values [string] atomic
    LabelSelector atomic: matchExpressions [LabelSelectorRequirement] atomic; matchLabels {string}
    LabelSelectorRequirement: key! string; operator! string; values [string] atomic
    ListMeta: continue string; remainingItemCount int64; resourceVersion string; selfLink string
    ManagedFieldsEntry: apiVersion string; fieldsType string; fieldsV1 FieldsV1; manager string; operation string;
      subresource string; time time
    ObjectMeta: annotations {string}; creationTimestamp time; deletionGracePeriodSeconds int64; deletionTimestamp
      time; finalizers [string] set ~merge; generateName string; generation int64; labels {string}; managedFields
      [ManagedFieldsEntry] atomic; name string; namespace string; ownerReferences [OwnerReference] map(uid)
      ~merge(uid); resourceVersion string; selfLink string; uid string
    OwnerReference atomic: apiVersion! string; blockOwnerDeletion bool; controller bool; kind! string; name! string;
      uid! string
    Preconditions: resourceVersion string; uid string
    Status: code int32; details StatusDetails; message string; metadata ListMeta; reason string; status string
    StatusCause: field string; message string; reason string
    StatusDetails: causes [StatusCause] atomic; group string; kind string; name string; retryAfterSeconds int32; uid
      string
    """#
}
