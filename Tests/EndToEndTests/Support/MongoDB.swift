import Foundation
import Testing

/// The marketplace's MongoDB Promise (shared/promises) with images that write its files without MongoDB.
enum MongoDB {
  private static let registry = "ghcr.io/syntasso/kratix-marketplace"

  /// For `sandbox up`.
  static var images: [String] {
    let folder = "\(Platform.root)/Tests/EndToEndTests/Images/mongodb"
    var arguments = ["--image", "\(registry)/mongodb-deps-configure-pipeline:v0.1.0=\(folder)/deps"]
    for version in 1...5 {
      arguments += ["--image", "\(registry)/mongodb-configure-pipeline:v0.\(version).0=\(folder)/configure"]
    }
    return arguments + ["--image", "\(registry)/mongodb-configure-pipeline:fails=\(folder)/fails"]
  }

  /// - Parameters:
  ///   - tag: of the image of its pipeline.
  ///   - version: the version label, if it has one.
  static func promise(tag: String = "v0.1.0", version: String? = nil) throws -> String {
    let path = "\(Platform.root)/../shared/promises/mongodb.yaml"
    var text = try String(contentsOfFile: path, encoding: .utf8)
    text.replace("mongodb-configure-pipeline:v0.1.0", with: "mongodb-configure-pipeline:\(tag)")
    text.replace(
      "          name: configure-workflow\n        spec:\n",
      with: "          name: configure-workflow\n        spec:\n          jobOptions: {backoffLimit: 0}\n")
    if let version {
      text.replace(
        "  name: mongodb\nspec:", with: "  name: mongodb\n  labels: {kratix.io/promise-version: \(version)}\nspec:")
    }
    return text
  }

  static func request(_ name: String, majorVersion: Int) -> String {
    """
    apiVersion: promise.kratix.io/v1alpha1
    kind: MongoDB
    metadata: {name: \(name), namespace: default}
    spec: {majorVersion: \(majorVersion)}
    """
  }

  /// The binding of one of the recorded requests.
  static func binding(_ name: String) -> String {
    switch name {
    case "mongo-v4": "resourcebinding/mongo-v4-mongodb-7630f"
    case "mongo-v5": "resourcebinding/mongo-v5-mongodb-bf5d4"
    default: "resourcebinding/mongo-v6-mongodb-0b92e"
    }
  }
}

extension Platform {
  func applyMongoDB(tag: String = "v0.1.0", version: String? = nil) async throws {
    try await kubectl("apply", "-f", "-", input: try MongoDB.promise(tag: tag, version: version)).succeeded()
  }

  /// Binds a request to a version, or to `latest`.
  func bind(_ request: String, to version: String) async throws {
    try await kubectl(
      "patch", MongoDB.binding(request), "--type=merge", "-p", #"{"spec":{"version":"\#(version)"}}"#
    ).succeeded()
  }
}
