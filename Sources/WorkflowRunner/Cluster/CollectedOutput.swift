import Foundation
import KratixModel

/// What a pipeline has put out, on its way through a container's log: a compressed tar archive, in base64.
enum CollectedOutput {
  /// Of the archive. A kubelet keeps 10 MiB of a container's log unless it is told otherwise, and base64 takes a third.
  static let maximumArchiveBytes = 6 << 20

  private static let begin = "kubectl-kratix output begins"
  private static let end = "kubectl-kratix output ends "
  private static let refusal = "kubectl-kratix output refused: "

  /// What the collector runs. It needs sh, du, find, wc, tar, base64, tr and fold, which busybox has.
  static func script(_ limits: WorkflowLimits) -> String {
    // A block of 4 KiB for each file and directory is what an empty one takes.
    let kibibytes = limits.outputBytes >> 10 + limits.outputFiles * 4
    return """
      set -eu
      cd /kratix
      files=$(find output metadata | wc -l)
      if [ "$files" -gt \(limits.outputFiles + 64) ]; then
        echo "\(refusal)more than \(limits.outputFiles) files in /kratix/output"; exit 0
      fi
      for directory in output metadata; do
        size=$(du -sk "$directory"); size=${size%%[!0-9]*}
        if [ "$size" -gt \(kibibytes) ]; then
          echo "\(refusal)more than \(limits.outputBytes >> 20) MiB in /kratix/$directory"; exit 0
        fi
      done
      tar -czf /preview-archive/output.tar.gz output metadata
      size=$(wc -c < /preview-archive/output.tar.gz)
      if [ "$size" -gt \(maximumArchiveBytes) ]; then
        echo "\(refusal)more than \(maximumArchiveBytes >> 20) MiB when compressed, which is what a log can carry"; exit 0
      fi
      echo "\(begin)"
      base64 < /preview-archive/output.tar.gz | tr -d '\\n' | fold -w 4000
      echo
      echo "\(end)$size"
      """
  }

  /// The archive that a log holds, decompressed.
  static func archive(inLog log: String, limits: WorkflowLimits) throws(WorkflowFailure.Reason) -> [UInt8] {
    var encoded = ""
    var isInside = false
    for line in log.split(whereSeparator: \.isNewline) {
      if line.hasPrefix(refusal) { throw .badOutput(String(line.dropFirst(refusal.count))) }
      if line == begin {
        isInside = true
      } else if isInside, line.hasPrefix(end) {
        let size = Int(line.dropFirst(end.count).filter { $0 != " " })
        guard let data = Data(base64Encoded: encoded), data.count == size else {
          throw .engine("what its collector put out is damaged")
        }
        let limit = limits.outputBytes * 2 + (limits.outputFiles + 1024) * 2048
        do {
          return try Gzip.decompress([UInt8](data), limit: limit)
        } catch {
          throw .badOutput("what it put out is \(error.description)")
        }
      } else if isInside {
        encoded += line
      }
    }
    throw .engine("its output cannot be read: the log of its collector ends early")
  }
}
