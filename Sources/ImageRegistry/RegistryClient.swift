import Foundation
import KratixModel
import Kubernetes

/// Asks registries by the OCI distribution API which tags a repository has and which digest a tag stands for.
public actor RegistryClient {
  private let transport: any RegistryTransport
  private let credentials: CredentialStore
  private let plainHTTP: Set<String>
  private let wait: @Sendable (Duration) async throws -> Void
  /// By repository; a token is for one.
  private var authorizations: [String: String] = [:]
  /// The scheme by which a registry that may be asked without encryption answers.
  private var schemes: [String: String] = [:]

  /// How long a registry may make one request wait, all waits together.
  public static let longestWait = 60

  /// - Parameters:
  ///   - plainHTTP: registries that may be asked without encryption, as references name them (`host:port`). Those on
  ///     loopback always may.
  ///   - wait: lets time pass that a registry asks for with `Retry-After`.
  public init(
    credentials: CredentialStore = CredentialStore(), plainHTTP: Set<String> = [],
    transport: any RegistryTransport = HTTPTransport(),
    wait: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) {
    self.credentials = credentials
    self.plainHTTP = plainHTTP
    self.transport = transport
    self.wait = wait
  }

  /// Every tag of the image's repository, over all pages.
  /// - Throws: `RegistryError`.
  public func tags(of image: ImageReference) async throws(RegistryError) -> [String] {
    let place = Place(image)
    var tags: [String] = []
    var page: String? = "/v2/\(place.path)/tags/list?n=1000"
    var seen: Set<String> = []
    while let path = page, seen.insert(path).inserted {
      let response = try await get(path, accept: "application/json", at: place)
      guard response.status == 200 else { throw failure(response, at: place, manifest: nil) }
      guard let json = try? JSON(parsing: response.body), case .object = json else {
        throw .notARegistry(registry: place.registry, found: Self.kind(of: response))
      }
      tags += json["tags"]?.stringArrayValue ?? []
      page = Self.nextPage(response.header("link"), after: path)
    }
    return tags
  }

  /// The digest that a tag stands for now. For an image of several platforms it is the index's.
  /// - Throws: `RegistryError.noManifest` when there is no such tag.
  public func digest(of image: ImageReference) async throws(RegistryError) -> String {
    let place = Place(image)
    let reference = image.tag ?? image.digest ?? "latest"
    let response = try await get("/v2/\(place.path)/manifests/\(reference)", accept: Self.manifestTypes, at: place)
    guard response.status == 200 else { throw failure(response, at: place, manifest: image) }
    guard let json = try? JSON(parsing: response.body), json["schemaVersion"] != nil else {
      throw .notARegistry(registry: place.registry, found: Self.kind(of: response))
    }
    let digest = Hashes.sha256(response.body)
    // The bytes speak for themselves: a header that says otherwise is about something else.
    if let stated = response.header("docker-content-digest"), stated.hasPrefix("sha256:"), stated != digest {
      throw .notARegistry(registry: place.registry, found: "a manifest whose digest is not the one that it states")
    }
    return digest
  }

  private static let manifestTypes = [
    "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json",
  ].joined(separator: ", ")

  /// Where a repository is asked for.
  private struct Place {
    var image: ImageReference
    /// As people know it.
    var registry: String
    /// Where its API is.
    var host: String
    var path: String

    init(_ image: ImageReference) {
      self.image = image
      let canonical = image.canonicalRepository.split(separator: "/", maxSplits: 1)
      registry = canonical.first.map(String.init) ?? ImageReference.defaultRegistry
      path = canonical.last.map(String.init) ?? image.path
      host = registry == ImageReference.defaultRegistry ? "registry-1.docker.io" : registry
    }
  }

  // MARK: Requests

  private func get(_ path: String, accept: String, at place: Place) async throws(RegistryError) -> RegistryResponse {
    let key = "\(place.host)/\(place.path)"
    var waited = 0
    var hasAsked = false
    while true {
      var headers = ["Accept": accept]
      if let authorization = authorizations[key] { headers["Authorization"] = authorization }
      let response = try await send("GET", path, headers, at: place)
      switch response.status {
      case 401 where !hasAsked:
        hasAsked = true
        let credential = try await credentials.credential(for: place.image)
        authorizations[key] = try await authorization(response, credential, at: place)
      case 401:
        throw .unauthorized(registry: place.registry, repository: place.path, hasCredentials: try await hasLogin(place))
      case 429, 503:
        let seconds = Self.retryAfter(response.header("retry-after"))
        guard let seconds, waited + max(seconds, 1) <= Self.longestWait else {
          if response.status == 503, seconds == nil { return response }
          throw .rateLimited(registry: place.registry, seconds: seconds)
        }
        waited += max(seconds, 1)
        do {
          try await wait(.seconds(seconds))
        } catch {
          throw .rateLimited(registry: place.registry, seconds: seconds)
        }
      default: return response
      }
    }
  }

  private func hasLogin(_ place: Place) async throws(RegistryError) -> Bool {
    try await credentials.credential(for: place.image) != nil
  }

  /// A registry that may be asked in the clear is; when it speaks TLS after all, so do we.
  private func send(
    _ method: String, _ path: String, _ headers: [String: String], at place: Place
  ) async throws(RegistryError) -> RegistryResponse {
    let mayBePlain = plainHTTP.contains(place.registry) || Self.isLoopback(place.host)
    let candidates = schemes[place.host].map { [$0] } ?? (mayBePlain ? ["http", "https"] : ["https"])
    var reasons: [String] = []
    for scheme in candidates {
      do {
        let request = RegistryRequest(
          method: method, url: "\(scheme)://\(place.host)\(path)", headers: headers, body: nil)
        let response = try await transport.send(request)
        if scheme == "http", candidates.count > 1, response.status == 400,
          String(decoding: response.body, as: UTF8.self).contains("HTTPS")
        {
          continue
        }
        schemes[place.host] = scheme
        return response
      } catch {
        reasons.append(Self.reason(error))
      }
    }
    // What became of the attempt to encrypt says nothing when there was no answer in the clear either.
    let reason = reasons.last == Self.noEncryption ? reasons.first : reasons.last
    throw .unreachable(registry: place.registry, reason: reason ?? Self.noEncryption)
  }

  // MARK: Authorization

  /// The header that meets a registry's challenge.
  private func authorization(
    _ response: RegistryResponse, _ credential: RegistryCredential?, at place: Place
  ) async throws(RegistryError) -> String {
    guard let challenge = AuthenticationChallenge(response.headers["www-authenticate"] ?? []) else {
      throw .unauthorized(registry: place.registry, repository: place.path, hasCredentials: false)
    }
    switch challenge {
    case .basic:
      guard case .password(let user, let password)? = credential else {
        throw .unauthorized(registry: place.registry, repository: place.path, hasCredentials: credential != nil)
      }
      return Self.basic(user, password)
    case .bearer(let realm, let service, let scope):
      return "Bearer \(try await token(realm, service, scope ?? "repository:\(place.path):pull", credential, place))"
    }
  }

  private func token(
    _ realm: String, _ service: String?, _ scope: String, _ credential: RegistryCredential?, _ place: Place
  ) async throws(RegistryError) -> String {
    guard var components = URLComponents(string: realm), let host = components.host else {
      throw .notARegistry(registry: place.registry, found: "the login address \"\(realm)\"")
    }
    guard components.scheme == "https" || schemes[place.host] == "http" || Self.isLoopback(host) else {
      throw .insecureRealm(registry: place.registry, realm: realm)
    }
    var parameters = [URLQueryItem(name: "scope", value: scope)]
    if let service { parameters.append(URLQueryItem(name: "service", value: service)) }
    var request = RegistryRequest(method: "GET", url: "", headers: ["Accept": "application/json"], body: nil)
    switch credential {
    case .refreshToken(let token):
      parameters += [
        URLQueryItem(name: "grant_type", value: "refresh_token"), URLQueryItem(name: "refresh_token", value: token),
        URLQueryItem(name: "client_id", value: "kubectl-kratix"),
      ]
      request.method = "POST"
      request.headers["Content-Type"] = "application/x-www-form-urlencoded"
      request.body = Array(Self.form(parameters).utf8)
    case .password(let user, let password):
      request.headers["Authorization"] = Self.basic(user, password)
      components.percentEncodedQuery = Self.query(components, parameters)
    case nil: components.percentEncodedQuery = Self.query(components, parameters)
    }
    request.url = components.string ?? realm
    let response: RegistryResponse
    do {
      response = try await transport.send(request)
    } catch {
      throw .unreachable(registry: host, reason: Self.reason(error))
    }
    switch response.status {
    case 200: break
    case 401, 403:
      throw .unauthorized(registry: place.registry, repository: place.path, hasCredentials: credential != nil)
    case 429: throw .rateLimited(registry: host, seconds: Self.retryAfter(response.header("retry-after")))
    default: throw .failed(registry: host, status: response.status, detail: Self.detail(response))
    }
    let json = try? JSON(parsing: response.body)
    guard let token = json?["token"]?.stringValue ?? json?["access_token"]?.stringValue, !token.isEmpty else {
      throw .notARegistry(registry: host, found: "\(Self.kind(of: response)) where a token is expected")
    }
    return token
  }

  private static func basic(_ user: String, _ password: String) -> String {
    "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
  }

  private static func form(_ items: [URLQueryItem]) -> String {
    let safe = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    return items.map { item in
      "\(item.name)=\((item.value ?? "").addingPercentEncoding(withAllowedCharacters: safe) ?? "")"
    }.joined(separator: "&")
  }

  private static func query(_ components: URLComponents, _ items: [URLQueryItem]) -> String {
    [components.percentEncodedQuery, form(items)].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: "&")
  }

  // MARK: Answers

  private func failure(_ response: RegistryResponse, at place: Place, manifest: ImageReference?) -> RegistryError {
    switch response.status {
    case 403:
      return .forbidden(registry: place.registry, repository: place.path, detail: Self.detail(response))
    case 404:
      if Self.isHTML(response) { return .notARegistry(registry: place.registry, found: "HTML") }
      let codes =
        (try? JSON(parsing: response.body))?["errors"]?.arrayValue?.compactMap { $0["code"]?.stringValue } ?? []
      if let manifest, !codes.contains("NAME_UNKNOWN") { return .noManifest(manifest.description) }
      return .noRepository(registry: place.registry, repository: place.path)
    default:
      return .failed(registry: place.registry, status: response.status, detail: Self.detail(response))
    }
  }

  /// The messages of the distribution API's error body; nil for any other body.
  private static func detail(_ response: RegistryResponse) -> String? {
    guard let json = try? JSON(parsing: response.body) else { return nil }
    let messages = (json["errors"]?.arrayValue ?? []).compactMap {
      $0["message"]?.stringValue ?? $0["code"]?.stringValue
    }
    let text = messages.isEmpty ? json["details"]?.stringValue ?? "" : messages.joined(separator: ", ")
    return text.isEmpty ? nil : String(text.prefix(300))
  }

  private static func isHTML(_ response: RegistryResponse) -> Bool {
    response.header("content-type")?.hasPrefix("text/html") == true
      || String(decoding: response.body.prefix(200), as: UTF8.self).lowercased().contains("<html")
  }

  private static func kind(of response: RegistryResponse) -> String {
    if response.body.isEmpty { return "an empty page" }
    if isHTML(response) { return "HTML" }
    return response.header("content-type").map { "\($0.prefix(60))" } ?? "something else"
  }

  /// The path of `Link: <URL>; rel="next"`; nil on the last page.
  private static func nextPage(_ link: String?, after path: String) -> String? {
    guard let link, link.contains("next"), let open = link.firstIndex(of: "<"), let close = link.firstIndex(of: ">"),
      open < close
    else { return nil }
    let target = String(link[link.index(after: open)..<close])
    if target.hasPrefix("/v2/") { return target }
    // Some registries give a whole address, or one relative to the page. Pages of another host are not followed.
    guard let range = target.range(of: "/v2/") else {
      guard target.hasPrefix("?"), let query = path.firstIndex(of: "?") else { return nil }
      return path[..<query] + target
    }
    return String(target[range.lowerBound...])
  }

  /// Seconds, or a date.
  static func retryAfter(_ value: String?, now: Date = Date()) -> Int? {
    guard let value else { return nil }
    if let seconds = Int(value.trimmingCharacters(in: .whitespaces)) { return max(0, seconds) }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(secondsFromGMT: 0)
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
    return formatter.date(from: value).map { max(0, Int($0.timeIntervalSince(now).rounded(.up))) }
  }

  /// Whether a registry, as references name it (`host:port`), is this machine's own.
  public static func isLoopback(_ host: String) -> Bool {
    let name = host.hasPrefix("[") ? String(host.prefix { $0 != "]" }) + "]" : String(host.prefix { $0 != ":" })
    return name == "localhost" || name == "[::1]"
      || name.hasPrefix("127.") && name.allSatisfy { $0.isNumber || $0 == "." }
  }

  private static let noEncryption = "no encrypted connection"

  private static func reason(_ error: any Error) -> String {
    let text = String(describing: error)
    let known: [(String, String)] = [
      ("refused", "the connection is refused"),
      ("remoteConnectionClosed", "the connection is closed without an answer"),
      ("imeout", "no answer in time"), ("Timeout", "no answer in time"), ("deadline", "no answer in time"),
      ("unknownHost", "there is no such host"), ("UnknownHost", "there is no such host"),
      ("NIOConnectionError", "no connection"), ("handshake", noEncryption),
      ("certificate", "its certificate is not trusted"), ("CERTIFICATE", "its certificate is not trusted"),
    ]
    return known.first { text.contains($0.0) }?.1 ?? String(text.prefix(200))
  }
}
