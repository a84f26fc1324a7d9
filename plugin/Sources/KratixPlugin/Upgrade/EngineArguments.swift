import ArgumentParser
import Kubernetes
import KubernetesClient
import Sandbox
import WorkflowRunner

/// Where pipelines can be run.
enum EngineName: String, CaseIterable, ExpressibleByArgument {
  case auto, process, container, cluster

  /// nil for the one that is not on this machine.
  var local: SandboxConfiguration.Engine? { SandboxConfiguration.Engine(rawValue: rawValue) }
}

/// Where and how pipelines are run.
struct EngineArguments: ParsableArguments {
  @Option(
    help:
      "Where pipelines run: process (bubblewrap), container (podman or docker), auto, or cluster (as Jobs; previews).")
  var engine: EngineName = .auto

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

  /// The engine of this machine.
  /// - Parameter configuration: the cluster's, if there is one; when it is a sandbox's, its images are known.
  func make(for configuration: ClusterConfiguration?) throws -> any WorkflowEngine {
    var map = configuration.flatMap { SandboxExtension.directory($0.extensions)?.readImages() } ?? [:]
    for image in images { map[image.reference] = try image.absolutePath() }
    return try make(images: ImageMap(map))
  }

  /// The engine of this machine.
  func make(images: ImageMap) throws -> any WorkflowEngine {
    guard let local = engine.local else { throw ValidationError("--engine cluster is for previews of a fleet") }
    return try local.make(images: images)
  }
}
