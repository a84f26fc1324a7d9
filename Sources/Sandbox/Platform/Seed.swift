import KratixModel
import Kubernetes

/// What a fresh platform holds, as an installation of Kratix by its quick start leaves it.
struct Seed: Sendable {
  /// The bucket that the sandbox keeps in its own folder: the quick start's object store goes by this endpoint.
  static let bucketEndpoint = "minio.kratix-platform-system.svc.cluster.local"
  static let platformDestination = "platform-cluster"

  var workers: [SandboxConfiguration.Worker]
  /// `file://` URL of the bare repository.
  var gitURL: String

  /// Creates what is not there yet; what is there stays as it is.
  func plant(in api: any KubernetesAPI) async throws {
    for definition in KratixDefinitions.all { try await ensure(.customResourceDefinitions, definition, in: api) }
    for (type, object) in try objects { try await ensure(type, object, in: api) }
  }

  /// An object that was changed by hand is left alone; a definition is brought up to date.
  private func ensure(_ type: ResourceType, _ object: KubernetesObject, in api: any KubernetesAPI) async throws {
    do {
      _ = try await api.create(type, object)
    } catch let error as StatusError where error.reason == .alreadyExists {
      guard type == .customResourceDefinitions else { return }
      _ = try await api.patch(type, namespace: nil, name: object.name, .merge(["spec": object.spec ?? .null]))
    }
  }

  private var objects: [(ResourceType, KubernetesObject)] {
    get throws {
      let system = KratixNames.systemNamespace
      var objects: [(ResourceType, KubernetesObject)] = [
        (.namespaces, KubernetesObject(apiVersion: "v1", kind: "Namespace", name: system)),
        (
          .serviceAccounts,
          KubernetesObject(
            apiVersion: "v1", kind: "ServiceAccount", name: KratixNames.controllerServiceAccount, namespace: system)
        ),
        (.secrets, secret("minio-credentials", ["accessKeyID": "kratix", "secretAccessKey": "kratix-sandbox"])),
        (.secrets, secret("gitea-credentials", ["username": "kratix", "password": "kratix-sandbox"])),
        (.deployments, deployment("kratix-platform-controller-manager", image: "kratix-platform:sandbox")),
        (.deployments, deployment("minio", image: "minio:sandbox")),
        (.bucketStateStores, bucketStateStore), (.gitStateStores, gitStateStore),
        // Strict, so that workloads without a selector go to a worker (contract, section 7.1).
        (
          .destinations,
          destination(Self.platformDestination, labels: ["environment": "platform"], isStrict: true)
        ),
      ]
      objects += workers.map { (.destinations, destination($0.name, labels: $0.labels, isStrict: false)) }
      return objects.map { type, object in (type, type.group == ResourceType.kratixGroup ? applied(object) : object) }
    }
  }

  /// As `kubectl apply` leaves it, so that it can be applied again without a warning.
  private func applied(_ object: KubernetesObject) -> KubernetesObject {
    var configuration = object
    configuration.metadata["annotations"] = .emptyObject
    var object = object
    object.annotations["kubectl.kubernetes.io/last-applied-configuration"] =
      configuration.json.text(.goCompact) + "\n"
    return object
  }

  private func secret(_ name: String, _ data: [String: String]) -> KubernetesObject {
    var object = KubernetesObject(apiVersion: "v1", kind: "Secret", name: name, namespace: "default")
    object["type"] = "Opaque"
    object["stringData"] = JSON(data)
    return object
  }

  private func deployment(_ name: String, image: String) -> KubernetesObject {
    var object = KubernetesObject(
      apiVersion: "apps/v1", kind: "Deployment", name: name, namespace: KratixNames.systemNamespace)
    let labels: JSON = ["app.kubernetes.io/name": .string(name)]
    object.spec = [
      "replicas": 1, "selector": ["matchLabels": labels],
      "template": [
        "metadata": ["labels": labels],
        "spec": ["containers": [["name": .string(name), "image": .string(image)]]],
      ],
    ]
    return object
  }

  private var bucketStateStore: KubernetesObject {
    var object = KubernetesObject(
      apiVersion: ResourceType.bucketStateStores.apiVersion, kind: "BucketStateStore", name: "default")
    object.spec = [
      "authMethod": "accessKey", "bucketName": "kratix", "endpoint": .string(Self.bucketEndpoint), "insecure": true,
      "secretRef": ["name": "minio-credentials", "namespace": "default"],
    ]
    return object
  }

  private var gitStateStore: KubernetesObject {
    var object = KubernetesObject(
      apiVersion: ResourceType.gitStateStores.apiVersion, kind: "GitStateStore", name: "default")
    object.spec = [
      "authMethod": "basicAuth", "branch": "main", "url": .string(gitURL),
      "secretRef": ["name": "gitea-credentials", "namespace": "default"],
    ]
    return object
  }

  private func destination(_ name: String, labels: [String: String], isStrict: Bool) -> KubernetesObject {
    var object = KubernetesObject(
      apiVersion: ResourceType.destinations.apiVersion, kind: "Destination", name: name)
    object.labels = labels
    object.spec = [
      "path": .string(name), "stateStoreRef": ["kind": "BucketStateStore", "name": "default"],
    ]
    if isStrict { object.spec?["strictMatchLabels"] = true }
    return object
  }
}
