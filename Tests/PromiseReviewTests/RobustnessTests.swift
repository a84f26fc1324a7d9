import KratixModel
import Kubernetes
import Testing

@testable import PromiseReview

/// Whatever a Promise holds, the rules answer.
@Suite struct RobustnessTests {
  private struct Chance {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(max(bound, 1)))
    }

    /// Something that is not what anybody expects there.
    mutating func junk() -> JSON {
      let values: [JSON] = [
        .null, true, 0, -1, 9_223_372_036_854_775_807, 1e308, "", "x", "\u{0}", [], [:], [.null], [[:]], ["": .null],
        [["name": 1]], ["type": ["object"]], ["properties": "x"], ["items": []], ["enum": 3], ["minimum": "a"],
        ["x-kubernetes-validations": [["rule": 1]]], ["additionalProperties": [:]], ["required": [1, "a"]],
        ["allOf": ["a"]], ["not": [[:]]], .string(String(repeating: "é", count: 200)),
      ]
      return values[next(values.count)]
    }

    /// The same value with one place changed, removed or doubled.
    mutating func spoiled(_ value: JSON, depth: Int = 0) -> JSON {
      if depth > 0, next(9) == 0 { return junk() }
      switch value {
      case .object(var members):
        guard !members.isEmpty else { return junk() }
        let keys = members.keys.sorted()
        let key = keys[next(keys.count)]
        switch next(8) {
        case 0: members[key] = nil
        case 1: members[key + "x"] = members[key]
        default: members[key] = members[key].map { spoiled($0, depth: depth + 1) }
        }
        return .object(members)
      case .array(var elements):
        guard !elements.isEmpty else { return junk() }
        let index = next(elements.count)
        if next(6) == 0 {
          elements.append(elements[index])
        } else {
          elements[index] = spoiled(elements[index], depth: depth + 1)
        }
        return .array(elements)
      default: return junk()
      }
    }
  }

  @Test(arguments: ["mongodb", "app-as-a-service", "runtime", "namespace"])
  func spoiledPromisesAreReviewed(name: String) throws {
    let documents = try Fixtures.documents("promises/\(name).yaml")
    let original = Promise(try #require(documents.first { $0.kind == "Promise" }))
    var chance = Chance(state: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    let platform = PlatformEvidence(destinations: [Fixtures.destination("a")], promises: [original])
    for _ in 0..<250 {
      var json = original.object.json
      for _ in 0...chance.next(4) { json = chance.spoiled(json) }
      let spoiled = Promise(KubernetesObject(json))
      var thing = KubernetesObject(chance.spoiled(Fixtures.thing("a", ["size": "a"]).object.json))
      thing["spec"] = chance.junk()
      let fleet = FleetEvidence(
        resources: [ResourceRequest(thing)], bindings: [ResourceBinding(KubernetesObject(chance.junk()))])
      for (candidate, live) in [(spoiled, original), (original, spoiled), (spoiled, spoiled)] {
        let findings = PromiseReview.review(candidate: candidate, live: live, fleet: fleet, platform: platform)
        #expect(findings.allSatisfy { !$0.message.isEmpty })
        _ = BlastRadius(candidate: candidate, live: live, fleet: fleet).warnings
      }
      // Nothing blocks a Promise that stays as wrong as it is.
      #expect(
        PromiseReview.review(candidate: spoiled, live: spoiled, fleet: fleet, platform: platform)
          .allSatisfy { $0.severity != .deny })
    }
  }
}
