import APIServer
import KratixControllers
import KratixModel
import Kubernetes
import Synchronization

/// Kratix's own webhooks, in process: a real platform registers them as `kratix-platform-*-webhook-configuration`
/// (contract, section 9). They match main resources only, never a status.
final class KratixAdmissionPlugin: AdmissionPlugin {
  /// The rules ask the API of the server that this is a plugin of, so they come after it.
  private let rules = Mutex<KratixAdmission?>(nil)

  func use(_ api: any KubernetesAPI) { rules.withLock { $0 = KratixAdmission(api: api) } }

  func mutate(_ request: AdmissionRequest) async throws -> AdmissionOutcome {
    guard let (rules, operation) = concerned(by: request), let object = request.object else {
      return AdmissionOutcome(object: request.object)
    }
    let (mutated, warnings) = try await rules.mutate(
      kind: request.resource.type.kind, operation: operation, object: object, oldObject: request.oldObject)
    return AdmissionOutcome(object: mutated, warnings: warnings)
  }

  func validate(_ request: AdmissionRequest) async throws -> AdmissionOutcome {
    guard let (rules, operation) = concerned(by: request) else { return AdmissionOutcome(object: request.object) }
    let warnings = try await rules.validate(
      kind: request.resource.type.kind, operation: operation, object: request.object, oldObject: request.oldObject,
      userName: request.user.name)
    return AdmissionOutcome(object: request.object, warnings: warnings)
  }

  private func concerned(by request: AdmissionRequest) -> (KratixAdmission, KratixAdmission.Operation)? {
    let type = request.resource.type
    guard type.group == ResourceType.kratixGroup, request.subresource.isEmpty,
      KratixAdmission.kinds.contains(type.kind),
      let operation = KratixAdmission.Operation(rawValue: request.operation.rawValue),
      let rules = rules.withLock({ $0 })
    else { return nil }
    return (rules, operation)
  }
}
