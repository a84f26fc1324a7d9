import ArgumentParser
import Foundation
import KratixWebhook
import PromiseReview

struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Prove that the API server asks the webhook, by a dry-run create of a Promise.")

  @OptionGroup var connection: ConnectionFlags

  func run() async throws {
    let warnings = PathCheck.Warnings()
    let client = try connection.client { warnings.add($0) }
    do {
      try await PathCheck(api: client, warnings: warnings).run(word: UUID().uuidString)
    } catch {
      FileHandle.standardError.write(Data("error: \(error)\n".utf8))
      throw ExitCode.failure
    }
    print("the API server reaches the webhook")
  }
}

struct RulesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules", abstract: "List the rules: what each finds, why it matters, and what to do.")

  func run() {
    for rule in RuleID.allCases {
      print("\(rule.rawValue) (\(rule.defaultSeverity.rawValue))\n  \(rule.title). \(rule.why)\n  \(rule.remedy)")
    }
  }
}
