import Foundation
import Kubernetes
import PromiseReview
import Testing

@testable import KratixWebhook

/// The chart, rendered by the real helm.
@Suite struct ChartTests {
  private static var root: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  }
  static var chart: String { root.appending(path: "charts/kratix-webhook").path }
  private static var golden: URL { root.appending(path: "Tests/KratixWebhookTests/Golden") }

  static func run(_ command: [String]) throws -> (status: Int32, output: String, errors: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let complaints = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text, complaints)
  }

  static let helm: Result<String, any Error> = Result {
    let found = try run([root.appending(path: "Tests/tools/get-helm").path])
    guard found.status == 0 else { throw Recorded.Missing(description: found.errors) }
    return found.output.split(separator: "\n").last.map(String.init) ?? "helm"
  }

  private func template(_ arguments: String...) throws -> (status: Int32, output: String, errors: String) {
    try Self.run(
      [try Self.helm.get(), "template", "kratix-webhook", Self.chart, "--namespace", "kratix-webhook"] + arguments)
  }

  @Test func lintIsClean() throws {
    let result = try Self.run([try Self.helm.get(), "lint", "--strict", Self.chart])
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }

  /// Every shape is as it was when somebody last read it; UPDATE_GOLDEN=1 writes it anew.
  @Test(arguments: ["default", "cert-manager", "secret"]) func rendersAsReviewed(shape: String) throws {
    let values = Self.golden.appending(path: "\(shape).values.yaml").path
    let result = try template("--values", values)
    try #require(result.status == 0, "\(result.errors)")
    let file = Self.golden.appending(path: "\(shape).golden.yaml")
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data(result.output.utf8).write(to: file, options: .atomic)
    }
    let expected = String(decoding: try #require(FileManager.default.contents(atPath: file.path)), as: UTF8.self)
    #expect(result.output == expected, "run with UPDATE_GOLDEN=1 and read the difference")
  }

  @Test(arguments: [
    ("replicas=0", "replicas"), ("certificate.source=magic", "source"),
    ("webhooks.promise.timeoutSeconds=31", "timeoutSeconds"),
    ("image.digest=latest", "digest"), ("rules.image-latest=refuse", "image-latest"), ("replica=2", "replica"),
  ])
  func valuesThatCannotBeAreRefused(value: String, name: String) throws {
    let result = try template("--set", value)
    #expect(result.status != 0)
    #expect(result.errors.contains(name), "\(result.errors)")
  }

  @Test func aSecretWithoutItsCAIsRefused() throws {
    let result = try template("--set", "certificate.source=secret,certificate.secretName=a")
    #expect(result.status != 0)
    #expect(result.errors.contains("certificate.caBundle is needed"))
  }

  /// The chart and the program say the same of the webhooks.
  @Test func registersWhatTheProgramWouldRegister() throws {
    let objects = try YAML.documents(try template().output).filter { !$0.isNull }.map(KubernetesObject.init)
    let own = WebhookServer.webhookConfigurations(
      clientConfig: .service(namespace: "kratix-webhook", name: "kratix-webhook"), caBundle: "")
    for configuration in own {
      let rendered = try #require(objects.first { $0.kind == configuration.kind })
      #expect(rendered.name == configuration.name)
      let webhooks = rendered["webhooks"]?.arrayValue ?? []
      for webhook in configuration["webhooks"]?.arrayValue ?? [] {
        let other = try #require(webhooks.first { $0["name"] == webhook["name"] })
        for key in [
          "rules", "failurePolicy", "matchConditions", "timeoutSeconds", "sideEffects", "matchPolicy",
          "admissionReviewVersions",
        ] {
          #expect(other[key] == webhook[key], "\(webhook["name"]?.text() ?? "") \(key)")
        }
        #expect(other[path: "clientConfig", "service"] == webhook[path: "clientConfig", "service"])
      }
    }
  }

  @Test func podsAreConfined() throws {
    let objects = try YAML.documents(try template().output).filter { !$0.isNull }.map(KubernetesObject.init)
    let pod = try #require(objects.first { $0.kind == "Deployment" }?[path: "spec", "template", "spec"])
    #expect(pod[path: "securityContext", "runAsNonRoot"] == true)
    #expect(pod[path: "securityContext", "seccompProfile", "type"] == "RuntimeDefault")
    let container = try #require(pod["containers"]?[0])
    #expect(container[path: "securityContext", "readOnlyRootFilesystem"] == true)
    #expect(container[path: "securityContext", "capabilities", "drop"] == ["ALL"])
  }

  @Test func theGuideToTheRulesIsTrue() throws {
    let file = Self.root.appending(path: "docs/webhook-rules.md")
    let text = RuleGuide.markdown()
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data(text.utf8).write(to: file, options: .atomic)
    }
    let written = String(decoding: try #require(FileManager.default.contents(atPath: file.path)), as: UTF8.self)
    #expect(written == text, "run with UPDATE_GOLDEN=1")
    for rule in RuleID.allCases { #expect(text.contains("### `\(rule.rawValue)`")) }
  }
}
