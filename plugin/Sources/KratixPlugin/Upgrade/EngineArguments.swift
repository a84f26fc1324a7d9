import ArgumentParser
import Kubernetes
import KubernetesClient
import Sandbox
import WorkflowRunner

/// Where and how pipelines are run on this machine.
struct EngineArguments: ParsableArguments {
  @Option(help: "Where pipelines run: process (bubblewrap), container (podman or docker) or auto.")
  var engine: SandboxConfiguration.Engine = .auto

  @Option(
    name: .customLong("image"),
    help: "REF=PATH: the directory that stands for an image; may be repeated. A sandbox's own images are known.")
  var images: [ImageMapping] = []

  @Option(help: "How long one resource's pipeline may take: 90s, 5m.")
  var timeout = "5m"

  @Flag(help: "Let pipelines use the network.")
  var allowNetwork = false

  func validate() throws {
    guard let duration = GoDuration(timeout), duration.nanoseconds > 0 else {
      throw ValidationError("--timeout takes a duration such as 90s or 5m, not \(timeout)")
    }
  }

  var limits: WorkflowLimits {
    var limits = WorkflowLimits(allowsNetwork: allowNetwork)
    if let duration = GoDuration(timeout) { limits.time = duration.duration }
    return limits
  }

  /// - Parameter configuration: the cluster's, if there is one; when it is a sandbox's, its images are known.
  func make(for configuration: ClusterConfiguration?) throws -> any WorkflowEngine {
    var map = configuration.flatMap { SandboxExtension.directory($0.extensions)?.readImages() } ?? [:]
    for image in images { map[image.reference] = try image.absolutePath() }
    return try engine.make(images: ImageMap(map))
  }
}
