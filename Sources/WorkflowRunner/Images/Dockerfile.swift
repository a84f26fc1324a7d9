import KratixModel
import Kubernetes

/// What a Dockerfile says about running its image, as far as that can be had without building it: the last stage's
/// files, entry point, environment, directory and user. What it would install is not had; `notes` says so.
struct Dockerfile: Sendable, Hashable {
  /// `COPY` or `ADD` of files of the build context.
  struct Copy: Sendable, Hashable {
    /// Relative to the context; may hold `*` and `?`.
    var sources: [String]
    /// Absolute; ends with a slash where the Dockerfile says so.
    var destination: String
    /// `--chmod`, octal.
    var mode: UInt32?
    var line: Int
  }

  /// `RUN chmod`, applied to copied files.
  struct ModeChange: Sendable, Hashable {
    var mode: String
    var path: String
    var isRecursive: Bool
  }

  struct Failure: Error, Hashable {
    let line: Int
    let reason: String
  }

  var entrypoint: [String] = []
  var command: [String] = []
  var environment: [EnvironmentVariable] = []
  var workingDirectory = "/"
  /// As written: a name or a number, with or without a group.
  var user = ""
  var copies: [Copy] = []
  var modeChanges: [ModeChange] = []
  /// Directories that `RUN mkdir` and `VOLUME` make.
  var directories: [String] = []
  /// What was left out, a sentence each.
  var notes: [String] = []

  /// - Throws: `Failure` for what would make another image than the Dockerfile says, such as files of other images.
  init(parsing text: String) throws(Failure) {
    var stages: [String: Dockerfile] = [:]
    var stageName: String?
    var stageIndex = -1
    var arguments: [String: String] = [:]
    var isFirstStage = true
    for instruction in try Self.instructions(text) {
      let line = instruction.line
      let words = instruction.arguments
      let variables = environment
      func expanded(_ text: String) -> String { Self.expand(text, arguments, variables) }
      switch instruction.name {
      case "ARG":
        let pair = words.split(separator: "=", maxSplits: 1)
        guard let name = pair.first else { continue }
        if pair.count == 2 { arguments[String(name)] = expanded(Self.unquoted(String(pair[1]))) }
      case "FROM":
        let parts = expanded(words).split(whereSeparator: \.isWhitespace).map(String.init)
          .filter { !$0.hasPrefix("--") }
        if !isFirstStage { stages[stageName ?? String(stageIndex)] = self }
        isFirstStage = false
        stageIndex += 1
        stageName = parts.count >= 3 && parts[1].lowercased() == "as" ? parts[2] : nil
        self = parts.first.flatMap { stages[$0] } ?? Dockerfile()
      case "ENTRYPOINT":
        entrypoint = Self.commandLine(words)
        // As the builder does it: a new entry point drops the base's command.
        command = []
      case "CMD": command = Self.commandLine(words)
      case "ENV":
        for (name, value) in Self.assignments(words) {
          environment.removeAll { $0.name == name }
          environment.append(EnvironmentVariable(name: name, value: expanded(value)))
        }
      case "WORKDIR":
        workingDirectory = Self.absolute(expanded(Self.unquoted(words)), in: workingDirectory)
        directories.append(workingDirectory)
      case "USER": user = expanded(Self.unquoted(words))
      case "VOLUME":
        directories += Self.commandWords(words).map { Self.absolute(expanded($0), in: workingDirectory) }
      case "COPY", "ADD":
        try addCopy(instruction, expanded: expanded)
      case "RUN": addRun(words, line: line)
      case "LABEL", "EXPOSE", "MAINTAINER", "STOPSIGNAL", "HEALTHCHECK", "ONBUILD": break
      case "SHELL": notes.append("Dockerfile line \(line): SHELL is ignored")
      default: throw Failure(line: line, reason: "unknown instruction \(instruction.name)")
      }
    }
    guard !isFirstStage else { throw Failure(line: 1, reason: "there is no FROM") }
  }

  private init() {}

  private mutating func addCopy(
    _ instruction: Instruction, expanded: (String) -> String
  ) throws(Failure) {
    let line = instruction.line
    var rest = instruction.arguments[...]
    var mode: UInt32?
    while rest.hasPrefix("--") {
      let flag = rest.prefix { !$0.isWhitespace }
      rest = rest.dropFirst(flag.count).drop(while: \.isWhitespace)
      if flag.hasPrefix("--chmod=") { mode = UInt32(flag.dropFirst(8), radix: 8) }
      if flag.hasPrefix("--from=") {
        throw Failure(line: line, reason: "\(instruction.name) \(flag) takes files of another image")
      }
    }
    let words = Self.commandWords(String(rest)).map(expanded)
    guard words.count >= 2, let last = words.last else {
      throw Failure(line: line, reason: "\(instruction.name) needs a source and a destination")
    }
    let sources = Array(words.dropLast())
    if let foreign = sources.first(where: { $0.contains("://") || $0.hasPrefix("git@") || $0.hasPrefix("<<") }) {
      throw Failure(line: line, reason: "\(instruction.name) \(foreign) is not a file of the directory")
    }
    var destination = Self.absolute(last, in: workingDirectory)
    if last.hasSuffix("/") || last == "." || last.hasSuffix("/.") || sources.count > 1 {
      destination += destination.hasSuffix("/") ? "" : "/"
    }
    copies.append(Copy(sources: sources, destination: destination, mode: mode, line: line))
  }

  /// `chmod` and `mkdir` are done; whatever else a `RUN` does is noted.
  private mutating func addRun(_ text: String, line: Int) {
    var skipped: [String] = []
    for part in text.replacing("&&", with: ";").split(separator: ";") {
      let words = Self.commandWords(part.trimmingWhitespace)
      switch words.first {
      case "chmod"? where words.count >= 3:
        let isRecursive = words.contains("-R")
        let operands = words.dropFirst().filter { $0 != "-R" }
        guard let mode = operands.first else { continue }
        modeChanges += operands.dropFirst().map {
          ModeChange(mode: mode, path: Self.absolute($0, in: workingDirectory), isRecursive: isRecursive)
        }
      case "mkdir"?:
        directories += words.dropFirst().filter { !$0.hasPrefix("-") }
          .map { Self.absolute($0, in: workingDirectory) }
      case nil: break
      default: skipped.append(part.trimmingWhitespace)
      }
    }
    if !skipped.isEmpty {
      notes.append("Dockerfile line \(line): not run: \(skipped.joined(separator: "; "))")
    }
  }
}

// Syntax.
extension Dockerfile {
  struct Instruction {
    var name: String
    var arguments: String
    var line: Int
  }

  /// Instructions with their continuation lines joined; comments are gone, here-documents skipped.
  static func instructions(_ text: String) throws(Failure) -> [Instruction] {
    var instructions: [Instruction] = []
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
      $0.trimmingSuffix(while: { $0 == "\r" })
    }
    var index = 0
    while index < lines.count {
      let start = index
      var joined = ""
      var continues = true
      while continues, index < lines.count {
        let line = lines[index].trimmingWhitespace
        index += 1
        if line.hasPrefix("#") || (line.isEmpty && !joined.isEmpty) { continue }
        continues = line.hasSuffix("\\")
        joined += (joined.isEmpty ? "" : " ") + (continues ? String(line.dropLast()).trimmingWhitespace : line)
        if line.isEmpty { continues = false }
      }
      guard !joined.isEmpty else { continue }
      let name = joined.prefix { !$0.isWhitespace }
      let arguments = joined.dropFirst(name.count).trimmingWhitespace
      instructions.append(
        Instruction(name: name.uppercased(), arguments: arguments, line: start + 1))
      if let marker = hereDocument(arguments) {
        while index < lines.count, lines[index].trimmingWhitespace != marker { index += 1 }
        index += 1
      }
    }
    return instructions
  }

  private static func hereDocument(_ arguments: String) -> String? {
    guard let start = arguments.firstRange(of: "<<") else { return nil }
    let word = arguments[start.upperBound...].drop { $0 == "-" }
      .prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "\"" || $0 == "'" }
    let marker = word.filter { $0 != "\"" && $0 != "'" }
    return marker.isEmpty ? nil : String(marker)
  }

  /// `["a", "b"]` as it is, anything else for the shell.
  static func commandLine(_ text: String) -> [String] {
    if text.hasPrefix("["), let list = (try? JSON(parsing: text))?.stringArrayValue { return list }
    return text.isEmpty ? [] : ["/bin/sh", "-c", text]
  }

  /// `["a", "b"]`, or words as a shell splits them.
  static func commandWords(_ text: String) -> [String] {
    if text.hasPrefix("["), let list = (try? JSON(parsing: text))?.stringArrayValue { return list }
    var words: [String] = []
    var word = ""
    var quote: Character?
    var hasWord = false
    for character in text {
      if let open = quote {
        if character == open { quote = nil } else { word.append(character) }
      } else if character == "\"" || character == "'" {
        quote = character
        hasWord = true
      } else if character.isWhitespace {
        if hasWord { words.append(word) }
        word = ""
        hasWord = false
      } else {
        word.append(character)
        hasWord = true
      }
    }
    if hasWord { words.append(word) }
    return words
  }

  static func unquoted(_ text: String) -> String {
    let words = commandWords(text)
    return words.count == 1 ? words[0] : text
  }

  /// `A=b C="d e"`, or the old form `A b c`.
  static func assignments(_ text: String) -> [(String, String)] {
    let words = commandWords(text)
    if let first = words.first, !first.contains("=") {
      return [(first, text.dropFirst(first.count).trimmingWhitespace)]
    }
    return words.compactMap { word in
      let pair = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return pair.count == 2 ? (String(pair[0]), String(pair[1])) : nil
    }
  }

  /// `$NAME`, `${NAME}`, `${NAME:-default}`; unknown names are empty, as the builder has it.
  static func expand(_ text: String, _ arguments: [String: String], _ environment: [EnvironmentVariable]) -> String {
    func value(_ name: some StringProtocol) -> String? {
      environment.last { $0.name == name }?.value ?? arguments[String(name)]
    }
    var result = ""
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      if result.hasSuffix("\\") {
        result.removeLast()
        result.append("$")
        rest = rest[rest.index(after: dollar)...]
        continue
      }
      rest = rest[rest.index(after: dollar)...]
      if rest.first == "{", let close = rest.firstIndex(of: "}") {
        let inner = rest[rest.index(after: rest.startIndex)..<close]
        let name = inner.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let modifier = inner.dropFirst(name.count)
        let current = value(name).flatMap { $0.isEmpty ? nil : $0 }
        if modifier.hasPrefix(":-") {
          result += current ?? String(modifier.dropFirst(2))
        } else if modifier.hasPrefix(":+") {
          result += current == nil ? "" : String(modifier.dropFirst(2))
        } else {
          result += current ?? ""
        }
        rest = rest[rest.index(after: close)...]
      } else {
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        result += name.isEmpty ? "$" : value(name) ?? ""
        rest = rest.dropFirst(name.count)
      }
    }
    return result + rest
  }

  static func absolute(_ path: String, in directory: String) -> String {
    PipelineOutputs.cleaned(path.hasPrefix("/") ? path : "\(directory)/\(path)")
  }
}

extension StringProtocol {
  var trimmingWhitespace: String {
    String(drop(while: \.isWhitespace).trimmingSuffix(while: \.isWhitespace))
  }

  func trimmingSuffix(while predicate: (Character) -> Bool) -> SubSequence {
    var end = endIndex
    while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
    return self[startIndex..<end]
  }
}
