import Kubernetes
import Testing

@testable import APIServer

@Suite struct WebhookMatchingTests {
  private static let promises = ServedResource(
    type: ResourceType(
      group: "platform.kratix.io", version: "v1alpha1", plural: "promises", kind: "Promise", isNamespaced: false),
    singular: "promise", definitionName: "promises.platform.kratix.io")
  private static let newer = ServedResource(
    type: ResourceType(
      group: "platform.kratix.io", version: "v1", plural: "promises", kind: "Promise", isNamespaced: false),
    singular: "promise", definitionName: "promises.platform.kratix.io")

  private static func promise(_ subresource: String = "", _ operation: AdmissionRequest.Operation = .update)
    -> AdmissionRequest
  {
    let object = KubernetesObject(apiVersion: "platform.kratix.io/v1alpha1", kind: "Promise", name: "mongodb")
    return AdmissionRequest(
      resource: promises, subresource: subresource, operation: operation, name: "mongodb", namespace: "",
      namespaceLabels: [:], user: .administrator, object: object, oldObject: object, isDryRun: false, options: [:])
  }

  private static func rule(
    operations: JSON = ["*"], groups: JSON = ["*"], versions: JSON = ["*"], resources: JSON = ["*"], scope: String = "*"
  ) -> JSON {
    [
      "operations": operations, "apiGroups": groups, "apiVersions": versions, "resources": resources,
      "scope": .string(scope),
    ]
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var rule: JSON
    var request: AdmissionRequest
    var matches: Bool
  }

  static let cases: [Case] = [
    Case(testDescription: "everything", rule: rule(), request: promise(), matches: true),
    Case(
      testDescription: "by name",
      rule: rule(
        operations: ["CREATE", "UPDATE"], groups: ["platform.kratix.io"], versions: ["v1alpha1"],
        resources: ["promises"]),
      request: promise(), matches: true),
    Case(testDescription: "another operation", rule: rule(operations: ["DELETE"]), request: promise(), matches: false),
    Case(testDescription: "another group", rule: rule(groups: [""]), request: promise(), matches: false),
    Case(testDescription: "another version", rule: rule(versions: ["v1"]), request: promise(), matches: false),
    Case(testDescription: "another resource", rule: rule(resources: ["works"]), request: promise(), matches: false),
    Case(testDescription: "* has no subresources", rule: rule(), request: promise("status"), matches: false),
    Case(
      testDescription: "*/* has", rule: rule(resources: ["*/*"]), request: promise("status"), matches: true),
    Case(
      testDescription: "*/* has the resource itself too", rule: rule(resources: ["*/*"]), request: promise(),
      matches: true),
    Case(
      testDescription: "promises/* has", rule: rule(resources: ["promises/*"]), request: promise("status"),
      matches: true),
    Case(
      testDescription: "promises/status is not the promise", rule: rule(resources: ["promises/status"]),
      request: promise(), matches: false),
    Case(
      testDescription: "*/scale is not the status", rule: rule(resources: ["*/scale"]), request: promise("status"),
      matches: false),
    Case(
      testDescription: "a cluster-scoped object is not namespaced", rule: rule(scope: "Namespaced"), request: promise(),
      matches: false),
    Case(
      testDescription: "a cluster-scoped object", rule: rule(scope: "Cluster"), request: promise(), matches: true),
    Case(
      testDescription: "a namespaced object", rule: rule(scope: "Namespaced"), request: .configMap(), matches: true),
    Case(
      testDescription: "a namespaced object is not of the cluster", rule: rule(scope: "Cluster"), request: .configMap(),
      matches: false),
  ]

  @Test(arguments: cases)
  func rules(_ example: Case) {
    #expect(WebhookRule(example.rule).matches(example.request, as: example.request.resource.type) == example.matches)
  }

  private func webhook(_ more: JSON) throws -> Webhook {
    var json: [String: JSON] = ["name": "a.b.c", "rules": [Self.rule(resources: ["*/*"])]]
    json.merge(more.objectValue ?? [:]) { _, new in new }
    return try #require(Webhook.all(of: .configuration([.object(json)])).first)
  }

  @Test func anEquivalentVersionIsConverted() throws {
    let matching = WebhookMatching(resources: [Self.promises, Self.newer])
    let rules: JSON = [Self.rule(versions: ["v1"], resources: ["promises"])]
    let equivalent = try #require(try matching.invocation(of: webhook(["rules": rules]), for: Self.promise()))
    #expect(equivalent.resource == Self.newer)
    let review = AdmissionReviews.request(Self.promise(), uid: "u", as: equivalent.resource)
    #expect(review[path: "object", "apiVersion"] == "platform.kratix.io/v1")
    #expect(review[path: "kind", "version"] == "v1")
    #expect(review[path: "requestKind", "version"] == "v1alpha1")
    #expect(try matching.invocation(of: webhook(["rules": rules, "matchPolicy": "Exact"]), for: Self.promise()) == nil)
  }

  @Test func selectorsLookAtLabels() throws {
    let matching = WebhookMatching(resources: [])
    let wanted: JSON = ["matchLabels": ["team": "a"]]
    func asked(_ more: JSON, _ request: AdmissionRequest) throws -> Bool {
      try matching.invocation(of: webhook(more), for: request) != nil
    }
    #expect(try asked(["objectSelector": wanted], .configMap(labels: ["team": "a"])))
    #expect(try !asked(["objectSelector": wanted], .configMap(labels: ["team": "b"])))
    // The old object counts as well: nobody escapes by taking the label off.
    #expect(try asked(["objectSelector": wanted], .configMap(.update, old: ["team": "a"])))
    #expect(try asked(["objectSelector": wanted], .configMap(.delete, old: ["team": "a"])))
    #expect(try asked(["namespaceSelector": wanted], .configMap(namespaceLabels: ["team": "a"])))
    #expect(try !asked(["namespaceSelector": wanted], .configMap()))
    // An object of the cluster is in no namespace that could be left out.
    #expect(try asked(["namespaceSelector": wanted], Self.promise()))
  }

  @Test func conditionsDecideAndTheirErrorsFollowTheFailurePolicy() throws {
    let matching = WebhookMatching(resources: [])
    func asked(_ expressions: [String], _ more: [String: JSON] = [:]) throws -> Bool {
      var json = more
      json["matchConditions"] = .array(
        expressions.enumerated().map { ["name": .string("c\($0.offset)"), "expression": .string($0.element)] })
      return try matching.invocation(of: webhook(.object(json)), for: .configMap()) != nil
    }
    #expect(try asked(["request.operation == 'CREATE'", "object.metadata.name == 'a'"]))
    #expect(try !asked(["request.operation == 'CREATE'", "object.metadata.name == 'b'"]))
    // A false one outweighs an error.
    #expect(try !asked(["object.nothing.here == 1", "false"]))
    #expect(try !asked(["object.nothing.here == 1"], ["failurePolicy": "Ignore"]))
    let error = #expect(throws: StatusError.self) { try asked(["object.nothing.here == 1"]) }
    #expect(error?.code == 403)
    #expect(error?.message == "configmaps \"a\" is forbidden: no such key: nothing")
  }

  @Test(arguments: [
    "promise-create-dry-run-server", "promise-update", "promise-delete-dry-run-server",
    "promise-status-update-by-controller", "custom-resource-update", "custom-resource-status-update-by-kubectl",
    "promiserevision-update-by-controller", "resourcebinding-update",
  ])
  func reviewsAreAsRecorded(file: String) throws {
    let recorded = try Recording.json("admissionreview/\(file).json")
    let request = try #require(recorded["request"])
    let kind = try #require(request["kind"])
    let resource = ServedResource(
      type: ResourceType(
        group: kind["group"]?.stringValue ?? "", version: kind["version"]?.stringValue ?? "",
        plural: request[path: "resource", "resource"]?.stringValue ?? "", kind: kind["kind"]?.stringValue ?? "",
        isNamespaced: request["namespace"] != nil), singular: "", definitionName: "x")
    let user = request["userInfo"]
    func object(_ key: String) -> KubernetesObject? {
      request[key].flatMap { $0.isNull ? nil : KubernetesObject($0) }
    }
    let made = AdmissionRequest(
      resource: resource, subresource: request["subResource"]?.stringValue ?? "",
      operation: try #require(AdmissionRequest.Operation(rawValue: request["operation"]?.stringValue ?? "")),
      name: request["name"]?.stringValue ?? "", namespace: request["namespace"]?.stringValue ?? "",
      namespaceLabels: [:],
      user: UserInfo(
        name: user?["username"]?.stringValue ?? "", uid: user?["uid"]?.stringValue ?? "",
        groups: user?["groups"]?.stringArrayValue ?? [],
        extra: (user?["extra"]?.objectValue ?? [:]).compactMapValues(\.stringArrayValue)),
      object: object("object"), oldObject: object("oldObject"), isDryRun: request["dryRun"] == true,
      options: request["options"] ?? .null)
    let uid = request["uid"]?.stringValue ?? ""
    #expect(AdmissionReviews.review(made, uid: uid, as: resource, version: "v1") == recorded)
  }
}

@Suite struct AdmissionWarningsTests {
  @Test func fewWarningsStayAsTheyAre() {
    #expect(AdmissionWarnings.bounded(["b", "a", "b", "", "c\nd"]) == ["b", "a"])
  }

  @Test func manyAreCutAndThenDropped() {
    let long = (0..<30).map { "\($0)" + String(repeating: "x", count: 300) }
    let bounded = AdmissionWarnings.bounded(long)
    #expect(bounded.count == 16)
    #expect(bounded.allSatisfy { $0.count == 256 })
  }

  @Test func oneLongWarningAloneIsCut() {
    #expect(AdmissionWarnings.bounded([String(repeating: "x", count: 4096)]).first?.count == 4096)
    #expect(AdmissionWarnings.bounded([String(repeating: "x", count: 4097)]).first?.count == 256)
  }
}
