import Foundation
import Kubernetes
import Logging
import Testing

@testable import APIServer

@Suite struct WebhookDispatcherTests {
  private func refusal(_ body: () async throws -> Void) async -> AdmissionRefusal? {
    do {
      try await body()
      return nil
    } catch let refusal as AdmissionRefusal {
      return refusal
    } catch {
      Issue.record("\(error)")
      return nil
    }
  }

  @Test func aValidatingWebhookIsAskedAndItsWordsArePassedOn() async throws {
    let server = try await WebhookServer { call in
      WebhookServer.allow(call, ["warnings": ["mind the gap"], "auditAnnotations": ["key": "value"]])
    }
    let outcome = try await WebhookDispatcher(.configuration([server.webhook("a.b.c", path: "/check")])).validate(
      .configMap())
    await server.stop()
    #expect(outcome.warnings == ["mind the gap"])
    #expect(outcome.auditAnnotations == ["a.b.c/key": "value"])
    let call = try #require(server.calls.first)
    #expect(call.path == "/check?timeout=10s")
    #expect(call.headers["content-type"] == "application/json")
    #expect(call.headers["user-agent"] == "kube-apiserver-admission")
    #expect(call.review["kind"] == "AdmissionReview")
    #expect(call.review[path: "request", "operation"] == "CREATE")
    #expect(call.review[path: "request", "oldObject"] == .null)
  }

  struct Denial: Sendable {
    var status: JSON?
    var code: Int
    var reason: String
    var message: String
  }

  @Test(arguments: [
    Denial(
      status: ["code": 403, "reason": "Forbidden", "message": "no way"], code: 403, reason: "Forbidden",
      message: #"admission webhook "a.b.c" denied the request: no way"#),
    Denial(
      status: ["reason": "TooBad"], code: 400, reason: "TooBad",
      message: #"admission webhook "a.b.c" denied the request: TooBad"#),
    Denial(
      status: ["message": "m", "code": 200], code: 400, reason: "",
      message: #"admission webhook "a.b.c" denied the request: m"#),
    Denial(
      status: nil, code: 400, reason: "", message: #"admission webhook "a.b.c" denied the request without explanation"#),
  ])
  func aDenialIsWordedAsTheServerWordsIt(_ denial: Denial) async throws {
    let server = try await WebhookServer { WebhookServer.deny($0, denial.status, ["warnings": ["w"]]) }
    let refusal = await refusal {
      _ = try await WebhookDispatcher(.configuration([server.webhook("a.b.c")])).validate(.configMap())
    }
    await server.stop()
    #expect(refusal?.status.code == denial.code)
    #expect(refusal?.status.reason.rawValue == denial.reason)
    #expect(refusal?.status.message == denial.message)
    #expect(refusal?.warnings == ["w"])
  }

  @Test func mutatingWebhooksComeInOrderAndAgainWhenNeeded() async throws {
    let server = try await WebhookServer { call in
      let labels = call.review[path: "request", "object", "metadata", "labels"]?.objectValue ?? [:]
      let name = String(call.path.dropFirst().prefix { $0 != "?" })
      // `first` copies what `second` set, so it has to be asked a second time.
      if name == "first", labels["second"] != nil, labels["first"] == nil {
        return WebhookServer.allow(
          call, WebhookServer.patch([["op": "add", "path": "/metadata/labels/first", "value": "1"]]))
      }
      if name == "second", labels["second"] == nil {
        return WebhookServer.allow(
          call, WebhookServer.patch([["op": "add", "path": "/metadata/labels/second", "value": "1"]]))
      }
      return WebhookServer.allow(call)
    }
    let dispatcher = WebhookDispatcher(
      .configuration("z", mutating: true, [server.webhook("second.b.c", path: "/second")]),
      .configuration(
        "a", mutating: true, [server.webhook("first.b.c", path: "/first", ["reinvocationPolicy": "IfNeeded"])]))
    let outcome = try await dispatcher.mutate(.configMap(labels: ["x": "y"]))
    await server.stop()
    #expect(outcome.object?.labels == ["x": "y", "first": "1", "second": "1"])
    #expect(server.calls.map { $0.path.prefix { $0 != "?" } } == ["/first", "/second", "/first"])
    #expect(
      outcome.auditAnnotations["mutation.webhook.admission.k8s.io/round_0_index_1"]
        == #"{"configuration":"z","mutated":true,"webhook":"second.b.c"}"#)
    #expect(outcome.auditAnnotations["mutation.webhook.admission.k8s.io/round_1_index_0"] != nil)
  }

  @Test func aWebhookIsNotAskedAgainForItsOwnChange() async throws {
    let server = try await WebhookServer { call in
      WebhookServer.allow(
        call, WebhookServer.patch([["op": "add", "path": "/metadata/annotations", "value": ["a": "b"]]]))
    }
    let dispatcher = WebhookDispatcher(
      .configuration(mutating: true, [server.webhook("a.b.c", ["reinvocationPolicy": "IfNeeded"])]))
    let outcome = try await dispatcher.mutate(.configMap())
    await server.stop()
    #expect(outcome.object?.annotations == ["a": "b"])
    #expect(server.calls.count == 1)
  }

  @Test func validatingWebhooksAreAskedAtOnce() async throws {
    // Each of the two answers only once the other was asked as well.
    let both = Rendezvous(2)
    let server = try await WebhookServer { call in
      await both.arrive()
      return WebhookServer.allow(call)
    }
    let dispatcher = WebhookDispatcher(.configuration([server.webhook("a.b.c"), server.webhook("d.e.f")]))
    _ = try await dispatcher.validate(.configMap())
    await server.stop()
    #expect(server.calls.count == 2)
  }

  struct Failure: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var status = 200
    var body: String
    var message: String
  }

  @Test(arguments: [
    Failure(
      testDescription: "an empty answer", body: "{}",
      message: #"received invalid webhook response: webhook response was absent"#),
    Failure(
      testDescription: "no JSON", body: "<html>",
      message: #"failed to call webhook: couldn't get version/kind; json parse error: "#),
    Failure(
      testDescription: "an error of the server", status: 500, body: "oh no\n",
      message: #"failed to call webhook: an error on the server ("oh no") has prevented the request from succeeding"#),
    Failure(
      testDescription: "the wrong address", status: 404, body: "",
      message: #"failed to call webhook: the server could not find the requested resource"#),
  ])
  func aFailureIsAnInternalErrorOrIsIgnored(_ failure: Failure) async throws {
    let server = try await WebhookServer { _ in (failure.status, failure.body) }
    let refusal = await refusal {
      _ = try await WebhookDispatcher(.configuration([server.webhook("a.b.c")])).validate(.configMap())
    }
    let ignored = try await WebhookDispatcher(
      .configuration([server.webhook("a.b.c", ["failurePolicy": "Ignore"])])
    ).validate(.configMap())
    await server.stop()
    #expect(refusal?.status.code == 500)
    #expect(refusal?.status.reason == .internalError)
    let expected = #"Internal error occurred: failed calling webhook "a.b.c": "# + failure.message
    #expect(refusal?.status.message.hasPrefix(expected) == true, "\(refusal?.status.message ?? "")")
    #expect(
      ignored.auditAnnotations["failed-open.validating.webhook.admission.k8s.io/round_0_index_0"] == "a.b.c")
  }

  @Test func anAnswerToAnotherRequestIsRefused() async throws {
    let server = try await WebhookServer { WebhookServer.allow($0, ["uid": "other"]) }
    let refusal = await refusal {
      _ = try await WebhookDispatcher(.configuration([server.webhook("a.b.c")])).validate(.configMap())
    }
    await server.stop()
    let uid = server.calls.first?.review[path: "request", "uid"]?.stringValue ?? ""
    #expect(
      refusal?.status.message == "Internal error occurred: failed calling webhook \"a.b.c\": received invalid webhook "
        + "response: expected response.uid=\"\(uid)\", got \"other\"")
  }

  @Test func aValidatingWebhookMayNotPatch() async throws {
    let server = try await WebhookServer {
      WebhookServer.allow($0, WebhookServer.patch([["op": "remove", "path": "/x"]]))
    }
    let refusal = await refusal {
      _ = try await WebhookDispatcher(.configuration([server.webhook("a.b.c")])).validate(.configMap())
    }
    await server.stop()
    #expect(refusal?.status.message.hasSuffix("validating webhook may not return response.patch") == true)
  }

  @Test func nobodyListensThere() async throws {
    let server = try await WebhookServer { WebhookServer.allow($0) }
    await server.stop()
    let refusal = await refusal {
      _ = try await WebhookDispatcher(.configuration([server.webhook("a.b.c", path: "/v")])).validate(.configMap())
    }
    #expect(
      refusal?.status.message == "Internal error occurred: failed calling webhook \"a.b.c\": failed to call webhook: "
        + "Post \"https://127.0.0.1:\(server.port)/v?timeout=10s\": dial tcp 127.0.0.1:\(server.port): connect: "
        + "connection refused")
  }

  @Test func aServerOfAnotherAuthorityIsNotTrusted() async throws {
    let server = try await WebhookServer { WebhookServer.allow($0) }
    let other = try await WebhookServer { WebhookServer.allow($0) }
    let refusal = await refusal {
      let client: JSON = ["url": .string("https://127.0.0.1:\(server.port)/"), "caBundle": other.caBundle]
      _ = try await WebhookDispatcher(.configuration([server.webhook("a.b.c", ["clientConfig": client])])).validate(
        .configMap())
    }
    await server.stop()
    await other.stop()
    #expect(server.calls.isEmpty)
    #expect(
      refusal?.status.message.hasSuffix(
        "tls: failed to verify certificate: x509: certificate signed by unknown authority")
        == true, "\(refusal?.status.message ?? "")")
  }

  @Test func aServiceIsReachedByItsName() async throws {
    let server = try await WebhookServer(hosts: ["hook.system.svc"]) { WebhookServer.allow($0) }
    let port = server.port
    let client: JSON = [
      "service": ["namespace": "system", "name": "hook", "port": 443, "path": "/v"], "caBundle": server.caBundle,
    ]
    let configuration = KubernetesObject.configuration([server.webhook("a.b.c", ["clientConfig": client])])
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let known = WebhookDispatcher(configurations: { [configuration] }, resources: { [] }, logger: logger) {
      namespace, name, _, path in
      namespace == "system" && name == "hook" ? URL(string: "https://127.0.0.1:\(port)\(path)") : nil
    }
    _ = try await known.validate(.configMap())
    let refusal = await refusal { _ = try await WebhookDispatcher(configuration).validate(.configMap()) }
    await server.stop()
    #expect(server.calls.first?.path == "/v?timeout=10s")
    #expect(
      refusal?.status.message == "Internal error occurred: failed calling webhook \"a.b.c\": failed to call webhook: "
        + "Post \"https://hook.system.svc:443/v?timeout=10s\": service \"hook\" not found")
  }

  @Test func slowAnswersRunIntoTheTimeout() async throws {
    let never = Rendezvous(2)
    let server = try await WebhookServer { call in
      await never.arrive()
      return WebhookServer.allow(call)
    }
    let refusal = await refusal {
      _ = try await WebhookDispatcher(.configuration([server.webhook("a.b.c", ["timeoutSeconds": 1])])).validate(
        .configMap())
    }
    await never.arrive()
    await server.stop()
    #expect(
      refusal?.status.message.hasSuffix("/?timeout=1s\": context deadline exceeded") == true,
      "\(refusal?.status.message ?? "")")
  }

  @Test(arguments: [("Some", false), ("Unknown", false), ("None", true), ("NoneOnDryRun", true)])
  func sideEffectsForbidDryRun(sideEffects: String, isAsked: Bool) async throws {
    let server = try await WebhookServer { WebhookServer.allow($0) }
    let refusal = await refusal {
      _ = try await WebhookDispatcher(
        .configuration([server.webhook("a.b.c", ["sideEffects": .string(sideEffects)])])
      ).validate(.configMap(isDryRun: true))
    }
    await server.stop()
    #expect(server.calls.count == (isAsked ? 1 : 0))
    #expect(server.calls.first?.review[path: "request", "dryRun"] == (isAsked ? true : nil))
    if !isAsked {
      #expect(refusal?.status.code == 400)
      #expect(refusal?.status.message == "admission webhook \"a.b.c\" does not support dry run")
    }
  }

  @Test func configurationsOfWebhooksAreNotShownToWebhooks() async throws {
    let server = try await WebhookServer { WebhookServer.deny($0) }
    var request = AdmissionRequest.configMap()
    request.resource = .builtIn(.validatingWebhookConfigurations)
    _ = try await WebhookDispatcher(.configuration([server.webhook("a.b.c")])).validate(request)
    await server.stop()
    #expect(server.calls.isEmpty)
  }
}

/// Lets nobody on before a number of tasks has arrived.
actor Rendezvous {
  private var missing: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ count: Int) { missing = count }

  func arrive() async {
    missing -= 1
    if missing <= 0 {
      for continuation in waiting { continuation.resume() }
      waiting = []
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }
}
