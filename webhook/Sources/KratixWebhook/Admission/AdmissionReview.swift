import Kubernetes

/// A body that is no `admission.k8s.io/v1` `AdmissionReview`, with the reason as a sentence.
struct ReviewSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// What an API server asks: `admission.k8s.io/v1` `AdmissionReview.request`.
struct AdmissionReview: Sendable {
  enum Operation: String, Sendable, Hashable {
    case create = "CREATE"
    case update = "UPDATE"
    case delete = "DELETE"
    case connect = "CONNECT"
  }

  var uid: String
  var operation: Operation
  /// The plural of the resource, and its group.
  var resource: String
  var group: String
  var subresource: String
  var namespace: String
  var name: String
  var userName: String
  var isDryRun: Bool
  /// nil for DELETE.
  var object: KubernetesObject?
  /// nil for CREATE.
  var oldObject: KubernetesObject?

  /// - Throws: `ReviewSyntaxError`.
  init(parsing bytes: some Collection<UInt8>) throws(ReviewSyntaxError) {
    let review: JSON
    do {
      review = try JSON(parsing: bytes)
    } catch {
      throw ReviewSyntaxError("the body is not JSON: \(error)")
    }
    try self.init(json: review)
  }

  init(json review: JSON) throws(ReviewSyntaxError) {
    guard review["kind"]?.stringValue == "AdmissionReview" else {
      throw ReviewSyntaxError("the body is no AdmissionReview")
    }
    guard review["apiVersion"]?.stringValue == "admission.k8s.io/v1" else {
      throw ReviewSyntaxError(
        "AdmissionReview of \(review["apiVersion"]?.text() ?? "no version") is not spoken here, only of "
          + "admission.k8s.io/v1")
    }
    guard let request = review["request"], request.objectValue != nil else {
      throw ReviewSyntaxError("the AdmissionReview has no request")
    }
    guard let uid = request["uid"]?.stringValue, !uid.isEmpty else {
      throw ReviewSyntaxError("the request has no uid")
    }
    guard let operation = request["operation"]?.stringValue.flatMap(Operation.init(rawValue:)) else {
      throw ReviewSyntaxError("the request's operation is none of CREATE, UPDATE, DELETE and CONNECT")
    }
    self.uid = uid
    self.operation = operation
    resource = request[path: "resource", "resource"]?.stringValue ?? ""
    group = request[path: "resource", "group"]?.stringValue ?? ""
    subresource = request["subResource"]?.stringValue ?? ""
    namespace = request["namespace"]?.stringValue ?? ""
    name = request["name"]?.stringValue ?? ""
    userName = request[path: "userInfo", "username"]?.stringValue ?? ""
    isDryRun = request["dryRun"]?.boolValue ?? false
    func object(_ key: String) -> KubernetesObject? {
      guard let value = request[key], value.objectValue != nil else { return nil }
      return KubernetesObject(value)
    }
    self.object = object("object")
    oldObject = object("oldObject")
  }
}

extension AdmissionReview {
  /// A review of a Promise with what its answer depends on, and nothing else of it.
  init(
    uid: String, operation: Operation, userName: String, isDryRun: Bool, promise: KubernetesObject,
    live: KubernetesObject?
  ) {
    self.uid = uid
    self.operation = operation
    self.userName = userName
    self.isDryRun = isDryRun
    object = promise
    oldObject = live
    name = promise.name
    resource = ResourceType.promises.plural
    group = ResourceType.promises.group
    subresource = ""
    namespace = ""
  }
}

/// What the webhook answers: `AdmissionReview.response`.
struct AdmissionAnswer: Sendable, Hashable {
  var isAllowed: Bool
  /// For the person who is refused.
  var message: String = ""
  /// The HTTP status that the client gets.
  var code: Int = 403
  /// Shown by kubectl, one line each.
  var warnings: [String] = []
  /// For the audit log; the API server puts the webhook's name before each key.
  var audit: [String: String] = [:]
  /// A JSON patch; empty changes nothing.
  var patch: [JSON] = []

  static let allowed = AdmissionAnswer(isAllowed: true)

  static func denied(_ message: String, code: Int = 403) -> AdmissionAnswer {
    AdmissionAnswer(isAllowed: false, message: message, code: code)
  }

  /// The whole `AdmissionReview` that answers the request `uid`.
  func serialized(uid: String) -> [UInt8] {
    var response: JSON = ["uid": .string(uid), "allowed": .bool(isAllowed)]
    if !isAllowed {
      response["status"] = [
        "code": JSON(code), "message": .string(message), "reason": code == 403 ? "Forbidden" : "Invalid",
        "status": "Failure",
      ]
    }
    if !warnings.isEmpty { response["warnings"] = JSON(warnings) }
    if !audit.isEmpty { response["auditAnnotations"] = JSON(audit) }
    if !patch.isEmpty {
      response["patchType"] = "JSONPatch"
      response["patch"] = .string(Base64.encoded(JSON.array(patch).serialized()))
    }
    let review: JSON = ["apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response]
    return review.serialized()
  }
}
