import ArgumentParser
import FleetUpgrade
import Foundation

/// `--color`: when output is coloured.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable, Sendable {
  case auto
  case always
  case never
}

/// Colours for a terminal, or none.
struct Paint: Sendable {
  var isOn: Bool

  static let plain = Paint(isOn: false)

  init(isOn: Bool) { self.isOn = isOn }

  /// On a terminal, unless `NO_COLOR` is set to anything (https://no-color.org) or the terminal is dumb.
  init(
    _ choice: ColorChoice, isTerminal: Bool = Console.outputIsTerminal,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    switch choice {
    case .always: isOn = true
    case .never: isOn = false
    case .auto: isOn = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }
  }

  /// A line of the table, its verdict coloured.
  func verdictLine(_ line: String) -> String {
    guard isOn, let word = line.split(separator: " ").first, let verdict = FleetUpgrade.Verdict(rawValue: String(word))
    else {
      return line
    }
    let code =
      switch verdict {
      case .fails, .invalid: "31"
      case .changes: "33"
      case .unchanged: "32"
      case .held, .skipped: "2"
      }
    return "\u{1B}[\(code)m\(word)\u{1B}[0m" + line.dropFirst(word.count)
  }
}
