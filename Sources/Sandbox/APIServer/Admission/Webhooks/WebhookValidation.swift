import Foundation
import Kubernetes

extension WebhookDispatcher {
  /// What is wrong with a `MutatingWebhookConfiguration` or a `ValidatingWebhookConfiguration`, beside its metadata
  /// (pkg/apis/admissionregistration/validation).
  public static func validateConfiguration(_ object: KubernetesObject) -> [FieldError] {
    var errors: [FieldError] = []
    var names: Set<String> = []
    let isMutating = object.kind == "MutatingWebhookConfiguration"
    for (index, webhook) in (object["webhooks"]?.arrayValue ?? []).enumerated() {
      let path = "webhooks[\(index)]"
      errors += WebhookRules(path: path, webhook: webhook, isMutating: isMutating).errors()
      if let name = webhook["name"]?.stringValue, !name.isEmpty, !names.insert(name).inserted {
        errors.append(.duplicate("\(path).name", .string(name)))
      }
    }
    return errors
  }

  /// A configuration with the server's defaults in each webhook.
  public static func defaulted(_ object: KubernetesObject) -> KubernetesObject {
    guard let webhooks = object["webhooks"]?.arrayValue else { return object }
    let isMutating = object.kind == "MutatingWebhookConfiguration"
    var object = object
    object["webhooks"] = .array(
      webhooks.map { webhook in
        guard webhook.objectValue != nil else { return webhook }
        var webhook = webhook
        func set(_ key: String, _ value: JSON) {
          if webhook[key] == nil || webhook[key] == .null { webhook[key] = value }
        }
        set("failurePolicy", "Fail")
        set("matchPolicy", "Equivalent")
        set("namespaceSelector", .emptyObject)
        set("objectSelector", .emptyObject)
        set("timeoutSeconds", 10)
        if isMutating { set("reinvocationPolicy", "Never") }
        if let service = webhook[path: "clientConfig", "service"], service.objectValue != nil, service["port"] == nil {
          webhook[path: "clientConfig", "service", "port"] = 443
        }
        if let rules = webhook["rules"]?.arrayValue {
          webhook["rules"] = .array(
            rules.map { rule in
              guard rule.objectValue != nil, rule["scope"] == nil else { return rule }
              var rule = rule
              rule["scope"] = "*"
              return rule
            })
        }
        return webhook
      })
    return object
  }
}

/// The rules for one webhook.
private struct WebhookRules {
  let path: String
  let webhook: JSON
  let isMutating: Bool

  func errors() -> [FieldError] {
    var errors = nameErrors()
    for (index, rule) in (webhook["rules"]?.arrayValue ?? []).enumerated() {
      errors += ruleErrors(rule, "\(path).rules[\(index)]")
    }
    errors += choice("failurePolicy", ["Fail", "Ignore"])
    errors += choice("matchPolicy", ["Equivalent", "Exact"])
    if let sideEffects = webhook["sideEffects"], !sideEffects.isNull {
      if !["None", "NoneOnDryRun"].contains(sideEffects.stringValue) {
        errors.append(.notSupported("\(path).sideEffects", sideEffects, supported: ["None", "NoneOnDryRun"]))
      }
    } else {
      errors.append(.required("\(path).sideEffects", "must specify one of None, NoneOnDryRun"))
    }
    if let timeout = webhook["timeoutSeconds"], let seconds = timeout.intValue, seconds < 1 || seconds > 30 {
      errors.append(
        .invalid("\(path).timeoutSeconds", timeout, "the timeout value must be between 1 and 30 seconds"))
    }
    errors += selectorErrors("namespaceSelector") + selectorErrors("objectSelector")
    if isMutating { errors += choice("reinvocationPolicy", ["IfNeeded", "Never"]) }
    return errors + clientErrors() + conditionErrors() + versionErrors()
  }

  private func nameErrors() -> [FieldError] {
    let field = "\(path).name"
    let name = webhook["name"]?.stringValue ?? ""
    if name.isEmpty { return [.required(field)] }
    let faults = NameRules.dns1123Subdomain(name)
    if !faults.isEmpty { return [.invalid(field, .string(name), faults.joined(separator: ","))] }
    guard name.split(separator: ".").count >= 3 else {
      return [
        .invalid(field, .string(name), "should be a domain with at least three segments separated by dots")
      ]
    }
    return []
  }

  private func choice(_ key: String, _ supported: [String]) -> [FieldError] {
    guard let value = webhook[key], !value.isNull, !supported.contains(value.stringValue ?? "") else { return [] }
    return [.notSupported("\(path).\(key)", value, supported: supported)]
  }

  private func selectorErrors(_ key: String) -> [FieldError] {
    guard let selector = webhook[key], !selector.isNull else { return [] }
    var errors: [FieldError] = []
    for (index, expression) in (selector["matchExpressions"]?.arrayValue ?? []).enumerated() {
      let field = "\(path).\(key).matchExpressions[\(index)]"
      let values = expression["values"]?.arrayValue ?? []
      switch expression["operator"]?.stringValue {
      case "In", "NotIn":
        if values.isEmpty {
          errors.append(.required("\(field).values", "must be specified when `operator` is 'In' or 'NotIn'"))
        }
      case "Exists", "DoesNotExist":
        if !values.isEmpty {
          errors.append(
            .forbidden("\(field).values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
        }
      default:
        errors.append(
          .invalid("\(field).operator", expression["operator"] ?? "", "not a valid selector operator"))
      }
      for fault in NameRules.qualifiedName(expression["key"]?.stringValue ?? "") {
        errors.append(.invalid("\(field).key", expression["key"] ?? "", fault))
      }
    }
    return errors
      + NameRules.labels(selector["matchLabels"]?.stringMapValue ?? [:], field: "\(path).\(key).matchLabels")
  }

  // MARK: Rules

  private func ruleErrors(_ rule: JSON, _ path: String) -> [FieldError] {
    var errors: [FieldError] = []
    func strings(_ key: String) -> [String] { rule[key]?.stringArrayValue ?? [] }
    let operations = strings("operations")
    if operations.isEmpty { errors.append(.required("\(path).operations")) }
    if operations.count > 1, operations.contains("*") {
      errors.append(
        .invalid("\(path).operations", JSON(operations), "if '*' is present, must not specify other operations"))
    }
    let known = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]
    for (index, operation) in operations.enumerated() where !known.contains(operation) {
      errors.append(.notSupported("\(path).operations[\(index)]", .string(operation), supported: known))
    }
    for (key, words) in [("apiGroups", "API groups"), ("apiVersions", "API versions")] {
      let values = strings(key)
      if values.isEmpty { errors.append(.required("\(path).\(key)")) }
      if values.count > 1, values.contains("*") {
        errors.append(
          .invalid("\(path).\(key)", JSON(values), "if '*' is present, must not specify other \(words)"))
      }
    }
    for (index, version) in strings("apiVersions").enumerated() where version.isEmpty {
      errors.append(.required("\(path).apiVersions[\(index)]"))
    }
    errors += resourceErrors(strings("resources"), "\(path).resources")
    if let scope = rule["scope"], !scope.isNull, !["*", "Cluster", "Namespaced"].contains(scope.stringValue ?? "") {
      errors.append(.notSupported("\(path).scope", scope, supported: ["*", "Cluster", "Namespaced"]))
    }
    return errors
  }

  private func resourceErrors(_ resources: [String], _ path: String) -> [FieldError] {
    if resources.isEmpty { return [.required(path)] }
    var errors: [FieldError] = []
    var wholeResources: Set<String> = []
    var wholeSubresources: Set<String> = []
    var hasPlain = false
    for (index, entry) in resources.enumerated() {
      if entry.isEmpty {
        errors.append(.required("\(path)[\(index)]"))
        continue
      }
      let parts = entry.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 else {
        hasPlain = entry != "*"
        continue
      }
      if wholeResources.contains(parts[0]) {
        errors.append(
          .invalid(
            "\(path)[\(index)]", .string(entry), "if '\(parts[0])/*' is present, must not specify \(entry)"))
      }
      if wholeSubresources.contains(parts[1]) {
        errors.append(
          .invalid(
            "\(path)[\(index)]", .string(entry), "if '*/\(parts[1])' is present, must not specify \(entry)"))
      }
      if parts[1] == "*" { wholeResources.insert(parts[0]) }
      if parts[0] == "*" { wholeSubresources.insert(parts[1]) }
    }
    if resources.count > 1, resources.contains("*/*") {
      errors.append(.invalid(path, JSON(resources), "if '*/*' is present, must not specify other resources"))
    }
    if resources.contains("*"), hasPlain {
      errors.append(
        .invalid(
          path, JSON(resources), "if '*' is present, must not specify other resources without subresources"))
    }
    return errors
  }

  // MARK: Client configuration

  private func clientErrors() -> [FieldError] {
    let path = "\(path).clientConfig"
    func present(_ key: String) -> JSON? {
      webhook[path: "clientConfig", key].flatMap { $0.isNull ? nil : $0 }
    }
    switch (present("url"), present("service")) {
    case (let url?, nil): return urlErrors(url.stringValue ?? "", "\(path).url")
    case (nil, let service?): return serviceErrors(service, "\(path).service")
    default: return [.required(path, "exactly one of url or service is required")]
    }
  }

  private func urlErrors(_ text: String, _ field: String) -> [FieldError] {
    let form = "; desired format: https://host[/path]"
    guard let components = URLComponents(string: text) else {
      return [.required(field, "url must be a valid URL: parse \(AdmissionReviews.quoted(text))\(form)")]
    }
    var errors: [FieldError] = []
    if components.scheme?.lowercased() != "https" {
      errors.append(
        .invalid(field, .string(components.scheme ?? ""), "'https' is the only allowed URL scheme\(form)"))
    }
    if (components.host ?? "").isEmpty { errors.append(.invalid(field, "", "host must be specified\(form)")) }
    if let user = components.user {
      let shown = components.password == nil ? user : "\(user):xxxxx"
      errors.append(.invalid(field, .string(shown), "user information is not permitted in the URL"))
    }
    if let fragment = components.fragment, !fragment.isEmpty {
      errors.append(.invalid(field, .string(fragment), "fragments are not permitted in the URL"))
    }
    if let query = components.query, !query.isEmpty {
      errors.append(.invalid(field, .string(query), "query parameters are not permitted in the URL"))
    }
    return errors
  }

  private func serviceErrors(_ service: JSON, _ path: String) -> [FieldError] {
    var errors: [FieldError] = []
    for key in ["name", "namespace"] where (service[key]?.stringValue ?? "").isEmpty {
      errors.append(.required("\(path).\(key)"))
    }
    let port = service["port"]?.intValue ?? 443
    if !(1...65_535).contains(port) {
      errors.append(
        .invalid("\(path).port", .int(port), "port is not valid: must be between 1 and 65535, inclusive"))
    }
    guard let text = service["path"]?.stringValue, !text.isEmpty, text != "/" else { return errors }
    let field = "\(path).path"
    if text == "//" { return errors + [.invalid(field, .string(text), "segment[0] may not be empty")] }
    if !text.hasPrefix("/") { errors.append(.invalid(field, .string(text), "must start with a '/'")) }
    var rest = text.dropFirst()
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    for (index, segment) in rest.split(separator: "/", omittingEmptySubsequences: false).enumerated() {
      if segment.isEmpty {
        errors.append(.invalid(field, .string(text), "segment[\(index)] may not be empty"))
      } else {
        errors += NameRules.dns1123Subdomain(String(segment)).map {
          .invalid(field, .string(text), "segment[\(index)]: \($0)")
        }
      }
    }
    return errors
  }

  // MARK: Conditions and versions

  private func conditionErrors() -> [FieldError] {
    let conditions = webhook["matchConditions"]?.arrayValue ?? []
    let path = "\(path).matchConditions"
    if conditions.count > 64 { return [.tooMany(path, count: conditions.count, limit: 64)] }
    var errors: [FieldError] = []
    var names: Set<String> = []
    for (index, condition) in conditions.enumerated() {
      let field = "\(path)[\(index)]"
      let expression = condition["expression"]?.stringValue ?? ""
      if expression.allSatisfy(\.isWhitespace) {
        errors.append(.required("\(field).expression"))
      } else {
        do {
          _ = try MatchCondition.parse(expression)
        } catch {
          errors.append(.invalid("\(field).expression", .string(expression), error.message))
        }
      }
      let name = condition["name"]?.stringValue ?? ""
      if name.isEmpty {
        errors.append(.required("\(field).name"))
      } else {
        errors += NameRules.qualifiedName(name).map { .invalid("\(field).name", .string(name), $0) }
        if !names.insert(name).inserted { errors.append(.duplicate("\(field).name", .string(name))) }
      }
    }
    return errors
  }

  private func versionErrors() -> [FieldError] {
    let path = "\(path).admissionReviewVersions"
    let versions = webhook["admissionReviewVersions"]?.stringArrayValue ?? []
    if versions.isEmpty { return [.required(path, "must specify one of v1, v1beta1")] }
    var errors: [FieldError] = []
    var seen: Set<String> = []
    for (index, version) in versions.enumerated() {
      guard seen.insert(version).inserted else {
        errors.append(.invalid("\(path)[\(index)]", .string(version), "duplicate version"))
        continue
      }
      errors += NameRules.dns1035Label(version).map { .invalid("\(path)[\(index)]", .string(version), $0) }
    }
    if seen.isDisjoint(with: ["v1", "v1beta1"]) {
      errors.append(.invalid(path, JSON(versions), "must include at least one of v1, v1beta1"))
    }
    return errors
  }
}
