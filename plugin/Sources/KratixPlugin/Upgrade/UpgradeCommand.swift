import ArgumentParser

struct UpgradeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upgrade", abstract: "Move a fleet to a new version of its Promise, or preview that.",
    subcommands: [
      UpgradeRun.self, PreviewCommand.self, RolloutStatus.self, RolloutPause.self, RolloutResume.self,
      RolloutApprove.self, RolloutRetry.self, RolloutSkip.self, RolloutAbort.self, RolloutRollback.self,
      RolloutHistory.self, RolloutShow.self,
    ], defaultSubcommand: UpgradeRun.self)
}
