import Foundation
import Kubernetes

/// `AdmissionReview` on the wire: the request as a webhook gets it, and what its answer has to be.
enum AdmissionReviews {
  /// A webhook's answer that holds to the rules.
  struct Answer: Sendable {
    var isAllowed: Bool
    /// The operations of a JSON patch; nil when there is nothing to change.
    var patch: JSON?
    /// `response.status`.
    var status: JSON?
    var warnings: [String]
    var auditAnnotations: [String: String]
  }

  /// An answer that breaks a rule, in the API server's words.
  struct Fault: Error { var message: String }

  /// The whole review. - Parameter version: `v1` or `v1beta1`.
  static func review(_ request: AdmissionRequest, uid: String, as resource: ServedResource, version: String) -> JSON {
    [
      "kind": "AdmissionReview", "apiVersion": .string("admission.k8s.io/\(version)"),
      "request": self.request(request, uid: uid, as: resource),
    ]
  }

  /// The review's `request`, with objects in the version that the webhook asked for.
  static func request(_ request: AdmissionRequest, uid: String, as resource: ServedResource) -> JSON {
    let asked = request.resource.type
    var json: JSON = [
      "uid": .string(uid), "kind": kind(resource.type, request.subresource), "resource": self.resource(resource.type),
      "requestKind": kind(asked, request.subresource), "requestResource": self.resource(asked),
      "operation": .string(request.operation.rawValue), "userInfo": userInfo(request.user),
      "object": request.object.map { converted($0, to: resource).json } ?? .null,
      "oldObject": request.oldObject.map { converted($0, to: resource).json } ?? .null,
      "dryRun": .bool(request.isDryRun), "options": request.options,
    ]
    if !request.subresource.isEmpty {
      json["subResource"] = .string(request.subresource)
      json["requestSubResource"] = .string(request.subresource)
    }
    if !request.name.isEmpty { json["name"] = .string(request.name) }
    if !request.namespace.isEmpty { json["namespace"] = .string(request.namespace) }
    return json
  }

  /// An object as another version of its kind, as the conversion strategy None has it.
  static func converted(_ object: KubernetesObject, to resource: ServedResource) -> KubernetesObject {
    guard object.kind == resource.type.kind, object.apiVersion != resource.type.apiVersion else { return object }
    var object = object
    object["apiVersion"] = .string(resource.type.apiVersion)
    return object
  }

  static func userInfo(_ user: UserInfo) -> JSON {
    var json: JSON = [:]
    if !user.name.isEmpty { json["username"] = .string(user.name) }
    if !user.uid.isEmpty { json["uid"] = .string(user.uid) }
    if !user.groups.isEmpty { json["groups"] = JSON(user.groups) }
    if !user.extra.isEmpty { json["extra"] = .object(user.extra.mapValues { JSON($0) }) }
    return json
  }

  private static func kind(_ type: ResourceType, _ subresource: String) -> JSON {
    if subresource == "scale" { return ["group": "autoscaling", "version": "v1", "kind": "Scale"] }
    return ["group": .string(type.group), "version": .string(type.version), "kind": .string(type.kind)]
  }

  private static func resource(_ type: ResourceType) -> JSON {
    ["group": .string(type.group), "version": .string(type.version), "resource": .string(type.plural)]
  }

  /// Checks a webhook's answer as the server does (pkg/admission/plugin/webhook/request).
  /// - Throws: `Fault`.
  static func answer(_ review: JSON, uid: String, version: String, isMutating: Bool) throws -> Answer {
    guard let response = review["response"], response.objectValue != nil else {
      throw Fault(message: "webhook response was absent")
    }
    if version == "v1" {
      let answered = response["uid"]?.stringValue ?? ""
      guard answered == uid else {
        throw Fault(message: "expected response.uid=\(quoted(uid)), got \(quoted(answered))")
      }
      let kind = GroupVersionKind(
        apiVersion: review["apiVersion"]?.stringValue ?? "", kind: review["kind"]?.stringValue ?? "")
      guard kind.group == "admission.k8s.io", kind.version == "v1", kind.kind == "AdmissionReview" else {
        throw Fault(message: "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got \(kind)")
      }
    }
    return Answer(
      isAllowed: response["allowed"]?.boolValue ?? false,
      patch: try patch(of: response, version: version, isMutating: isMutating), status: response["status"],
      warnings: response["warnings"]?.stringArrayValue ?? [],
      auditAnnotations: response["auditAnnotations"]?.stringMapValue ?? [:])
  }

  private static func patch(of response: JSON, version: String, isMutating: Bool) throws -> JSON? {
    let text = response["patch"]?.stringValue ?? ""
    let type = response["patchType"]?.stringValue
    if !isMutating {
      guard version == "v1" else { return nil }
      if !text.isEmpty { throw Fault(message: "validating webhook may not return response.patch") }
      if type != nil { throw Fault(message: "validating webhook may not return response.patchType") }
      return nil
    }
    if version == "v1" {
      if !text.isEmpty, type == nil {
        throw Fault(message: "webhook returned response.patch but not response.patchType")
      }
      if text.isEmpty, type != nil {
        throw Fault(message: "webhook returned response.patchType but not response.patch")
      }
      if let type, type != "JSONPatch" {
        throw Fault(
          message: type.isEmpty
            ? "webhook returned invalid response.patchType of \"\"" : "unsupported patch type \(quoted(type))")
      }
    }
    guard !text.isEmpty else { return nil }
    guard let bytes = Data(base64Encoded: text), let patch = try? JSON(parsing: bytes), let steps = patch.arrayValue
    else { throw Fault(message: "received undecodable patch in webhook response") }
    return steps.isEmpty ? nil : patch
  }

  /// The refusal that a webhook's answer stands for (pkg/admission/plugin/webhook/errors).
  static func refusal(by webhook: String, _ status: JSON?) -> StatusError {
    let denied = "admission webhook \(quoted(webhook)) denied the request"
    var given = status ?? .emptyObject
    given["kind"] = "Status"
    given["status"] = "Failure"
    var error = StatusError(json: given) ?? StatusError(code: 400, reason: .unknown, message: "")
    if error.code < 400 { error.code = 400 }
    if !error.message.isEmpty {
      error.message = "\(denied): \(error.message)"
    } else if !error.reason.rawValue.isEmpty {
      error.message = "\(denied): \(error.reason.rawValue)"
    } else {
      error.message = "\(denied) without explanation"
    }
    return error
  }

  static func quoted(_ text: String) -> String { JSON.string(text).text(.pretty) }
}
