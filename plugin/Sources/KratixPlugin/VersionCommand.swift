import ArgumentParser

/// The release, and what it is built for.
public enum Version {
  public static let number = "0.1.0"
  public static let text = "kubectl-kratix v\(number)"
}

struct VersionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

  func run() { Console.out(Version.text) }
}
