import Kubernetes

/// Numbers that are the same in every run (SplitMix64), so that a property that fails can be looked at.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Texts that tempt a parser: words of YAML, numbers, quotes, several lines, other planes.
private let temptingTexts = [
  "", "a", "true", "no", "~", "null", "010", "1e3", "0x1F", "1_000", "- x", "a: b", "# c", " lead", "trail ", "'", "\"",
  "\\", "line\nline", "line\n", "\nline", "a\n\n\nb\n\n", "tab\tx", "\u{1F600}", "ü", "\u{2028}", "<&>", "{}", "[a]",
  "2026-11-22T22:02:40Z", "2026-11-22", "=", "!x", "&x", "*x", "%x", "@x", "`x`", "? x", "| x", "> x", ",", "\u{7}",
  "\u{85}", "a\rb", ".inf", "-", "---", "12:30:45", "+1", "y", "n", "on",
]

/// A value without nulls, `depth` levels deep at most.
func randomValue(_ random: inout SeededGenerator, depth: Int) -> JSON {
  switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
  case 0: return .bool(Bool.random(using: &random))
  case 1: return .int(Int64.random(in: -5...5, using: &random))
  case 2: return .double(Double(Int.random(in: -4...4, using: &random)) + 0.5)
  case 3, 4: return .string(temptingTexts.randomElement(using: &random) ?? "")
  case 5:
    return .array(
      (0..<Int.random(in: 0...3, using: &random)).map { _ in randomValue(&random, depth: depth - 1) })
  default: return randomObject(&random, depth: depth - 1)
  }
}

func randomObject(_ random: inout SeededGenerator, depth: Int) -> JSON {
  var members: [String: JSON] = [:]
  for _ in 0..<Int.random(in: 0...4, using: &random) {
    let key = ["a", "b", "c", "true", "1", "x y", ""].randomElement(using: &random) ?? "a"
    members[key] = randomValue(&random, depth: depth)
  }
  return .object(members)
}

/// The value with integers for floating point numbers without a fraction, which are written as integers.
func withWholeNumbers(_ value: JSON) -> JSON {
  switch value {
  case .object(let members): .object(members.mapValues(withWholeNumbers))
  case .array(let elements): .array(elements.map(withWholeNumbers))
  case .double: value.intValue.map(JSON.int) ?? value
  default: value
  }
}
