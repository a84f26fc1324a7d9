import Hummingbird
import Kubernetes
import NIOCore

/// A watch over HTTP: one JSON text a line, until its time is over or the client leaves.
struct WatchStream {
  let watch: ObjectWatch
  let request: ListRequest
  let form: MediaTypes.Form
  let includeObject: String
  let channel: any Channel

  /// A client that takes none of what is written for this long is cut off.
  private static let stallLimit = TimeAmount.seconds(60)
  private static let bookmarkInterval = Duration.seconds(60)

  var response: Response {
    let type = form.isYAML ? "application/yaml;stream=watch" : "application/json"
    return Response(
      status: .ok, headers: ResponseWriting.headers(type: type),
      body: ResponseBody { writer in try await run(&writer) })
  }

  private func run(_ writer: inout any ResponseBodyWriter) async throws {
    let lifetime = Duration.seconds(request.timeoutSeconds.map { max(0, $0) } ?? Int.random(in: 1800...3600))
    let watch = self.watch
    let wantsBookmarks = request.allowsBookmarks
    // A client that leaves while nothing happens is noticed here.
    channel.closeFuture.whenComplete { _ in watch.cancel() }
    let clock = Task {
      let start = ContinuousClock.now
      var next = start + Self.bookmarkInterval
      while next < start + lifetime {
        try await Task.sleep(until: next, clock: .continuous)
        if wantsBookmarks { watch.requestBookmark() }
        next += Self.bookmarkInterval
      }
      try await Task.sleep(until: start + lifetime, clock: .continuous)
      watch.cancel()
    }
    defer {
      clock.cancel()
      watch.cancel()
    }
    var hasSentHeaders = false
    do {
      while let batch = try await watch.next() {
        for chunk in batch.chunked(by: 64) {
          var buffer = ByteBuffer()
          for notification in chunk { write(notification, &buffer, &hasSentHeaders) }
          try await send(buffer, &writer)
        }
      }
    } catch let error as StatusError {
      var buffer = ByteBuffer()
      frame("ERROR", error.json.serialized(), &buffer)
      try await send(buffer, &writer)
    }
    try await writer.finish(nil)
  }

  private func send(_ buffer: ByteBuffer, _ writer: inout any ResponseBodyWriter) async throws {
    let channel = self.channel
    let stall = channel.eventLoop.scheduleTask(in: Self.stallLimit) { channel.close(mode: .all, promise: nil) }
    defer { stall.cancel() }
    try await writer.write(buffer)
  }

  private func write(_ notification: WatchNotification, _ buffer: inout ByteBuffer, _ hasSentHeaders: inout Bool) {
    let (type, object): (String, ServedObject)
    switch notification {
    case .added(let served): (type, object) = ("ADDED", served)
    case .modified(let served): (type, object) = ("MODIFIED", served)
    case .deleted(let served): (type, object) = ("DELETED", served)
    case .bookmark(let version, let endsInitialEvents):
      guard request.allowsBookmarks else { return }
      type = "BOOKMARK"
      let bookmark = Self.bookmark(watch.kind, version: version, endsInitialEvents: endsInitialEvents)
      object = ServedObject(object: bookmark, bytes: bookmark.json.serialized())
    }
    switch form.shape {
    case .object: frame(type, object.bytes, &buffer)
    case .metadata: frame(type, ResponseWriting.partial(object.object).serialized(), &buffer)
    case .table:
      let table = TableEdge.table(
        watch.kind, [object.object], metadata: ["resourceVersion": .string(object.object.resourceVersion)],
        includeObject: includeObject, omitHeaders: hasSentHeaders)
      hasSentHeaders = true
      frame(type, table.serialized(), &buffer)
    }
  }

  private func frame(_ type: String, _ object: [UInt8], _ buffer: inout ByteBuffer) {
    buffer.writeString("{\"type\":\"\(type)\",\"object\":")
    buffer.writeBytes(object)
    buffer.writeString("}\n")
  }

  static func bookmark(_ kind: ServedKind, version: UInt64, endsInitialEvents: Bool) -> KubernetesObject {
    var metadata: JSON = ["resourceVersion": .string(String(version)), "creationTimestamp": .null]
    if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
    return KubernetesObject([
      "kind": .string(kind.type.kind), "apiVersion": .string(kind.type.apiVersion), "metadata": metadata,
    ])
  }
}

extension Array {
  fileprivate func chunked(by size: Int) -> [ArraySlice<Element>] {
    stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
  }
}
