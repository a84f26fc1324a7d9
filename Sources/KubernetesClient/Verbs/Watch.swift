import Kubernetes
import NIOCore

extension KubernetesClient {
  /// The watch begins before this returns: a refusal is thrown here, later errors by the stream.
  public func watch(
    _ type: ResourceType, namespace: String?, options: WatchOptions
  ) async throws -> AsyncThrowingStream<WatchEvent, any Error> {
    var request = APIRequest(method: .GET, path: collectionPath(type, namespace: namespace))
    let seconds = max(1, Int(settings.watchTimeout.inSeconds * .random(in: 0.5...1)))
    request.query = [("watch", "true"), ("timeoutSeconds", String(seconds))]
    if !options.labelSelector.isEmpty { request.query.append(("labelSelector", options.labelSelector)) }
    if !options.fieldSelector.isEmpty { request.query.append(("fieldSelector", options.fieldSelector)) }
    if !options.resourceVersion.isEmpty { request.query.append(("resourceVersion", options.resourceVersion)) }
    if options.allowBookmarks { request.query.append(("allowWatchBookmarks", "true")) }
    // A server that has gone without a word does not end its watches: then this does.
    let timeout = Duration.seconds(seconds) + settings.requestTimeout
    let body = try await transport.open(request, timeout: timeout)
    let transport = transport
    let server = configuration.server.description
    return AsyncThrowingStream { continuation in
      let task = Task {
        do {
          var frames = WatchFrames(type: type, server: server)
          for try await chunk in body {
            for event in try frames.append(chunk.readableBytesView) { continuation.yield(event) }
          }
          try frames.finish()
          continuation.finish()
        } catch let error as StatusError {
          continuation.finish(throwing: error)
        } catch let error as ConnectionError {
          continuation.finish(throwing: error)
        } catch {
          if Task.isCancelled {
            continuation.finish()
          } else {
            continuation.finish(throwing: await transport.connectionError(error, timeout: timeout))
          }
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }
}

/// Puts the frames of a watch together: one JSON document a line, cut anywhere by the network.
struct WatchFrames {
  /// Far more than the API server takes for one object.
  static let maximumFrameBytes = 64 << 20

  let type: ResourceType
  let server: String
  private var pending: [UInt8] = []

  init(type: ResourceType, server: String) {
    self.type = type
    self.server = server
  }

  /// The events that the bytes complete.
  /// - Throws: the `StatusError` of an `ERROR` frame, `ConnectionError.notKubernetes` for what is no frame.
  mutating func append(_ bytes: some Collection<UInt8>) throws -> [WatchEvent] {
    var events: [WatchEvent] = []
    var rest = bytes[...]
    while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
      pending.append(contentsOf: rest[..<newline])
      rest = rest[rest.index(after: newline)...]
      let frame = pending
      pending.removeAll(keepingCapacity: frame.count < 1 << 16)
      if let event = try event(of: frame) { events.append(event) }
    }
    pending.append(contentsOf: rest)
    guard pending.count <= Self.maximumFrameBytes else {
      throw ConnectionError.notKubernetes(server: server, reason: "a watch event of more than 64 MiB")
    }
    return events
  }

  /// The end of the body. - Throws: `ConnectionError.interrupted` when it ends within a frame.
  func finish() throws {
    guard pending.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) else {
      throw ConnectionError.interrupted(server: server, reason: "the watch ended in the middle of an event")
    }
  }

  private func event(of frame: [UInt8]) throws -> WatchEvent? {
    guard !frame.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) else { return nil }
    guard let json = try? JSON(parsing: frame), let kind = json["type"]?.stringValue, let object = json["object"] else {
      throw ConnectionError.notKubernetes(server: server, reason: "a watch event that is no JSON event")
    }
    switch kind {
    case "ADDED": return .added(KubernetesClient.object(object, of: type))
    case "MODIFIED": return .modified(KubernetesClient.object(object, of: type))
    case "DELETED": return .deleted(KubernetesClient.object(object, of: type))
    case "BOOKMARK":
      return .bookmark(resourceVersion: object[path: "metadata", "resourceVersion"]?.stringValue ?? "")
    case "ERROR":
      throw StatusError(json: object)
        ?? StatusError(code: 500, reason: .internalError, message: "the watch failed: \(object.text())")
    // What a later version of the API may add.
    default: return nil
    }
  }
}
