import KratixModel
import Kubernetes

extension KubernetesAPI {
  /// Deletes an object by name; it may be gone already.
  func deleteIgnoringAbsence(
    _ type: ResourceType, _ object: KubernetesObject, propagation: DeleteOptions.Propagation? = nil
  ) async throws {
    do {
      try await delete(
        type, namespace: object.namespace, name: object.name, options: DeleteOptions(propagation: propagation))
    } catch let error as StatusError where error.reason == .notFound {
    }
  }

  /// Creates an object, or replaces the one of that name. A ServiceAccount that is not of a Promise is the user's, and
  /// stays as it is (contract, section 5.4).
  func applyOwned(_ managed: ManagedObject) async throws {
    do {
      _ = try await create(managed.type, managed.object)
    } catch let error as StatusError where error.reason == .alreadyExists {
      if managed.type == .serviceAccounts,
        let account = try await find(
          managed.type, namespace: managed.object.namespace, name: managed.object.name),
        account.labels[KratixLabels.promiseName] == nil
      {
        return
      }
      _ = try await update(managed.type, managed.object)
    }
  }
}
