import Foundation
import Kubernetes
import NIOConcurrencyHelpers
import Testing

@testable import KubernetesClient

@Suite("Watches")
struct WatchTests {
  private static func frame(_ type: String, _ name: String, _ version: String) -> String {
    let event: JSON = [
      "type": .string(type),
      "object": ["metadata": ["name": .string(name), "resourceVersion": .string(version)]],
    ]
    return event.text() + "\n"
  }

  private static func list(_ names: [String], version: String) -> TestServer.Reply {
    .json(
      200,
      [
        "metadata": ["resourceVersion": .string(version)],
        "items": .array(names.map { ["metadata": ["name": .string($0)]] }),
      ])
  }

  private static func pieces(_ texts: [String]) -> TestServer.Reply {
    .stream(
      AsyncStream { continuation in
        for text in texts { continuation.yield(text) }
        continuation.finish()
      })
  }

  /// A watch that says nothing more, and stays open.
  private static func open(_ texts: [String]) -> TestServer.Reply {
    .stream(
      AsyncStream { continuation in
        for text in texts { continuation.yield(text) }
        // Kept by the closure of onTermination, so that the stream does not end.
        continuation.onTermination = { [continuation] _ in _ = continuation }
      })
  }

  private func collect(_ stream: AsyncThrowingStream<WatchEvent, any Error>) async throws -> [String] {
    var seen: [String] = []
    for try await event in stream {
      switch event {
      case .added(let object): seen.append("+\(object.name)")
      case .modified(let object): seen.append("~\(object.name)")
      case .deleted(let object): seen.append("-\(object.name)")
      case .bookmark(let version): seen.append("@\(version)")
      }
    }
    return seen
  }

  @Test("frames are put together wherever the network cuts them, and the watch ends when the server ends it")
  func frames() async throws {
    let text =
      Self.frame("ADDED", "é", "1") + Self.frame("MODIFIED", "a", "2") + Self.frame("SOMETHING_NEW", "a", "2")
      + Self.frame("DELETED", "a", "3") + Self.frame("BOOKMARK", "", "9")
    for size in [1, 7, 64, text.utf8.count] {
      var frames = WatchFrames(type: ClientFixture.promises, server: "s")
      var events: [WatchEvent] = []
      let bytes = Array(text.utf8)
      for start in stride(from: 0, to: bytes.count, by: size) {
        events += try frames.append(bytes[start..<min(start + size, bytes.count)])
      }
      try frames.finish()
      #expect(events.map(\.resourceVersion) == ["1", "2", "3", "9"])
      #expect(events[0].object?.name == "é")
      #expect(events[0].object?.kind == "Promise")
    }
    let fixture = try await ClientFixture { _ in Self.pieces([String(text.prefix(20)), String(text.dropFirst(20))]) }
    let stream = try await fixture.client.watch(
      ClientFixture.promises, namespace: nil,
      options: WatchOptions(labelSelector: "a=b", fieldSelector: "metadata.name=x", resourceVersion: "5"))
    #expect(try await collect(stream) == ["+é", "~a", "-a", "@9"])
    var query = try #require(fixture.server.requests.first?.query)
    let timeout = try #require(query.removeValue(forKey: "timeoutSeconds").flatMap { Int($0) })
    #expect((300...600).contains(timeout))
    #expect(
      query == [
        "watch": "true", "labelSelector": "a=b", "fieldSelector": "metadata.name=x", "resourceVersion": "5",
        "allowWatchBookmarks": "true",
      ])
  }

  @Test("an ERROR event is the StatusError that it carries")
  func errorEvent() async throws {
    let event: JSON = ["type": "ERROR", "object": StatusError.expired("too old resource version: 1 (5)").json]
    let fixture = try await ClientFixture { _ in Self.pieces([Self.frame("ADDED", "a", "1"), event.text() + "\n"]) }
    let stream = try await fixture.client.watch(ClientFixture.promises, namespace: nil, options: WatchOptions())
    let error = await thrown(StatusError.self) { _ = try await self.collect(stream) }
    #expect(error?.code == 410)
    #expect(error?.message == "too old resource version: 1 (5)")
  }

  @Test("a watch that breaks within an event is told from one that ends")
  func broken() async throws {
    for reply in [TestServer.Reply.cutOff(pieces: ["{\"type\": \"ADD"]), Self.pieces(["{\"type\": \"ADD"])] {
      let fixture = try await ClientFixture { _ in reply }
      let stream = try await fixture.client.watch(ClientFixture.promises, namespace: nil, options: WatchOptions())
      let error = await thrown(ConnectionError.self) { _ = try await self.collect(stream) }
      guard case .interrupted? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test("cancelling the task ends the watch")
  func cancellation() async throws {
    let fixture = try await ClientFixture { _ in Self.open([Self.frame("ADDED", "a", "1")]) }
    let stream = try await fixture.client.watch(ClientFixture.promises, namespace: nil, options: WatchOptions())
    let (firsts, first) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      for try await _ in stream { first.yield() }
    }
    var iterator = firsts.makeAsyncIterator()
    await iterator.next()
    task.cancel()
    try await task.value
  }

  // MARK: Observing

  /// The first events of an observation, in short.
  private func observe(_ fixture: ClientFixture, count: Int) async throws -> [String] {
    var seen: [String] = []
    let stream = fixture.client.observe(
      ClientFixture.promises, backoff: Backoff(initial: .milliseconds(1), maximum: .milliseconds(2)))
    for try await event in stream {
      switch event {
      case .snapshot(let objects): seen.append("=" + objects.map(\.name).joined(separator: ","))
      case .added(let object): seen.append("+\(object.name)")
      case .modified(let object): seen.append("~\(object.name)")
      case .deleted(let object): seen.append("-\(object.name)")
      }
      if seen.count == count { break }
    }
    return seen
  }

  @Test("an observation goes on where the watch ended, and lists again when that is too far back")
  func observation() async throws {
    let fixture = try await ClientFixture { request in
      switch (request.number, request.query["watch"]) {
      case (1, nil): Self.list(["a", "b"], version: "10")
      case (2, "true"): Self.pieces([Self.frame("MODIFIED", "a", "11"), Self.frame("BOOKMARK", "", "15")])
      case (3, "true"): Self.cutOff([Self.frame("ADDED", "c", "16")])
      case (4, "true"): .reset
      case (5, "true"): .status(.expired("too old"))
      case (6, nil): Self.list(["b", "c"], version: "30")
      default: Self.open([Self.frame("DELETED", "b", "31")])
      }
    }
    #expect(try await observe(fixture, count: 5) == ["=a,b", "~a", "+c", "=b,c", "-b"])
    #expect(
      fixture.server.requests.map { $0.query["watch"] == nil ? "list" : "watch \($0.query["resourceVersion"] ?? "")" }
        == ["list", "watch 10", "watch 15", "watch 16", "watch 16", "list", "watch 30"])
  }

  private static func cutOff(_ texts: [String]) -> TestServer.Reply { .cutOff(pieces: texts) }

  @Test("an observation outlives a restart of the server")
  func restart() async throws {
    let authority = try TestAuthority()
    let identity = try authority.issueServer()
    let first = try await TestServer.start(identity: identity) { request in
      request.query["watch"] == nil ? Self.list(["a"], version: "1") : Self.open([Self.frame("ADDED", "b", "2")])
    }
    let client = try KubernetesClient(
      ClusterConfiguration(
        server: .init(isTLS: true, host: "127.0.0.1", port: first.port),
        trust: .authorities(Array(authority.certificatePEM.utf8))), settings: ClientFixture.quickSettings())
    var seen: [String] = []
    var second: TestServer?
    let stream = client.observe(
      ClientFixture.promises, backoff: Backoff(initial: .milliseconds(5), maximum: .milliseconds(20)))
    for try await event in stream {
      switch event {
      case .snapshot(let objects): seen.append("=\(objects.count)")
      case .added(let object): seen.append("+\(object.name)")
      case .modified(let object), .deleted(let object): seen.append("?\(object.name)")
      }
      if seen.last == "+c" { break }
      if seen.last == "+b" {
        try await first.stop()
        second = try await TestServer.start(identity: identity, port: first.port) { _ in
          Self.open([Self.frame("ADDED", "c", "3")])
        }
      }
    }
    #expect(seen == ["=1", "+b", "+c"])
    #expect(second?.requests.first?.query["resourceVersion"] == "2")
  }

  @Test("what trying again cannot mend ends an observation")
  func permanentRefusal() async throws {
    let forbidden = StatusError.forbidden(ClientFixture.promises, "", because: "no")
    let fixture = try await ClientFixture { request in
      request.query["watch"] == nil ? Self.list([], version: "1") : .status(forbidden)
    }
    let error = await thrown(StatusError.self) { _ = try await self.observe(fixture, count: 2) }
    #expect(error == forbidden)
    let broken = try await ClientFixture { _ in .reset }
    #expect(await thrown(ConnectionError.self) { _ = try await self.observe(broken, count: 1) } != nil)
  }
}

@Suite("Discovery")
struct DiscoveryTests {
  private static let kinds = GroupVersionKind(apiVersion: "promise.kratix.io/v1alpha1", kind: "MongoDB")
  private static let mongodbs = ResourceType(
    group: "promise.kratix.io", version: "v1alpha1", plural: "mongodbs", kind: "MongoDB", isNamespaced: true)

  private static func aggregated(_ groups: [JSON]) -> JSON {
    ["kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": .array(groups)]
  }

  private static let group: JSON = [
    "metadata": ["name": "promise.kratix.io"],
    "versions": [
      [
        "version": "v1alpha1",
        "resources": [
          [
            "resource": "mongodbs", "scope": "Namespaced",
            "responseKind": ["group": "promise.kratix.io", "version": "v1alpha1", "kind": "MongoDB"],
          ]
        ],
      ]
    ],
  ]

  @Test("aggregated discovery: two requests, kept; asked anew for what is not there")
  func aggregated() async throws {
    let fixture = try await ClientFixture { request in
      request.path == "/api"
        ? .json(200, Self.aggregated([])) : .json(200, Self.aggregated(request.number > 2 ? [Self.group] : []))
    }
    // The CustomResourceDefinition is not there yet at the first question.
    #expect(try await fixture.client.resourceType(for: Self.kinds) == nil)
    #expect(try await fixture.client.resourceType(for: Self.kinds) == Self.mongodbs)
    #expect(try await fixture.client.resourceType(for: Self.kinds) == Self.mongodbs)
    #expect(fixture.server.requests.map(\.path) == ["/api", "/apis", "/api", "/apis"])
    #expect(
      fixture.server.requests.first?.headers.first(name: "accept")?.contains("as=APIGroupDiscoveryList") == true)
    var anyVersion = Self.kinds
    anyVersion.version = ""
    #expect(try await fixture.client.resourceType(for: anyVersion) == Self.mongodbs)
  }

  @Test("a server without aggregated discovery: the group's own list, read once, without its subresources")
  func legacy() async throws {
    let fixture = try await ClientFixture { request in
      switch request.path {
      case "/api": .json(200, ["kind": "APIVersions", "versions": ["v1"]])
      case "/apis":
        .json(
          200,
          [
            "kind": "APIGroupList",
            "groups": [
              [
                "name": "promise.kratix.io", "versions": [["version": "v1alpha1"]],
                "preferredVersion": ["version": "v1alpha1"],
              ]
            ],
          ])
      case "/apis/promise.kratix.io/v1alpha1":
        .json(
          200,
          [
            "kind": "APIResourceList",
            "resources": [
              ["name": "mongodbs/status", "kind": "MongoDB", "namespaced": true],
              ["name": "mongodbs", "kind": "MongoDB", "namespaced": true],
            ],
          ])
      default: .status(StatusError(code: 404, reason: .notFound, message: "not found"))
      }
    }
    #expect(try await fixture.client.resourceType(for: Self.kinds) == Self.mongodbs)
    #expect(try await fixture.client.resourceType(for: Self.kinds) == Self.mongodbs)
    #expect(fixture.server.requests.map(\.path) == ["/api", "/apis", "/apis/promise.kratix.io/v1alpha1"])
  }
}
