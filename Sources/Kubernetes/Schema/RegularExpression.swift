/// A regular expression in the syntax of Go's `regexp` (RE2), for `pattern` in schemas: matched in time that grows with
/// the length of the text only, so that no pattern of a user can stop the server. Groups capture nothing, since all
/// that is asked is whether a text matches.
public struct RegularExpression: Sendable, CustomStringConvertible {
  /// What is wrong with an expression, in Go's words.
  public struct SyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
  }

  indirect enum Syntax {
    case empty
    case set(CharacterSet)
    case assertion(Assertion)
    case sequence([Syntax])
    case alternatives([Syntax])
    case repetition(Syntax, atLeast: Int, atMost: Int?)
  }

  enum Assertion: Sendable {
    case startOfText, endOfText, startOfLine, endOfLine, wordBoundary, noWordBoundary
  }

  /// Ranges of scalars and general categories, or all but those.
  struct CharacterSet: Sendable {
    var ranges: [ClosedRange<UInt32>] = []
    var categories: [Category] = []
    var isNegated = false

    struct Category: Sendable {
      let name: String
      let isNegated: Bool
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
      let value = scalar.value
      let isMember =
        ranges.contains { $0.contains(value) }
        || categories.contains { UnicodeCategories.contains($0.name, scalar) != $0.isNegated }
      return isMember != isNegated
    }
  }

  private enum Instruction: Sendable {
    case set(CharacterSet)
    case assertion(Assertion)
    case split(Int, Int)
    case jump(Int)
    case match
  }

  public let description: String
  private let program: [Instruction]

  /// - Throws: `SyntaxError`.
  public init(_ pattern: String) throws(SyntaxError) {
    description = pattern
    var parser = RegularExpressionParser(pattern)
    var program: [Instruction] = []
    try Self.compile(try parser.parse(), into: &program)
    program.append(.match)
    self.program = program
  }

  /// Far more than any real pattern has; what repetitions of repetitions expand to is bounded by it.
  private static let maximumProgram = 50_000

  private static func compile(_ syntax: Syntax, into program: inout [Instruction]) throws(SyntaxError) {
    guard program.count < maximumProgram else {
      throw SyntaxError(description: "error parsing regexp: expression too large")
    }
    switch syntax {
    case .empty: break
    case .set(let set): program.append(.set(set))
    case .assertion(let assertion): program.append(.assertion(assertion))
    case .sequence(let parts): for part in parts { try compile(part, into: &program) }
    case .alternatives(let parts):
      var jumps: [Int] = []
      for (index, part) in parts.enumerated() {
        if index == parts.count - 1 {
          try compile(part, into: &program)
        } else {
          let split = program.count
          program.append(.jump(0))
          try compile(part, into: &program)
          jumps.append(program.count)
          program.append(.jump(0))
          program[split] = .split(split + 1, program.count)
        }
      }
      for jump in jumps { program[jump] = .jump(program.count) }
    case .repetition(let part, let atLeast, let atMost):
      for _ in 0..<atLeast { try compile(part, into: &program) }
      if let atMost {
        var splits: [Int] = []
        for _ in atLeast..<max(atLeast, atMost) {
          splits.append(program.count)
          program.append(.jump(0))
          try compile(part, into: &program)
        }
        for split in splits { program[split] = .split(split + 1, program.count) }
      } else {
        let split = program.count
        program.append(.jump(0))
        try compile(part, into: &program)
        program.append(.jump(split))
        program[split] = .split(split + 1, program.count)
      }
    }
  }

  /// Whether the expression matches anywhere in the text.
  public func matches(_ text: String) -> Bool {
    let scalars = Array(text.unicodeScalars)
    var threads = ThreadList(capacity: program.count)
    var next = ThreadList(capacity: program.count)
    var pending: [Int] = []
    for position in 0...scalars.count {
      if add(0, to: &threads, at: position, of: scalars, pending: &pending) { return true }
      guard position < scalars.count else { return false }
      next.removeAll()
      for index in threads.list {
        guard case .set(let set) = program[index], set.contains(scalars[position]) else { continue }
        if add(index + 1, to: &next, at: position + 1, of: scalars, pending: &pending) { return true }
      }
      swap(&threads, &next)
    }
    return false
  }

  /// Adds an instruction and what it leads to without reading; true when that is the end of the expression.
  private func add(
    _ start: Int, to threads: inout ThreadList, at position: Int, of scalars: [Unicode.Scalar], pending: inout [Int]
  ) -> Bool {
    pending.append(start)
    while let index = pending.popLast() {
      guard threads.insert(index) else { continue }
      switch program[index] {
      case .set: threads.list.append(index)
      case .jump(let target): pending.append(target)
      case .split(let first, let second):
        pending.append(second)
        pending.append(first)
      case .assertion(let assertion):
        if holds(assertion, at: position, of: scalars) { pending.append(index + 1) }
      case .match:
        pending.removeAll()
        return true
      }
    }
    return false
  }

  private func holds(_ assertion: Assertion, at position: Int, of scalars: [Unicode.Scalar]) -> Bool {
    switch assertion {
    case .startOfText: position == 0
    case .endOfText: position == scalars.count
    case .startOfLine: position == 0 || scalars[position - 1] == "\n"
    case .endOfLine: position == scalars.count || scalars[position] == "\n"
    case .wordBoundary: isBoundary(position, of: scalars)
    case .noWordBoundary: !isBoundary(position, of: scalars)
    }
  }

  private func isBoundary(_ position: Int, of scalars: [Unicode.Scalar]) -> Bool {
    func isWord(_ index: Int) -> Bool {
      guard scalars.indices.contains(index) else { return false }
      switch scalars[index] {
      case "a"..."z", "A"..."Z", "0"..."9", "_": return true
      default: return false
      }
    }
    return isWord(position - 1) != isWord(position)
  }

  /// Instructions to go on from, each once.
  private struct ThreadList {
    var list: [Int] = []
    private var generation = 1
    private var seen: [Int]

    init(capacity: Int) { seen = Array(repeating: 0, count: capacity) }

    mutating func insert(_ index: Int) -> Bool {
      if seen[index] == generation { return false }
      seen[index] = generation
      return true
    }

    mutating func removeAll() {
      list.removeAll(keepingCapacity: true)
      generation += 1
    }
  }
}

/// The general categories of `\p{L}` and `\p{Lu}`.
enum UnicodeCategories {
  static func isKnown(_ name: String) -> Bool {
    name == "Any" || codes.contains { $0 == name || $0.prefix(1) == name }
  }

  static func contains(_ name: String, _ scalar: Unicode.Scalar) -> Bool {
    name == "Any" || code(scalar.properties.generalCategory).hasPrefix(name)
  }

  private static let codes = [
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm",
    "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
  ]

  private static func code(_ category: Unicode.GeneralCategory) -> String {
    switch category {
    case .uppercaseLetter: "Lu"
    case .lowercaseLetter: "Ll"
    case .titlecaseLetter: "Lt"
    case .modifierLetter: "Lm"
    case .otherLetter: "Lo"
    case .nonspacingMark: "Mn"
    case .spacingMark: "Mc"
    case .enclosingMark: "Me"
    case .decimalNumber: "Nd"
    case .letterNumber: "Nl"
    case .otherNumber: "No"
    case .connectorPunctuation: "Pc"
    case .dashPunctuation: "Pd"
    case .openPunctuation: "Ps"
    case .closePunctuation: "Pe"
    case .initialPunctuation: "Pi"
    case .finalPunctuation: "Pf"
    case .otherPunctuation: "Po"
    case .mathSymbol: "Sm"
    case .currencySymbol: "Sc"
    case .modifierSymbol: "Sk"
    case .otherSymbol: "So"
    case .spaceSeparator: "Zs"
    case .lineSeparator: "Zl"
    case .paragraphSeparator: "Zp"
    case .control: "Cc"
    case .format: "Cf"
    case .surrogate: "Cs"
    case .privateUse: "Co"
    case .unassigned: "Cn"
    @unknown default: "Cn"
    }
  }
}
