import Hummingbird
import Kubernetes
import NIOCore

/// GET `pods/log`.
struct PodLogEndpoint {
  let pipeline: RequestPipeline
  let logs: PodLogs

  func respond(_ target: RequestTarget, _ query: QueryParameters, channel: any Channel) async throws -> Response {
    let pod = try pipeline.get(target).object
    let container = try Self.container(of: pod, named: query["container"])
    guard !(pod[path: "spec", "nodeName"]?.stringValue ?? "").isEmpty else {
      throw StatusError.badRequest("pod \(pod.name) does not have a host assigned")
    }
    try Self.checkStarted(container, of: pod)
    let selection = try Selection(query)
    let uid = pod.uid
    let first = selection.initial(logs.lines(podUID: uid, container: container))
    guard query.flag("follow") == true, let changes = logs.follow(podUID: uid, container: container) else {
      return ResponseWriting.response(ByteBuffer(bytes: selection.bytes(first)), type: "text/plain")
    }
    let logs = self.logs
    let already = logs.lines(podUID: uid, container: container).count
    return Response(
      status: .ok, headers: ResponseWriting.headers(type: "text/plain"),
      body: ResponseBody { writer in
        var sent = already
        try await writer.write(ByteBuffer(bytes: selection.bytes(first)))
        for await _ in changes {
          sent = try await Self.write(logs.lines(podUID: uid, container: container), from: sent, selection, &writer)
        }
        _ = try await Self.write(logs.lines(podUID: uid, container: container), from: sent, selection, &writer)
        try await writer.finish(nil)
      })
  }

  /// Writes the complete lines after a position; gives the new position.
  private static func write(
    _ lines: [PodLogs.Line], from start: Int, _ selection: Selection, _ writer: inout any ResponseBodyWriter
  ) async throws -> Int {
    guard start < lines.count else { return start }
    var end = lines.count
    if lines[end - 1].text.last != 0x0A { end -= 1 }
    guard end > start else { return start }
    try await writer.write(ByteBuffer(bytes: selection.bytes(Array(lines[start..<end]))))
    return end
  }

  /// Which lines of a log a request wants.
  private struct Selection: Sendable {
    var tail: Int?
    var since: Double?
    var limit: Int?
    var showsTimes = false

    init(_ query: QueryParameters) throws {
      tail = try query.number("tailLines")
      limit = try query.number("limitBytes")
      if let seconds = try query.number("sinceSeconds") { since = Clock.now() - Double(seconds) }
      if let time = query["sinceTime"] { since = Timestamp.secondsSince1970(time) }
      showsTimes = query.flag("timestamps") ?? false
      if let tail, tail < 0 {
        throw StatusError.invalid(
          GroupVersionKind(group: "", version: "v1", kind: "PodLogOptions"), "",
          [FieldError.invalid("tailLines", JSON(tail), "must be greater than or equal to 0")])
      }
    }

    func initial(_ lines: [PodLogs.Line]) -> [PodLogs.Line] {
      let recent = since.map { since in lines.filter { $0.time >= since } } ?? lines
      return tail.map { Array(recent.suffix($0)) } ?? recent
    }

    func bytes(_ lines: [PodLogs.Line]) -> [UInt8] {
      var bytes: [UInt8] = []
      for line in lines {
        if showsTimes { bytes += Array("\(Timestamp.microText(secondsSince1970: line.time)) ".utf8) }
        bytes += line.text
      }
      return limit.map { Array(bytes.prefix($0)) } ?? bytes
    }
  }

  /// The container that a request means; the only one, or the one an annotation names, when it names none.
  static func container(of pod: KubernetesObject, named wanted: String?) throws -> String {
    func names(_ list: String) -> [String] {
      (pod[path: "spec", list]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
    }
    let containers = names("containers")
    let inits = names("initContainers")
    if let wanted, !wanted.isEmpty {
      guard containers.contains(wanted) || inits.contains(wanted) else {
        throw StatusError.badRequest("container \(wanted) is not valid for pod \(pod.name)")
      }
      return wanted
    }
    if containers.count == 1, inits.isEmpty { return containers[0] }
    if containers.count == 1 { return containers[0] }
    var message =
      "a container name must be specified for pod \(pod.name), choose one of: [\(containers.joined(separator: " "))]"
    if !inits.isEmpty { message += " or one of the init containers: [\(inits.joined(separator: " "))]" }
    throw StatusError.badRequest(message)
  }

  /// A container that has never started has no log; of one that waits to be started again a kubelet gives its last run's
  /// (kubelet, validateContainerLogStatus).
  private static func checkStarted(_ container: String, of pod: KubernetesObject) throws {
    let statuses =
      (pod[path: "status", "containerStatuses"]?.arrayValue ?? [])
      + (pod[path: "status", "initContainerStatuses"]?.arrayValue ?? [])
    guard let status = statuses.first(where: { $0["name"]?.stringValue == container }),
      let waiting = status[path: "state", "waiting"], status[path: "lastState", "terminated"] == nil
    else { return }
    throw StatusError.badRequest(
      "container \"\(container)\" in pod \"\(pod.name)\" is waiting to start: "
        + (waiting["reason"]?.stringValue ?? "ContainerCreating"))
  }
}
