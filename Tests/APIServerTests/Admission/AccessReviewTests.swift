import Kubernetes
import Testing

@testable import APIServer

@Suite struct AccessReviewTests {
  private static func object(_ kind: String, _ name: String, _ namespace: String? = nil, _ more: JSON)
    -> KubernetesObject
  {
    var object = KubernetesObject(
      apiVersion: "rbac.authorization.k8s.io/v1", kind: kind, name: name, namespace: namespace)
    for (key, value) in more.objectValue ?? [:] { object[key] = value }
    return object
  }

  private static let evaluator = RBACEvaluator([
    object(
      "Role", "reader", "default",
      ["rules": [["verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "pods/log"]]]]),
    object(
      "Role", "one", "default",
      ["rules": [["verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"]]]]),
    object(
      "ClusterRole", "promises", nil,
      [
        "rules": [
          ["verbs": ["*"], "apiGroups": ["platform.kratix.io"], "resources": ["*"]],
          ["verbs": ["get"], "nonResourceURLs": ["/metrics", "/debug/*"]],
        ]
      ]),
    object(
      "ClusterRole", "scale", nil, ["rules": [["verbs": ["update"], "apiGroups": ["*"], "resources": ["*/scale"]]]]),
    object(
      "ClusterRole", "sum", nil,
      ["aggregationRule": ["clusterRoleSelectors": [["matchLabels": ["part": "sum"]]]], "rules": []]),
    object(
      "ClusterRole", "part", nil,
      [
        "metadata": ["name": "part", "labels": ["part": "sum"]],
        "rules": [["verbs": ["watch"], "apiGroups": [""], "resources": ["nodes"]]],
      ]),
    object(
      "RoleBinding", "b1", "default",
      [
        "roleRef": ["kind": "Role", "name": "reader"],
        "subjects": [["kind": "ServiceAccount", "name": "robot"], ["kind": "User", "name": "ada"]],
      ]),
    object(
      "RoleBinding", "b2", "default",
      ["roleRef": ["kind": "Role", "name": "one"], "subjects": [["kind": "User", "name": "ada"]]]),
    object(
      "RoleBinding", "b3", "default",
      ["roleRef": ["kind": "ClusterRole", "name": "promises"], "subjects": [["kind": "User", "name": "bob"]]]),
    object(
      "ClusterRoleBinding", "b4", nil,
      ["roleRef": ["kind": "ClusterRole", "name": "promises"], "subjects": [["kind": "Group", "name": "operators"]]]),
    object(
      "ClusterRoleBinding", "b5", nil,
      ["roleRef": ["kind": "ClusterRole", "name": "scale"], "subjects": [["kind": "Group", "name": "operators"]]]),
    object(
      "ClusterRoleBinding", "b6", nil,
      ["roleRef": ["kind": "ClusterRole", "name": "sum"], "subjects": [["kind": "User", "name": "ada"]]]),
    object(
      "ClusterRoleBinding", "b7", nil,
      ["roleRef": ["kind": "ClusterRole", "name": "cluster-admin"], "subjects": [["kind": "User", "name": "root"]]]),
  ])

  private static let ada = UserInfo(name: "ada", groups: ["system:authenticated"])
  private static let bob = UserInfo(name: "bob", groups: ["system:authenticated"])
  private static let operatorUser = UserInfo(name: "op", groups: ["operators", "system:authenticated"])

  struct Case: Sendable {
    var user: UserInfo
    var attributes: RBACEvaluator.Attributes
    var isAllowed: Bool
  }

  static let cases: [Case] = [
    Case(user: ada, attributes: .init(verb: "get", namespace: "default", resource: "pods"), isAllowed: true),
    Case(user: ada, attributes: .init(verb: "delete", namespace: "default", resource: "pods"), isAllowed: false),
    Case(user: ada, attributes: .init(verb: "get", namespace: "other", resource: "pods"), isAllowed: false),
    Case(user: ada, attributes: .init(verb: "get", resource: "pods"), isAllowed: false),
    Case(
      user: ada, attributes: .init(verb: "get", namespace: "default", resource: "pods", subresource: "log"),
      isAllowed: true),
    Case(
      user: ada, attributes: .init(verb: "get", namespace: "default", resource: "pods", subresource: "status"),
      isAllowed: false),
    Case(
      user: ada, attributes: .init(verb: "get", namespace: "default", resource: "secrets", name: "mine"),
      isAllowed: true),
    Case(
      user: ada, attributes: .init(verb: "get", namespace: "default", resource: "secrets", name: "yours"),
      isAllowed: false),
    Case(
      user: .serviceAccount(namespace: "default", name: "robot"),
      attributes: .init(verb: "list", namespace: "default", resource: "pods"), isAllowed: true),
    Case(
      user: .serviceAccount(namespace: "other", name: "robot"),
      attributes: .init(verb: "list", namespace: "default", resource: "pods"), isAllowed: false),
    // A ClusterRole that a RoleBinding gives holds in that namespace only.
    Case(
      user: bob,
      attributes: .init(verb: "update", namespace: "default", group: "platform.kratix.io", resource: "works"),
      isAllowed: true),
    Case(
      user: bob, attributes: .init(verb: "update", group: "platform.kratix.io", resource: "promises"), isAllowed: false),
    Case(
      user: operatorUser, attributes: .init(verb: "update", group: "platform.kratix.io", resource: "promises"),
      isAllowed: true),
    Case(
      user: operatorUser,
      attributes: .init(verb: "update", namespace: "x", group: "apps", resource: "deployments", subresource: "scale"),
      isAllowed: true),
    Case(user: operatorUser, attributes: .init(verb: "get", path: "/metrics"), isAllowed: true),
    Case(user: operatorUser, attributes: .init(verb: "get", path: "/debug/pprof"), isAllowed: true),
    Case(user: operatorUser, attributes: .init(verb: "get", path: "/metricsandmore"), isAllowed: false),
    Case(user: ada, attributes: .init(verb: "watch", resource: "nodes"), isAllowed: true),
    Case(user: ada, attributes: .init(verb: "get", path: "/version"), isAllowed: true),
    Case(
      user: ada, attributes: .init(verb: "create", group: "authorization.k8s.io", resource: "selfsubjectaccessreviews"),
      isAllowed: true),
    Case(user: UserInfo(name: "root"), attributes: .init(verb: "delete", resource: "nodes"), isAllowed: true),
    Case(user: .administrator, attributes: .init(verb: "anything", group: "any", resource: "thing"), isAllowed: true),
    Case(user: UserInfo(name: "nobody"), attributes: .init(verb: "get", path: "/version"), isAllowed: false),
  ]

  @Test(arguments: cases)
  func decides(_ example: Case) {
    #expect(Self.evaluator.decide(example.user, example.attributes).isAllowed == example.isAllowed)
  }

  @Test func aDecisionSaysWhy() {
    let decision = Self.evaluator.decide(Self.ada, .init(verb: "get", namespace: "default", resource: "pods"))
    #expect(decision.reason == #"RBAC: allowed by RoleBinding "default/b1" of Role "reader" to User "ada""#)
  }

  @Test func refusalsAreWordedAsTheServerWordsThem() {
    #expect(
      RBACEvaluator.forbidden(Self.ada, .init(verb: "list", namespace: "default", resource: "secrets")).message
        == #"secrets is forbidden: User "ada" cannot list resource "secrets" in API group "" in the namespace "default""#
    )
    #expect(
      RBACEvaluator.forbidden(
        Self.ada, .init(verb: "update", group: "platform.kratix.io", resource: "promises", name: "m")
      ).message
        == #"promises.platform.kratix.io "m" is forbidden: User "ada" cannot update resource "promises" in API group "platform.kratix.io" at the cluster scope"#
    )
    #expect(
      RBACEvaluator.forbidden(UserInfo(name: ""), .init(verb: "get", path: "/metrics")).message
        == #"forbidden: User "system:anonymous" cannot get path "/metrics""#)
  }

  private func answer(_ kind: String, _ spec: JSON, _ user: UserInfo) -> JSON? {
    var review = KubernetesObject(apiVersion: "authorization.k8s.io/v1", kind: kind, name: "")
    review.spec = spec
    return AccessReviews.answer(review, user: user, evaluator: Self.evaluator, now: 0)?.status
  }

  @Test func mayI() {
    let spec: JSON = ["resourceAttributes": ["verb": "list", "namespace": "default", "resource": "pods"]]
    #expect(answer("SelfSubjectAccessReview", spec, .administrator)?["allowed"] == true)
    #expect(answer("SelfSubjectAccessReview", spec, Self.ada)?["allowed"] == true)
    #expect(answer("SelfSubjectAccessReview", spec, Self.bob) == ["allowed": false])
    let path: JSON = ["nonResourceAttributes": ["verb": "get", "path": "/version"]]
    #expect(answer("SelfSubjectAccessReview", path, Self.bob)?["allowed"] == true)
  }

  @Test func maySomebodyElse() {
    var spec: JSON = ["resourceAttributes": ["verb": "list", "namespace": "default", "resource": "pods"]]
    spec["user"] = "ada"
    #expect(answer("SubjectAccessReview", spec, .administrator)?["allowed"] == true)
    spec["user"] = "bob"
    #expect(answer("LocalSubjectAccessReview", spec, .administrator)?["allowed"] == false)
  }

  @Test func whatMayI() {
    let mine = answer("SelfSubjectRulesReview", ["namespace": "default"], Self.ada)
    #expect(mine?["incomplete"] == false)
    #expect(mine?["resourceRules"]?.arrayValue?.contains { $0["resources"] == ["pods", "pods/log"] } == true)
    let all = answer("SelfSubjectRulesReview", ["namespace": "default"], .administrator)
    #expect(all?["resourceRules"]?[0]?["resources"] == ["*"])
    #expect(all?["nonResourceRules"]?[0]?["nonResourceURLs"] == ["*"])
    let rules = all?["resourceRules"]?.arrayValue ?? []
    #expect(Set(rules).count == rules.count)
  }

  @Test func whoAmI() {
    #expect(
      answer("SelfSubjectReview", .null, Self.ada) == [
        "userInfo": ["username": "ada", "groups": ["system:authenticated"]]
      ])
  }

  @Test func whenIAsked() {
    let review = KubernetesObject(["kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"])
    let answer = AccessReviews.answer(review, user: Self.ada, evaluator: Self.evaluator, now: 90)
    #expect(answer?.creationTimestamp == "1970-01-01T00:01:30Z")
  }

  @Test func whoseTokenIsThis() {
    let review = KubernetesObject([
      "kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "spec": ["token": "t"],
    ])
    let known = AccessReviews.answer(review, user: .administrator, evaluator: Self.evaluator, now: 0) {
      $0 == "t" ? Self.ada : nil
    }
    #expect(known?.status?["authenticated"] == true)
    #expect(known?.status?[path: "user", "username"] == "ada")
    let unknown = AccessReviews.answer(review, user: .administrator, evaluator: Self.evaluator, now: 0)
    #expect(unknown?.status?["authenticated"] == nil)
  }

  @Test func otherKindsAreNoReviews() {
    let object = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "a")
    #expect(AccessReviews.answer(object, user: .administrator, evaluator: Self.evaluator, now: 0) == nil)
  }
}
