extension FieldTable {
  /// The messages of the other groups: `MESSAGE FIELD:NUMBER:TYPE ...`, with the names and numbers of
  /// Kubernetes 1.36 (k8s.io/api, k8s.io/apimachinery, k8s.io/apiextensions-apiserver). How to read a type:
  /// `Field.init(parsing:)`.
  static let groupMessages = """
    admissionregistration.MatchCondition name:1:s! expression:2:s!
    admissionregistration.MutatingWebhook name:1:s! clientConfig:2:admissionregistration.WebhookClientConfig!= \
    rules:3:*admissionregistration.RuleWithOperations failurePolicy:4:s? matchPolicy:9:s? \
    namespaceSelector:5:meta.LabelSelector? objectSelector:11:meta.LabelSelector? sideEffects:6:s?! \
    timeoutSeconds:7:i? admissionReviewVersions:8:*s! reinvocationPolicy:10:s? \
    matchConditions:12:*admissionregistration.MatchCondition
    admissionregistration.MutatingWebhookConfiguration metadata:1:meta.ObjectMeta= \
    webhooks:2:*admissionregistration.MutatingWebhook
    admissionregistration.Rule apiGroups:1:*s apiVersions:2:*s resources:3:*s scope:4:s?
    admissionregistration.RuleWithOperations operations:1:*s .:2:admissionregistration.Rule
    admissionregistration.ServiceReference namespace:1:s! name:2:s! path:3:s? port:4:i?
    admissionregistration.ValidatingWebhook name:1:s! clientConfig:2:admissionregistration.WebhookClientConfig!= \
    rules:3:*admissionregistration.RuleWithOperations failurePolicy:4:s? matchPolicy:9:s? \
    namespaceSelector:5:meta.LabelSelector? objectSelector:10:meta.LabelSelector? sideEffects:6:s?! \
    timeoutSeconds:7:i? admissionReviewVersions:8:*s! matchConditions:11:*admissionregistration.MatchCondition
    admissionregistration.ValidatingWebhookConfiguration metadata:1:meta.ObjectMeta= \
    webhooks:2:*admissionregistration.ValidatingWebhook
    admissionregistration.WebhookClientConfig url:3:s? service:1:admissionregistration.ServiceReference? \
    caBundle:2:y
    apiextensions.CustomResourceColumnDefinition name:1:s! type:2:s! format:3:s description:4:s priority:5:i \
    jsonPath:6:s!
    apiextensions.CustomResourceConversion strategy:1:s! webhook:2:apiextensions.WebhookConversion?
    apiextensions.CustomResourceDefinition metadata:1:meta.ObjectMeta= \
    spec:2:apiextensions.CustomResourceDefinitionSpec!= status:3:apiextensions.CustomResourceDefinitionStatus=
    apiextensions.CustomResourceDefinitionCondition type:1:s! status:2:s! lastTransitionTime:3:Time= reason:4:s \
    message:5:s observedGeneration:6:l
    apiextensions.CustomResourceDefinitionNames plural:1:s! singular:2:s shortNames:3:*s kind:4:s! listKind:5:s \
    categories:6:*s
    apiextensions.CustomResourceDefinitionSpec group:1:s! names:3:apiextensions.CustomResourceDefinitionNames!= \
    scope:4:s! versions:7:*apiextensions.CustomResourceDefinitionVersion! \
    conversion:9:apiextensions.CustomResourceConversion? preserveUnknownFields:10:b
    apiextensions.CustomResourceDefinitionStatus conditions:1:*apiextensions.CustomResourceDefinitionCondition! \
    acceptedNames:2:apiextensions.CustomResourceDefinitionNames!= storedVersions:3:*s! observedGeneration:4:l
    apiextensions.CustomResourceDefinitionVersion name:1:s! served:2:b! storage:3:b! deprecated:7:b \
    deprecationWarning:8:s? schema:4:apiextensions.CustomResourceValidation? \
    subresources:5:apiextensions.CustomResourceSubresources? \
    additionalPrinterColumns:6:*apiextensions.CustomResourceColumnDefinition \
    selectableFields:9:*apiextensions.SelectableField
    apiextensions.CustomResourceSubresourceScale specReplicasPath:1:s! statusReplicasPath:2:s! \
    labelSelectorPath:3:s?
    apiextensions.CustomResourceSubresources status:1:Any? scale:2:apiextensions.CustomResourceSubresourceScale?
    apiextensions.CustomResourceValidation openAPIV3Schema:1:apiextensions.JSONSchemaProps?
    apiextensions.ExternalDocumentation description:1:s url:2:s
    apiextensions.JSONSchemaProps id:1:s $schema:2:s $ref:3:s? description:4:s type:5:s format:6:s title:7:s \
    default:8:Any? maximum:9:d? exclusiveMaximum:10:b minimum:11:d? exclusiveMinimum:12:b maxLength:13:l? \
    minLength:14:l? pattern:15:s maxItems:16:l? minItems:17:l? uniqueItems:18:b multipleOf:19:d? enum:20:*Any \
    maxProperties:21:l? minProperties:22:l? required:23:*s items:24:Any? allOf:25:*apiextensions.JSONSchemaProps \
    oneOf:26:*apiextensions.JSONSchemaProps anyOf:27:*apiextensions.JSONSchemaProps \
    not:28:apiextensions.JSONSchemaProps? properties:29:{apiextensions.JSONSchemaProps \
    additionalProperties:30:Any? patternProperties:31:{apiextensions.JSONSchemaProps dependencies:32:{Any \
    additionalItems:33:Any? definitions:34:{apiextensions.JSONSchemaProps \
    externalDocs:35:apiextensions.ExternalDocumentation? example:36:Any? nullable:37:b \
    x-kubernetes-preserve-unknown-fields:38:b? x-kubernetes-embedded-resource:39:b x-kubernetes-int-or-string:40:b \
    x-kubernetes-list-map-keys:41:*s x-kubernetes-list-type:42:s? x-kubernetes-map-type:43:s? \
    x-kubernetes-validations:44:*apiextensions.ValidationRule
    apiextensions.SelectableField jsonPath:1:s!
    apiextensions.ServiceReference namespace:1:s! name:2:s! path:3:s? port:4:i?
    apiextensions.ValidationRule rule:1:s! message:2:s messageExpression:3:s reason:4:s? fieldPath:5:s \
    optionalOldSelf:6:b?
    apiextensions.WebhookClientConfig url:3:s? service:1:apiextensions.ServiceReference? caBundle:2:y
    apiextensions.WebhookConversion clientConfig:2:apiextensions.WebhookClientConfig? \
    conversionReviewVersions:3:*s!
    apps.DaemonSet metadata:1:meta.ObjectMeta= spec:2:apps.DaemonSetSpec= status:3:apps.DaemonSetStatus=
    apps.DaemonSetCondition type:1:s! status:2:s! lastTransitionTime:3:Time= reason:4:s message:5:s
    apps.DaemonSetSpec selector:1:meta.LabelSelector?! template:2:core.PodTemplateSpec!= \
    updateStrategy:3:apps.DaemonSetUpdateStrategy= minReadySeconds:4:i revisionHistoryLimit:6:i?
    apps.DaemonSetStatus currentNumberScheduled:1:i! numberMisscheduled:2:i! desiredNumberScheduled:3:i! \
    numberReady:4:i! observedGeneration:5:l updatedNumberScheduled:6:i numberAvailable:7:i numberUnavailable:8:i \
    collisionCount:9:i? conditions:10:*apps.DaemonSetCondition
    apps.DaemonSetUpdateStrategy type:1:s rollingUpdate:2:apps.RollingUpdateDaemonSet?
    apps.Deployment metadata:1:meta.ObjectMeta= spec:2:apps.DeploymentSpec= status:3:apps.DeploymentStatus=
    apps.DeploymentCondition type:1:s! status:2:s! lastUpdateTime:6:Time= lastTransitionTime:7:Time= reason:4:s \
    message:5:s
    apps.DeploymentSpec replicas:1:i? selector:2:meta.LabelSelector?! template:3:core.PodTemplateSpec!= \
    strategy:4:apps.DeploymentStrategy= minReadySeconds:5:i revisionHistoryLimit:6:i? paused:7:b \
    progressDeadlineSeconds:9:i?
    apps.DeploymentStatus observedGeneration:1:l replicas:2:i updatedReplicas:3:i readyReplicas:7:i \
    availableReplicas:4:i unavailableReplicas:5:i terminatingReplicas:9:i? conditions:6:*apps.DeploymentCondition \
    collisionCount:8:i?
    apps.DeploymentStrategy type:1:s rollingUpdate:2:apps.RollingUpdateDeployment?
    apps.ReplicaSet metadata:1:meta.ObjectMeta= spec:2:apps.ReplicaSetSpec= status:3:apps.ReplicaSetStatus=
    apps.ReplicaSetCondition type:1:s! status:2:s! lastTransitionTime:3:Time= reason:4:s message:5:s
    apps.ReplicaSetSpec replicas:1:i? minReadySeconds:4:i selector:2:meta.LabelSelector?! \
    template:3:core.PodTemplateSpec=
    apps.ReplicaSetStatus replicas:1:i! fullyLabeledReplicas:2:i readyReplicas:4:i availableReplicas:5:i \
    terminatingReplicas:7:i? observedGeneration:3:l conditions:6:*apps.ReplicaSetCondition
    apps.RollingUpdateDaemonSet maxUnavailable:1:IntOrString? maxSurge:2:IntOrString?
    apps.RollingUpdateDeployment maxUnavailable:1:IntOrString? maxSurge:2:IntOrString?
    apps.RollingUpdateStatefulSetStrategy partition:1:i? maxUnavailable:2:IntOrString?
    apps.StatefulSet metadata:1:meta.ObjectMeta= spec:2:apps.StatefulSetSpec= status:3:apps.StatefulSetStatus=
    apps.StatefulSetCondition type:1:s! status:2:s! lastTransitionTime:3:Time= reason:4:s message:5:s
    apps.StatefulSetOrdinals start:1:i!
    apps.StatefulSetPersistentVolumeClaimRetentionPolicy whenDeleted:1:s whenScaled:2:s
    apps.StatefulSetSpec replicas:1:i? selector:2:meta.LabelSelector?! template:3:core.PodTemplateSpec!= \
    volumeClaimTemplates:4:*core.PersistentVolumeClaim serviceName:5:s! podManagementPolicy:6:s \
    updateStrategy:7:apps.StatefulSetUpdateStrategy= revisionHistoryLimit:8:i? minReadySeconds:9:i \
    persistentVolumeClaimRetentionPolicy:10:apps.StatefulSetPersistentVolumeClaimRetentionPolicy? \
    ordinals:11:apps.StatefulSetOrdinals?
    apps.StatefulSetStatus observedGeneration:1:l replicas:2:i! readyReplicas:3:i currentReplicas:4:i \
    updatedReplicas:5:i currentRevision:6:s updateRevision:7:s collisionCount:9:i? \
    conditions:10:*apps.StatefulSetCondition availableReplicas:11:i!
    apps.StatefulSetUpdateStrategy type:1:s rollingUpdate:2:apps.RollingUpdateStatefulSetStrategy?
    authentication.BoundObjectReference kind:1:s apiVersion:2:s name:3:s uid:4:s
    authentication.SelfSubjectReview metadata:1:meta.ObjectMeta= status:2:authentication.SelfSubjectReviewStatus=
    authentication.SelfSubjectReviewStatus userInfo:1:authentication.UserInfo=
    authentication.TokenRequest metadata:1:meta.ObjectMeta= spec:2:authentication.TokenRequestSpec!= \
    status:3:authentication.TokenRequestStatus=
    authentication.TokenRequestSpec audiences:1:*s! expirationSeconds:4:l?! \
    boundObjectRef:3:authentication.BoundObjectReference?! attestations:5:{*s
    authentication.TokenRequestStatus token:1:s! expirationTimestamp:2:Time!=
    authentication.TokenReview metadata:1:meta.ObjectMeta= spec:2:authentication.TokenReviewSpec!= \
    status:3:authentication.TokenReviewStatus=
    authentication.TokenReviewSpec token:1:s audiences:2:*s
    authentication.TokenReviewStatus authenticated:1:b user:2:authentication.UserInfo= audiences:4:*s error:3:s
    authentication.UserInfo username:1:s uid:2:s groups:3:*s extra:4:{*s
    authorization.FieldSelectorAttributes rawSelector:1:s requirements:2:*meta.FieldSelectorRequirement
    authorization.LabelSelectorAttributes rawSelector:1:s requirements:2:*meta.LabelSelectorRequirement
    authorization.LocalSubjectAccessReview metadata:1:meta.ObjectMeta= \
    spec:2:authorization.SubjectAccessReviewSpec!= status:3:authorization.SubjectAccessReviewStatus=
    authorization.NonResourceAttributes path:1:s verb:2:s
    authorization.NonResourceRule verbs:1:*s! nonResourceURLs:2:*s
    authorization.ResourceAttributes namespace:1:s verb:2:s group:3:s version:4:s resource:5:s subresource:6:s \
    name:7:s fieldSelector:8:authorization.FieldSelectorAttributes? \
    labelSelector:9:authorization.LabelSelectorAttributes?
    authorization.ResourceRule verbs:1:*s! apiGroups:2:*s resources:3:*s resourceNames:4:*s
    authorization.SelfSubjectAccessReview metadata:1:meta.ObjectMeta= \
    spec:2:authorization.SelfSubjectAccessReviewSpec!= status:3:authorization.SubjectAccessReviewStatus=
    authorization.SelfSubjectAccessReviewSpec resourceAttributes:1:authorization.ResourceAttributes? \
    nonResourceAttributes:2:authorization.NonResourceAttributes?
    authorization.SelfSubjectRulesReview metadata:1:meta.ObjectMeta= \
    spec:2:authorization.SelfSubjectRulesReviewSpec!= status:3:authorization.SubjectRulesReviewStatus=
    authorization.SelfSubjectRulesReviewSpec namespace:1:s
    authorization.SubjectAccessReview metadata:1:meta.ObjectMeta= spec:2:authorization.SubjectAccessReviewSpec!= \
    status:3:authorization.SubjectAccessReviewStatus=
    authorization.SubjectAccessReviewSpec resourceAttributes:1:authorization.ResourceAttributes? \
    nonResourceAttributes:2:authorization.NonResourceAttributes? user:3:s groups:4:*s extra:5:{*s uid:6:s
    authorization.SubjectAccessReviewStatus allowed:1:b! denied:4:b reason:2:s evaluationError:3:s
    authorization.SubjectRulesReviewStatus resourceRules:1:*authorization.ResourceRule! \
    nonResourceRules:2:*authorization.NonResourceRule! incomplete:3:b! evaluationError:4:s
    autoscaling.Scale metadata:1:meta.ObjectMeta= spec:2:autoscaling.ScaleSpec= status:3:autoscaling.ScaleStatus=
    autoscaling.ScaleSpec replicas:1:i
    autoscaling.ScaleStatus replicas:1:i! selector:2:s
    batch.CronJob metadata:1:meta.ObjectMeta= spec:2:batch.CronJobSpec= status:3:batch.CronJobStatus=
    batch.CronJobSpec schedule:1:s! timeZone:8:s? startingDeadlineSeconds:2:l? concurrencyPolicy:3:s suspend:4:b? \
    jobTemplate:5:batch.JobTemplateSpec!= successfulJobsHistoryLimit:6:i? failedJobsHistoryLimit:7:i?
    batch.CronJobStatus active:1:*core.ObjectReference lastScheduleTime:4:Time? lastSuccessfulTime:5:Time?
    batch.Job metadata:1:meta.ObjectMeta= spec:2:batch.JobSpec= status:3:batch.JobStatus=
    batch.JobCondition type:1:s! status:2:s! lastProbeTime:3:Time= lastTransitionTime:4:Time= reason:5:s \
    message:6:s
    batch.JobSchedulingConfiguration schedulingPolicy:1:Any? schedulingConstraints:2:Any? disruptionMode:3:Any? \
    resourceClaims:4:*Any
    batch.JobSpec parallelism:1:i? completions:2:i? activeDeadlineSeconds:3:l? \
    podFailurePolicy:11:batch.PodFailurePolicy? successPolicy:16:batch.SuccessPolicy? backoffLimit:7:i? \
    backoffLimitPerIndex:12:i? maxFailedIndexes:13:i? selector:4:meta.LabelSelector? manualSelector:5:b? \
    template:6:core.PodTemplateSpec!= ttlSecondsAfterFinished:8:i? completionMode:9:s? suspend:10:b? \
    podReplacementPolicy:14:s? managedBy:15:s? scheduling:17:batch.JobSchedulingConfiguration?
    batch.JobStatus conditions:1:*batch.JobCondition startTime:2:Time? completionTime:3:Time? active:4:i \
    succeeded:5:i failed:6:i terminating:11:i? completedIndexes:7:s failedIndexes:10:s? \
    uncountedTerminatedPods:8:batch.UncountedTerminatedPods? ready:9:i?
    batch.JobTemplateSpec metadata:1:meta.ObjectMeta= spec:2:batch.JobSpec=
    batch.PodFailurePolicy rules:1:*batch.PodFailurePolicyRule!
    batch.PodFailurePolicyOnExitCodesRequirement containerName:1:s? operator:2:s! values:3:*i!
    batch.PodFailurePolicyOnPodConditionsPattern type:1:s! status:2:s!
    batch.PodFailurePolicyRule action:1:s! onExitCodes:2:batch.PodFailurePolicyOnExitCodesRequirement? \
    onPodConditions:3:*batch.PodFailurePolicyOnPodConditionsPattern
    batch.SuccessPolicy rules:1:*batch.SuccessPolicyRule!
    batch.SuccessPolicyRule succeededIndexes:1:s? succeededCount:2:i?
    batch.UncountedTerminatedPods succeeded:1:*s failed:2:*s
    coordination.Lease metadata:1:meta.ObjectMeta= spec:2:coordination.LeaseSpec=
    coordination.LeaseSpec holderIdentity:1:s? leaseDurationSeconds:2:i? acquireTime:3:MicroTime? \
    renewTime:4:MicroTime? leaseTransitions:5:i? strategy:6:s? preferredHolder:7:s?
    events.Event metadata:1:meta.ObjectMeta!= eventTime:2:MicroTime!= series:3:events.EventSeries? \
    reportingController:4:s reportingInstance:5:s action:6:s reason:7:s regarding:8:core.ObjectReference= \
    related:9:core.ObjectReference? note:10:s type:11:s deprecatedSource:12:core.EventSource= \
    deprecatedFirstTimestamp:13:Time= deprecatedLastTimestamp:14:Time= deprecatedCount:15:i
    events.EventSeries count:1:i! lastObservedTime:2:MicroTime!=
    meta.Condition type:1:s! status:2:s! observedGeneration:3:l lastTransitionTime:4:Time!= reason:5:s! \
    message:6:s!
    meta.DeleteOptions gracePeriodSeconds:1:l? preconditions:2:meta.Preconditions? orphanDependents:3:b? \
    propagationPolicy:4:s? dryRun:5:*s ignoreStoreReadErrorWithClusterBreakingPotential:6:b?
    meta.FieldSelectorRequirement key:1:s! operator:2:s! values:3:*s
    meta.LabelSelector matchLabels:1:{s matchExpressions:2:*meta.LabelSelectorRequirement
    meta.LabelSelectorRequirement key:1:s! operator:2:s! values:3:*s
    meta.ManagedFieldsEntry manager:1:s operation:2:s apiVersion:3:s time:4:Time? fieldsType:6:s fieldsV1:7:Raw? \
    subresource:8:s
    meta.ObjectMeta name:1:s generateName:2:s namespace:3:s selfLink:4:s uid:5:s resourceVersion:6:s \
    generation:7:l creationTimestamp:8:Time deletionTimestamp:9:Time? deletionGracePeriodSeconds:10:l? \
    labels:11:{s annotations:12:{s ownerReferences:13:*meta.OwnerReference finalizers:14:*s \
    managedFields:17:*meta.ManagedFieldsEntry
    meta.OwnerReference apiVersion:5:s! kind:1:s! name:3:s! uid:4:s! controller:6:b? blockOwnerDeletion:7:b?
    meta.Preconditions uid:1:s? resourceVersion:2:s?
    networking.HTTPIngressPath path:1:s pathType:3:s?! backend:2:networking.IngressBackend!=
    networking.HTTPIngressRuleValue paths:1:*networking.HTTPIngressPath!
    networking.IPBlock cidr:1:s! except:2:*s
    networking.Ingress metadata:1:meta.ObjectMeta= spec:2:networking.IngressSpec= \
    status:3:networking.IngressStatus=
    networking.IngressBackend service:4:networking.IngressServiceBackend? \
    resource:3:core.TypedLocalObjectReference?
    networking.IngressLoadBalancerIngress ip:1:s hostname:2:s ports:4:*networking.IngressPortStatus
    networking.IngressLoadBalancerStatus ingress:1:*networking.IngressLoadBalancerIngress
    networking.IngressPortStatus port:1:i! protocol:2:s! error:3:s?
    networking.IngressRule host:1:s .:2:networking.IngressRuleValue
    networking.IngressRuleValue http:1:networking.HTTPIngressRuleValue?
    networking.IngressServiceBackend name:1:s! port:2:networking.ServiceBackendPort=
    networking.IngressSpec ingressClassName:4:s? defaultBackend:1:networking.IngressBackend? \
    tls:2:*networking.IngressTLS rules:3:*networking.IngressRule
    networking.IngressStatus loadBalancer:1:networking.IngressLoadBalancerStatus=
    networking.IngressTLS hosts:1:*s secretName:2:s
    networking.NetworkPolicy metadata:1:meta.ObjectMeta= spec:2:networking.NetworkPolicySpec=
    networking.NetworkPolicyEgressRule ports:1:*networking.NetworkPolicyPort to:2:*networking.NetworkPolicyPeer
    networking.NetworkPolicyIngressRule ports:1:*networking.NetworkPolicyPort from:2:*networking.NetworkPolicyPeer
    networking.NetworkPolicyPeer podSelector:1:meta.LabelSelector? namespaceSelector:2:meta.LabelSelector? \
    ipBlock:3:networking.IPBlock?
    networking.NetworkPolicyPort protocol:1:s? port:2:IntOrString? endPort:3:i?
    networking.NetworkPolicySpec podSelector:1:meta.LabelSelector!= ingress:2:*networking.NetworkPolicyIngressRule \
    egress:3:*networking.NetworkPolicyEgressRule policyTypes:4:*s
    networking.ServiceBackendPort name:1:s number:2:i
    policy.Eviction metadata:1:meta.ObjectMeta= deleteOptions:2:meta.DeleteOptions?
    policy.PodDisruptionBudget metadata:1:meta.ObjectMeta= spec:2:policy.PodDisruptionBudgetSpec= \
    status:3:policy.PodDisruptionBudgetStatus=
    policy.PodDisruptionBudgetSpec minAvailable:1:IntOrString? selector:2:meta.LabelSelector? \
    maxUnavailable:3:IntOrString? unhealthyPodEvictionPolicy:4:s?
    policy.PodDisruptionBudgetStatus observedGeneration:1:l disruptedPods:2:{Time disruptionsAllowed:3:i! \
    currentHealthy:4:i! desiredHealthy:5:i! expectedPods:6:i! conditions:7:*meta.Condition
    rbac.AggregationRule clusterRoleSelectors:1:*meta.LabelSelector
    rbac.ClusterRole metadata:1:meta.ObjectMeta= rules:2:*rbac.PolicyRule! aggregationRule:3:rbac.AggregationRule?
    rbac.ClusterRoleBinding metadata:1:meta.ObjectMeta= subjects:2:*rbac.Subject roleRef:3:rbac.RoleRef!=
    rbac.PolicyRule verbs:1:*s! apiGroups:2:*s resources:3:*s resourceNames:4:*s nonResourceURLs:5:*s
    rbac.Role metadata:1:meta.ObjectMeta= rules:2:*rbac.PolicyRule!
    rbac.RoleBinding metadata:1:meta.ObjectMeta= subjects:2:*rbac.Subject roleRef:3:rbac.RoleRef!=
    rbac.RoleRef apiGroup:1:s! kind:2:s! name:3:s!
    rbac.Subject kind:1:s! apiGroup:2:s name:3:s! namespace:4:s
    scheduling.PriorityClass metadata:1:meta.ObjectMeta= value:2:i! globalDefault:3:b description:4:s \
    preemptionPolicy:5:s?
    """
}
