import Foundation
import Kubernetes
import Testing

extension Platform {
  /// Waits until everything that was recorded is served, then compares the whole.
  /// - Parameters:
  ///   - without: objects that are not compared, as KIND/NAME.
  ///   - paths: beginnings of the paths that are not compared, of every object or with a kind before them.
  ///   - works: whether the Works and their placements are compared too.
  func matches(
    _ moment: String, of subject: Recording.Subject = .mongoDB, without: Set<String> = [], paths: [String] = [],
    works: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    @Sendable func compared(_ objects: [String: Recording.Facets]) -> [String: Recording.Facets] {
      var compared: [String: Recording.Facets] = [:]
      for (name, facets) in objects where !without.contains(name) && (works || !name.hasPrefix("Work")) {
        let kind = name.prefix { $0 != "/" }
        compared[name] = facets.filter { facet in
          let path = facet.key.dropFirst()
          return !paths.contains { path.hasPrefix($0) || "\(kind)\(path)".hasPrefix($0) }
        }
      }
      return compared
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
      } else if try await !becomes([kind.lowercased(), "-A"], isReached) {
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
}
