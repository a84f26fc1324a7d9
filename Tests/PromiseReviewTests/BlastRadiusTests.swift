import KratixModel
import Kubernetes
import Testing

@testable import PromiseReview

@Suite struct BlastRadiusTests {
  private let live = Fixtures.clean(version: "v1.0.0")
  private let candidate = Fixtures.clean(version: "v2.0.0", image: "registry.example.com/thing:v2.0.0")

  @Test func saysHowManyWhichVersionsHowManyPinnedAndTheirNames() {
    let fleet = FleetEvidence(
      resources: [
        Fixtures.thing("b", [:], version: "v1.0.0"), Fixtures.thing("a", [:], version: "v0.9.0"),
        Fixtures.thing("c", [:]), Fixtures.thing("d", [:], version: "v1.0.0"),
      ],
      bindings: [Fixtures.binding("a", "v0.9.0"), Fixtures.binding("b", "latest")])
    #expect(
      BlastRadius(candidate: candidate, live: live, fleet: fleet).warnings == [
        "thing from v1.0.0 to v2.0.0: 4 resources will be reconciled",
        "they run: 2 at v1.0.0, 1 at no version yet, 1 at v0.9.0; 1 pinned, which run again at their own version",
        "reconciled: default/a, default/b, default/c, default/d",
      ])
  }

  @Test func manyResourcesAreCutAndNoLineIsTooLong() {
    let fleet = FleetEvidence(
      resources: (100..<150).map { Fixtures.thing("a-rather-long-name-of-a-resource-\($0)", [:], version: "v1.0.0") })
    let warnings = BlastRadius(candidate: candidate, live: live, fleet: fleet).warnings
    #expect(warnings.allSatisfy { $0.utf8.count <= BlastRadius.warningLimit })
    #expect(warnings.last?.hasSuffix("resource-109, ... and 40 more") == true)
  }

  @Test func aLabelAloneMovesNothing() {
    let fleet = FleetEvidence(resources: [Fixtures.thing("a", [:])])
    #expect(BlastRadius(candidate: live.labelled("v3.0.0"), live: live, fleet: fleet).warnings.isEmpty)
  }

  @Test func whatKratixDoesNotSeeMovesNothing() {
    let fleet = FleetEvidence(resources: [Fixtures.thing("a", [:])])
    let written = live.setting("workflows", "config", to: [:]).setting("workflows", "promise", to: [:])
    #expect(BlastRadius(candidate: written, live: live, fleet: fleet).resources.isEmpty)
  }

  @Test func theRulesDescribeThemselves() {
    for rule in RuleID.allCases {
      #expect(!rule.title.isEmpty && !rule.why.isEmpty && !rule.remedy.isEmpty)
      #expect(rule.why.last == "." && rule.remedy.last == ".", "\(rule.rawValue)")
      #expect(rule.rawValue.allSatisfy { $0.isLowercase || $0 == "-" })
    }
    #expect(Set(RuleID.allCases.map(\.title)).count == RuleID.allCases.count)
  }
}
