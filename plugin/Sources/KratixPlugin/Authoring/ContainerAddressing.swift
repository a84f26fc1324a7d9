import ArgumentParser
import PromiseAuthoring

/// Which containers of a Promise's file a command is about.
struct ContainerAddressing: ParsableArguments {
  @Option(help: "Only this container: NAME, PIPELINE/NAME or TYPE/ACTION/PIPELINE/NAME.")
  var container: String?

  @Option(help: "Only the containers of this pipeline: NAME or TYPE/ACTION/NAME.")
  var pipeline: String?

  @Option(help: "Only the Promise of this name, where the file holds several.")
  var promise: String?

  @Flag(help: "Every container with the image's repository, also when they run different tags now.")
  var all = false

  func filter() throws -> ContainerFilter {
    var filter = ContainerFilter(promise: promise)
    if let container {
      guard let parsed = ContainerFilter(containerAddress: container) else {
        throw ValidationError(
          "\"\(container)\" addresses no container; write NAME, PIPELINE/NAME or TYPE/ACTION/PIPELINE/NAME, as in "
            + "resource/configure/instance/create")
      }
      filter = filter.and(parsed) ?? filter
    }
    if let pipeline {
      guard let parsed = ContainerFilter(pipelineAddress: pipeline) else {
        throw ValidationError(
          "\"\(pipeline)\" addresses no pipeline; write NAME or TYPE/ACTION/NAME, as in resource/configure/instance")
      }
      guard let both = filter.and(parsed) else {
        throw ValidationError("--container \(container ?? "") and --pipeline \(pipeline) contradict each other")
      }
      filter = both
    }
    return filter
  }
}
