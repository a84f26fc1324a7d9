import AsyncHTTPClient
import KratixModel
import Kubernetes
import NIOCore

/// Fetches the Promise that a PromiseRelease points to (contract, section 11.1).
public protocol PromiseFetcher: Sendable {
  /// - Parameter authorization: the value of the header `Authorization`, when there is one.
  /// - Throws: `ReconcileError` in a sentence.
  func fetch(_ url: String, authorization: String?) async throws -> Promise
}

/// Over HTTP, with GET.
public struct HTTPPromiseFetcher: PromiseFetcher {
  private let timeout: Duration
  private static let sizeLimit = 8 << 20

  public init(timeout: Duration = .seconds(10)) { self.timeout = timeout }

  public func fetch(_ url: String, authorization: String?) async throws -> Promise {
    var request = HTTPClientRequest(url: url)
    if let authorization { request.headers.add(name: "Authorization", value: authorization) }
    let text: String
    do {
      let response = try await HTTPClient.shared.execute(
        request, timeout: .milliseconds(Int64(timeout / .milliseconds(1))))
      guard response.status == .ok else {
        throw ReconcileError("\(url) answered \(response.status.code) where 200 is expected")
      }
      text = String(buffer: try await response.body.collect(upTo: Self.sizeLimit))
    } catch let error as ReconcileError {
      throw error
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      throw ReconcileError("cannot fetch \(url): \(error)")
    }
    return try Self.promise(text, from: url)
  }

  /// The one Promise in a text of YAML or JSON.
  static func promise(_ text: String, from url: String) throws(ReconcileError) -> Promise {
    let documents: [JSON]
    do {
      documents = try YAML.documents(text).filter { !$0.isNull }
    } catch {
      throw ReconcileError("\(url) is no YAML: \(error)")
    }
    guard documents.count == 1, let document = documents.first else {
      throw ReconcileError("\(url) has \(documents.count) documents where one Promise is expected")
    }
    let object = KubernetesObject(document)
    guard object.kind == "Promise", object.groupVersionKind.group == ResourceType.kratixGroup, !object.name.isEmpty
    else { throw ReconcileError("\(url) holds no Promise: it has kind \"\(object.kind)\"") }
    return Promise(object)
  }
}
