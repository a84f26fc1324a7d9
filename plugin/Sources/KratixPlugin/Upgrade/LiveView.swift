import Foundation
import Synchronization

/// A few lines on a terminal's stdout that are written over; for what is followed by a person.
final class LiveView: Sendable {
  private let height = Mutex(0)

  /// Shows lines in place of those shown before, cut to the terminal's width.
  func show(_ lines: [String]) {
    var size = winsize()
    let known = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0
    let width = known && size.ws_col > 0 ? Int(size.ws_col) : 80
    let rows = known && size.ws_row > 1 ? Int(size.ws_row) - 1 : 24
    let shown = lines.prefix(rows).map { String($0.prefix(width)) }
    height.withLock { height in
      let up = height > 0 ? "\u{1B}[\(height)F" : ""
      Console.out(bytes: Array((up + shown.map { "\u{1B}[2K\($0)\n" }.joined() + "\u{1B}[0J").utf8))
      height = shown.count
    }
  }
}
