import KratixControllers
import Kubernetes
import Testing

@testable import Sandbox

@Suite struct ManifestTests {
  /// path and text of a file, the objects in it
  @Test(arguments: [
    ("w/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n", ["ConfigMap a"]),
    // Several documents, empty ones, a comment before the first separator.
    (
      "w/a.yml",
      "# x\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n---\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: b\n  namespace: ns\n",
      ["ConfigMap a", "Secret ns/b"]
    ),
    (
      "w/a.json",
      #"{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}]}"#,
      ["ConfigMap a"]
    ),
    // No manifests.
    ("w/README.md", "hello: [", []), ("w/.kratix/default-wp.yaml", "files:\n- w/a.yaml\n", []),
    ("w/empty.yaml", "", []),
  ])
  func objects(path: String, text: String, expected: [String]) throws {
    let manifests = try ManifestFiles.manifests(in: StateStoreFile(path: path, text: text))
    #expect(manifests.map { $0.identity(namespace: $0.object.namespace).description } == expected)
  }

  /// text of a file, what is wrong with it
  @Test(arguments: [
    ("a: [", "not valid YAML: line"), ("- a\n", "document 1 is not a mapping"),
    (
      "apiVersion: v1\nkind: A\nmetadata:\n  name: a\n---\nkind: ConfigMap\n", "document 2 has no apiVersion or no kind"
    ),
    ("apiVersion: v1\nkind: ConfigMap\n", "document 1 has no metadata.name"),
  ])
  func problems(text: String, reason: String) {
    do {
      _ = try ManifestFiles.manifests(in: StateStoreFile(path: "w/a.yaml", text: text))
      Issue.record("no problem is found")
    } catch {
      #expect(error.description.hasPrefix("w/a.yaml: \(reason)"))
    }
  }

  @Test func notText() {
    #expect(throws: ManifestProblem(file: "a.yaml", reason: "not UTF-8")) {
      try ManifestFiles.manifests(in: StateStoreFile(path: "a.yaml", bytes: [0x61, 0xFF]))
    }
  }

  /// What a tool wrote of an object's life elsewhere is left out.
  @Test func leftovers() throws {
    let manifest = try ManifestFiles.manifests(
      in: StateStoreFile(
        path: "a.yaml",
        text: "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  creationTimestamp: null\nspec: {}\nstatus: {}\n"
      ))[0]
    #expect(
      manifest.object.json == ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "a"], "spec": [:]])
  }

  @Test func order() throws {
    func manifest(_ file: String, _ apiVersion: String, _ kind: String) -> Manifest {
      Manifest(file: file, object: KubernetesObject(apiVersion: apiVersion, kind: kind, name: kind.lowercased()))
    }
    let all = [
      manifest("w/resources/r.yaml", "v1", "Pod"), manifest("w/resources/r.yaml", "v1", "Namespace"),
      manifest("w/dependencies/d.yaml", "apps/v1", "Deployment"),
      manifest("w/dependencies/d.yaml", "apiextensions.k8s.io/v1", "CustomResourceDefinition"),
      manifest("w/dependencies/d.yaml", "rbac.authorization.k8s.io/v1", "Role"),
    ]
    #expect(
      ManifestFiles.ordered(all, root: "w").map(\.object.kind)
        == ["Namespace", "CustomResourceDefinition", "Role", "Deployment", "Pod"])
  }

  @Test(arguments: [("Database", "databases"), ("Policy", "policies"), ("Redis", "redises")])
  func plurals(kind: String, plural: String) { #expect(GeneratedDefinition.plural(of: kind) == plural) }
}

@Suite struct InventoryTests {
  private func entry(_ kind: String, _ name: String, file: String = "f", apiVersion: String = "v1") -> Inventory.Entry {
    Inventory.Entry(
      identity: Manifest.Identity(apiVersion: apiVersion, kind: kind, namespace: "default", name: name), hash: "h",
      file: file)
  }

  @Test func survivesItsConfigMaps() {
    let inventory = Inventory((0..<100).map { entry("ConfigMap", "c\($0)") } + [entry("Secret", "s")])
    let maps = inventory.texts.map { Inventory.configMap(destination: "w", shard: $0.key, text: $0.value) }
    #expect(maps.count > 1 && maps.count <= Inventory.shards)
    #expect(Inventory(configMaps: maps) == inventory)
    #expect(Inventory(configMaps: []) == Inventory())
  }

  /// One more object changes one shard.
  @Test func aSmallChange() {
    var inventory = Inventory((0..<100).map { entry("ConfigMap", "c\($0)") })
    let before = inventory.texts
    let new = entry("ConfigMap", "new")
    inventory.entries[new.identity] = new
    #expect(inventory.texts.filter { before[$0.key] != $0.value }.count == 1)
  }

  @Test func obsolete() {
    let crd = entry("CustomResourceDefinition", "d", apiVersion: "apiextensions.k8s.io/v1")
    let inventory = Inventory([
      entry("Namespace", "n"), crd, entry("Thing", "t", apiVersion: "x/v1"), entry("ConfigMap", "kept"),
      entry("ConfigMap", "unreadable", file: "broken.yaml"),
    ])
    let names = inventory.obsolete(wanted: [entry("ConfigMap", "kept").identity], unreadable: ["broken.yaml"])
      .map(\.identity.name)
    // What needs others goes first.
    #expect(names == ["t", "d", "n"])
  }
}
