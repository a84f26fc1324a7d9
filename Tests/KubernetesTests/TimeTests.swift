import Kubernetes
import Testing

@Suite struct GoDurationTests {
  @Test(
    arguments: [
      ("0", 0), ("0s", 0), ("1ns", 1), ("1us", 1_000), ("1µs", 1_000), ("1μs", 1_000), ("5ms", 5_000_000),
      ("1.5s", 1_500_000_000), (".5s", 500_000_000), ("1.s", 1_000_000_000), ("1h15m30.918273645s", 4_530_918_273_645),
      ("-1m", -60_000_000_000), ("+2h", 7_200_000_000_000), ("10h", 36_000_000_000_000), ("1h1h", 7_200_000_000_000),
    ] as [(String, Int64)])
  func parses(text: String, nanoseconds: Int64) {
    #expect(GoDuration(text)?.nanoseconds == nanoseconds)
  }

  @Test(arguments: [
    "", "1", "1d", "s", "1 s", " 1s", "1s ", ".s", "1..5s", "-", "+", "1h-5m", "soon", "1e3s", "9999999h", "１s", "1S",
  ])
  func refuses(text: String) {
    #expect(GoDuration(text) == nil)
  }

  @Test(
    arguments: [
      (0, "0s"), (1, "1ns"), (1_100, "1.1µs"), (2_200_000, "2.2ms"), (3_300_000_000, "3.3s"), (60_000_000_000, "1m0s"),
      (90_000_000_000, "1m30s"), (36_000_000_000_000, "10h0m0s"), (3_661_001_000_000, "1h1m1.001s"),
      (-1_500_000_000, "-1.5s"), (.min, "-2562047h47m16.854775808s"), (.max, "2562047h47m16.854775807s"),
    ] as [(Int64, String)])
  func writesAsGo(nanoseconds: Int64, text: String) {
    #expect(GoDuration(nanoseconds: nanoseconds).description == text)
  }

  @Test func everyDurationComesBack() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<1_000 {
      let duration = GoDuration(nanoseconds: Int64.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random))
      #expect(GoDuration(duration.description) == duration)
    }
  }

  @Test func isOrdered() {
    #expect(GoDuration.seconds(1) < .seconds(1.5))
    #expect(GoDuration.seconds(90).seconds == 90)
    #expect(GoDuration.seconds(90).duration == .seconds(90))
    #expect(GoDuration.seconds(1e300).nanoseconds == .max)
    #expect(GoDuration.seconds(-1e300).nanoseconds == .min)
  }
}

@Suite struct TimestampTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (1_795_384_960, "2026-11-22T22:02:40Z"), (951_782_400, "2000-02-29T00:00:00Z"),
      (-1, "1969-12-31T23:59:59Z"), (4_102_444_800, "2100-01-01T00:00:00Z"), (-62_135_596_800, "0001-01-01T00:00:00Z"),
    ] as [(Int64, String)])
  func writesAndReads(seconds: Int64, text: String) {
    #expect(Timestamp.text(secondsSince1970: seconds) == text)
    #expect(Timestamp.secondsSince1970(text) == Double(seconds))
  }

  @Test(arguments: [
    ("2026-11-22T22:02:40.5Z", 1_795_384_960.5), ("2026-11-22T23:02:40+01:00", 1_795_384_960.0),
    ("2026-11-22T17:32:40-04:30", 1_795_384_960.0), ("2026-11-22t22:02:40z", 1_795_384_960.0),
  ])
  func readsOtherForms(text: String, seconds: Double) {
    #expect(Timestamp.secondsSince1970(text) == seconds)
  }

  @Test(arguments: [
    "", "2026-11-22", "2026-11-22T22:02:40", "2026-13-22T22:02:40Z", "2026-02-29T00:00:00Z", "2026-11-22T24:00:00Z",
    "2026-11-22T22:60:00Z", "2026-11-22T22:02:40.Z", "2026-11-22T22:02:40+1:00", "2026-11-22 22:02:40Z",
    "2026-11-22T22:02:40ZZ", "２026-11-22T22:02:40Z",
  ])
  func refuses(text: String) {
    #expect(Timestamp.secondsSince1970(text) == nil)
  }

  @Test func writesMicroseconds() {
    #expect(Timestamp.microText(secondsSince1970: 1_795_384_960.123456) == "2026-11-22T22:02:40.123456Z")
    #expect(Timestamp.microText(secondsSince1970: 1_795_384_960) == "2026-11-22T22:02:40.000000Z")
    #expect(Timestamp.microText(secondsSince1970: 0.9999999) == "1970-01-01T00:00:00.999999Z")
  }

  @Test func everySecondComesBack() {
    var random = SeededGenerator(seed: 2)
    for _ in 0..<2_000 {
      let seconds = Int64.random(in: -62_135_596_800...253_402_300_799, using: &random)
      #expect(Timestamp.secondsSince1970(Timestamp.text(secondsSince1970: seconds)) == Double(seconds))
    }
  }
}
