import Foundation
import Kubernetes
import Testing

/// What kubectl does with an object, with each kubectl that is there: the repository's own and the system's.
@Suite(.platform(arguments: ["--no-webhook"]), .serialized)
struct KubectlVerbTests {
  static let programs: [String] =
    ["kubectl"] + ["/usr/bin/kubectl"].filter { FileManager.default.isExecutableFile(atPath: $0) }

  static func configMap(_ value: String) -> String {
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: verbs}\ndata: {a: \(value), b: same}\n"
  }

  private func kubectl(_ program: String, _ arguments: String..., input: String = "") async throws -> CommandResult {
    try await Platform.require().run(program, arguments, input: input)
  }

  private func value(_ program: String, _ path: String = "{.data.a}") async throws -> String {
    try await kubectl(program, "get", "configmap", "verbs", "-o", "jsonpath=\(path)").succeeded().output
  }

  @Test(arguments: programs)
  func applyDiffReplace(_ program: String) async throws {
    let platform = try Platform.require()
    let first = try platform.file("first.yaml", Self.configMap("one"))
    let second = try platform.file("second.yaml", Self.configMap("two"))
    func run(_ arguments: String...) async throws -> CommandResult { try await platform.run(program, arguments) }
    #expect(try await run("apply", "-f", first).succeeded().output == "configmap/verbs created\n")
    #expect(try await run("apply", "-f", first).succeeded().output == "configmap/verbs unchanged\n")
    let diff = try await run("diff", "-f", second)
    #expect(diff.exitCode == 1 && diff.lines.contains("-  a: one") && diff.lines.contains("+  a: two"))
    #expect(try await run("diff", "-f", first).exitCode == 0)
    #expect(try await run("apply", "-f", second, "--dry-run=server").succeeded().output.contains("(server dry run)"))
    #expect(try await value(program) == "one")
    #expect(try await run("apply", "-f", second).succeeded().output == "configmap/verbs configured\n")
    #expect(try await run("replace", "-f", first).succeeded().output == "configmap/verbs replaced\n")
    try await run("create", "-f", first).failed(#"configmaps "verbs" already exists"#)
    try await run("delete", "configmap", "verbs").succeeded()
  }

  /// Every change once, in order.
  @Test(arguments: programs)
  func getWatches(_ program: String) async throws {
    let platform = try Platform.require()
    let first = try platform.file("first.yaml", Self.configMap("one"))
    let second = try platform.file("second.yaml", Self.configMap("two"))
    try await platform.run(program, ["apply", "-f", first]).succeeded()
    let arguments = [
      "get", "configmap", "verbs", "--watch", "--output-watch-events", "-o",
      "jsonpath={.type} {.object.metadata.name} {.object.data.a}{'\\n'}", "--request-timeout=60s",
    ]
    let seen = try await Shell.withLines(of: program, arguments, environment: platform.environment) { lines in
      var seen: [String] = []
      for await line in lines {
        seen.append(line)
        switch seen.last {
        case "ADDED verbs one": try await platform.run(program, ["apply", "-f", second]).succeeded()
        case "MODIFIED verbs two": try await platform.run(program, ["delete", "configmap", "verbs"]).succeeded()
        case "DELETED verbs two": return seen
        default: break
        }
      }
      return seen
    }
    #expect(seen == ["ADDED verbs one", "MODIFIED verbs two", "DELETED verbs two"])
  }

  /// `kubectl events`: those of one object, warnings apart.
  @Test(arguments: programs)
  func eventsAreListed(_ program: String) async throws {
    let platform = try Platform.require()
    func event(_ name: String, _ type: String, of configMap: String) -> String {
      """
      {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "\(name)", "namespace": "default"},
       "involvedObject": {"apiVersion": "v1", "kind": "ConfigMap", "name": "\(configMap)", "namespace": "default"},
       "type": "\(type)", "reason": "Tried", "message": "\(name) of \(configMap)", "count": 1,
       "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z"}
      """
    }
    try await platform.run(program, ["apply", "-f", try platform.file("first.yaml", Self.configMap("one"))]).succeeded()
    for text in [
      event("good", "Normal", of: "verbs"), event("bad", "Warning", of: "verbs"),
      event("strange", "Normal", of: "other"),
    ] {
      try await platform.run(program, ["create", "-f", "-"], input: text).succeeded()
    }
    func events(_ arguments: String...) async throws -> Set<String> {
      let output = try await platform.run(
        program, ["events", "--for", "configmap/verbs", "--no-headers"] + arguments
      ).succeeded()
      return Set(output.lines.map { $0.split(whereSeparator: \.isWhitespace).dropFirst().joined(separator: " ") })
    }
    #expect(
      try await events() == [
        "Normal Tried ConfigMap/verbs good of verbs", "Warning Tried ConfigMap/verbs bad of verbs",
      ])
    #expect(try await events("--types=Warning") == ["Warning Tried ConfigMap/verbs bad of verbs"])
    try await platform.run(program, ["delete", "events", "good", "bad", "strange"]).succeeded()
    try await platform.run(program, ["delete", "configmap", "verbs"]).succeeded()
  }

  @Test(arguments: programs)
  func serverSideApplyKnowsWhoOwnsWhat(_ program: String) async throws {
    let platform = try Platform.require()
    let first = try platform.file("first.yaml", Self.configMap("one"))
    let second = try platform.file("second.yaml", Self.configMap("two"))
    func apply(_ arguments: String...) async throws -> CommandResult {
      try await platform.run(program, ["apply", "--server-side"] + arguments)
    }
    #expect(try await apply("-f", first).succeeded().output == "configmap/verbs serverside-applied\n")
    let conflict = try await apply("--field-manager=other", "-f", second)
    try conflict.failed("Apply failed with 1 conflict: conflict with \"kubectl\": .data.a")
    try await apply("--field-manager=other", "--force-conflicts", "-f", second).succeeded()
    #expect(try await value(program) == "two")
    // Who no longer asks for a field gives it up; it stays as long as another has it.
    let without = try platform.file(
      "without.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: verbs}\ndata: {b: same}\n")
    try await apply("--field-manager=other", "-f", without).succeeded()
    #expect(try await value(program, "{.data}") == #"{"b":"same"}"#)
    try await platform.run(program, ["delete", "configmap", "verbs"]).succeeded()
  }

  @Test(arguments: programs)
  func changesOfOneObject(_ program: String) async throws {
    try await kubectl(program, "apply", "-f", "-", input: Self.configMap("one")).succeeded()
    #expect(try await kubectl(program, "label", "cm", "verbs", "x=y").succeeded().output == "configmap/verbs labeled\n")
    try await kubectl(program, "label", "cm", "verbs", "x=z").failed(
      "already has a value (y), and --overwrite is false")
    #expect(
      try await kubectl(program, "label", "cm", "verbs", "x-").succeeded().output == "configmap/verbs unlabeled\n")
    try await kubectl(program, "annotate", "cm", "verbs", "note=1").succeeded()
    #expect(try await value(program, "{.metadata.annotations.note}") == "1")
    let edited = try await Platform.require().run(
      "env", ["KUBE_EDITOR=sed -i s/one/three/", program, "edit", "configmap", "verbs"])
    #expect(try edited.succeeded().output == "configmap/verbs edited\n")
    #expect(try await value(program) == "three")
    for (type, patch, after) in [
      ("json", #"[{"op":"replace","path":"/data/a","value":"4"}]"#, "4"), ("merge", #"{"data":{"a":"5"}}"#, "5"),
      ("strategic", #"{"data":{"a":"6"}}"#, "6"),
    ] {
      try await kubectl(program, "patch", "cm", "verbs", "--type=\(type)", "-p", patch).succeeded()
      #expect(try await value(program) == after)
    }
    try await kubectl(
      program, "patch", "cm", "verbs", "--type=json", "-p", #"[{"op":"test","path":"/data/a","value":"9"}]"#
    ).failed("The request is invalid")
    try await kubectl(program, "delete", "cm", "verbs").succeeded()
  }

  @Test(arguments: programs)
  func formsOfOutput(_ program: String) async throws {
    try await kubectl(program, "apply", "-f", "-", input: Self.configMap("one")).succeeded()
    func get(_ form: String) async throws -> String {
      try await kubectl(program, "get", "cm", "verbs", "-o", form).succeeded().output
    }
    #expect(try await get("name") == "configmap/verbs\n")
    #expect(try await get("custom-columns=N:.metadata.name,D:.data.a") == "N       D\nverbs   one\n")
    #expect(try await get("go-template={{.data.a}}") == "one")
    #expect(try await get("yaml").hasPrefix("apiVersion: v1\ndata:\n  a: one\n  b: same\nkind: ConfigMap\n"))
    #expect(try JSON(parsing: try await get("json"))["data"]?["a"] == "one")
    #expect(try await get("wide").hasPrefix("NAME    DATA   AGE\nverbs   2      "))
    let selected = try await kubectl(
      program, "get", "cm", "-A", "--field-selector", "metadata.name=verbs", "-o", "name", "--chunk-size=1")
    #expect(try selected.succeeded().lines == ["configmap/verbs"])
    let pages = try await kubectl(program, "get", "cm", "-A", "--chunk-size=1", "-o", "name").succeeded()
    let whole = try await kubectl(program, "get", "cm", "-A", "-o", "name").succeeded()
    #expect(pages.lines == whole.lines && whole.lines.count >= 3)
    try await kubectl(program, "delete", "cm", "verbs").succeeded()
  }

  @Test(arguments: programs)
  func whatTheServerSaysOfItself(_ program: String) async throws {
    #expect(try await kubectl(program, "auth", "can-i", "create", "configmaps").succeeded().output == "yes\n")
    #expect(try await kubectl(program, "auth", "whoami").succeeded().output.contains("system:masters"))
    let resources = try await kubectl(program, "api-resources", "--api-group=platform.kratix.io", "-o", "name")
    #expect(
      try resources.succeeded().lines
        == [
          "bucketstatestores", "destinations", "gitstatestores", "healthrecords", "promisereleases", "promiserevisions",
          "promises", "resourcebindings", "workplacements", "works",
        ].map { $0 + ".platform.kratix.io" })
    let explained = try await kubectl(program, "explain", "destination.spec.filepath.mode").succeeded()
    #expect(
      explained.lines.prefix(3) == [
        "GROUP:      platform.kratix.io", "KIND:       Destination", "VERSION:    v1alpha1",
      ])
    let all = try await kubectl(program, "get", "kratix", "-o", "name").succeeded()
    #expect(all.lines.contains("destination.platform.kratix.io/worker-1"))
    try await kubectl(program, "get", "nothing").failed(#"the server doesn't have a resource type "nothing""#)
    try await kubectl(program, "get", "cm", "nothing").failed(#"configmaps "nothing" not found"#)
  }

  /// A Deployment's ReplicaSet stands for what it owns: a ConfigMap with an owner.
  @Test(arguments: programs)
  func deletion(_ program: String) async throws {
    for cascade in ["background", "foreground", "orphan"] {
      try await kubectl(program, "create", "configmap", "owner").succeeded()
      let uid = try await kubectl(program, "get", "cm", "owner", "-o", "jsonpath={.metadata.uid}").succeeded().output
      let owned = """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: owned
          ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: owner, uid: \(uid), blockOwnerDeletion: true}]
        """
      try await kubectl(program, "create", "-f", "-", input: owned).succeeded()
      try await kubectl(program, "delete", "cm", "owner", "--cascade=\(cascade)", "--timeout=20s").succeeded()
      if cascade == "orphan" {
        let references = try await kubectl(program, "get", "cm", "owned", "-o", "jsonpath={.metadata.ownerReferences}")
        #expect(try references.succeeded().output.isEmpty)
        try await kubectl(program, "delete", "cm", "owned").succeeded()
      } else {
        try await kubectl(program, "wait", "cm/owned", "--for=delete", "--timeout=20s").succeeded()
      }
    }
    try await kubectl(program, "create", "namespace", "crowd").succeeded()
    for name in ["a", "b"] { try await kubectl(program, "create", "configmap", name, "-n", "crowd").succeeded() }
    try await kubectl(program, "delete", "configmaps", "--all", "-n", "crowd").succeeded()
    try await kubectl(program, "delete", "namespace", "crowd", "--timeout=30s").succeeded()
    try await kubectl(program, "get", "namespace", "crowd").failed(#"namespaces "crowd" not found"#)
  }
}
