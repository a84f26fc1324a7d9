import KratixModel
import Kubernetes
import Testing

@testable import KratixControllers

/// What Kratix creates for a pipeline, against what it was seen to create.
@Suite struct PipelineFactoryTests {
  /// What the API server fills in, and what is random.
  private static let serverDefaults: Set<String> = [
    ".terminationMessagePath", ".terminationMessagePolicy", ".imagePullPolicy", ".dnsPolicy", ".schedulerName",
    ".terminationGracePeriodSeconds", ".template.spec.securityContext", ".serviceAccount", ".defaultMode",
    ".fieldRef.apiVersion", ".completionMode", ".completions", ".manualSelector", ".parallelism",
    ".podReplacementPolicy", ".spec.selector", ".suspend", ".metadata.name", ".metadata.uid",
    ".metadata.resourceVersion", ".metadata.creationTimestamp", ".metadata.generation", ".status",
    ".batch.kubernetes.io/controller-uid", ".batch.kubernetes.io/job-name", ".controller-uid", ".job-name",
  ]

  /// As the recording rig was configured.
  private static let configuration: KratixConfiguration = {
    var configuration = KratixConfiguration.standard
    configuration.containerSecurityContext = .emptyObject
    configuration.backoffLimit = 4
    return configuration
  }()

  private func promise() throws -> Promise {
    Promise(try Recorded.object("a-install/02-promise-installed.yaml", "Promise", "mongodb"))
  }

  private func run(of resource: KubernetesObject?) throws -> PipelineRun {
    let runs = try PipelineFactory(
      promise: try promise(), resource: resource, action: .configure, configuration: Self.configuration
    ).runs()
    return try #require(runs.first)
  }

  @Test func theJobOfAPromiseWorkflow() throws {
    let job = try run(of: nil).job
    let recorded = try Recorded.object("a-install/02-promise-installed.yaml", "Job")
    #expect(differences(job.json, recorded.json, ignoring: Self.serverDefaults) == [])
    #expect(job.name.hasPrefix("kratix-mongodb-configure-promise-"))
  }

  @Test(arguments: ["mongo-v4", "mongo-v5", "mongo-v6"])
  func theJobOfAResource(name: String) throws {
    let resource = try Recorded.object("a-install/05-requests-succeeded.yaml", "MongoDB", name)
    let job = try run(of: resource).job
    let recorded = try Recorded.object(
      "a-install/05-requests-succeeded.yaml", "Job", "kratix-mongodb-\(name)-configure-workflow")
    #expect(differences(job.json, recorded.json, ignoring: Self.serverDefaults) == [])
    #expect(job.name.hasPrefix("kratix-mongodb-\(name)-configure-workflow-"))
  }

  @Test func theObjectsAroundTheJob() throws {
    let ignored: Set<String> = [".metadata.uid", ".metadata.resourceVersion", ".metadata.creationTimestamp"]
    let resource = try Recorded.object("a-install/05-requests-succeeded.yaml", "MongoDB", "mongo-v4")
    for (runs, file) in [
      (try run(of: nil), "a-install/03-rbac-and-crd.yaml"),
      (try run(of: resource), "a-install/07-rbac-for-resources.yaml"),
    ] {
      for managed in runs.objects {
        let recorded = try Recorded.objects(file).first {
          $0.kind == managed.object.kind && $0.name == managed.object.name && $0.namespace == managed.object.namespace
        }
        let wanted = try #require(recorded, "\(managed.object.kind) \(managed.object.qualifiedName) in \(file)")
        #expect(differences(managed.object.json, wanted.json, ignoring: ignored) == [])
      }
    }
    #expect(
      try run(of: nil).objects.map(\.object.kind) == [
        "ServiceAccount", "ConfigMap", "ClusterRole", "ClusterRoleBinding",
      ])
    #expect(
      try run(of: resource).objects.map(\.object.kind) == ["ServiceAccount", "ConfigMap", "Role", "RoleBinding"])
  }

  /// Names of the contract, section 3.4.
  @Test func permissionsOfTheAuthor() throws {
    var promise = KubernetesObject(apiVersion: "platform.kratix.io/v1alpha1", kind: "Promise", name: "env")
    promise.spec = try promiseSpec(permissions: [
      ["apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]],
      ["apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNamespace": "ns-of-my-secrets"],
      ["apiGroups": [""], "resources": ["pods"], "verbs": ["list"], "resourceNamespace": "*"],
    ])
    let resource = KubernetesObject(apiVersion: "x.example.com/v1", kind: "Env", name: "e", namespace: "default")
    let run = try #require(
      try PipelineFactory(
        promise: Promise(promise), resource: resource, action: .configure, configuration: .standard
      ).runs().first)
    #expect(
      run.objects.map { "\($0.object.kind) \($0.object.qualifiedName)" } == [
        "ServiceAccount default/env-resource-configure-slack-notify",
        "ConfigMap default/destination-selectors-env",
        "Role default/env-resource-configure-slack-notify",
        "Role default/env-resource-configure-slack-notify-df830",
        "RoleBinding default/env-resource-configure-slack-notify",
        "RoleBinding default/env-resource-configure-slack-notify-df830",
        "RoleBinding ns-of-my-secrets/env-resource-configure-slack-notify-default-f7525",
        "ClusterRole env-resource-configure-slack-notify-kratix-all-namespaces-744ad",
        "ClusterRole env-resource-configure-slack-notify-ns-of-my-secrets-7101a",
        "ClusterRoleBinding env-resource-configure-slack-notify-default-f7525",
      ])
  }

  @Test func aPipelineNamespaceMovesTheJobAndNamesTheResourceNamespace() throws {
    var promise = KubernetesObject(apiVersion: "platform.kratix.io/v1alpha1", kind: "Promise", name: "env")
    promise.spec = try promiseSpec(permissions: [])
    promise.json.set("pipelines", at: ["spec", "workflows", "config", "pipelineNamespace"])
    let resource = KubernetesObject(apiVersion: "x.example.com/v1", kind: "Env", name: "e", namespace: "team")
    let run = try #require(
      try PipelineFactory(
        promise: Promise(promise), resource: resource, action: .configure, configuration: .standard
      ).runs().first)
    #expect(run.job.namespace == "pipelines")
    #expect(run.job.name.hasPrefix("kratix-env-e-team-slack-notify-"))
    #expect(run.job.labels[KratixLabels.resourceNamespace] == "team")
    // An owner of another namespace cannot be referred to.
    #expect(run.job.ownerReferences.isEmpty)
    let writer = run.job[path: "spec", "template", "spec", "initContainers"]?.arrayValue?.last
    #expect(writer?["args"]?.stringArrayValue?.suffix(4) == ["--resource-name", "e", "--resource-namespace", "team"])
    #expect(
      run.objects.map(\.object.name).filter { $0.hasSuffix("-team") } == [
        "env-resource-configure-slack-notify-team", "env-resource-configure-slack-notify-team",
      ])
  }

  private func promiseSpec(permissions: [JSON]) throws -> JSON {
    var spec = try YAML.parse(
      """
      api:
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: envs.x.example.com}
        spec:
          group: x.example.com
          names: {kind: Env, plural: envs, singular: env}
          scope: Namespaced
          versions:
          - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
      """)
    spec.set(
      [
        [
          "apiVersion": "platform.kratix.io/v1alpha1", "kind": "Pipeline", "metadata": ["name": "slack-notify"],
          "spec": [
            "containers": [["name": "c", "image": "busybox"]], "rbac": ["permissions": .array(permissions)],
          ],
        ]
      ], at: ["workflows", "resource", "configure"])
    return spec
  }
}
