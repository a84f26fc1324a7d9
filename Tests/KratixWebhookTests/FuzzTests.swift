import Foundation
import KratixModel
import Kubernetes
import Logging
import PromiseReview
import Testing

@testable import KratixWebhook

/// Bodies made from the recorded reviews by generated damage. Whatever comes, the desk answers with the review's own uid
/// or says why it cannot, and the short way through the bytes decides as the long one does.
///
/// FUZZ_BODIES sets how many (1500); FUZZ_SEED where they begin.
@Suite struct FuzzTests {
  /// The same sequence on every run.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = state
      value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
      return value ^ (value >> 31)
    }
  }

  private static func number(_ name: String, _ usual: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? usual
  }

  private static let oddities: [JSON] = [
    .null, true, 0, -1, "", "\u{0}", "latest", [], [:], [[[]]], ["a": ["b": []]], .double(1e308),
    .string(String(repeating: "ä", count: 300)),
  ]

  /// Puts something odd, or something of elsewhere in the document, in place of one of its values.
  private static func damaged(_ json: JSON, _ generator: inout Generator) -> JSON {
    var nodes: [[JSONStep]] = []
    collect(json, [], &nodes)
    guard let place = nodes.randomElement(using: &generator), let other = nodes.randomElement(using: &generator)
    else { return json }
    let value: JSON? =
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: nil
      case 1: at(json, other[...])
      default: oddities.randomElement(using: &generator)
      }
    return replacing(json, place[...], value)
  }

  private enum JSONStep {
    case key(String)
    case index(Int)
  }

  private static func collect(_ json: JSON, _ path: [JSONStep], _ nodes: inout [[JSONStep]]) {
    if !path.isEmpty { nodes.append(path) }
    if let object = json.objectValue {
      for (key, value) in object { collect(value, path + [.key(key)], &nodes) }
    } else if let array = json.arrayValue {
      for (index, value) in array.enumerated() { collect(value, path + [.index(index)], &nodes) }
    }
  }

  private static func at(_ json: JSON, _ path: ArraySlice<JSONStep>) -> JSON? {
    guard let step = path.first else { return json }
    switch step {
    case .key(let key): return json[key].flatMap { at($0, path.dropFirst()) }
    case .index(let index): return json[index].flatMap { at($0, path.dropFirst()) }
    }
  }

  private static func replacing(_ json: JSON, _ path: ArraySlice<JSONStep>, _ value: JSON?) -> JSON {
    guard let step = path.first else { return value ?? .null }
    var copy = json
    switch step {
    case .key(let key):
      copy[key] = path.count == 1 ? value : json[key].map { replacing($0, path.dropFirst(), value) }
    case .index(let index):
      guard var array = json.arrayValue, array.indices.contains(index) else { return json }
      if path.count == 1, value == nil {
        array.remove(at: index)
      } else {
        array[index] = replacing(array[index], path.dropFirst(), value)
      }
      copy = .array(array)
    }
    return copy
  }

  /// Damage of the text: cut, flipped, doubled, nested.
  private static func damaged(_ bytes: [UInt8], _ generator: inout Generator) -> [UInt8] {
    guard !bytes.isEmpty else { return bytes }
    var copy = bytes
    let place = Int.random(in: 0..<bytes.count, using: &generator)
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: copy.removeLast(bytes.count - place)
    case 1: copy[place] = UInt8.random(in: 0...255, using: &generator)
    case 2: copy.insert(contentsOf: Array("\\\"{}[]:, \u{1}".utf8).shuffled(using: &generator).prefix(2), at: place)
    case 3: copy.insert(contentsOf: bytes[place..<min(bytes.count, place + 200)], at: place)
    case 4: copy.insert(contentsOf: Array(repeating: UInt8(ascii: "["), count: 2000), at: place)
    default: copy.removeSubrange(place..<min(bytes.count, place + 7))
    }
    return copy
  }

  @Test func everyBodyIsAnsweredOrRefused() async throws {
    var generator = Generator(state: UInt64(Self.number("FUZZ_SEED", 6)))
    let bodies = Self.number("FUZZ_BODIES", 1500)
    let folder = Recorded.shared.appending(path: "recorded/admissionreview")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
      .sorted()
    let seeds = try names.map { try JSON(parsing: Recorded.bytes("recorded/admissionreview/\($0)")) }
    try #require(seeds.count >= 10)
    let api = try Recorded.platform("recorded/d-pinned/01-pinned-v2.0.0.yaml")
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let fleet = FleetCache(api: api, logger: logger)
    let observing = Task { try await fleet.run() }
    defer { observing.cancel() }
    await fleet.waitUntilSynced()
    let desk = AdmissionDesk(
      fleet: fleet, api: api, settings: ReviewSettings(), metrics: WebhookMetrics(), logger: logger)
    let validator = PromiseValidator(fleet: fleet, settings: ReviewSettings())
    var counts = (answered: 0, denied: 0, refused: 0)
    for index in 0..<bodies {
      var json = seeds[index % seeds.count]
      for _ in 0..<Int.random(in: 0..<4, using: &generator) { json = Self.damaged(json, &generator) }
      var body = json.serialized()
      if index % 3 == 0 { body = Self.damaged(body, &generator) }
      let endpoint = try #require(AdmissionEndpoint.allCases.randomElement(using: &generator))
      let parsed = try? AdmissionReview(parsing: body)
      do {
        let answer = try Answer(try await desk.answer(body, at: endpoint))
        counts.answered += 1
        let isAllowed = try #require(answer.isAllowed)
        if !isAllowed { counts.denied += 1 }
        // What no rule looks at need not be whole.
        guard let parsed else { continue }
        #expect(answer.uid == parsed.uid, "body \(index)")
        if endpoint == .validatePromise {
          #expect(isAllowed == (await validator.answer(parsed)).answer.isAllowed, "body \(index)")
        }
        if let patch = try answer.patch, let object = parsed.object {
          #expect(throws: Never.self, "body \(index)") { try JSONPatch.apply(patch, to: object.json) }
        }
      } catch is ReviewSyntaxError {
        counts.refused += 1
        #expect(parsed == nil, "body \(index)")
      }
    }
    print("\(bodies) bodies: \(counts.answered) answered, \(counts.denied) of them denied; \(counts.refused) refused")
    #expect(counts.answered > 0 && counts.refused > 0)
  }
}
