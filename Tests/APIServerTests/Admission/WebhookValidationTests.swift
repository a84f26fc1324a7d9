import Kubernetes
import Testing

@testable import APIServer

@Suite struct WebhookValidationTests {
  private static let valid: JSON = [
    "name": "a.b.c", "clientConfig": ["url": "https://127.0.0.1:9443/validate"], "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "rules": [["operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]]],
  ]

  private func errors(_ change: (inout JSON) -> Void) -> [String] {
    var webhook = Self.valid
    change(&webhook)
    return WebhookDispatcher.validateConfiguration(.configuration(mutating: true, [webhook])).map(\.description)
  }

  @Test func aValidOneHasNothingWrong() {
    #expect(errors { _ in } == [])
    #expect(WebhookDispatcher.validateConfiguration(.configuration([])) == [])
  }

  struct Case: Sendable {
    var path: [String]
    var value: JSON?
    var errors: [String]
  }

  private static let version = "[0]"

  static let cases: [Case] = [
    Case(path: ["name"], value: "", errors: ["webhooks[0].name: Required value"]),
    Case(
      path: ["name"], value: "b.c",
      errors: [
        #"webhooks[0].name: Invalid value: "b.c": should be a domain with at least three segments separated by dots"#
      ]),
    Case(
      path: ["sideEffects"], value: nil,
      errors: ["webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun"]),
    Case(
      path: ["sideEffects"], value: "Some",
      errors: [#"webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun""#]),
    Case(
      path: ["timeoutSeconds"], value: 31,
      errors: ["webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds"]),
    Case(
      path: ["timeoutSeconds"], value: 0,
      errors: ["webhooks[0].timeoutSeconds: Invalid value: 0: the timeout value must be between 1 and 30 seconds"]),
    Case(
      path: ["failurePolicy"], value: "Maybe",
      errors: [#"webhooks[0].failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore""#]),
    Case(
      path: ["matchPolicy"], value: "x",
      errors: [#"webhooks[0].matchPolicy: Unsupported value: "x": supported values: "Equivalent", "Exact""#]),
    Case(
      path: ["reinvocationPolicy"], value: "x",
      errors: [#"webhooks[0].reinvocationPolicy: Unsupported value: "x": supported values: "IfNeeded", "Never""#]),
    Case(
      path: ["admissionReviewVersions"], value: [],
      errors: ["webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1"]),
    Case(
      path: ["admissionReviewVersions"], value: ["v1", "v1"],
      errors: [#"webhooks[0].admissionReviewVersions[1]: Invalid value: "v1": duplicate version"#]),
    Case(
      path: ["admissionReviewVersions"], value: ["v9"],
      errors: [
        #"webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1"#
      ]),
    Case(
      path: ["clientConfig"], value: [:],
      errors: ["webhooks[0].clientConfig: Required value: exactly one of url or service is required"]),
    Case(
      path: ["clientConfig", "service"], value: ["name": "a", "namespace": "b"],
      errors: ["webhooks[0].clientConfig: Required value: exactly one of url or service is required"]),
    Case(
      path: ["clientConfig", "url"], value: "http://h/p",
      errors: [
        #"webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]"#
      ]),
    Case(
      path: ["clientConfig", "url"], value: "https://me@h/p?a=b#c",
      errors: [
        #"webhooks[0].clientConfig.url: Invalid value: "me": user information is not permitted in the URL"#,
        #"webhooks[0].clientConfig.url: Invalid value: "c": fragments are not permitted in the URL"#,
        #"webhooks[0].clientConfig.url: Invalid value: "a=b": query parameters are not permitted in the URL"#,
      ]),
    Case(
      path: ["clientConfig"], value: ["service": ["name": "a", "port": 0, "path": "x/y"]],
      errors: [
        "webhooks[0].clientConfig.service.namespace: Required value",
        "webhooks[0].clientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive",
        #"webhooks[0].clientConfig.service.path: Invalid value: "x/y": must start with a '/'"#,
        #"webhooks[0].clientConfig.service.path: Invalid value: "x/y": segment[0] may not be empty"#,
      ]),
    Case(
      path: ["rules"],
      value: [
        ["operations": ["*", "CREATE"], "apiGroups": [], "apiVersions": ["*", "v1"], "resources": ["*", "pods"]]
      ],
      errors: [
        #"webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations"#,
        "webhooks[0].rules[0].apiGroups: Required value",
        #"webhooks[0].rules[0].apiVersions: Invalid value: ["*","v1"]: if '*' is present, must not specify other API versions"#,
        #"webhooks[0].rules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources"#,
      ]),
    Case(
      path: ["rules"],
      value: [
        [
          "operations": ["READ"], "apiGroups": [""], "apiVersions": [""], "resources": ["pods/*", "pods/log", ""],
          "scope": "World",
        ]
      ],
      errors: [
        #"webhooks[0].rules[0].operations[0]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE""#,
        "webhooks[0].rules[0].apiVersions[0]: Required value",
        #"webhooks[0].rules[0].resources[1]: Invalid value: "pods/log": if 'pods/*' is present, must not specify pods/log"#,
        "webhooks[0].rules[0].resources[2]: Required value",
        #"webhooks[0].rules[0].scope: Unsupported value: "World": supported values: "*", "Cluster", "Namespaced""#,
      ]),
    Case(
      path: ["objectSelector"], value: ["matchExpressions": [["key": "a", "operator": "In"]]],
      errors: [
        "webhooks[0].objectSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"
      ]),
    Case(
      path: ["matchConditions"],
      value: [["name": "a", "expression": "true"], ["name": "a", "expression": " "], ["expression": "true"]],
      errors: [
        "webhooks[0].matchConditions[1].expression: Required value",
        #"webhooks[0].matchConditions[1].name: Duplicate value: "a""#,
        "webhooks[0].matchConditions[2].name: Required value",
      ]),
  ]

  @Test(arguments: cases)
  func saysWhatIsWrong(_ example: Case) {
    #expect(errors { $0.set(example.value, at: example.path[...]) } == example.errors)
  }

  @Test func conditionsBeyondTheSubsetAreRefusedByName() {
    let found = errors { $0["matchConditions"] = [["name": "a", "expression": "request.name.matches('x')"]] }
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix(#"webhooks[0].matchConditions[0].expression: Invalid value: "request.name"#) == true)
    #expect(found.first?.contains("function matches() is not supported here") == true)
  }

  @Test func namesAreUnique() {
    let errors = WebhookDispatcher.validateConfiguration(.configuration([Self.valid, Self.valid]))
    #expect(errors.map(\.description) == [#"webhooks[1].name: Duplicate value: "a.b.c""#])
  }

  @Test func defaultsAreTheServers() {
    let mutating = WebhookDispatcher.defaulted(.configuration(mutating: true, [Self.valid]))["webhooks"]?[0]
    #expect(mutating?["failurePolicy"] == "Fail")
    #expect(mutating?["matchPolicy"] == "Equivalent")
    #expect(mutating?["namespaceSelector"] == [:])
    #expect(mutating?["objectSelector"] == [:])
    #expect(mutating?["timeoutSeconds"] == 10)
    #expect(mutating?["reinvocationPolicy"] == "Never")
    #expect(mutating?["rules"]?[0]?["scope"] == "*")
    let validating = WebhookDispatcher.defaulted(.configuration([Self.valid]))["webhooks"]?[0]
    #expect(validating?["reinvocationPolicy"] == nil)
    var given = Self.valid
    given["timeoutSeconds"] = 3
    given["clientConfig"] = ["service": ["name": "a", "namespace": "b"]]
    let kept = WebhookDispatcher.defaulted(.configuration([given]))["webhooks"]?[0]
    #expect(kept?["timeoutSeconds"] == 3)
    #expect(kept?[path: "clientConfig", "service", "port"] == 443)
  }
}
