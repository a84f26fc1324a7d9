import Kubernetes

/// Ages and durations as the tables of a real server show them.
enum HumanDuration {
  /// `5s`, `2m3s`, `47m`, `3h5m`, `29h`, `2d4h`, `9d`, `2y3d`: at most two units, the coarser the longer it is
  /// (`k8s.io/apimachinery/pkg/util/duration`). Up to two seconds in the future count as now.
  static func text(seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 1e15 else { return "<invalid>" }
    let whole = Int64(seconds)
    if whole < -1 { return "<invalid>" }
    if whole < 0 { return "0s" }
    if whole < 120 { return "\(whole)s" }
    let minutes = whole / 60
    if minutes < 10 { return two(minutes, "m", whole % 60, "s") }
    if minutes < 180 { return "\(minutes)m" }
    let hours = whole / 3600
    if hours < 8 { return two(hours, "h", minutes % 60, "m") }
    if hours < 48 { return "\(hours)h" }
    let days = hours / 24
    if hours < 24 * 8 { return two(days, "d", hours % 24, "h") }
    if hours < 24 * 365 * 2 { return "\(days)d" }
    if hours < 24 * 365 * 8 { return two(days / 365, "y", days % 365, "d") }
    return "\(days / 365)y"
  }

  private static func two(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
    small == 0 ? "\(large)\(largeUnit)" : "\(large)\(largeUnit)\(small)\(smallUnit)"
  }

  /// The time since an RFC 3339 timestamp; `<unknown>` when there is none.
  static func age(_ timestamp: String?, now: Double) -> String {
    guard let timestamp, let then = Timestamp.secondsSince1970(timestamp) else { return "<unknown>" }
    return text(seconds: now - then)
  }
}
