import Foundation
import Kubernetes
import Testing

extension Platform {
  /// Waits until everything that was recorded is served, then compares the whole.
  /// - Parameters:
  ///   - without: objects that are not compared, as KIND/NAME.
  ///   - paths: beginnings of the paths that are not compared.
  ///   - works: whether the Works and their placements are compared too.
  func matches(
    _ moment: String, of subject: Recording.Subject = .mongoDB, without: Set<String> = [], paths: [String] = [],
    works: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    @Sendable func compared(_ objects: [String: Recording.Facets]) -> [String: Recording.Facets] {
      objects.filter { !without.contains($0.key) && (works || !$0.key.hasPrefix("Work")) }.mapValues { facets in
        facets.filter { facet in !paths.contains { facet.key.hasPrefix("{\($0)") } }
      }
    }
    let wanted = compared(try Recording(moment, of: subject).objects)
    // Each turn waits for one object: until it is served as it was recorded, or is gone because it was not. A wait that
    // fails is the difference.
    while true {
      let served = try await live(of: subject)
      let now = compared(Recording.facets(served, of: subject))
      let names = Set(wanted.keys).union(now.keys).sorted()
      guard let name = names.first(where: { wanted[$0] != now[$0] }) else { break }
      let kind = String(name.prefix { $0 != "/" })
      let isReached: @Sendable (KubernetesObject) -> Bool = { object in
        compared(Recording.facets([object], of: subject))[name] == wanted[name]
      }
      if wanted[name] == nil {
        let object = served.first { "\($0.kind)/\(Recording.masked($0.name, of: $0.kind))" == name }
        try await wait(
          "\(kind.lowercased())/\(object?.name ?? "")", for: "delete", namespace: object?.namespace ?? "default",
          seconds: 60, sourceLocation: sourceLocation)
      } else if try await !becomes(kind.lowercased(), isReached) {
        let last = compared(Recording.facets(try await live(of: subject), of: subject))
        let differences = differences(last[name], wanted[name])
        try #require(differences.isEmpty, "\(moment): \(name)", sourceLocation: sourceLocation)
      }
    }
  }

  private func differences(_ served: Recording.Facets?, _ recorded: Recording.Facets?) -> [String] {
    guard let served else { return ["not there"] }
    let recorded = recorded ?? [:]
    return Set(served.keys).union(recorded.keys).sorted().filter { served[$0] != recorded[$0] }.map {
      "\($0): \(served[$0] ?? "nothing"), recorded: \(recorded[$0] ?? "nothing")"
    }
  }

  private func live(of subject: Recording.Subject) async throws -> [KubernetesObject] {
    let kinds = "promises,promiserevisions,resourcebindings,works,workplacements,promisereleases,\(subject.resource)"
    let list = try await kubectl("get", kinds, "-A", "-o", "json").succeeded()
    return (try JSON(parsing: list.output)["items"]?.arrayValue ?? []).map { KubernetesObject($0) }
  }

  /// Whether an object of a kind, in whatever namespace, is or becomes as a test wants it, by kubectl's own watch.
  private func becomes(
    _ kind: String, seconds: Int = 60, _ isReached: @escaping @Sendable (KubernetesObject) -> Bool
  ) async throws -> Bool {
    let arguments = [
      "--context", platform, "get", kind, "-A", "--watch", "-o", "jsonpath={@}{'\\n'}",
      "--request-timeout=\(seconds)s",
    ]
    return try await Shell.withLines(of: "kubectl", arguments, environment: environment) { lines in
      await lines.contains { (try? JSON(parsing: $0)).map { isReached(KubernetesObject($0)) } ?? false }
    }
  }
}
