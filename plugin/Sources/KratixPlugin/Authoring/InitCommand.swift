import ArgumentParser
import PromiseAuthoring

/// `kubectl kratix init`: the beginnings of a Promise.
public struct InitCommand: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Start a Promise: its API, a pipeline that runs at once, an example request and a test.",
    discussion: """
      Examples:
        kubectl kratix init database --group platform.example.org \\
          --kind Database --property size:integer
        kubectl kratix init database --group platform.example.org \\
          --kind Database --dir database

      Exit codes: 0 done, 1 nothing was written, and a sentence says why.
      """)

  @Argument(help: ArgumentHelp("The Promise's name; the word promise may stand before it.", valueName: "name"))
  var words: [String]

  @Option(name: .shortAndLong, help: "The group of the API.")
  var group: String

  @Option(name: .shortAndLong, help: "The kind of the API.")
  var kind: String

  @Option(help: "The plural of the kind; its lower case with an s without it.")
  var plural: String?

  @Option(name: .shortAndLong, help: "The version of the API.")
  var version = "v1alpha1"

  @Option(name: .shortAndLong, help: "NAME:TYPE, a property of the API's spec; dots nest; may be repeated.")
  var property: [String] = []

  @Option(name: .shortAndLong, help: "The directory to write to.")
  var dir = "."

  public init() {}

  public mutating func validate() throws {
    guard words.count == 1 || words.count == 2 && words[0] == "promise" else {
      throw ValidationError("one name is expected, not \(words.joined(separator: " "))")
    }
  }

  private var name: String { words.last ?? "" }

  public func run() async throws {
    let scaffold: PromiseScaffold
    do {
      scaffold = try PromiseScaffold(
        name: name, group: group, kind: kind, plural: plural, version: version,
        properties: try property.map { text throws(ScaffoldError) in try PromiseScaffold.Property(parsing: text) })
    } catch {
      throw Failure("\(error)")
    }
    try SourceTree.write(scaffold.files, to: dir)
    for file in scaffold.files { Console.out("\(dir)/\(file.path)") }
    Console.note("\(name) is begun. Run its pipeline on its test: kubectl kratix test \(dir)")
  }
}
