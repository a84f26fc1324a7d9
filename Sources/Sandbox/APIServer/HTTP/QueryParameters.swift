import Foundation
import Kubernetes

/// The query of a request, and the options in it.
struct QueryParameters: Sendable {
  private var values: [String: [String]] = [:]

  init(_ query: Substring?) {
    for pair in (query ?? "").split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      values[Self.decoded(parts[0]), default: []].append(parts.count > 1 ? Self.decoded(parts[1]) : "")
    }
  }

  private static func decoded(_ text: Substring) -> String {
    let spaced = text.replacing("+", with: " ")
    return spaced.removingPercentEncoding ?? String(spaced)
  }

  subscript(name: String) -> String? { values[name]?.first }

  /// As Go's conversion reads a boolean: anything but a false word is true.
  func flag(_ name: String) -> Bool? { self[name].map { !["", "0", "false", "False", "FALSE", "f"].contains($0) } }

  func number(_ name: String) throws -> Int? {
    guard let text = self[name], !text.isEmpty else { return nil }
    guard let number = Int(text) else {
      throw StatusError.badRequest("strconv.ParseInt: parsing \"\(text)\": invalid syntax")
    }
    return number
  }

  func listRequest() throws -> ListRequest {
    var request = ListRequest()
    try request.select(labels: self["labelSelector"] ?? "", fields: self["fieldSelector"] ?? "")
    request.limit = try number("limit")
    request.continueToken = self["continue"]
    request.resourceVersion = self["resourceVersion"] ?? ""
    if let match = self["resourceVersionMatch"], !match.isEmpty {
      guard let known = ListRequest.VersionMatch(rawValue: match) else {
        throw StatusError.invalid(
          GroupVersionKind(group: "meta.k8s.io", version: "v1", kind: "ListOptions"), "",
          [
            FieldError.notSupported(
              "resourceVersionMatch", .string(match), supported: ["Exact", "NotOlderThan", ""])
          ])
      }
      request.versionMatch = known
    }
    request.allowsBookmarks = flag("allowWatchBookmarks") ?? false
    request.sendsInitialEvents = flag("sendInitialEvents")
    request.timeoutSeconds = try number("timeoutSeconds")
    return request
  }

  /// - Parameter kind: `CreateOptions`, `UpdateOptions` or `PatchOptions`, as errors name them.
  func writeOptions(_ kind: String) throws -> WriteOptions {
    var errors: [FieldError] = []
    var options = WriteOptions()
    options.isDryRun = dryRun(&errors)
    if let validation = self["fieldValidation"], !validation.isEmpty {
      if FieldValidation(rawValue: validation) == nil {
        errors.append(
          .notSupported("fieldValidation", .string(validation), supported: ["", "Ignore", "Strict", "Warn"]))
      }
      options.fieldValidation = validation
    }
    if let manager = self["fieldManager"], !manager.isEmpty {
      if manager.utf8.count > 128 { errors.append(.tooLong("fieldManager", limit: 128)) }
      options.fieldManager = manager
    }
    if let force = flag("force") {
      options.force = force
    }
    guard errors.isEmpty else {
      throw StatusError.invalid(GroupVersionKind(group: "meta.k8s.io", version: "v1", kind: kind), "", errors)
    }
    return options
  }

  /// The manager of a client that names none: the first word of its User-Agent.
  static func manager(userAgent: String?) -> String {
    let name = userAgent?.split(separator: "/", omittingEmptySubsequences: false).first.map(String.init) ?? ""
    return name.isEmpty ? "unknown" : String(name.prefix(128))
  }

  /// From the query, then from the body, which counts more.
  func deleteOptions(body: JSON?) throws -> DeleteOptions {
    var errors: [FieldError] = []
    var options = DeleteOptions()
    options.isDryRun = dryRun(&errors)
    options.gracePeriodSeconds = try number("gracePeriodSeconds")
    var policy = self["propagationPolicy"]
    var orphans = flag("orphanDependents")
    if let body {
      guard body.objectValue != nil else { throw StatusError.badRequest("the body is not an object of DeleteOptions") }
      if let given = body["propagationPolicy"]?.stringValue { policy = given }
      if let given = body["orphanDependents"]?.boolValue { orphans = given }
      if let seconds = body["gracePeriodSeconds"]?.intValue { options.gracePeriodSeconds = Int(seconds) }
      options.preconditionUID = body["preconditions"]?["uid"]?.stringValue
      options.preconditionResourceVersion = body["preconditions"]?["resourceVersion"]?.stringValue
      for value in body["dryRun"]?.stringArrayValue ?? [] {
        if value == "All" { options.isDryRun = true } else { errors.append(Self.unknownDryRun(value)) }
      }
    }
    if let policy, !policy.isEmpty {
      if let known = DeleteOptions.Propagation(rawValue: policy) {
        options.propagation = known
      } else {
        errors.append(
          .notSupported(
            "propagationPolicy", .string(policy), supported: ["Foreground", "Background", "Orphan", "nil"]))
      }
    } else if let orphans {
      options.propagation = orphans ? .orphan : .background
    }
    guard errors.isEmpty else {
      throw StatusError.invalid(
        GroupVersionKind(group: "meta.k8s.io", version: "v1", kind: "DeleteOptions"), "", errors)
    }
    return options
  }

  private func dryRun(_ errors: inout [FieldError]) -> Bool {
    var isDryRun = false
    for value in values["dryRun"] ?? [] {
      if value == "All" { isDryRun = true } else if !value.isEmpty { errors.append(Self.unknownDryRun(value)) }
    }
    return isDryRun
  }

  private static func unknownDryRun(_ value: String) -> FieldError {
    .notSupported("dryRun", [.string(value)], supported: ["All"])
  }
}
