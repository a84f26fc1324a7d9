import Kubernetes
import Testing

@testable import PromiseReview

/// Schemas and values made at random from a seed, so that a failure can be seen again.
private struct Generator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  /// xorshift64*.
  mutating func next(_ bound: Int) -> Int {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
  }

  mutating func flips() -> Bool { next(2) == 0 }

  mutating func schema(depth: Int) -> JSON {
    switch next(depth > 0 ? 6 : 4) {
    case 0:
      var node: JSON = ["type": "string"]
      if flips() { node["enum"] = JSON((0...next(3)).map { "s\($0)" }) }
      if flips() { node["maxLength"] = JSON(1 + next(3)) }
      if flips() { node["minLength"] = JSON(next(3)) }
      return node
    case 1:
      var node: JSON = ["type": "integer"]
      if flips() { node["minimum"] = JSON(next(6)) }
      if flips() { node["maximum"] = JSON(2 + next(6)) }
      if flips(), node["minimum"] != nil { node["exclusiveMinimum"] = true }
      if next(3) == 0 { node[["anyOf", "allOf"][next(2)]] = .array((0...next(2)).map { _ in bound() }) }
      if next(5) == 0 { node["not"] = bound() }
      if next(5) == 0 { node["multipleOf"] = JSON(1 + next(3)) }
      return node
    case 2: return flips() ? ["type": "boolean"] : ["type": "number"]
    case 3: return ["x-kubernetes-int-or-string": true]
    case 4: return ["type": "array", "items": schema(depth: depth - 1), "maxItems": JSON(1 + next(3))]
    default:
      if next(4) == 0 { return ["type": "object", "additionalProperties": schema(depth: depth - 1)] }
      var properties: [String: JSON] = [:]
      for name in ["a", "b", "c"] where flips() { properties[name] = schema(depth: depth - 1) }
      var node: JSON = ["type": "object", "properties": .object(properties)]
      let required = properties.keys.sorted().filter { _ in next(3) == 0 }
      if !required.isEmpty { node["required"] = JSON(required) }
      if next(6) == 0 { node["x-kubernetes-preserve-unknown-fields"] = true }
      return node
    }
  }

  private mutating func bound() -> JSON {
    flips() ? ["minimum": JSON(next(6))] : ["maximum": JSON(next(6))]
  }

  /// A bound that takes all that `bound` takes, and perhaps more.
  private mutating func loosenedBound(_ bound: JSON) -> JSON {
    if let minimum = bound["minimum"]?.intValue { return ["minimum": .int(minimum - Int64(next(2)))] }
    return ["maximum": .int((bound["maximum"]?.intValue ?? 0) + Int64(next(2)))]
  }

  /// Branches in another order and looser; of anyOf some more, of allOf some less.
  private mutating func loosenJunctors(_ node: inout JSON) {
    for keyword in ["anyOf", "allOf"] {
      guard let branches = node[keyword]?.arrayValue, flips() else { continue }
      var looser = branches.map { loosenedBound($0) }
      if flips() { looser.reverse() }
      if keyword == "anyOf", flips() { looser.insert(bound(), at: 0) }
      if keyword == "allOf", flips() { looser.removeFirst() }
      node[keyword] = looser.isEmpty || next(4) == 0 ? nil : .array(looser)
    }
    if node["not"] != nil, next(3) == 0 { node["not"] = nil }
    if node["multipleOf"] != nil, next(3) == 0 { node["multipleOf"] = nil }
  }

  /// The same schema, taking more in some places and less in none.
  mutating func loosened(_ schema: JSON) -> JSON {
    var node = schema
    for keyword in ["enum", "maxLength", "minLength", "minimum", "maximum", "maxItems", "required"] where next(3) == 0 {
      switch (keyword, node[keyword]) {
      case (_, nil): break
      case ("maxLength", let value?), ("maximum", let value?), ("maxItems", let value?):
        node[keyword] = flips() ? nil : value.intValue.map { .int($0 + 1) }
      case ("minLength", let value?), ("minimum", let value?):
        node[keyword] = flips() ? nil : value.intValue.map { .int($0 - 1) }
        if node["minimum"] == nil { node["exclusiveMinimum"] = nil }
      case ("enum", .array(let values)?): node[keyword] = flips() ? nil : .array(values + ["more"])
      default: node[keyword] = nil
      }
    }
    loosenJunctors(&node)
    if next(4) == 0 { node["exclusiveMinimum"] = nil }
    if next(5) == 0 { node["nullable"] = true }
    if next(5) == 0, node["type"] == "integer" { node["type"] = "number" }
    if next(5) == 0, node["type"] == "object", node["additionalProperties"] == nil {
      node["x-kubernetes-preserve-unknown-fields"] = true
    }
    if let items = node["items"] { node["items"] = loosened(items) }
    if let values = node["additionalProperties"] { node["additionalProperties"] = loosened(values) }
    for name in (node["properties"]?.objectValue ?? [:]).keys.sorted() {
      guard let child = node[path: "properties", name] else { continue }
      node.set(loosened(child), at: ["properties", name])
    }
    if next(3) == 0, node["properties"] != nil, node[path: "x-kubernetes-preserve-unknown-fields"] == nil {
      node.set(self.schema(depth: 0), at: ["properties", "z"])
    }
    return node
  }

  mutating func value(depth: Int) -> JSON {
    switch next(depth > 0 ? 7 : 5) {
    case 0: return .string(["s0", "s1", "s2", "", "long text"][next(5)])
    case 1: return JSON(next(9))
    case 2: return .bool(flips())
    case 3: return .double(Double(next(9)) + 0.5)
    case 4: return flips() ? .null : .string("s0")
    case 5: return .array((0..<next(4)).map { _ in value(depth: depth - 1) })
    default:
      var members: [String: JSON] = [:]
      for name in ["a", "b", "c", "d"] where flips() { members[name] = value(depth: depth - 1) }
      return .object(members)
    }
  }
}

@Suite struct SchemaPropertyTests {
  static let seeds = Array(UInt64(1)...400)

  private static func whole(_ schema: JSON) -> JSON { ["type": "object", "properties": ["spec": schema]] }

  @Test(arguments: seeds) func aSchemaIsCompatibleWithItself(seed: UInt64) {
    var generator = Generator(seed: seed)
    let schema = Self.whole(generator.schema(depth: 3))
    #expect(SchemaComparison(old: schema, new: schema).changes.isEmpty)
  }

  @Test(arguments: seeds) func looseningIsNeverBreaking(seed: UInt64) {
    var generator = Generator(seed: seed)
    let schema = generator.schema(depth: 3)
    let looser = generator.loosened(schema)
    let breaking = SchemaComparison(old: Self.whole(schema), new: Self.whole(looser)).changes
      .filter { $0.verdict == .breaking }
    #expect(breaking.isEmpty, "\(breaking.map(\.sentence)) from \(schema.text()) to \(looser.text())")
  }

  /// Whatever the older schema takes, a compatible one takes too and keeps whole.
  @Test(arguments: seeds) func compatibleMeansThatNothingIsRefusedOrLost(seed: UInt64) {
    var generator = Generator(seed: seed)
    let old = generator.schema(depth: 2)
    let new = generator.flips() ? generator.loosened(old) : generator.schema(depth: 2)
    guard SchemaComparison(old: Self.whole(old), new: Self.whole(new)).verdict == .compatible else { return }
    let before = StructuralSchema(json: old)
    let after = StructuralSchema(json: new)
    for _ in 0..<200 {
      let value = generator.value(depth: 2)
      guard before.validate(value).isEmpty, before.pruning(value).removed.isEmpty else { continue }
      let errors = after.validate(value)
      #expect(errors.isEmpty, "\(value.text()): \(errors) from \(old.text()) to \(new.text())")
      #expect(after.pruning(value).removed.isEmpty, "\(value.text()) from \(old.text()) to \(new.text())")
    }
  }
}
