import Kubernetes

/// Answers the questions that are created and never stored: may I, who am I.
public enum AccessReviews {
  /// - Parameters:
  ///   - user: who asks.
  ///   - evaluator: what is bound to whom.
  ///   - now: seconds since 1970.
  ///   - authenticate: who a bearer token belongs to, for `TokenReview`.
  /// - Returns: the review with its status; nil for a kind that is no review.
  public static func answer(
    _ review: KubernetesObject, user: UserInfo, evaluator: RBACEvaluator, now: Double,
    authenticate: (String) -> UserInfo? = { _ in nil }
  ) -> KubernetesObject? {
    var answer = review
    switch review.kind {
    case "SelfSubjectAccessReview":
      answer.status = status(evaluator.decide(user, attributes(of: review)))
    case "SubjectAccessReview", "LocalSubjectAccessReview":
      answer.status = status(evaluator.decide(subject(of: review), attributes(of: review)))
    case "SelfSubjectRulesReview":
      answer.status = rules(for: user, namespace: review.spec?["namespace"]?.stringValue ?? "", evaluator)
    case "SelfSubjectReview":
      answer.creationTimestamp = Timestamp.text(secondsSince1970: Int64(now))
      answer.status = ["userInfo": AdmissionReviews.userInfo(user)]
    case "TokenReview":
      if let found = authenticate(review.spec?["token"]?.stringValue ?? "") {
        answer.status = [
          "authenticated": true, "user": AdmissionReviews.userInfo(found),
          "audiences": review.spec?["audiences"] ?? [],
        ]
      } else {
        answer.status = ["user": .emptyObject, "error": "token lookup failed"]
      }
    default: return nil
    }
    return answer
  }

  private static func status(_ decision: RBACEvaluator.Decision) -> JSON {
    var status: JSON = ["allowed": .bool(decision.isAllowed)]
    if !decision.reason.isEmpty { status["reason"] = .string(decision.reason) }
    return status
  }

  private static func subject(of review: KubernetesObject) -> UserInfo {
    UserInfo(
      name: review.spec?["user"]?.stringValue ?? "", uid: review.spec?["uid"]?.stringValue ?? "",
      groups: review.spec?["groups"]?.stringArrayValue ?? [],
      extra: (review.spec?["extra"]?.objectValue ?? [:]).compactMapValues(\.stringArrayValue))
  }

  private static func attributes(of review: KubernetesObject) -> RBACEvaluator.Attributes {
    func text(_ part: String, _ key: String) -> String { review[path: "spec", part, key]?.stringValue ?? "" }
    if review[path: "spec", "nonResourceAttributes"]?.objectValue != nil {
      return RBACEvaluator.Attributes(
        verb: text("nonResourceAttributes", "verb"), path: text("nonResourceAttributes", "path"))
    }
    let part = "resourceAttributes"
    return RBACEvaluator.Attributes(
      verb: text(part, "verb"), namespace: text(part, "namespace"), group: text(part, "group"),
      resource: text(part, "resource"), subresource: text(part, "subresource"), name: text(part, "name"))
  }

  /// What `kubectl auth can-i --list` shows.
  private static func rules(for user: UserInfo, namespace: String, _ evaluator: RBACEvaluator) -> JSON {
    var all = evaluator.grants(for: user, namespace: namespace).map(\.rule)
    if user.groups.contains("system:masters") { all = RBACEvaluator.everything + all }
    var resources: [JSON] = []
    var paths: [JSON] = []
    var seen: Set<JSON> = []
    for rule in all where seen.insert(rule).inserted {
      if rule["nonResourceURLs"] != nil {
        paths.append(["verbs": rule["verbs"] ?? [], "nonResourceURLs": rule["nonResourceURLs"] ?? []])
      } else {
        resources.append(rule)
      }
    }
    return ["resourceRules": .array(resources), "nonResourceRules": .array(paths), "incomplete": false]
  }
}
