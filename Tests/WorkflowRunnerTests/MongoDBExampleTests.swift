import Foundation
import KratixModel
import Kubernetes
import Testing

@testable import WorkflowRunner

@Suite("examples/mongodb")
struct MongoDBExampleTests {
  private static let example = Project.root + "/examples/mongodb"
  private static let image = "ghcr.io/syntasso/kratix-marketplace/mongodb-configure-pipeline"
  private let engine: ProcessEngine

  init() throws {
    engine = try ProcessEngine(images: ImageMap(collections: [Self.example + "/pipelines"]))
  }

  private func configure(_ resource: KubernetesObject, version: String) async throws -> WorkflowResult {
    try await engine.run(
      Runs.run([["name": "create-instance", "image": .string("\(Self.image):\(version)")]], resource: resource))
  }

  /// The tutorial's table: major version, pipeline, MongoDB release.
  @Test(
    "each pipeline gives the tutorial's releases",
    arguments: [
      (JSON.string("4"), "v0.1.0", "4.4.23"), (.int(5), "v0.1.0", "5.0.14"), (.int(6), "v0.1.0", "6.0.10"),
      (.int(4), "v0.2.0", "4.4.24"), (.string("5"), "v0.2.0", "5.0.15"), (.int(6), "v0.2.0", "6.0.10"),
    ])
  func releases(majorVersion: JSON, pipeline: String, release: String) async throws {
    let result = try await configure(Runs.resource("mongo", majorVersion: majorVersion), version: pipeline)
    let instance = try YAML.parse(try #require(result.text("mongodb-instance.yaml")))
    #expect(instance[path: "spec", "version"] == .string(release))
    #expect(
      result.status == [
        "message": .string("mongodb version: \(release)"), "version": .string(release),
        "adminUserCredentials": ["name": "mongodb-password-mongo", "namespace": "default"],
      ])
    #expect(
      result.logs.first?.text
        == "Creating mongodb with name: mongo\nCreating mongodb with version: \(release)\n")
  }

  @Test("the MongoDBCommunity object is the one that was recorded on a real platform")
  func recorded() async throws {
    let recorded = try String(
      contentsOfFile: Project.root + "/../shared/recorded/a-install/05-requests-succeeded.work-contents.txt",
      encoding: .utf8)
    let result = try await configure(Runs.resource("mongo-v4"), version: "v0.1.0")
    let text = try #require(result.text("mongodb-instance.yaml"))
    #expect(recorded.contains("file mongodb-instance.yaml\n" + text))
  }

  @Test("the password is a resource's own, and the same in every run and version")
  func password() async throws {
    func password(_ resource: KubernetesObject, _ version: String) async throws -> String? {
      let secret = try YAML.parse(try #require(try await configure(resource, version: version).text("secret.yaml")))
      return secret[path: "stringData", "password"]?.stringValue
    }
    let first = try await password(Runs.resource("a"), "v0.1.0")
    #expect(first?.utf8.count == 64)
    #expect(try await password(Runs.resource("a"), "v0.2.0") == first)
    #expect(try await password(Runs.resource("b"), "v0.1.0") != first)
  }

  @Test("a release of one's own; what is none, or not offered, fails with a sentence")
  func requests() async throws {
    var resource = Runs.resource()
    resource[path: "spec", "version"] = "6.0.99"
    #expect(try await configure(resource, version: "v0.1.0").status?["version"] == "6.0.99")
    resource[path: "spec", "version"] = "6.0; rm -rf /"
    let strange = await #expect(throws: WorkflowFailure.self) { try await configure(resource, version: "v0.1.0") }
    #expect(strange?.lastLines == ["version \"6.0; rm -rf /\" is no MongoDB release"])
    let unknown = Runs.resource(majorVersion: 7)
    let refused = await #expect(throws: WorkflowFailure.self) { try await configure(unknown, version: "v0.1.0") }
    #expect(refused?.lastLines == ["majorVersion \"7\" is not offered: it can be 4, 5 or 6"])
    #expect(refused?.reason == .exited(code: 1))
  }

  @Test("the Promise's own pipeline ships the operator and its CustomResourceDefinition")
  func dependencies() async throws {
    let promise = try YAML.parse(try String(contentsOfFile: Self.example + "/promise.yaml", encoding: .utf8))
    let pipeline = try #require(promise[path: "spec", "workflows", "promise", "configure"]?[0])
    let object = Promise(KubernetesObject(promise))
    let result = try await engine.run(
      WorkflowRun(
        pipeline: Pipeline(pipeline),
        environment: .promise(object, pipeline: "configure-promise", action: .configure),
        object: KubernetesObject(promise)))
    let documents = try result.files.flatMap { try YAML.documents(String(decoding: $0.bytes, as: UTF8.self)) }
    #expect(
      documents.compactMap { $0["kind"]?.stringValue }.sorted() == [
        "CustomResourceDefinition", "Deployment", "Role", "Role", "RoleBinding", "RoleBinding", "ServiceAccount",
        "ServiceAccount",
      ])
  }

  @Test("the pipelines of the Promise are among the directories, and the API takes 4 as well as \"4\"")
  func promise() throws {
    let promise = try YAML.parse(try String(contentsOfFile: Self.example + "/promise.yaml", encoding: .utf8))
    let images = ImageMap(collections: [Self.example + "/pipelines"])
    for type in ["promise", "resource"] {
      let pipelines = try #require(promise[path: "spec", "workflows", type, "configure"]?.arrayValue)
      for container in pipelines.map(Pipeline.init).flatMap(\.containers) {
        #expect(images.directory(for: container.image) != nil, "\(container.image)")
      }
    }
    let version = try #require(promise[path: "spec", "api", "spec", "versions"]?[0])
    let field = version[path: "schema", "openAPIV3Schema", "properties", "spec", "properties", "majorVersion"]
    #expect(field?["x-kubernetes-int-or-string"] == true && field?["default"] == 6)
    #expect(
      version["additionalPrinterColumns"] == [["name": "Status", "type": "string", "jsonPath": ".status.message"]])
  }
}
