import Synchronization

/// Counters and histograms in Prometheus' text format (version 0.0.4).
final class WebhookMetrics: Sendable {
  struct Request: Hashable {
    var operation: String
    var resource: String
    /// `allowed`, `denied` or `error`.
    var verdict: String
  }

  private struct Counts {
    var requests: [Request: Int] = [:]
    /// One more than there are bounds: the last is for everything slower.
    var durations: [Int] = Array(repeating: 0, count: WebhookMetrics.bounds.count + 1)
    var durationSum = 0.0
    var rules: [String: Int] = [:]
    var shed = 0
    var marked = 0
  }

  /// Seconds: a millisecond apart up to ten, then wider.
  static let bounds: [Double] =
    (1...10).map { Double($0) / 1000 } + [0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

  private let counts = Mutex(Counts())

  func record(_ request: Request, seconds: Double, rules: [String]) {
    let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
    counts.withLock { counts in
      counts.requests[request, default: 0] += 1
      counts.durations[bucket] += 1
      counts.durationSum += seconds
      for rule in rules { counts.rules[rule, default: 0] += 1 }
    }
  }

  func recordShed() { counts.withLock { $0.shed += 1 } }
  func recordMarked() { counts.withLock { $0.marked += 1 } }

  /// - Parameter gauges: values of this moment: name, help, and each value with its labels.
  func text(gauges: [(name: String, help: String, values: [(labels: String, value: Double)])]) -> String {
    let counts = counts.withLock { $0 }
    var lines: [String] = []
    func header(_ name: String, _ type: String, _ help: String) {
      lines.append("# HELP kratix_webhook_\(name) \(help)")
      lines.append("# TYPE kratix_webhook_\(name) \(type)")
    }
    header("requests_total", "counter", "Admission reviews by operation, resource and verdict.")
    for (request, count) in counts.requests.sorted(by: { "\($0.key)" < "\($1.key)" }) {
      lines.append(
        "kratix_webhook_requests_total{operation=\"\(Self.escaped(request.operation))\","
          + "resource=\"\(Self.escaped(request.resource))\",verdict=\"\(request.verdict)\"} \(count)")
    }
    header("request_duration_seconds", "histogram", "Time from the whole body to the answer.")
    var total = 0
    for (bound, count) in zip(Self.bounds, counts.durations) {
      total += count
      lines.append("kratix_webhook_request_duration_seconds_bucket{le=\"\(bound)\"} \(total)")
    }
    total += counts.durations.last ?? 0
    lines.append("kratix_webhook_request_duration_seconds_bucket{le=\"+Inf\"} \(total)")
    lines.append("kratix_webhook_request_duration_seconds_sum \(counts.durationSum)")
    lines.append("kratix_webhook_request_duration_seconds_count \(total)")
    header("rules_fired_total", "counter", "Findings that warned or denied, by rule.")
    for (rule, count) in counts.rules.sorted(by: { $0.key < $1.key }) {
      lines.append("kratix_webhook_rules_fired_total{rule=\"\(rule)\"} \(count)")
    }
    header("shed_total", "counter", "Reviews turned away because too many were in flight.")
    lines.append("kratix_webhook_shed_total \(counts.shed)")
    header("resources_marked_total", "counter", "Resources that the annotator marked for reconciliation.")
    lines.append("kratix_webhook_resources_marked_total \(counts.marked)")
    for gauge in gauges {
      header(gauge.name, "gauge", gauge.help)
      for value in gauge.values { lines.append("kratix_webhook_\(gauge.name)\(value.labels) \(value.value)") }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
