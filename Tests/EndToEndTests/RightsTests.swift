import Foundation
import Kubernetes
import Testing

/// The roles of examples/rbac: each verb works with them, and every right that a verb asks for is one of them.
@Suite(.platform(arguments: Rights.images), .serialized, .enabled(if: Platform.isSandbox))
struct RightsTests {
  private func start(_ platform: Platform) async throws {
    try await platform.remove(promises: "topic")
    try await platform.kubectl("apply", "-f", "\(Rights.examples)/topic/promise.yaml").succeeded()
    try await platform.wait("promise/topic", for: "condition=Available")
    for (name, days) in ["a": 14, "b": 90, "c": 14] { try await request(platform, name, days: days) }
    try await platform.kubectl("wait", "topics", "--all", "--for=condition=Reconciled", "--timeout=120s").succeeded()
  }

  private func request(_ platform: Platform, _ name: String, days: Int) async throws {
    let topic: JSON = [
      "apiVersion": "platform.example.com/v1", "kind": "Topic", "metadata": ["name": .string(name)],
      "spec": ["retentionDays": JSON(days)],
    ]
    try await platform.kubectl("apply", "-f", "-", input: topic.text()).succeeded()
  }

  private func candidate(_ platform: Platform) async throws -> String {
    let text = try String(contentsOfFile: "\(Rights.examples)/topic/promise.yaml", encoding: .utf8)
    let file = try platform.file("v2.yaml", text)
    try await platform.kratix("bump", "-f", file, "--image", Rights.image("v0.2.0"), "--promise-version", "v0.2.0")
      .succeeded()
    return file
  }

  /// Begins with no right, and gives what each refusal names, as long as the roles of these levels have it; until the
  /// command is refused no more. So what is given at the end is needed, right by right.
  private func climb(
    _ platform: Platform, _ arguments: [String], levels: [String], exitCode: Int32 = 0
  ) async throws -> Set<Right> {
    let documented = try Rights.documented(levels: levels)
    var given: Set<Right> = []
    for _ in 0...documented.count {
      try await grant(platform, given)
      let result = try await platform.run("kubectl", ["kratix"] + arguments + ["--as", "ada"])
      guard let refused = Right(refusal: result.error) else {
        #expect(result.exitCode == exitCode, "\(result.command)\n\(result.output)\(result.error)")
        return given
      }
      #expect(result.exitCode != 0, "\(result.command)\n\(result.error)")
      try #require(documented.contains(refused), "no role of \(levels) has it: \(result.error)")
      try #require(given.insert(refused).inserted, "given, and refused all the same: \(result.error)")
    }
    Issue.record("\(arguments) is refused with every right: \(given)")
    return given
  }

  /// Ada has these rights, and no other.
  private func grant(_ platform: Platform, _ rights: Set<Right>) async throws {
    let objects = ["", Rights.namespace].flatMap { namespace -> [JSON] in
      let rules = rights.filter { $0.namespace == namespace }.map { right -> JSON in
        ["apiGroups": [.string(right.group)], "resources": [.string(right.resource)], "verbs": [.string(right.verb)]]
      }
      let kind = namespace.isEmpty ? "ClusterRole" : "Role"
      var metadata: JSON = ["name": "ada"]
      if !namespace.isEmpty { metadata["namespace"] = .string(namespace) }
      let group = "rbac.authorization.k8s.io"
      return [
        [
          "apiVersion": .string("\(group)/v1"), "kind": .string(kind), "metadata": metadata, "rules": .array(rules),
        ],
        [
          "apiVersion": .string("\(group)/v1"), "kind": .string("\(kind)Binding"), "metadata": metadata,
          "roleRef": ["apiGroup": .string(group), "kind": .string(kind), "name": "ada"],
          "subjects": [["apiGroup": .string(group), "kind": "User", "name": "ada"]],
        ],
      ]
    }
    let list: JSON = ["apiVersion": "v1", "kind": "List", "items": .array(objects)]
    try await platform.kubectl("apply", "-f", "-", input: list.text()).succeeded()
  }

  @Test func eachVerbWorksWithItsRoleAndIsRefusedWithoutARightOfIt() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try await candidate(platform)
    let reader = ["reader"]
    let operators = ["reader", "operator"]
    let fleet = try await climb(platform, ["fleet", "topic"], levels: reader)
    for resource in ["promises", "promiserevisions", "resourcebindings", "topics"] {
      #expect(fleet.contains { $0.resource == resource }, "\(resource)")
    }
    // It writes at every step, and goes on where the refusal stopped it; then b fails.
    let upgrade = try await climb(
      platform, ["upgrade", "-f", file, "--yes", "--force"], levels: reader + ["previewer", "operator"], exitCode: 1)
    let writes = Set(
      upgrade.filter { !["get", "list", "watch"].contains($0.verb) }.map { "\($0.verb) \($0.resource)" })
    #expect(
      writes == [
        "patch promises", "patch resourcebindings", "create configmaps", "update configmaps", "create leases",
        "update leases",
      ])
    for verb in [["status", "topic"], ["history", "topic"], ["show", "topic", "1"]] {
      let rights = try await climb(platform, ["upgrade"] + verb, levels: reader)
      #expect(rights.contains { $0.resource == "configmaps" && $0.verb == "get" }, "\(verb)")
    }
    let pause = try await climb(platform, ["upgrade", "pause", "topic"], levels: operators)
    #expect(Set(pause.map(\.verb)) == ["get", "update"] && Set(pause.map(\.resource)) == ["configmaps"])
    _ = try await climb(platform, ["upgrade", "resume", "topic"], levels: operators, exitCode: 1)
    let skip = try await climb(platform, ["upgrade", "skip", "topic", "default/b"], levels: operators)
    #expect(skip.contains { $0.resource == "resourcebindings" && $0.verb == "patch" })
    try await grant(platform, try Rights.documented(levels: operators))
    for verb in ["abort", "rollback"] {
      try await platform.kratix("upgrade", verb, "topic", "--as", "ada").succeeded()
    }
    #expect(try await platform.object("promise", "topic").labels["kratix.io/promise-version"] == "v0.1.0")
  }

  /// What cannot be climbed right by right, because it does not begin anew each time: with exactly its levels, and without
  /// the last of them.
  @Test func theOtherVerbsWorkWithTheirLevels() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try await candidate(platform)
    let strategy = try platform.file(
      "strategy.yaml", "groups:\n- {name: first, size: 1, approval: true}\n- {name: rest, matchAll: true}\n")
    func run(_ arguments: String..., levels: [String]) async throws -> CommandResult {
      try await grant(platform, try Rights.documented(levels: levels))
      return try await platform.run("kubectl", ["kratix", "upgrade"] + arguments + ["--as", "ada"])
    }
    let some = ["reader", "previewer"]
    let all = some + ["operator", "logs"]
    // Without the outputs that there are, nobody can tell what changes.
    let blind = try await run("preview", "-f", file, levels: ["reader"])
    #expect(blind.exitCode != 0 && blind.output.contains(#"cannot list resource "works""#), "\(blind.output)")
    let preview = try await run("preview", "-f", file, levels: some)
    #expect(preview.exitCode == 2 && preview.output.contains("90 days"), "\(preview.output)\(preview.error)")
    let begin = ["-f", file, "--yes", "--force", "--hold", "pause", "--strategy", strategy]
    try await grant(platform, try Rights.documented(levels: some))
    try await platform.run("kubectl", ["kratix", "upgrade"] + begin + ["--as", "ada"]).failed("cannot")
    try await grant(platform, try Rights.documented(levels: all))
    let upgrade = try await platform.run("kubectl", ["kratix", "upgrade"] + begin + ["--as", "ada"])
    #expect(upgrade.exitCode == 5, "\(upgrade.output)\(upgrade.error)")
    _ = try await run("approve", "topic", levels: some).failed("cannot")
    let approve = try await run("approve", "topic", levels: all)
    #expect(approve.exitCode == 1 && approve.error.contains("default/b failed"), "\(approve.error)")
    #expect(approve.output.contains("default/b: | 90 days"), "\(approve.output)")
    _ = try await run("retry", "topic", levels: some).failed("cannot")
    let retry = try await run("retry", "topic", levels: all)
    #expect(retry.exitCode == 1 && retry.output.contains("default/b: tried again"), "\(retry.output)\(retry.error)")
    // Its lines are there for whoever may read events, and for nobody else.
    #expect(try await run("status", "topic", levels: ["reader"]).succeeded().output.contains("90 days") == false)
    #expect(try await run("status", "topic", levels: ["reader", "logs"]).succeeded().output.contains("90 days"))
  }

  @Test func aFleetThatMayNotBeReadIsNotSaidToBeEmpty() async throws {
    let platform = try Platform.require()
    try await start(platform)
    try await grant(platform, [Right(group: "platform.kratix.io", resource: "promises", verb: "get", namespace: "")])
    try await platform.kratix("fleet", "topic", "--as", "ada").failed("cannot be read")
    // Nor is it moved as if it were: not even by somebody who may change the Promise.
    let promises = ["get", "list", "patch"].map {
      Right(group: "platform.kratix.io", resource: "promises", verb: $0, namespace: "")
    }
    let record = Right(group: "", resource: "configmaps", verb: "get", namespace: Rights.namespace)
    try await grant(platform, Set(promises + [record]))
    let file = try await candidate(platform)
    try await platform.kratix("upgrade", "-f", file, "--yes", "--force", "--as", "ada").failed("cannot be read")
    #expect(try await platform.object("promise", "topic").labels["kratix.io/promise-version"] == "v0.1.0")
  }
}

/// One right, as a rule of a role gives it: of a ClusterRole where the namespace is empty.
struct Right: Hashable {
  var group: String
  var resource: String
  var verb: String
  var namespace: String
}

extension Right {
  /// The right that Kubernetes' sentence says is missing; nil when there is no such sentence.
  init?(refusal text: String) {
    let pattern = #/cannot (\w+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/#
    guard let match = text.firstMatch(of: pattern) else { return nil }
    let namespace = match.4.map(String.init) ?? ""
    self.init(
      group: String(match.3), resource: String(match.2), verb: String(match.1),
      namespace: namespace == Rights.namespace && !["promises", "resourcebindings"].contains(String(match.2))
        ? namespace : "")
  }
}

enum Rights {
  static let namespace = "kratix-platform-system"
  static let examples = "\(Platform.root)/examples"
  static let images = ["v0.1.0", "v0.2.0"].flatMap {
    ["--image", "\(image($0))=\(examples)/topic/pipelines/topic-configure/\($0)"]
  }

  static func image(_ tag: String) -> String { "registry.example.com/platform/topic-configure:\(tag)" }

  /// What the roles of these levels give.
  static func documented(levels: [String]) throws -> Set<Right> {
    let text = try String(contentsOfFile: "\(examples)/rbac/topic.yaml", encoding: .utf8)
    var rights: Set<Right> = []
    for role in try YAML.documents(text) {
      let name = role[path: "metadata", "name"]?.stringValue ?? ""
      guard levels.contains(where: { name == "topic-fleet-\($0)" }) else { continue }
      for rule in role["rules"]?.arrayValue ?? [] {
        let values = { (key: String) in (rule[key]?.arrayValue ?? []).compactMap(\.stringValue) }
        for group in values("apiGroups") {
          for resource in values("resources") {
            for verb in values("verbs") {
              rights.insert(
                Right(
                  group: group, resource: resource, verb: verb,
                  namespace: role[path: "metadata", "namespace"]?.stringValue ?? ""))
            }
          }
        }
      }
    }
    return rights
  }
}
