import Kubernetes
import Synchronization

/// What a watch tells its client.
enum WatchNotification: Sendable {
  case added(ServedObject)
  case modified(ServedObject)
  /// The last state; for an object that no longer matches the selectors, its state before.
  case deleted(ServedObject)
  /// Everything up to this version has been told. `endsInitialEvents` marks the end of the present objects.
  case bookmark(version: UInt64, endsInitialEvents: Bool)
}

/// A watch in progress. It pulls: nothing is buffered for a client that does not read.
final class ObjectWatch: Sendable {
  private struct State {
    var pending: [WatchNotification]
    var wantsBookmark = false
    var version: UInt64
  }

  let kind: ServedKind
  private let pipeline: RequestPipeline
  private let prefix: String
  private let request: ListRequest
  private let subscription: WatchSubscription
  private let state: Mutex<State>

  fileprivate init(
    _ pipeline: RequestPipeline, _ kind: ServedKind, prefix: String, request: ListRequest,
    pending: [WatchNotification], after version: UInt64
  ) {
    self.kind = kind
    self.pipeline = pipeline
    self.prefix = prefix
    self.request = request
    subscription = WatchSubscription(store: pipeline.store, collection: kind.collection, after: version)
    state = Mutex(State(pending: pending, version: version))
  }

  /// Ends the watch: `next` gives nil from now on.
  func cancel() { subscription.cancel() }

  /// Makes `next` give a bookmark.
  func requestBookmark() {
    state.withLock { $0.wantsBookmark = true }
    subscription.wake()
  }

  /// What happened since the last call; waits when nothing did. nil after `cancel`.
  /// - Throws: `StatusError` 410 when changes were missed.
  func next() async throws -> [WatchNotification]? {
    let pending = state.withLock { state in
      defer { state.pending = [] }
      return state.pending
    }
    if !pending.isEmpty { return pending }
    while true {
      guard let batch = try await subscription.next() else { return nil }
      // The definition changed: what this watch would show is out of date. The client comes back.
      guard pipeline.registry.kind(kind.type) === kind else { return nil }
      var notifications = batch.events.compactMap(notification)
      state.withLock { state in
        state.version = batch.version
        if state.wantsBookmark {
          state.wantsBookmark = false
          notifications.append(.bookmark(version: batch.version, endsInitialEvents: false))
        }
      }
      if !notifications.isEmpty { return notifications }
    }
  }

  /// The version up to which `next` has told everything.
  var version: UInt64 { state.withLock { $0.version } }

  /// One change as this watch's selectors see it.
  private func notification(_ event: StoreEvent) -> WatchNotification? {
    guard prefix.isEmpty || event.object.key.hasPrefix(prefix) else { return nil }
    let wasThere = event.previous.map { pipeline.matches($0, kind, request) } ?? false
    let isThere = event.kind != .deleted && pipeline.matches(event.object, kind, request)
    switch (wasThere, isThere) {
    case (false, false): return nil
    case (false, true): return .added(kind.view(of: event.object))
    case (true, true): return .modified(kind.view(of: event.object))
    case (true, false):
      guard event.kind != .deleted, let previous = event.previous else {
        return .deleted(kind.view(of: event.object))
      }
      var last = kind.view(of: previous).object
      last.resourceVersion = String(event.version)
      return .deleted(ServedObject(object: last, bytes: last.json.serialized()))
    }
  }
}

extension RequestPipeline {
  /// Starts a watch. Without a resourceVersion, or with `sendInitialEvents`, the present objects come first.
  func watch(_ target: RequestTarget, _ request: ListRequest) throws -> ObjectWatch {
    let kind = target.kind
    let prefix = kind.prefix(namespace: target.namespace)
    try checkFields(request.fields, kind)
    var request = request
    // A watch of one object by its path.
    if !target.name.isEmpty {
      try request.select(labels: request.labels.description, fields: "metadata.name=\(target.name)")
    }
    let version = request.resourceVersion
    guard version.isEmpty || UInt64(version) != nil else { throw Self.invalidVersion(version) }
    let start = UInt64(version) ?? 0
    let startsWithPresent = request.sendsInitialEvents ?? (start == 0)
    guard startsWithPresent else {
      // `sendInitialEvents=false` without a version: from now on.
      let after = start == 0 ? store.version : start
      return ObjectWatch(self, kind, prefix: prefix, request: request, pending: [], after: after)
    }
    let snapshot = store.snapshot(kind.collection, prefix: prefix)
    if start > snapshot.version { throw Self.tooLarge(start, snapshot.version) }
    var pending = snapshot.objects.filter { matches($0, kind, request) }.map {
      WatchNotification.added(kind.view(of: $0))
    }
    if request.sendsInitialEvents == true {
      pending.append(.bookmark(version: snapshot.version, endsInitialEvents: true))
    }
    return ObjectWatch(self, kind, prefix: prefix, request: request, pending: pending, after: snapshot.version)
  }

  /// The combinations of options that a real server refuses.
  static func checkWatchOptions(_ request: ListRequest, isWatch: Bool) throws {
    var errors: [FieldError] = []
    if request.sendsInitialEvents != nil, request.versionMatch == nil {
      errors.append(
        .forbidden("resourceVersionMatch", "resourceVersionMatch is required when sendInitialEvents is set"))
    }
    if isWatch {
      if request.sendsInitialEvents == nil, request.versionMatch != nil {
        errors.append(
          .forbidden(
            "resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
      }
      if request.sendsInitialEvents != nil, let match = request.versionMatch, match != .notOlderThan {
        errors.append(
          .notSupported("resourceVersionMatch", .string(match.rawValue), supported: ["NotOlderThan"]))
      }
      if request.sendsInitialEvents == true, !request.allowsBookmarks {
        errors.append(
          .forbidden("allowWatchBookmarks", "sendInitialEvents requires setting allowWatchBookmarks to true"))
      }
    } else {
      if request.sendsInitialEvents != nil {
        errors.append(.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
      }
      if let match = request.versionMatch {
        if request.resourceVersion.isEmpty {
          errors.append(
            .forbidden(
              "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"))
        } else if request.resourceVersion == "0", match == .exact {
          errors.append(
            .forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""))
        }
        if request.continueToken ?? "" != "" {
          errors.append(
            .forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"))
        }
      }
    }
    guard errors.isEmpty else {
      throw StatusError.invalid(
        GroupVersionKind(group: "meta.k8s.io", version: "v1", kind: "ListOptions"), "", errors)
    }
  }
}
