import Foundation
import Testing

/// Debian's docker-registry on a port of loopback that the system chose. Ends with the test.
final class Registry: Sendable {
  /// As image references name it.
  let host: String
  private let process = Process()

  /// - Parameter folder: where it keeps its data.
  init(folder: String) throws {
    let configuration = folder + "/registry.yml"
    try Data(
      """
      version: 0.1
      log: {level: info}
      storage: {filesystem: {rootdirectory: '\(folder)/registry'}}
      http: {addr: '127.0.0.1:0', secret: test}
      """.utf8
    ).write(to: URL(filePath: configuration))
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/docker-registry")
    process.arguments = ["serve", configuration]
    process.standardError = output
    process.standardOutput = output
    try process.run()
    // It says when it listens, and where; an end of its output before that is its end.
    var log = ""
    var port: Substring?
    while port == nil {
      let data = output.fileHandleForReading.availableData
      try #require(!data.isEmpty, "docker-registry did not start: \(log)")
      log += String(decoding: data, as: UTF8.self)
      if let range = log.range(of: "listening on 127.0.0.1:") {
        let digits = log[range.upperBound...].prefix { $0.isNumber }
        if log[range.upperBound...].count > digits.count { port = digits }
      }
    }
    host = "127.0.0.1:\(port ?? "")"
    output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
  }
}

/// A server on loopback that gives every request the same answer, whatever it is.
final class OneAnswer: Sendable {
  let host: String
  private let descriptor: Int32

  /// - Parameter answer: the bytes of an HTTP response; empty to close the connection without a word.
  init(_ answer: String) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, length) == 0 && listen(descriptor, 8) == 0
          && getsockname(descriptor, address, &length) == 0
      }
    }
    try #require(isBound)
    self.descriptor = descriptor
    host = "127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    Thread.detachNewThread {
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { return }
        var request = [UInt8](repeating: 0, count: 4096)
        _ = recv(connection, &request, request.count, 0)
        let bytes = Array(answer.utf8)
        _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        shutdown(connection, Int32(SHUT_RDWR))
        close(connection)
      }
    }
  }

  deinit {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
  }
}
