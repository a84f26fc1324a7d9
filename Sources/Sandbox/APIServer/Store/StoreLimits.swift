import Kubernetes

/// How large an object may be, as a real server's store has it: etcd takes requests of 1.5 MiB, and its client sends none
/// over 2 MiB. Neither error is a Status of the API server's own, so it answers 500 with the bare text and no reason.
///
/// The size is that of the object as JSON, which is what etcd holds of a custom resource. Of a built-in kind it holds
/// protobuf, which is somewhat smaller: the two kinds whose own limit keeps them under etcd's are not measured.
enum StoreLimits {
  static let request = 1536 << 10
  static let message = 2 << 20

  private static let unmeasured: Set<String> = ["configmaps", "secrets"]

  /// - Throws: the server's answer when the object is over a limit.
  static func check(_ object: StoredObject, in collection: String) throws(StatusError) {
    let size = object.bytes.count
    if size <= request || unmeasured.contains(collection) { return }
    throw StatusError(
      code: 500, reason: .unknown,
      message: size <= message
        ? "etcdserver: request is too large"
        : "rpc error: code = ResourceExhausted desc = trying to send message larger than max (\(size) vs. \(message))")
  }
}
