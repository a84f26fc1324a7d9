import KratixModel
import Kubernetes
import Testing

@testable import PromiseAuthoring

@Suite struct PackagingTests {
  static let api = """
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: things.example.org}
    spec:
      group: example.org
      names: {kind: Thing, plural: things, singular: thing}
      scope: Namespaced
      versions:
      - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
    """
  static let workflow = """
    - apiVersion: platform.kratix.io/v1alpha1
      kind: Pipeline
      metadata: {name: instance}
      spec:
        containers:
        - {name: make, image: 'r.io/acme/thing-make:v1'}
        - {name: check, image: 'r.io/other/check:v3'}
    """

  static func files(_ files: [String: String]) -> [SourceFile] {
    files.map { SourceFile(path: $0.key, bytes: Array($0.value.utf8)) }
  }

  static let split = files([
    "api.yaml": api, "dependencies.yaml": "- {apiVersion: v1, kind: Namespace, metadata: {name: base}}\n",
    "workflows/resource/configure/workflow.yaml": workflow,
    "workflows/resource/configure/instance/make/Dockerfile": "", "README.md": "# Thing\n",
    "example-resource.yaml": "kind: Thing\n",
  ])

  @Test func splitLayout() throws {
    let package = try PromisePackaging.package(
      Self.split, options: PackageOptions(defaultName: "thing", version: "v1.2.0"))
    let api = try YAML.parse(Self.api)
    let workflow = try YAML.parse(Self.workflow)
    #expect(
      package.promise.json == [
        "apiVersion": "platform.kratix.io/v1alpha1", "kind": "Promise",
        "metadata": ["name": "thing", "labels": ["kratix.io/promise-version": "v1.2.0"]],
        "spec": [
          "api": api, "dependencies": [["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "base"]]],
          "workflows": ["resource": ["configure": workflow]],
        ],
      ])
    #expect(package.images.map(\.directory) == ["workflows/resource/configure/instance/make"])
    #expect(package.companions.map(\.path) == ["README.md", "example-resource.yaml"])
    #expect(package.warnings == [])
  }

  /// The order in which a file system lists the files plays no part.
  @Test func sameBytesInAnyOrder() throws {
    var files = Self.split
    files.append(
      contentsOf: Self.files(["dependencies/b.yaml": "{apiVersion: v1, kind: B}", "dependencies/a.yml": ""]))
    let expected = try PromisePackaging.package(files, options: PackageOptions(defaultName: "thing")).yaml
    var generator = SeededGenerator(1)
    for _ in 0..<20 {
      files.shuffle(using: &generator)
      #expect(try PromisePackaging.package(files, options: PackageOptions(defaultName: "thing")).yaml == expected)
    }
  }

  @Test func folderOfDependencies() throws {
    let package = try PromisePackaging.package(
      Self.files([
        "api.yaml": Self.api, "dependencies.yaml": "",
        "dependencies/b.yaml": "{apiVersion: v1, kind: B}\n---\n---\n{apiVersion: v1, kind: C}\n",
        "dependencies/a/x.yml": "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: A}]}",
        "dependencies/notes.txt": "no YAML: [",
      ]), options: PackageOptions(name: "thing"))
    #expect(Promise(package.promise).dependencies.map(\.kind) == ["A", "B", "C"])
  }

  /// As in the kratix CLI: the parts replace what promise.yaml says, even by nothing.
  @Test func partsReplaceTheWhole() throws {
    let whole = """
      metadata: {name: thing, creationTimestamp: null, labels: {a: b}}
      spec:
        dependencies: [{apiVersion: v1, kind: A}]
        destinationSelectors: [{matchLabels: {environment: dev}}]
        unknown: {kept: true}
        workflows: {promise: {configure: []}}
      status: {}
      """
    let package = try PromisePackaging.package(
      Self.files([
        "promise.yaml": whole, "api.yaml": Self.api, "dependencies.yaml": "",
        "workflows/resource/configure/workflow.yaml": Self.workflow,
        "workflows/resource/configure/gone/old/Dockerfile": "",
      ]))
    #expect(Promise(package.promise).dependencies.isEmpty)
    #expect(package.promise[path: "spec", "unknown", "kept"] == true)
    #expect(package.promise.labels == ["a": "b"])
    #expect(package.promise.status == nil)
    #expect(
      package.warnings == [
        "workflows/resource/configure/workflow.yaml is not used, because promise.yaml holds the workflows",
        "the Promise has no version; give it one with --version, so that resources can be bound to it",
        "workflows/resource/configure/gone/old belongs to no container of the Promise",
      ])
  }

  @Test(
    arguments: [
      // prefix, tag, the image of the container with sources
      (nil, nil, "r.io/acme/thing-make:v1"),
      ("ghcr.io/me", nil, "ghcr.io/me/thing-make:v1"),
      ("ghcr.io/me/", "v2", "ghcr.io/me/thing-make:v2"),
      (nil, "v2", "r.io/acme/thing-make:v2"),
      ("localhost:5000", "dev", "localhost:5000/thing-make:dev"),
    ] as [(String?, String?, String)])
  func imagesOfOwnSources(prefix: String?, tag: String?, expected: String) throws {
    let package = try PromisePackaging.package(
      Self.split, options: PackageOptions(defaultName: "thing", imagePrefix: prefix, tag: tag))
    let containers = Promise(package.promise).pipelines(.resource, .configure)[0].containers
    // Only what is built from this directory gets another name.
    #expect(containers.map(\.image) == [expected, "r.io/other/check:v3"])
    #expect(package.images.map(\.image.description) == [expected])
  }

  @Test func containersWithoutImage() throws {
    let files = Self.files([
      "api.yaml": Self.api,
      "workflows/resource/configure/workflow.yaml": "[{metadata: {name: p}, spec: {containers: [{name: make}]}}]",
    ])
    let bare = try PromisePackaging.package(files, options: PackageOptions(name: "thing", version: "v1"))
    #expect(
      bare.warnings == ["resource/configure/p/make has no image; name one, or give --image-prefix and --tag"])
    let filled = try PromisePackaging.package(
      files, options: PackageOptions(name: "thing", version: "v1", imagePrefix: "r.io/me", tag: "v1"))
    #expect(
      Promise(filled.promise).pipelines(.resource, .configure)[0].containers[0].image == "r.io/me/thing-make:v1")
  }

  /// Several versions of one image side by side: the one that the Promise runs counts.
  @Test func imagesByNameAndTag() throws {
    let package = try PromisePackaging.package([
      SourceFile(path: "promise.yaml", bytes: try RealPromises.bytes("mongodb")),
      SourceFile(path: "pipelines/mongodb-configure-pipeline/v0.1.0/Dockerfile", bytes: []),
      SourceFile(path: "pipelines/mongodb-configure-pipeline/v0.2.0/Dockerfile", bytes: []),
    ])
    #expect(package.images.map(\.directory) == ["pipelines/mongodb-configure-pipeline/v0.1.0"])
  }

  @Test func marketplaceLayout() throws {
    let package = try PromisePackaging.package([
      SourceFile(path: "promise.yaml", bytes: try RealPromises.bytes("mongodb")),
      SourceFile(path: "internal/configure-pipeline/Dockerfile", bytes: []),
      SourceFile(path: "internal/configure-pipeline/resources/promise.yaml", bytes: []),
      SourceFile(path: "resource-request.yaml", bytes: [0x61]),
    ])
    #expect(package.images.map(\.image.path) == ["syntasso/kratix-marketplace/mongodb-configure-pipeline"])
    #expect(package.companions.map(\.path) == ["resource-request.yaml"])
  }

  @Test(arguments: RealPromises.names)
  func unpackingAndPackagingGivesThePromise(name: String) throws {
    let bytes = try RealPromises.bytes(name)
    let whole = try PromisePackaging.package([SourceFile(path: "promise.yaml", bytes: bytes)])
    let files = PromisePackaging.unpack(KubernetesObject(try YAML.parse(String(decoding: bytes, as: UTF8.self))))
    #expect(!files.contains { $0.path == "promise.yaml" })
    let again = try PromisePackaging.package(files)
    #expect(again.promise == whole.promise)
    #expect(again.yaml == whole.yaml)
    #expect(try YAML.parse(whole.yaml) == whole.promise.json)
  }

  @Test func release() throws {
    let package = try PromisePackaging.package(Self.split, options: PackageOptions(name: "thing", version: "v1.2.0"))
    #expect(
      package.release(url: "https://example.org/promise.yaml").json == [
        "apiVersion": "platform.kratix.io/v1alpha1", "kind": "PromiseRelease", "metadata": ["name": "thing"],
        "spec": [
          "sourceRef": ["type": "http", "url": "https://example.org/promise.yaml"], "version": "v1.2.0",
        ],
      ])
  }

  @Test func tooLargeForClientSideApply() throws {
    func package(_ size: Int) throws(PackagingError) -> PromisePackage {
      let data = String(repeating: "x", count: size)
      return try PromisePackaging.package(
        Self.files([
          "api.yaml": Self.api, "dependencies.yaml": "- {apiVersion: v1, kind: ConfigMap, data: {a: \(data)}}",
        ]),
        options: PackageOptions(name: "thing", version: "v1"))
    }
    #expect(try package(261_000).warnings == [])
    let warning = try #require(try package(262_000).warnings.first)
    #expect(warning.hasSuffix("of which the server takes 262144; apply with --server-side"))
    #expect(throws: PackagingError.self) { try package(1_600_000) }
  }

  static let failures: [(files: [String: String], sentence: String)] = [
    (["README.md": "x"], PackagingError.noPromise.description),
    (["promise.yaml": ""], "holds promise.yaml, which is empty"),
    (["promise.yaml": "- a\n"], "holds promise.yaml, which is an array where an object is expected"),
    (["promise.yaml": "kind: Pod\n"], "holds promise.yaml, which is a Pod, not a Promise"),
    (["promise.yaml": "kind: Promise\n---\nkind: Promise\n"], "holds promise.yaml with 2 documents; it must have one"),
    (
      ["promise.yaml": "a: b: c\n"],
      "holds promise.yaml, which is not YAML: line 1, column 5: mapping values are not allowed in this context"
    ),
    (
      ["promise.yaml": "a: &a {b: *a}\n"],
      "holds promise.yaml, which is not YAML: line 1, column 11: an alias of what no anchor before it names, or of what it is in"
    ),
    (["promise.yaml": "metadata: {name: p}\n"], PackagingError.noAPI.description),
    // Requests need an API.
    (
      ["promise.yaml": "metadata: {name: p}\nspec: {workflows: {resource: {configure: [{}]}}}\n"],
      PackagingError.noAPI.description
    ),
    (["api.yaml": api], PackagingError.noName.description),
    (["promise.yaml": "metadata: {name: P!}\n", "api.yaml": api], "cannot be a Promise called \"P!\""),
    (
      ["api.yaml": "kind: Service\nmetadata: {name: s}\n", "promise-base.yaml": "metadata: {name: p}"],
      "holds api.yaml, which is a Service, not a CustomResourceDefinition"
    ),
    (
      ["api.yaml": api + "\n---\n" + api.replacing("things.", with: "others.")],
      "has several APIs (things.example.org, others.example.org); a Promise has one"
    ),
    (
      ["promise.yaml": "metadata: {name: p}\nspec: {api: {metadata: {name: others.example.org}}}\n", "api.yaml": api],
      "has several APIs (others.example.org, things.example.org); a Promise has one"
    ),
    (["api.yaml": api, "api.yml": api], "has both api.yaml and api.yml; keep one"),
    (
      ["api.yaml": api, "dependencies.yaml": "- text\n"],
      "holds dependencies.yaml, whose item 1 is a string, not an object"
    ),
    (
      ["api.yaml": api, "dependencies.yaml": "- {apiVersion: v1, kind: A}\n- {kind: B}\n"],
      "holds dependencies.yaml, whose item 2 has no apiVersion"
    ),
    (
      ["api.yaml": api, "dependencies/x.yaml": "3\n"],
      "holds dependencies/x.yaml, whose item 1 is an integer, not an object"
    ),
    (
      ["api.yaml": api, "workflows/promise/delete/workflow.yaml": "[a]\n"],
      "holds workflows/promise/delete/workflow.yaml, whose pipeline 1 is a string, not an object"
    ),
  ]

  @Test(arguments: failures)
  func sentences(files: [String: String], sentence: String) {
    let error = #expect(throws: PackagingError.self) { try PromisePackaging.package(Self.files(files)) }
    #expect(error?.description.hasPrefix(sentence) == true, "\(error?.description ?? "")")
  }

  @Test func aliasesThatExpand() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1..<9 {
      text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", "))]\n"
    }
    let error = #expect(throws: PackagingError.self) {
      try PromisePackaging.package(Self.files(["promise.yaml": text]))
    }
    #expect(error?.description.hasSuffix("the aliases of this document expand to too many values") == true)
  }

  @Test(
    arguments: [
      ("promise.yaml", true), ("api.yml", true), ("dependencies/a/b.yaml", true), ("README.md", true),
      ("workflows/promise/configure/workflow.yaml", true), ("example-resource.yaml", true),
      ("resource-request.yaml", true), ("internal/promise.yaml", false),
      ("workflows/promise/configure/p/c/Dockerfile", false), ("workflows/x/configure/workflow.yaml", false),
      ("dependencies/a.txt", false), ("big.bin", false),
    ])
  func filesThatAreRead(path: String, expected: Bool) {
    #expect(SourceLayout.isRead(path) == expected)
  }
}
