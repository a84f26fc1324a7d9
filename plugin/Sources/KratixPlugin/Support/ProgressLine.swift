import Foundation
import Synchronization

/// One line on a terminal's stderr that is written over; nothing at all when stderr is no terminal.
final class ProgressLine: Sendable {
  private let isShown = Console.errorIsTerminal
  private let lastWidth = Mutex(0)

  func show(_ text: String) {
    guard isShown else { return }
    lastWidth.withLock { width in
      let padding = String(repeating: " ", count: max(0, width - text.count))
      write("\r\(text)\(padding)")
      width = text.count
    }
  }

  func clear() {
    guard isShown else { return }
    lastWidth.withLock { width in
      guard width > 0 else { return }
      write("\r\(String(repeating: " ", count: width))\r")
      width = 0
    }
  }

  private func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
}
