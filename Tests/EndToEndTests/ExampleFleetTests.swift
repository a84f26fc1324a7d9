import Foundation
import Kubernetes
import Testing

/// The fleets below examples/: one whose pipeline is not deterministic, and a compound one that is made of it.
@Suite(.platform(arguments: ExampleFleet.images), .serialized, .enabled(if: Platform.isSandbox))
struct ExampleFleetTests {
  /// Both Promises, their requests, and what the shops ask of the caches.
  private func start(_ platform: Platform) async throws {
    for name in ["cache", "shop"] {
      try await platform.kubectl("apply", "-f", "\(ExampleFleet.folder)/\(name)/promise.yaml").succeeded()
      try await platform.wait("promise/\(name)", for: "condition=Available")
      try await platform.kubectl("apply", "-f", "\(ExampleFleet.folder)/\(name)/requests").succeeded()
    }
    for name in ["bakery-carts", "bakery-catalogue", "books-carts", "books-catalogue"] {
      try await platform.wait("cache/\(name)", for: "create")
    }
    for kind in ["cache", "shop"] {
      try await platform.kubectl("wait", kind, "--all", "--for=condition=Reconciled", "--timeout=120s").succeeded()
    }
  }

  private func preview(_ platform: Platform, _ name: String) async throws -> JSON {
    let file = "\(platform.folder)/\(name).yaml"
    let promise = try String(contentsOfFile: "\(ExampleFleet.folder)/\(name)/promise.yaml", encoding: .utf8)
    try promise.write(toFile: file, atomically: true, encoding: .utf8)
    try await platform.kratix(
      "bump", "-f", file, "--image", ExampleFleet.image(name, "v0.2.0"), "--promise-version", "v0.2.0"
    ).succeeded()
    return try JSON(
      parsing: try await platform.kratix("upgrade", "preview", "-f", file, "-o", "json").succeeded().output)
  }

  private func resource(_ plan: JSON, _ name: String) throws -> JSON {
    try #require(plan["resources"]?.arrayValue?.first { $0["name"]?.stringValue == name })
  }

  private func lines(_ changes: JSON?) -> [String] {
    (changes?.arrayValue ?? []).map {
      "\($0["object"]?.stringValue ?? "") \($0["path"]?.stringValue ?? ""): \($0["from"]?.text() ?? "") -> \($0["to"]?.text() ?? "")"
    }
  }

  @Test func noiseAndComponents() async throws {
    let platform = try Platform.require()
    try await start(platform)

    let caches = try await preview(platform, "cache")
    #expect(caches["summary"]?["changes"] == 7 && caches["summary"]?["fails"] == 0)
    // Passwords and times differ with every run: told apart, and masked.
    let search = try resource(caches, "search")
    #expect(
      lines(search["changes"]) == [
        #"Deployment/default/cache-search spec.template.spec.containers[name=redis].args[1]: "noeviction" -> "allkeys-lru""#,
        #"Deployment/default/cache-search spec.template.spec.containers[name=redis].image: "redis:7.2.4" -> "redis:7.4.1""#,
        #"Deployment/default/cache-search spec.template.spec.containers[name=redis].resources.limits.memory: "512Mi" -> "1Gi""#,
        #"status message: "cache of 512Mi" -> "cache of 1Gi""#,
      ])
    let noise = (search["noise"]?.arrayValue ?? []).compactMap { $0["path"]?.stringValue }
    #expect(noise == ["metadata.annotations['platform.example.com/made-at']", "stringData.password"])
    #expect(search["noise"]?[1]?["to"] == "*** (after)")
    // Five small ones change alike; the shops' caches are known for what they are.
    #expect(caches["groups"]?.arrayValue?.first { $0["count"] == 5 }?["changes"]?.arrayValue?.count == 2)
    #expect(try resource(caches, "books-carts")["marks"] == ["part of compound shop"])
    #expect(
      caches["consequences"]?.arrayValue?.first { $0["kind"] == "components" }?["objects"]?.arrayValue?.count == 4)

    let shops = try await preview(platform, "shop")
    let bakery = try resource(shops, "bakery")
    #expect(
      lines(bakery["changes"]) == [
        #"Cache/default/bakery-catalogue spec.size: "small" -> "large""#,
        #"Cache/default/bakery-carts : "Cache/default/bakery-carts" -> "Cache/default/bakery-baskets""#,
        #"status message: "a shop with a small catalogue" -> "a shop with a large catalogue""#,
      ])
    #expect(bakery["changes"]?[1]?["kind"] == "renamed")
    #expect(try resource(shops, "books")["changes"]?.arrayValue?.count == 1)
  }
}

enum ExampleFleet {
  static var folder: String { "\(Platform.root)/examples" }

  static func image(_ name: String, _ tag: String) -> String {
    "registry.example.com/platform/\(name)-configure:\(tag)"
  }

  static var images: [String] {
    ["cache", "shop"].flatMap { name in
      ["v0.1.0", "v0.2.0"].flatMap { tag in
        ["--image", "\(image(name, tag))=\(folder)/\(name)/pipelines/\(name)-configure/\(tag)"]
      }
    }
  }
}
