import Kubernetes

/// Gives a new namespace its default ServiceAccount and the cluster's certificate; empties one that is being deleted.
struct NamespaceController: Sendable {
  static let certificateMap = "kube-root-ca.crt"

  let pipeline: RequestPipeline
  private let user = UserInfo.serviceAccount(namespace: "kube-system", name: "namespace-controller")
  private let options = WriteOptions(fieldManager: "kube-controller-manager")

  init(pipeline: RequestPipeline) { self.pipeline = pipeline }

  func fill(_ namespace: String) async throws {
    guard let stored = pipeline.store.get(ObjectID(collection: "namespaces", key: namespace)),
      !stored.object.isBeingDeleted
    else { return }
    try await createIfMissing(
      .serviceAccounts,
      KubernetesObject(apiVersion: "v1", kind: "ServiceAccount", name: "default", namespace: namespace))
    var map = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: Self.certificateMap, namespace: namespace)
    map.annotations = [
      "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using "
        + "internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed "
        + "across distributions of Kubernetes clusters."
    ]
    map["data"] = ["ca.crt": .string(pipeline.certificateAuthority)]
    try await createIfMissing(.configMaps, map)
  }

  private func createIfMissing(_ type: ResourceType, _ object: KubernetesObject) async throws {
    guard let kind = pipeline.registry.kind(type),
      pipeline.store.get(kind.id(namespace: object.namespace, name: object.name)) == nil
    else { return }
    do {
      _ = try await pipeline.create(
        RequestTarget(kind: kind, namespace: object.namespace, user: user), DecodedBody(object: object),
        options: options)
    } catch let error as StatusError where error.reason == .alreadyExists || error.reason == .notFound {
      // Somebody was faster, or the namespace is gone.
    } catch let error as StatusError where error.reason == .forbidden {
      // The namespace is being deleted.
    }
  }

  /// Deletes everything in a namespace; when nothing is left, the namespace.
  func empty(_ namespace: String) async throws {
    guard let kind = pipeline.registry.kind(.namespaces),
      let stored = pipeline.store.get(ObjectID(collection: "namespaces", key: namespace)),
      stored.object.isBeingDeleted
    else { return }
    var isEmpty = true
    for collection in pipeline.store.collections where collection != "namespaces" {
      guard let contentKind = pipeline.registry.kind(collection: collection), contentKind.isNamespaced else { continue }
      let objects = pipeline.store.snapshot(collection, prefix: namespace + "/").objects
      for object in objects where !object.object.isBeingDeleted { try await delete(object, contentKind) }
      if !pipeline.store.snapshot(collection, prefix: namespace + "/").objects.isEmpty { isEmpty = false }
    }
    guard isEmpty else { return }
    let target = RequestTarget(kind: kind, name: namespace, subresource: "finalize", user: user)
    do {
      _ = try await pipeline.modify(target, options: options, retries: true) {
        var object = $0
        object[path: "spec", "finalizers"] = []
        return object
      }
    } catch let error as StatusError where error.reason == .notFound {
    }
  }

  private func delete(_ stored: StoredObject, _ kind: ServedKind) async throws {
    var warnings: [String] = []
    do {
      _ = try await pipeline.delete(
        RequestTarget(kind: kind, namespace: stored.object.namespace, name: stored.object.name, user: user),
        options: DeleteOptions(propagation: .background), warnings: &warnings)
    } catch let error as StatusError where error.reason == .notFound {
    }
  }
}
