import KratixModel
import Kubernetes

/// One container of a run, with everything resolved that does not depend on the engine.
struct ContainerSpecification: Sendable {
  struct Mount: Sendable, Hashable {
    /// On this machine.
    var source: String
    var destination: String
    var isReadOnly: Bool
  }

  var name: String
  var image: String
  /// Replaces the image's entry point when not empty.
  var command: [String]
  var arguments: [String]
  /// Kratix's variables, then the author's.
  var environment: [EnvironmentVariable]
  var mounts: [Mount]

  /// - Throws: `WorkflowFailure.Reason` when something that the container needs is not at hand.
  init(
    _ container: Pipeline.Container, of run: WorkflowRun, directory: RunDirectory
  ) throws(WorkflowFailure.Reason) {
    name = container.name
    image = container.image
    let environment = try Self.environment(of: container, in: run)
    self.environment = environment
    command = container.command.map { Self.expand($0, environment) }
    arguments = container.args.map { Self.expand($0, environment) }
    mounts =
      !run.isWorkflow
      ? []
      : [
        Mount(source: directory.input, destination: "/kratix/input", isReadOnly: true),
        Mount(source: directory.output, destination: "/kratix/output", isReadOnly: false),
        Mount(source: directory.metadata, destination: "/kratix/metadata", isReadOnly: false),
      ]
    for mount in container.volumeMounts {
      let volume = mount["name"]?.stringValue ?? ""
      guard let path = mount["mountPath"]?.stringValue, path.hasPrefix("/") else {
        throw .unsound("the mount of volume \"\(volume)\" has no absolute mountPath")
      }
      let isEmptyDirectory = run.pipeline.volumes.contains {
        $0["name"]?.stringValue == volume && $0["emptyDir"] != nil
      }
      let isFilled = run.volumeFiles[volume] != nil
      guard isEmptyDirectory || isFilled else {
        throw .engine("it mounts volume \"\(volume)\"; only emptyDir volumes can be had here")
      }
      guard mount["subPath"] == nil, mount["subPathExpr"] == nil else {
        throw .engine("it mounts a part of volume \"\(volume)\" (subPath); only whole volumes can be mounted here")
      }
      mounts.append(
        Mount(
          source: directory.volume(volume), destination: path,
          isReadOnly: isFilled || mount["readOnly"]?.boolValue ?? false))
    }
  }

  /// As a kubelet makes it: `envFrom`, then Kratix's own, then the author's, a later one of a name in the place of an
  /// earlier one; `$(NAME)` refers to what stands before (contract, section 5.4).
  static func environment(
    of container: Pipeline.Container, in run: WorkflowRun
  ) throws(WorkflowFailure.Reason) -> [EnvironmentVariable] {
    let resolved = run.resolvedEnvironment[container.name] ?? []
    let named = Set(container.env.compactMap { $0["name"]?.stringValue })
    var environment: [EnvironmentVariable] = []
    func set(_ name: String, _ value: String) {
      if let index = environment.firstIndex(where: { $0.name == name }) {
        environment[index].value = value
      } else {
        environment.append(EnvironmentVariable(name: name, value: value))
      }
    }
    for variable in run.isWorkflow ? run.environment.variables : [] { set(variable.name, variable.value) }
    let kratix = Set(environment.map(\.name))
    for variable in resolved where !named.contains(variable.name) && !kratix.contains(variable.name) {
      set(variable.name, variable.value)
    }
    for entry in container.env {
      guard let name = entry["name"]?.stringValue, !name.isEmpty else { continue }
      if let source = entry["valueFrom"], !source.isNull {
        guard let value = resolved.last(where: { $0.name == name })?.value else {
          if isOptional(source) { continue }
          throw .engine("the value of \(name) comes from the cluster, and was not given")
        }
        set(name, value)
      } else {
        set(name, expand(entry["value"]?.stringValue ?? "", environment))
      }
    }
    return environment
  }

  private static func isOptional(_ source: JSON) -> Bool {
    (source.objectValue ?? [:]).values.contains { $0["optional"]?.boolValue == true }
  }

  /// `$(NAME)` where NAME is known; `$$(NAME)` is a literal `$(NAME)`.
  static func expand(_ text: String, _ environment: [EnvironmentVariable]) -> String {
    var result = ""
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[rest.index(after: dollar)...]
      if rest.first == "$" {
        result.append("$")
        rest = rest.dropFirst()
      } else if rest.first == "(", let close = rest.firstIndex(of: ")") {
        let name = rest[rest.index(after: rest.startIndex)..<close]
        result += environment.last { $0.name == name }?.value ?? "$(\(name))"
        rest = rest[rest.index(after: close)...]
      } else {
        result.append("$")
      }
    }
    return result + rest
  }
}
