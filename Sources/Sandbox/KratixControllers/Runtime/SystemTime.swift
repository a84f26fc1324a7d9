import Foundation
import Kubernetes

/// The time of day, in the forms that Kubernetes writes.
public enum SystemTime {
  public static var secondsSince1970: Double { Date().timeIntervalSince1970 }

  /// RFC 3339, whole seconds.
  public static var timestamp: String { Timestamp.text(secondsSince1970: Int64(secondsSince1970)) }

  /// RFC 3339 with microseconds.
  public static var microTimestamp: String { Timestamp.microText(secondsSince1970: secondsSince1970) }
}
