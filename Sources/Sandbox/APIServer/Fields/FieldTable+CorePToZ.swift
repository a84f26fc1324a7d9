extension FieldTable {
  /// The messages of the core group, P to Z: `MESSAGE FIELD:NUMBER:TYPE ...`, with the names and numbers of
  /// Kubernetes 1.36 (k8s.io/api, k8s.io/apimachinery, k8s.io/apiextensions-apiserver). How to read a type:
  /// `Field.init(parsing:)`.
  static let coreMessagesPToZ = """
    core.PersistentVolume metadata:1:meta.ObjectMeta= spec:2:core.PersistentVolumeSpec= \
    status:3:core.PersistentVolumeStatus=
    core.PersistentVolumeClaim metadata:1:meta.ObjectMeta= spec:2:core.PersistentVolumeClaimSpec= \
    status:3:core.PersistentVolumeClaimStatus=
    core.PersistentVolumeClaimCondition type:1:s! status:2:s! lastProbeTime:3:Time= lastTransitionTime:4:Time= \
    reason:5:s message:6:s
    core.PersistentVolumeClaimSpec accessModes:1:*s selector:4:meta.LabelSelector? \
    resources:2:core.VolumeResourceRequirements= volumeName:3:s storageClassName:5:s? volumeMode:6:s? \
    dataSource:7:core.TypedLocalObjectReference? dataSourceRef:8:core.TypedObjectReference? \
    volumeAttributesClassName:9:s?
    core.PersistentVolumeClaimStatus phase:1:s accessModes:2:*s capacity:3:{Quantity \
    conditions:4:*core.PersistentVolumeClaimCondition allocatedResources:5:{Quantity \
    allocatedResourceStatuses:7:{s currentVolumeAttributesClassName:8:s? \
    modifyVolumeStatus:9:core.ModifyVolumeStatus? healthStatus:10:core.VolumeHealthStatus?
    core.PersistentVolumeClaimTemplate metadata:1:meta.ObjectMeta= spec:2:core.PersistentVolumeClaimSpec!=
    core.PersistentVolumeClaimVolumeSource claimName:1:s! readOnly:2:b
    core.PersistentVolumeSource gcePersistentDisk:1:core.GCEPersistentDiskVolumeSource? \
    awsElasticBlockStore:2:core.AWSElasticBlockStoreVolumeSource? hostPath:3:core.HostPathVolumeSource? \
    glusterfs:4:core.GlusterfsPersistentVolumeSource? nfs:5:core.NFSVolumeSource? \
    rbd:6:core.RBDPersistentVolumeSource? iscsi:7:core.ISCSIPersistentVolumeSource? \
    cinder:8:core.CinderPersistentVolumeSource? cephfs:9:core.CephFSPersistentVolumeSource? \
    fc:10:core.FCVolumeSource? flocker:11:core.FlockerVolumeSource? flexVolume:12:core.FlexPersistentVolumeSource? \
    azureFile:13:core.AzureFilePersistentVolumeSource? vsphereVolume:14:core.VsphereVirtualDiskVolumeSource? \
    quobyte:15:core.QuobyteVolumeSource? azureDisk:16:core.AzureDiskVolumeSource? \
    photonPersistentDisk:17:core.PhotonPersistentDiskVolumeSource? portworxVolume:18:core.PortworxVolumeSource? \
    scaleIO:19:core.ScaleIOPersistentVolumeSource? local:20:core.LocalVolumeSource? \
    storageos:21:core.StorageOSPersistentVolumeSource? csi:22:core.CSIPersistentVolumeSource?
    core.PersistentVolumeSpec capacity:1:{Quantity .:2:core.PersistentVolumeSource accessModes:3:*s \
    claimRef:4:core.ObjectReference? persistentVolumeReclaimPolicy:5:s storageClassName:6:s mountOptions:7:*s \
    volumeMode:8:s? nodeAffinity:9:core.VolumeNodeAffinity? volumeAttributesClassName:10:s?
    core.PersistentVolumeStatus phase:1:s message:2:s reason:3:s lastPhaseTransitionTime:4:Time?
    core.PhotonPersistentDiskVolumeSource pdID:1:s! fsType:2:s
    core.Pod metadata:1:meta.ObjectMeta= spec:2:core.PodSpec= status:3:core.PodStatus=
    core.PodAffinity requiredDuringSchedulingIgnoredDuringExecution:1:*core.PodAffinityTerm \
    preferredDuringSchedulingIgnoredDuringExecution:2:*core.WeightedPodAffinityTerm
    core.PodAffinityTerm labelSelector:1:meta.LabelSelector? namespaces:2:*s topologyKey:3:s! \
    namespaceSelector:4:meta.LabelSelector? matchLabelKeys:5:*s mismatchLabelKeys:6:*s
    core.PodAntiAffinity requiredDuringSchedulingIgnoredDuringExecution:1:*core.PodAffinityTerm \
    preferredDuringSchedulingIgnoredDuringExecution:2:*core.WeightedPodAffinityTerm
    core.PodCertificateProjection signerName:1:s keyType:2:s maxExpirationSeconds:3:i? credentialBundlePath:4:s \
    keyPath:5:s certificateChainPath:6:s userAnnotations:7:{s user:8:l?
    core.PodCondition type:1:s! observedGeneration:7:l status:2:s! lastProbeTime:3:Time= \
    lastTransitionTime:4:Time= reason:5:s message:6:s
    core.PodDNSConfig nameservers:1:*s searches:2:*s options:3:*core.PodDNSConfigOption
    core.PodDNSConfigOption name:1:s value:2:s?
    core.PodExtendedResourceClaimStatus requestMappings:1:*core.ContainerExtendedResourceRequest! \
    resourceClaimName:2:s!
    core.PodIP ip:1:s!
    core.PodOS name:1:s!
    core.PodReadinessGate conditionType:1:s!
    core.PodResourceClaim name:1:s! resourceClaimName:3:s? resourceClaimTemplateName:4:s?
    core.PodResourceClaimStatus name:1:s! resourceClaimName:2:s?
    core.PodSchedulingGate name:1:s!
    core.PodSchedulingGroup podGroupName:1:s?
    core.PodSecurityContext seLinuxOptions:1:core.SELinuxOptions? \
    windowsOptions:8:core.WindowsSecurityContextOptions? runAsUser:2:l? runAsGroup:6:l? runAsNonRoot:3:b? \
    supplementalGroups:4:*l supplementalGroupsPolicy:12:s? fsGroup:5:l? sysctls:7:*core.Sysctl \
    fsGroupChangePolicy:9:s? seccompProfile:10:core.SeccompProfile? appArmorProfile:11:core.AppArmorProfile? \
    seLinuxChangePolicy:13:s?
    core.PodSpec volumes:1:*core.Volume initContainers:20:*core.Container containers:2:*core.Container! \
    ephemeralContainers:34:*core.EphemeralContainer restartPolicy:3:s terminationGracePeriodSeconds:4:l? \
    activeDeadlineSeconds:5:l? dnsPolicy:6:s nodeSelector:7:{s serviceAccountName:8:s serviceAccount:9:s \
    automountServiceAccountToken:21:b? nodeName:10:s hostNetwork:11:b hostPID:12:b hostIPC:13:b \
    shareProcessNamespace:27:b? securityContext:14:core.PodSecurityContext? \
    imagePullSecrets:15:*core.LocalObjectReference hostname:16:s subdomain:17:s affinity:18:core.Affinity? \
    schedulerName:19:s tolerations:22:*core.Toleration hostAliases:23:*core.HostAlias priorityClassName:24:s \
    priority:25:i? dnsConfig:26:core.PodDNSConfig? readinessGates:28:*core.PodReadinessGate runtimeClassName:29:s? \
    enableServiceLinks:30:b? preemptionPolicy:31:s? overhead:32:{Quantity \
    topologySpreadConstraints:33:*core.TopologySpreadConstraint setHostnameAsFQDN:35:b? os:36:core.PodOS? \
    hostUsers:37:b? schedulingGates:38:*core.PodSchedulingGate resourceClaims:39:*core.PodResourceClaim \
    resources:40:core.ResourceRequirements? hostnameOverride:41:s? schedulingGroup:43:core.PodSchedulingGroup? \
    evictionResponders:44:*core.EvictionResponder
    core.PodStatus observedGeneration:17:l phase:1:s conditions:2:*core.PodCondition message:3:s reason:4:s \
    nominatedNodeName:11:s hostIP:5:s hostIPs:16:*core.HostIP podIP:6:s podIPs:12:*core.PodIP startTime:7:Time? \
    initContainerStatuses:10:*core.ContainerStatus containerStatuses:8:*core.ContainerStatus qosClass:9:s \
    ephemeralContainerStatuses:13:*core.ContainerStatus resize:14:s \
    resourceClaimStatuses:15:*core.PodResourceClaimStatus \
    extendedResourceClaimStatus:18:core.PodExtendedResourceClaimStatus? allocatedResources:19:{Quantity \
    resources:20:core.ResourceRequirements? \
    nodeAllocatableResourceClaimStatuses:21:*core.NodeAllocatableResourceClaimStatus \
    volumeHealth:22:*core.PodVolumeHealth
    core.PodTemplateSpec metadata:1:meta.ObjectMeta= spec:2:core.PodSpec=
    core.PodVolumeHealth name:1:s! healthConditions:2:*core.VolumeHealthCondition lastTransitionTime:3:Time=
    core.PortStatus port:1:i! protocol:2:s! error:3:s?
    core.PortworxVolumeSource volumeID:1:s! fsType:2:s readOnly:3:b
    core.PreferredSchedulingTerm weight:1:i! preference:2:core.NodeSelectorTerm!=
    core.Probe .:1:core.ProbeHandler initialDelaySeconds:2:i timeoutSeconds:3:i periodSeconds:4:i \
    successThreshold:5:i failureThreshold:6:i terminationGracePeriodSeconds:7:l?
    core.ProbeHandler exec:1:core.ExecAction? httpGet:2:core.HTTPGetAction? tcpSocket:3:core.TCPSocketAction? \
    grpc:4:core.GRPCAction?
    core.ProjectedVolumeSource sources:1:*core.VolumeProjection! defaultMode:2:i? defaultUser:3:l?
    core.QuobyteVolumeSource registry:1:s! volume:2:s! readOnly:3:b user:4:s group:5:s tenant:6:s
    core.RBDPersistentVolumeSource monitors:1:*s! image:2:s! fsType:3:s pool:4:s user:5:s keyring:6:s \
    secretRef:7:core.SecretReference? readOnly:8:b
    core.RBDVolumeSource monitors:1:*s! image:2:s! fsType:3:s pool:4:s user:5:s keyring:6:s \
    secretRef:7:core.LocalObjectReference? readOnly:8:b
    core.ResourceClaim name:1:s! request:2:s
    core.ResourceFieldSelector containerName:1:s resource:2:s! divisor:3:Quantity
    core.ResourceHealth resourceID:1:s! health:2:s message:6:s?
    core.ResourceRequirements limits:1:{Quantity requests:2:{Quantity claims:3:*core.ResourceClaim
    core.ResourceStatus name:1:s! resources:2:*core.ResourceHealth
    core.SELinuxOptions user:1:s role:2:s type:3:s level:4:s
    core.ScaleIOPersistentVolumeSource gateway:1:s! system:2:s! secretRef:3:core.SecretReference?! sslEnabled:4:b \
    protectionDomain:5:s storagePool:6:s storageMode:7:s volumeName:8:s fsType:9:s readOnly:10:b
    core.ScaleIOVolumeSource gateway:1:s! system:2:s! secretRef:3:core.LocalObjectReference?! sslEnabled:4:b \
    protectionDomain:5:s storagePool:6:s storageMode:7:s volumeName:8:s fsType:9:s readOnly:10:b
    core.SeccompProfile type:1:s! localhostProfile:2:s?
    core.Secret metadata:1:meta.ObjectMeta= immutable:5:b? data:2:{y stringData:4:{s type:3:s
    core.SecretEnvSource .:1:core.LocalObjectReference optional:2:b?
    core.SecretKeySelector .:1:core.LocalObjectReference key:2:s! optional:3:b?
    core.SecretProjection .:1:core.LocalObjectReference items:2:*core.KeyToPath optional:4:b?
    core.SecretReference name:1:s namespace:2:s
    core.SecretVolumeSource secretName:1:s items:2:*core.KeyToPath defaultMode:3:i? optional:4:b? defaultUser:5:l?
    core.SecurityContext capabilities:1:core.Capabilities? privileged:2:b? seLinuxOptions:3:core.SELinuxOptions? \
    windowsOptions:10:core.WindowsSecurityContextOptions? runAsUser:4:l? runAsGroup:8:l? runAsNonRoot:5:b? \
    readOnlyRootFilesystem:6:b? allowPrivilegeEscalation:7:b? procMount:9:s? \
    seccompProfile:11:core.SeccompProfile? appArmorProfile:12:core.AppArmorProfile?
    core.Service metadata:1:meta.ObjectMeta= spec:2:core.ServiceSpec= status:3:core.ServiceStatus=
    core.ServiceAccount metadata:1:meta.ObjectMeta= secrets:2:*core.ObjectReference \
    imagePullSecrets:3:*core.LocalObjectReference automountServiceAccountToken:4:b?
    core.ServiceAccountTokenProjection audience:1:s expirationSeconds:2:l? path:3:s! user:4:l?
    core.ServicePort name:1:s protocol:2:s appProtocol:6:s? port:3:i! targetPort:4:IntOrString nodePort:5:i
    core.ServiceSpec ports:1:*core.ServicePort selector:2:{s clusterIP:3:s clusterIPs:18:*s type:4:s \
    externalIPs:5:*s sessionAffinity:7:s loadBalancerIP:8:s loadBalancerSourceRanges:9:*s externalName:10:s \
    externalTrafficPolicy:11:s healthCheckNodePort:12:i publishNotReadyAddresses:13:b \
    sessionAffinityConfig:14:core.SessionAffinityConfig? ipFamilies:19:*s ipFamilyPolicy:17:s? \
    allocateLoadBalancerNodePorts:20:b? loadBalancerClass:21:s? internalTrafficPolicy:22:s? \
    trafficDistribution:23:s?
    core.ServiceStatus loadBalancer:1:core.LoadBalancerStatus= conditions:2:*meta.Condition
    core.SessionAffinityConfig clientIP:1:core.ClientIPConfig?
    core.SleepAction seconds:1:l!
    core.StorageOSPersistentVolumeSource volumeName:1:s volumeNamespace:2:s fsType:3:s readOnly:4:b \
    secretRef:5:core.ObjectReference?
    core.StorageOSVolumeSource volumeName:1:s volumeNamespace:2:s fsType:3:s readOnly:4:b \
    secretRef:5:core.LocalObjectReference?
    core.Sysctl name:1:s! value:2:s!
    core.TCPSocketAction port:1:IntOrString! host:2:s
    core.Taint key:1:s! value:2:s effect:3:s! timeAdded:4:Time?
    core.Toleration key:1:s operator:2:s value:3:s effect:4:s tolerationSeconds:5:l?
    core.TopologySpreadConstraint maxSkew:1:i! topologyKey:2:s! whenUnsatisfiable:3:s! \
    labelSelector:4:meta.LabelSelector? minDomains:5:i? nodeAffinityPolicy:6:s? nodeTaintsPolicy:7:s? \
    matchLabelKeys:8:*s
    core.TypedLocalObjectReference apiGroup:1:s?! kind:2:s! name:3:s!
    core.TypedObjectReference apiGroup:1:s?! kind:2:s! name:3:s! namespace:4:s?
    core.Volume name:1:s! .:2:core.VolumeSource
    core.VolumeDevice name:1:s! devicePath:2:s!
    core.VolumeHealthCondition status:1:s! reason:2:s! message:3:s
    core.VolumeHealthStatus healthConditions:1:*core.VolumeHealthCondition lastTransitionTime:2:Time=
    core.VolumeMount name:1:s! readOnly:2:b recursiveReadOnly:7:s? mountPath:3:s! subPath:4:s \
    mountPropagation:5:s? subPathExpr:6:s bindMountOptions:8:*s
    core.VolumeMountStatus name:1:s! mountPath:2:s! readOnly:3:b recursiveReadOnly:4:s? \
    volumeStatus:5:core.VolumeStatus?
    core.VolumeNodeAffinity required:1:core.NodeSelector?
    core.VolumeProjection secret:1:core.SecretProjection? downwardAPI:2:core.DownwardAPIProjection? \
    configMap:3:core.ConfigMapProjection? serviceAccountToken:4:core.ServiceAccountTokenProjection? \
    clusterTrustBundle:5:core.ClusterTrustBundleProjection? podCertificate:6:core.PodCertificateProjection?
    core.VolumeResourceRequirements limits:1:{Quantity requests:2:{Quantity
    core.VolumeSource hostPath:1:core.HostPathVolumeSource? emptyDir:2:core.EmptyDirVolumeSource? \
    gcePersistentDisk:3:core.GCEPersistentDiskVolumeSource? \
    awsElasticBlockStore:4:core.AWSElasticBlockStoreVolumeSource? gitRepo:5:core.GitRepoVolumeSource? \
    secret:6:core.SecretVolumeSource? nfs:7:core.NFSVolumeSource? iscsi:8:core.ISCSIVolumeSource? \
    glusterfs:9:core.GlusterfsVolumeSource? persistentVolumeClaim:10:core.PersistentVolumeClaimVolumeSource? \
    rbd:11:core.RBDVolumeSource? flexVolume:12:core.FlexVolumeSource? cinder:13:core.CinderVolumeSource? \
    cephfs:14:core.CephFSVolumeSource? flocker:15:core.FlockerVolumeSource? \
    downwardAPI:16:core.DownwardAPIVolumeSource? fc:17:core.FCVolumeSource? \
    azureFile:18:core.AzureFileVolumeSource? configMap:19:core.ConfigMapVolumeSource? \
    vsphereVolume:20:core.VsphereVirtualDiskVolumeSource? quobyte:21:core.QuobyteVolumeSource? \
    azureDisk:22:core.AzureDiskVolumeSource? photonPersistentDisk:23:core.PhotonPersistentDiskVolumeSource? \
    projected:26:core.ProjectedVolumeSource? portworxVolume:24:core.PortworxVolumeSource? \
    scaleIO:25:core.ScaleIOVolumeSource? storageos:27:core.StorageOSVolumeSource? csi:28:core.CSIVolumeSource? \
    ephemeral:29:core.EphemeralVolumeSource? image:30:core.ImageVolumeSource?
    core.VolumeStatus image:1:core.ImageVolumeStatus?
    core.VsphereVirtualDiskVolumeSource volumePath:1:s! fsType:2:s storagePolicyName:3:s storagePolicyID:4:s
    core.WeightedPodAffinityTerm weight:1:i! podAffinityTerm:2:core.PodAffinityTerm!=
    core.WindowsSecurityContextOptions gmsaCredentialSpecName:1:s? gmsaCredentialSpec:2:s? runAsUserName:3:s? \
    hostProcess:4:b?
    """
}
