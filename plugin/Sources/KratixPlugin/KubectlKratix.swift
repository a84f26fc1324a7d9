import ArgumentParser

/// `kubectl kratix`: the tree of commands.
public struct KubectlKratix: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "kubectl kratix",
    abstract: "Change a Kratix platform without fear.",
    discussion: """
      Package a Promise, bump its images, see what an upgrade does to every resource of the fleet, and carry it out.
      Try it all on a platform of your own first: kubectl kratix sandbox up
      """,
    subcommands: [
      InitCommand.self, PackageCommand.self, BumpCommand.self, ValidateCommand.self, TestCommand.self,
      UpgradeCommand.self, PlanCommand.self, FleetCommand.self, ReconcileCommand.self, SandboxCommand.self,
      VersionCommand.self,
    ])

  public init() {}

  /// Parses the process's arguments, runs the command, and ends the process with its exit code: 0 done, 1 not done
  /// (a command's own codes are in its help), 64 wrong usage.
  public static func runAsProcess() async -> Never {
    do {
      var command = try parseAsRoot(words(of: CommandLine.arguments))
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      exit(withError: ExitCode.success)
    } catch let exitCode as ExitCode {
      exit(withError: exitCode)
    } catch let failure as Failure {
      Console.error(failure.message)
      exit(withError: ExitCode(failure.exitCode))
    } catch is CancellationError {
      exit(withError: ExitCode(130))
    } catch let error where isUsage(error) {
      exit(withError: error)
    } catch {
      Console.error(Failure.sentence(for: error))
      exit(withError: ExitCode.failure)
    }
  }

  /// `--version` alone is the command `version`. The argument parser's own flag would answer for every command with an
  /// option of that name, whatever is wrong with its other words.
  static func words(of arguments: [String]) -> [String] {
    let words = Array(arguments.dropFirst())
    return words == ["--version"] ? ["version"] : words
  }

  /// Whether the argument parser made the error: wrong usage, or a request for help.
  private static func isUsage(_ error: any Error) -> Bool {
    error is ValidationError || error is CleanExit || String(describing: type(of: error)) == "CommandError"
  }
}
