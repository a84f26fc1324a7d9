extension FieldTable {
  /// The messages of the core group, A to O: `MESSAGE FIELD:NUMBER:TYPE ...`, with the names and numbers of
  /// Kubernetes 1.36 (k8s.io/api, k8s.io/apimachinery, k8s.io/apiextensions-apiserver). How to read a type:
  /// `Field.init(parsing:)`.
  static let coreMessagesAToO = """
    core.AWSElasticBlockStoreVolumeSource volumeID:1:s! fsType:2:s partition:3:i readOnly:4:b
    core.Affinity nodeAffinity:1:core.NodeAffinity? podAffinity:2:core.PodAffinity? \
    podAntiAffinity:3:core.PodAntiAffinity?
    core.AppArmorProfile type:1:s! localhostProfile:2:s?
    core.AttachedVolume name:1:s! devicePath:2:s!
    core.AzureDiskVolumeSource diskName:1:s! diskURI:2:s! cachingMode:3:s? fsType:4:s? readOnly:5:b? kind:6:s?
    core.AzureFilePersistentVolumeSource secretName:1:s! shareName:2:s! readOnly:3:b secretNamespace:4:s?!
    core.AzureFileVolumeSource secretName:1:s! shareName:2:s! readOnly:3:b
    core.CSIPersistentVolumeSource driver:1:s! volumeHandle:2:s! readOnly:3:b fsType:4:s volumeAttributes:5:{s \
    controllerPublishSecretRef:6:core.SecretReference? nodeStageSecretRef:7:core.SecretReference? \
    nodePublishSecretRef:8:core.SecretReference? controllerExpandSecretRef:9:core.SecretReference? \
    nodeExpandSecretRef:10:core.SecretReference?
    core.CSIVolumeSource driver:1:s! readOnly:2:b? fsType:3:s? volumeAttributes:4:{s \
    nodePublishSecretRef:5:core.LocalObjectReference?
    core.Capabilities add:1:*s drop:2:*s
    core.CephFSPersistentVolumeSource monitors:1:*s! path:2:s user:3:s secretFile:4:s \
    secretRef:5:core.SecretReference? readOnly:6:b
    core.CephFSVolumeSource monitors:1:*s! path:2:s user:3:s secretFile:4:s secretRef:5:core.LocalObjectReference? \
    readOnly:6:b
    core.CinderPersistentVolumeSource volumeID:1:s! fsType:2:s readOnly:3:b secretRef:4:core.SecretReference?
    core.CinderVolumeSource volumeID:1:s! fsType:2:s readOnly:3:b secretRef:4:core.LocalObjectReference?
    core.ClientIPConfig timeoutSeconds:1:i?
    core.ClusterTrustBundleProjection name:1:s? signerName:2:s? labelSelector:3:meta.LabelSelector? optional:5:b? \
    path:4:s! user:6:l?
    core.ConfigMap metadata:1:meta.ObjectMeta= immutable:4:b? data:2:{s binaryData:3:{y
    core.ConfigMapEnvSource .:1:core.LocalObjectReference optional:2:b?
    core.ConfigMapKeySelector .:1:core.LocalObjectReference key:2:s! optional:3:b?
    core.ConfigMapNodeConfigSource namespace:1:s! name:2:s! uid:3:s resourceVersion:4:s kubeletConfigKey:5:s!
    core.ConfigMapProjection .:1:core.LocalObjectReference items:2:*core.KeyToPath optional:4:b?
    core.ConfigMapVolumeSource .:1:core.LocalObjectReference items:2:*core.KeyToPath defaultMode:3:i? \
    optional:4:b? defaultUser:5:l?
    core.Container name:1:s! image:2:s command:3:*s args:4:*s workingDir:5:s ports:6:*core.ContainerPort \
    envFrom:19:*core.EnvFromSource env:7:*core.EnvVar resources:8:core.ResourceRequirements= \
    resizePolicy:23:*core.ContainerResizePolicy restartPolicy:24:s? \
    restartPolicyRules:25:*core.ContainerRestartRule volumeMounts:9:*core.VolumeMount \
    volumeDevices:21:*core.VolumeDevice livenessProbe:10:core.Probe? readinessProbe:11:core.Probe? \
    startupProbe:22:core.Probe? lifecycle:12:core.Lifecycle? terminationMessagePath:13:s \
    terminationMessagePolicy:20:s imagePullPolicy:14:s securityContext:15:core.SecurityContext? stdin:16:b \
    stdinOnce:17:b tty:18:b
    core.ContainerExtendedResourceRequest containerName:1:s! resourceName:2:s! requestName:3:s!
    core.ContainerImage names:1:*s! sizeBytes:2:l
    core.ContainerPort name:1:s hostPort:2:i containerPort:3:i! protocol:4:s hostIP:5:s
    core.ContainerResizePolicy resourceName:1:s! restartPolicy:2:s!
    core.ContainerRestartRule action:1:s exitCodes:2:core.ContainerRestartRuleOnExitCodes?
    core.ContainerRestartRuleOnExitCodes operator:1:s values:2:*i
    core.ContainerState waiting:1:core.ContainerStateWaiting? running:2:core.ContainerStateRunning? \
    terminated:3:core.ContainerStateTerminated?
    core.ContainerStateRunning startedAt:1:Time=
    core.ContainerStateTerminated exitCode:1:i! signal:2:i reason:3:s message:4:s startedAt:5:Time= \
    finishedAt:6:Time= containerID:7:s
    core.ContainerStateWaiting reason:1:s message:2:s
    core.ContainerStatus name:1:s! state:2:core.ContainerState= lastState:3:core.ContainerState= ready:4:b! \
    restartCount:5:i! image:6:s! imageID:7:s! containerID:8:s started:9:b? allocatedResources:10:{Quantity \
    resources:11:core.ResourceRequirements? volumeMounts:12:*core.VolumeMountStatus user:13:core.ContainerUser? \
    allocatedResourcesStatus:14:*core.ResourceStatus stopSignal:15:s?
    core.ContainerUser linux:1:core.LinuxContainerUser?
    core.DaemonEndpoint Port:1:i!
    core.DownwardAPIProjection items:1:*core.DownwardAPIVolumeFile
    core.DownwardAPIVolumeFile path:1:s! fieldRef:2:core.ObjectFieldSelector? \
    resourceFieldRef:3:core.ResourceFieldSelector? mode:4:i? user:5:l?
    core.DownwardAPIVolumeSource items:1:*core.DownwardAPIVolumeFile defaultMode:2:i? defaultUser:3:l?
    core.EmptyDirVolumeSource medium:1:s sizeLimit:2:Quantity? mode:3:i?
    core.EnvFromSource prefix:1:s configMapRef:2:core.ConfigMapEnvSource? secretRef:3:core.SecretEnvSource?
    core.EnvVar name:1:s! value:2:s valueFrom:3:core.EnvVarSource?
    core.EnvVarSource fieldRef:1:core.ObjectFieldSelector? resourceFieldRef:2:core.ResourceFieldSelector? \
    configMapKeyRef:3:core.ConfigMapKeySelector? secretKeyRef:4:core.SecretKeySelector? \
    fileKeyRef:5:core.FileKeySelector?
    core.EphemeralContainer .:1:core.EphemeralContainerCommon targetContainerName:2:s
    core.EphemeralContainerCommon name:1:s! image:2:s command:3:*s args:4:*s workingDir:5:s \
    ports:6:*core.ContainerPort envFrom:19:*core.EnvFromSource env:7:*core.EnvVar \
    resources:8:core.ResourceRequirements= resizePolicy:23:*core.ContainerResizePolicy restartPolicy:24:s? \
    restartPolicyRules:25:*core.ContainerRestartRule volumeMounts:9:*core.VolumeMount \
    volumeDevices:21:*core.VolumeDevice livenessProbe:10:core.Probe? readinessProbe:11:core.Probe? \
    startupProbe:22:core.Probe? lifecycle:12:core.Lifecycle? terminationMessagePath:13:s \
    terminationMessagePolicy:20:s imagePullPolicy:14:s securityContext:15:core.SecurityContext? stdin:16:b \
    stdinOnce:17:b tty:18:b
    core.EphemeralVolumeSource volumeClaimTemplate:1:core.PersistentVolumeClaimTemplate?
    core.Event metadata:1:meta.ObjectMeta!= involvedObject:2:core.ObjectReference!= reason:3:s message:4:s \
    source:5:core.EventSource= firstTimestamp:6:Time= lastTimestamp:7:Time= count:8:i type:9:s \
    eventTime:10:MicroTime= series:11:core.EventSeries? action:12:s related:13:core.ObjectReference? \
    reportingComponent:14:s! reportingInstance:15:s!
    core.EventSeries count:1:i lastObservedTime:2:MicroTime=
    core.EventSource component:1:s host:2:s
    core.EvictionResponder name:1:s! priority:2:i?!
    core.ExecAction command:1:*s
    core.FCVolumeSource targetWWNs:1:*s lun:2:i? fsType:3:s readOnly:4:b wwids:5:*s
    core.FileKeySelector volumeName:1:s! path:2:s! key:3:s! optional:4:b?
    core.FlexPersistentVolumeSource driver:1:s! fsType:2:s secretRef:3:core.SecretReference? readOnly:4:b \
    options:5:{s
    core.FlexVolumeSource driver:1:s! fsType:2:s secretRef:3:core.LocalObjectReference? readOnly:4:b options:5:{s
    core.FlockerVolumeSource datasetName:1:s datasetUUID:2:s
    core.GCEPersistentDiskVolumeSource pdName:1:s! fsType:2:s partition:3:i readOnly:4:b
    core.GRPCAction port:1:i! service:2:s?! mode:3:s?
    core.GitRepoVolumeSource repository:1:s! revision:2:s directory:3:s
    core.GlusterfsPersistentVolumeSource endpoints:1:s! path:2:s! readOnly:3:b endpointsNamespace:4:s?
    core.GlusterfsVolumeSource endpoints:1:s! path:2:s! readOnly:3:b
    core.HTTPGetAction path:1:s port:2:IntOrString! host:3:s scheme:4:s httpHeaders:5:*core.HTTPHeader \
    protocol:6:s?
    core.HTTPHeader name:1:s! value:2:s!
    core.HostAlias ip:1:s! hostnames:2:*s
    core.HostIP ip:1:s!
    core.HostPathVolumeSource path:1:s! type:2:s?
    core.ISCSIPersistentVolumeSource targetPortal:1:s! iqn:2:s! lun:3:i! iscsiInterface:4:s fsType:5:s \
    readOnly:6:b portals:7:*s chapAuthDiscovery:8:b chapAuthSession:11:b secretRef:10:core.SecretReference? \
    initiatorName:12:s?
    core.ISCSIVolumeSource targetPortal:1:s! iqn:2:s! lun:3:i! iscsiInterface:4:s fsType:5:s readOnly:6:b \
    portals:7:*s chapAuthDiscovery:8:b chapAuthSession:11:b secretRef:10:core.LocalObjectReference? \
    initiatorName:12:s?
    core.ImageVolumeSource reference:1:s pullPolicy:2:s
    core.ImageVolumeStatus imageRef:1:s
    core.KeyToPath key:1:s! path:2:s! mode:3:i? user:4:l?
    core.Lifecycle postStart:1:core.LifecycleHandler? preStop:2:core.LifecycleHandler? stopSignal:3:s?
    core.LifecycleHandler exec:1:core.ExecAction? httpGet:2:core.HTTPGetAction? tcpSocket:3:core.TCPSocketAction? \
    sleep:4:core.SleepAction?
    core.LinuxContainerUser uid:1:l! gid:2:l! supplementalGroups:3:*l
    core.LoadBalancerIngress ip:1:s hostname:2:s ipMode:3:s? ports:4:*core.PortStatus
    core.LoadBalancerStatus ingress:1:*core.LoadBalancerIngress
    core.LocalObjectReference name:1:s
    core.LocalVolumeSource path:1:s! fsType:2:s?
    core.ModifyVolumeStatus targetVolumeAttributesClassName:1:s status:2:s!
    core.NFSVolumeSource server:1:s! path:2:s! readOnly:3:b
    core.Namespace metadata:1:meta.ObjectMeta= spec:2:core.NamespaceSpec= status:3:core.NamespaceStatus=
    core.NamespaceCondition type:1:s! status:2:s! lastTransitionTime:4:Time= reason:5:s message:6:s
    core.NamespaceSpec finalizers:1:*s
    core.NamespaceStatus phase:1:s conditions:2:*core.NamespaceCondition
    core.Node metadata:1:meta.ObjectMeta= spec:2:core.NodeSpec= status:3:core.NodeStatus=
    core.NodeAddress type:1:s! address:2:s!
    core.NodeAffinity requiredDuringSchedulingIgnoredDuringExecution:1:core.NodeSelector? \
    preferredDuringSchedulingIgnoredDuringExecution:2:*core.PreferredSchedulingTerm
    core.NodeAllocatableMappedResources name:1:s! quantity:2:Quantity?!
    core.NodeAllocatableOverheadResources name:1:s! perPod:2:Quantity? perContainer:3:Quantity?
    core.NodeAllocatableResourceClaimStatus resourceClaimName:1:s! containers:2:*s \
    mapping:4:*core.NodeAllocatableMappedResources overhead:5:*core.NodeAllocatableOverheadResources
    core.NodeCondition type:1:s! status:2:s! lastHeartbeatTime:3:Time= lastTransitionTime:4:Time= reason:5:s \
    message:6:s
    core.NodeConfigSource configMap:2:core.ConfigMapNodeConfigSource?
    core.NodeConfigStatus assigned:1:core.NodeConfigSource? active:2:core.NodeConfigSource? \
    lastKnownGood:3:core.NodeConfigSource? error:4:s
    core.NodeDaemonEndpoints kubeletEndpoint:1:core.DaemonEndpoint=
    core.NodeFeatures supplementalGroupsPolicy:1:b?
    core.NodePodPreemptionPolicy disableResizePreemption:1:*s
    core.NodeRuntimeHandler name:1:s! features:2:core.NodeRuntimeHandlerFeatures?
    core.NodeRuntimeHandlerFeatures recursiveReadOnlyMounts:1:b? userNamespaces:2:b?
    core.NodeSelector nodeSelectorTerms:1:*core.NodeSelectorTerm!
    core.NodeSelectorRequirement key:1:s! operator:2:s! values:3:*s
    core.NodeSelectorTerm matchExpressions:1:*core.NodeSelectorRequirement \
    matchFields:2:*core.NodeSelectorRequirement
    core.NodeSpec podCIDR:1:s podCIDRs:7:*s providerID:3:s unschedulable:4:b taints:5:*core.Taint \
    configSource:6:core.NodeConfigSource? externalID:2:s podPreemptionPolicy:8:core.NodePodPreemptionPolicy?
    core.NodeStatus capacity:1:{Quantity allocatable:2:{Quantity phase:3:s conditions:4:*core.NodeCondition \
    addresses:5:*core.NodeAddress daemonEndpoints:6:core.NodeDaemonEndpoints= nodeInfo:7:core.NodeSystemInfo= \
    images:8:*core.ContainerImage volumesInUse:9:*s volumesAttached:10:*core.AttachedVolume \
    config:11:core.NodeConfigStatus? runtimeHandlers:12:*core.NodeRuntimeHandler features:13:core.NodeFeatures? \
    declaredFeatures:14:*s
    core.NodeSwapStatus capacity:1:l?
    core.NodeSystemInfo machineID:1:s! systemUUID:2:s! bootID:3:s! kernelVersion:4:s! osImage:5:s! \
    containerRuntimeVersion:6:s! kubeletVersion:7:s! kubeProxyVersion:8:s! operatingSystem:9:s! architecture:10:s! \
    swap:11:core.NodeSwapStatus?
    core.ObjectFieldSelector apiVersion:1:s fieldPath:2:s!
    core.ObjectReference kind:1:s namespace:2:s name:3:s uid:4:s apiVersion:5:s resourceVersion:6:s fieldPath:7:s
    """
}
