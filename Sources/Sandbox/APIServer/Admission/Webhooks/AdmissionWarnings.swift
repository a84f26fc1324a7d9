/// The bounds that a server keeps the warnings of one response in (pkg/endpoints/filters/warning.go).
public enum AdmissionWarnings {
  private static let total = 4096
  private static let each = 256

  /// Each warning once and in order, without empty ones and ones with control characters. Once they come to more than
  /// 4096 characters, each is cut at 256, and no more than 4096 are sent.
  public static func bounded(_ warnings: [String]) -> [String] {
    var seen: Set<String> = []
    let unique = warnings.filter { text in
      !text.isEmpty && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
        && seen.insert(text).inserted
    }
    if unique.reduce(0, { $0 + $1.unicodeScalars.count }) <= total { return unique }
    var written = 0
    var kept: [String] = []
    for text in unique where written < total {
      let short = String(String.UnicodeScalarView(text.unicodeScalars.prefix(each)))
      written += short.unicodeScalars.count
      kept.append(short)
    }
    return kept
  }
}
