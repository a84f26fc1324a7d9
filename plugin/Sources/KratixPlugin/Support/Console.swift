import Foundation

/// The terminal: results to stdout, everything else to stderr.
enum Console {
  /// A result, with a newline.
  static func out(_ text: String) { write(text + "\n", to: .standardOutput) }

  /// A result, as it is.
  static func out(bytes: [UInt8]) { write(Data(bytes), to: .standardOutput) }

  /// Something to know: a step, a warning.
  static func note(_ text: String) { write(text + "\n", to: .standardError) }

  static func warning(_ text: String) { write("warning: \(text)\n", to: .standardError) }

  static func error(_ text: String) { write("error: \(text)\n", to: .standardError) }

  static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
  static var inputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  private static func write(_ text: String, to handle: FileHandle) { write(Data(text.utf8), to: handle) }

  /// A reader that has gone (a closed pipe) is no error of ours.
  private static func write(_ data: Data, to handle: FileHandle) { try? handle.write(contentsOf: data) }
}
