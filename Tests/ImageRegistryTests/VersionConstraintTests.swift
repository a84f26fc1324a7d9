import KratixModel
import Testing

@testable import ImageRegistry

@Suite struct VersionConstraintTests {
  static let versions = [
    "0.0.3", "0.0.4", "0.2.3", "0.3.0", "1.0.0-rc.1", "1.0.0", "1.1.9", "1.2.0", "1.2.3", "1.3.0", "2.0.0-rc.1",
    "2.0.0",
    "3.1.4",
  ]

  /// The versions above that each range allows, by the rules of npm and Masterminds' semver.
  static let ranges: [(String, [String])] = [
    ("latest", ["0.0.3", "0.0.4", "0.2.3", "0.3.0", "1.0.0", "1.1.9", "1.2.0", "1.2.3", "1.3.0", "2.0.0", "3.1.4"]),
    ("*", ["0.0.3", "0.0.4", "0.2.3", "0.3.0", "1.0.0", "1.1.9", "1.2.0", "1.2.3", "1.3.0", "2.0.0", "3.1.4"]),
    // Caret: up to the first number that is not zero.
    ("^1", ["1.0.0", "1.1.9", "1.2.0", "1.2.3", "1.3.0"]),
    ("^1.2", ["1.2.0", "1.2.3", "1.3.0"]),
    ("^1.2.3", ["1.2.3", "1.3.0"]),
    ("^0.2.1", ["0.2.3"]),
    ("^0.0.3", ["0.0.3"]),
    ("^0.0", ["0.0.3", "0.0.4"]),
    ("^0", ["0.0.3", "0.0.4", "0.2.3", "0.3.0"]),
    // Tilde: up to the minor number, where one is given.
    ("~1.2", ["1.2.0", "1.2.3"]),
    ("~1.2.1", ["1.2.3"]),
    ("~1", ["1.0.0", "1.1.9", "1.2.0", "1.2.3", "1.3.0"]),
    ("v1.2.3", ["1.2.3"]),
    ("=1.2.3", ["1.2.3"]),
    // What is left open is any.
    ("1.2", ["1.2.0", "1.2.3"]),
    ("1.x", ["1.0.0", "1.1.9", "1.2.0", "1.2.3", "1.3.0"]),
    ("1.2.*", ["1.2.0", "1.2.3"]),
    (">=1 <2", ["1.0.0", "1.1.9", "1.2.0", "1.2.3", "1.3.0"]),
    (">= 1.2, < 1.3.0", ["1.2.0", "1.2.3"]),
    (">1.2", ["1.3.0", "2.0.0", "3.1.4"]),
    (">1.2.0 <=1.2", ["1.2.3"]),
    ("<=1.0.0", ["0.0.3", "0.0.4", "0.2.3", "0.3.0", "1.0.0"]),
    ("!=1.2.3 ~1.2", ["1.2.0"]),
    ("1.1 - 1.2.0", ["1.1.9", "1.2.0"]),
    ("~0.2 || ^3", ["0.2.3", "3.1.4"]),
    // A range that names a prerelease asks for those of its version.
    (">=1.0.0-rc.0 <1.1", ["1.0.0-rc.1", "1.0.0"]),
  ]

  @Test(arguments: ranges)
  func allows(text: String, expected: [String]) throws {
    let constraint = try VersionConstraint(parsing: text)
    let allowed = try Self.versions.filter { constraint.allows(try #require(SemanticVersion($0))) }
    #expect(allowed == expected)
  }

  @Test(
    arguments: [
      // Prereleases of the bound are not in the range.
      ("^1", ["1.0.0", "1.3.0", "1.2.3"], "1.3.0"), ("<2", ["1.0.0", "2.0.0-rc.1"], "1.0.0"),
      (">=2", ["1.0.0", "2.0.0-rc.1", "2.0.0"], "2.0.0"), ("latest", ["2.0.0-rc.1", "1.0.0"], "2.0.0-rc.1"),
    ])
  func prereleasesOnRequest(text: String, tags: [String], expected: String) throws {
    #expect(try VersionConstraint(parsing: text).best(of: tags, includingPrereleases: true) == expected)
  }

  /// constraint, tags, the current tag, the best
  static let choices: [(String, [String], String?, String?)] = [
    ("latest", ["latest", "main", "v0.9.0", "v0.10.0"], nil, "v0.10.0"),
    ("latest", ["latest", "main"], nil, nil),
    ("^2", ["1.0.0"], nil, nil),
    // The most precise of equal versions.
    ("latest", ["2", "2.0", "2.0.0", "1.9.9"], nil, "2.0.0"),
    // As the current tag is written.
    ("latest", ["1.0.0", "v1.0.0"], "v0.1.0", "v1.0.0"),
    ("latest", ["1.0.0", "v1.0.0"], "0.1.0", "1.0.0"),
    // Patterns match the whole tag, and may ask for a suffix.
    ("v1\\..*-alpine", ["v1.0.0-alpine", "v1.2.0-alpine", "v1.3.0", "v2.0.0-alpine"], nil, "v1.2.0-alpine"),
    ("/build-[0-9]+/", ["build-9", "build-10", "build-x", "my-build-11"], nil, "build-10"),
    ("main|develop", ["main", "v1.0.0"], nil, "main"),
  ]

  @Test(arguments: choices)
  func best(text: String, tags: [String], current: String?, expected: String?) throws {
    #expect(try VersionConstraint(parsing: text).best(of: tags, current: current) == expected)
  }

  @Test(arguments: ["", "  ", "[", "(", "*a"])
  func refuses(text: String) {
    #expect(throws: ConstraintError.self) { try VersionConstraint(parsing: text) }
  }
}
