import Foundation
import Kubernetes
import Testing

@testable import APIServer

@Suite struct ListAndWatchTests {
  @Test func pagesAreOfOneMoment() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      for index in 0..<10 { _ = try await api.create(.configMaps, Fixtures.configMap("c\(index)", labels: ["t": "x"])) }
      var options = ListOptions(labelSelector: "t=x", limit: 4)
      let first = try await api.list(.configMaps, namespace: "default", options: options)
      #expect(first.items.map(\.name) == ["c0", "c1", "c2", "c3"])
      // What happens now is not on the other pages.
      try await api.delete(.configMaps, namespace: "default", name: "c5", options: DeleteOptions())
      _ = try await api.create(.configMaps, Fixtures.configMap("c99", labels: ["t": "x"]))
      options.continueToken = first.continueToken
      let second = try await api.list(.configMaps, namespace: "default", options: options)
      #expect(second.items.map(\.name) == ["c4", "c5", "c6", "c7"])
      #expect(second.resourceVersion == first.resourceVersion)
      options.continueToken = second.continueToken
      let last = try await api.list(.configMaps, namespace: "default", options: options)
      #expect(last.items.map(\.name) == ["c8", "c9"])
      #expect(last.continueToken == nil)
      options.continueToken = "nonsense"
      let error = await statusError { _ = try await api.list(.configMaps, namespace: "default", options: options) }
      #expect(error?.code == 400)
    }
  }

  @Test func remainingItemsAreCounted() async throws {
    try await ServerFixture.run { fixture in
      for index in 0..<5 { _ = try await fixture.api.create(.secrets, secret("s\(index)")) }
      let page = try await fixture.send("GET", "/api/v1/namespaces/default/secrets?limit=2")
      #expect(page.json["metadata"]?["remainingItemCount"] == 3)
      #expect(page.json["kind"] == "SecretList")
      #expect(page.json["items"]?.arrayValue?.count == 2)
    }
  }

  private func secret(_ name: String) -> KubernetesObject {
    KubernetesObject(apiVersion: "v1", kind: "Secret", name: name, namespace: "default")
  }

  /// An object that no longer matches is deleted for this watch, with its state before; one that begins to is added.
  @Test func selectorsMakeEventsOfTheirOwn() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      let start = try await api.list(.configMaps, namespace: "default", options: ListOptions()).resourceVersion
      _ = try await api.create(.configMaps, Fixtures.configMap("a", labels: ["t": "x"]))
      _ = try await api.create(.configMaps, Fixtures.configMap("b"))
      _ = try await api.patch(
        .configMaps, namespace: "default", name: "b", .merge(["metadata": ["labels": ["t": "x"]]]))
      let left = try await api.patch(
        .configMaps, namespace: "default", name: "a", .merge(["metadata": ["labels": ["t": .null]]]))
      try await api.delete(.configMaps, namespace: "default", name: "b", options: DeleteOptions())
      let stream = try await api.watch(
        .configMaps, namespace: "default", options: WatchOptions(labelSelector: "t=x", resourceVersion: start))
      var iterator = stream.makeAsyncIterator()
      var seen: [String] = []
      for _ in 0..<4 {
        switch try await iterator.next() {
        case .added(let object): seen.append("added \(object.name)")
        case .modified(let object): seen.append("modified \(object.name)")
        case .deleted(let object):
          seen.append("deleted \(object.name)")
          if object.name == "a" {
            #expect(object.labels == ["t": "x"])
            #expect(object.resourceVersion == left.resourceVersion)
          }
        default: break
        }
      }
      #expect(seen == ["added a", "added b", "deleted a", "deleted b"])
    }
  }

  @Test func initialEventsEndWithABookmark() async throws {
    try await ServerFixture.run { fixture in
      _ = try await fixture.api.create(.configMaps, Fixtures.configMap("a"))
      let path =
        "/api/v1/namespaces/default/configmaps?watch=true&sendInitialEvents=true&allowWatchBookmarks=true"
        + "&resourceVersionMatch=NotOlderThan&timeoutSeconds=1"
      let answer = try await fixture.send("GET", path)
      let events = answer.body.split(separator: "\n").compactMap { try? JSON(parsing: Array($0.utf8)) }
      #expect(events.map { $0["type"] } == ["ADDED", "ADDED", "BOOKMARK"])
      let bookmark = try #require(events.last?["object"])
      #expect(bookmark["metadata"]?["annotations"] == ["k8s.io/initial-events-end": "true"])
      #expect(bookmark["kind"] == "ConfigMap")
      let refused = try await fixture.send(
        "GET", "/api/v1/namespaces/default/configmaps?watch=true&sendInitialEvents=true")
      #expect(refused.status == 422)
      #expect(refused.json["message"]?.stringValue?.contains("resourceVersionMatch is required") == true)
    }
  }

  @Test func versionsThatAreTooOldOrTooNew() async throws {
    try await ServerFixture.run { fixture in
      let tooNew = try await fixture.send("GET", "/api/v1/configmaps?resourceVersion=999999")
      #expect(tooNew.status == 504)
      #expect(tooNew.json["details"]?["causes"]?[0]?["reason"] == "ResourceVersionTooLarge")
      let noVersion = try await fixture.send("GET", "/api/v1/configmaps?resourceVersion=x&watch=1")
      #expect(noVersion.status == 422)
    }
    // After a restart nothing before it can be watched: the client lists again.
    let first = try ServerFixture()
    defer { try? FileManager.default.removeItem(at: first.directory) }
    try await first.server.start()
    _ = try await first.api.create(.configMaps, Fixtures.configMap("a"))
    await first.server.stop()
    let second = try ServerFixture(directory: first.directory)
    try await second.server.start()
    let answer = try await second.send("GET", "/api/v1/configmaps?watch=true&resourceVersion=2&timeoutSeconds=5")
    let event = try JSON(parsing: Array(answer.body.utf8))
    #expect(event["type"] == "ERROR")
    #expect(event["object"]?["code"] == 410)
    #expect(event["object"]?["reason"] == "Expired")
    #expect(try await second.api.get(.configMaps, namespace: "default", name: "a")["data"] == ["a": "1"])
    await second.server.stop()
  }

  @Test func watchesEndWhenADefinitionChanges() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      _ = try await api.create(.customResourceDefinitions, Fixtures.definition())
      let stream = try await api.watch(Fixtures.mongoDBs, namespace: nil, options: WatchOptions())
      _ = try await api.patch(
        .customResourceDefinitions, namespace: nil, name: "mongodbs.promise.kratix.io",
        .json([["op": "remove", "path": "/spec/versions/0/additionalPrinterColumns"]]))
      // The loop ends because the watch does.
      for try await event in stream { Issue.record("unexpected \(event)") }
    }
  }
}
