import AsyncHTTPClient
import Kubernetes
import NIOCore
import Testing

@testable import APIServer

@Suite struct SlowClientTests {
  /// A watch client that stops reading delays nobody; when it reads on it is told to start again.
  @Test(.timeLimit(.minutes(1))) func aWatchThatIsNotRead() async throws {
    try await ServerFixture.run { fixture in
      let api = fixture.api
      let start = try await api.list(.configMaps, namespace: "default", options: ListOptions()).resourceVersion
      try await fixture.withClient(version: .http1Only) { client in
        let path = "/api/v1/namespaces/default/configmaps?watch=true&resourceVersion=\(start)"
        let response = try await client.execute(
          HTTPClientRequest(url: (fixture.server.url ?? "") + path), timeout: .seconds(60))
        #expect(response.status == .ok)
        // The server remembers 16 MB: enough for that to be over, however much the watch had taken before it stalled.
        let text = String(repeating: "x", count: 400_000)
        for index in 0..<150 {
          _ = try await api.create(.configMaps, Fixtures.configMap("big\(index)", data: ["x": text]))
        }
        #expect(try await fixture.send("GET", "/readyz").status == 200)
        // The last line is short: the end of what came is enough to see it.
        var tail = ""
        for try await chunk in response.body {
          let length = min(2_000, chunk.readableBytes)
          tail += chunk.getString(at: chunk.writerIndex - length, length: length) ?? ""
          tail = String(tail.suffix(2_000))
          if tail.contains("{\"type\":\"ERROR\"") && tail.hasSuffix("\n") { break }
        }
        let last = tail.split(separator: "\n").last ?? ""
        let event = try JSON(parsing: Array(last.utf8))
        #expect(event["type"] == "ERROR")
        #expect(event["object"]?["code"] == 410)
      }
    }
  }

  /// A body that stops half-way is never taken for a whole one.
  @Test func aBodyThatStopsHalfWay() async throws {
    try await ServerFixture.run { fixture in
      try await fixture.withClient { client in
        struct Broken: Error {}
        var request = HTTPClientRequest(url: (fixture.server.url ?? "") + "/api/v1/namespaces/default/configmaps")
        request.method = .POST
        let (stream, continuation) = AsyncThrowingStream<ByteBuffer, any Error>.makeStream()
        continuation.yield(ByteBuffer(string: #"{"metadata":{"name":"half"},"data":{"a":"b"}}"#))
        continuation.finish(throwing: Broken())
        request.body = .stream(stream, length: .known(Int64(1_000)))
        await #expect(throws: (any Error).self) { try await client.execute(request, timeout: .seconds(20)) }
      }
      #expect(try await fixture.api.find(.configMaps, namespace: "default", name: "half") == nil)
      #expect(try await fixture.send("GET", "/readyz").status == 200)
    }
  }
}
