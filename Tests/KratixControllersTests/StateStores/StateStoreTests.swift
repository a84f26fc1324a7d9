import Foundation
import Testing

@testable import KratixControllers

@Suite struct StateStorePathTests {
  /// path, what it is within the store; nil: it leaves the store
  @Test(
    arguments: [
      ("a/b.yaml", "a/b.yaml"), ("/a//b.yaml", "a/b.yaml"), ("./a/./b", "a/b"), ("a/../b", "b"), ("", ""),
      ("../b", nil), ("a/../../b", nil), ("a/..", ""),
    ] as [(String, String?)])
  func normalized(path: String, expected: String?) {
    #expect(StateStorePath.normalized(path) == expected)
  }

  /// Empty parts are left out: static dependencies have no pipeline.
  @Test func joined() {
    #expect(StateStorePath.join("worker-1", "dependencies", "deps", "", "5058f") == "worker-1/dependencies/deps/5058f")
  }
}

/// What every kind of state store does alike, on a directory and on a real Git repository.
@Suite struct StateStoreWriterTests {
  enum Kind: String, CaseIterable { case directory, git }

  @Test(arguments: Kind.allCases)
  func writesReplacesAndDeletes(_ kind: Kind) async throws {
    try await withTemporaryDirectory { directory in
      let store = try await makeStore(kind, in: directory)
      #expect(try await store.files(under: "") == [])

      let first = try await store.apply(
        StateStoreChange(
          replacing: "w/resources/a",
          files: [
            StateStoreFile(path: "w/resources/a/x.yaml", text: "x: 1\n"),
            StateStoreFile(path: "w/resources/a/deep/y.yaml", text: "y: 1\n"),
          ], message: "Update from: a"))
      #expect(first.changed)
      #expect(first.versionID != nil)
      _ = try await store.apply(
        StateStoreChange(files: [StateStoreFile(path: "w/other.yaml", text: "o: 1\n")], message: "Update from: o"))
      #expect(
        try await store.files(under: "w").map(\.path)
          == ["w/other.yaml", "w/resources/a/deep/y.yaml", "w/resources/a/x.yaml"])

      // Only what lies in the replaced directory goes.
      let second = try await store.apply(
        StateStoreChange(
          replacing: "w/resources/a", files: [StateStoreFile(path: "w/resources/a/x.yaml", text: "x: 2\n")],
          message: "Update from: a"))
      #expect(second.changed)
      #expect(try await store.files(under: "w").map(\.path) == ["w/other.yaml", "w/resources/a/x.yaml"])
      #expect(try await store.read("w/resources/a/x.yaml") == Array("x: 2\n".utf8))
      #expect(try await store.read("w/resources/a/deep/y.yaml") == nil)

      // The same again writes nothing, and has no version of its own.
      let again = try await store.apply(
        StateStoreChange(
          replacing: "w/resources/a", files: [StateStoreFile(path: "w/resources/a/x.yaml", text: "x: 2\n")],
          message: "Update from: a"))
      #expect(again == .unchanged)

      let removed = try await store.apply(
        StateStoreChange(removals: ["w/other.yaml", "w/never-was.yaml"], message: "Delete from: o"))
      #expect(removed.changed)
      #expect(try await store.files(under: "").map(\.path) == ["w/resources/a/x.yaml"])
      try await store.checkPermissions()
    }
  }

  @Test(arguments: Kind.allCases)
  func refusesPathsThatLeaveTheStore(_ kind: Kind) async throws {
    try await withTemporaryDirectory { directory in
      let outside = directory.appending(path: "outside")
      try Data("secret".utf8).write(to: outside)
      let store = try await makeStore(kind, in: directory)
      let outcome = try await store.apply(
        StateStoreChange(
          files: [StateStoreFile(path: "../../outside", text: "overwritten"), StateStoreFile(path: "in", text: "in")],
          removals: ["../outside"], message: "Update from: evil"))
      #expect(outcome.changed)
      #expect(try await store.files(under: "").map(\.path) == ["in"])
      #expect(try await store.read("../outside") == nil)
      #expect(try Data(contentsOf: outside) == Data("secret".utf8))
    }
  }

  /// Writers at the same time: each write is whole, and none is lost.
  @Test(arguments: Kind.allCases)
  func concurrentWrites(_ kind: Kind) async throws {
    try await withTemporaryDirectory { directory in
      let store = try await makeStore(kind, in: directory)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<8 {
          group.addTask {
            _ = try await store.apply(
              StateStoreChange(
                replacing: "d\(number)", files: [StateStoreFile(path: "d\(number)/f", text: "\(number)")],
                message: "Update from: \(number)"))
          }
        }
        try await group.waitForAll()
      }
      #expect(try await store.files(under: "").map(\.path) == (0..<8).map { "d\($0)/f" })
    }
  }

  private func makeStore(_ kind: Kind, in directory: URL) async throws -> any StateStoreWriter {
    switch kind {
    case .directory: return DirectoryStateStore(directory: directory.appending(path: "store/bucket"), path: "base")
    case .git:
      let repository = directory.appending(path: "repository.git")
      try await GitStateStore.makeBareRepository(at: repository)
      return GitStateStore(
        GitStateStore.Settings(url: repository.path, path: "base", minimumFetchInterval: .zero),
        directory: directory.appending(path: "clone"))
    }
  }
}

@Suite struct DirectoryStateStoreTests {
  /// What a bucket without versions answers (contract, section 8.4).
  @Test(arguments: [
    (1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (2, "cd372fb85148700fa88095e3492d3f9f5beb43e555e5ff26d95f5a6adc36f8e6"),
  ])
  func versionIDs(files: Int, expected: String) async throws {
    try await withTemporaryDirectory { directory in
      let store = DirectoryStateStore(directory: directory)
      let outcome = try await store.apply(
        StateStoreChange(
          files: (0..<files).map { StateStoreFile(path: "f\($0)", text: "\($0)") }, message: "Update from: x"))
      #expect(outcome.versionID == expected)
    }
  }

  @Test func unwritableDirectory() async throws {
    try await withTemporaryDirectory { directory in
      let file = directory.appending(path: "file")
      try Data().write(to: file)
      let store = DirectoryStateStore(directory: file.appending(path: "below"))
      await #expect(throws: StateStoreError.self) { try await store.checkPermissions() }
    }
  }
}

@Suite struct GitStateStoreTests {
  @Test func commitsAsKratixDoes() async throws {
    try await withTemporaryDirectory { directory in
      let repository = directory.appending(path: "repository.git")
      try await GitStateStore.makeBareRepository(at: repository)
      let store = GitStateStore(
        GitStateStore.Settings(url: "file://\(repository.path)"), directory: directory.appending(path: "clone"))
      let outcome = try await store.apply(
        StateStoreChange(files: [StateStoreFile(path: "a", text: "a")], message: "Update from: wp-1"))
      let git = GitCommand(environment: [:], timeout: .seconds(30))
      let log = try await git.run(["log", "--format=%H %an <%ae> %s", "main"], in: repository).split(separator: "\n")
      #expect(log.count == 2)
      #expect(log.first == "\(outcome.versionID ?? "none") kratix <> Update from: wp-1")
    }
  }

  /// Somebody else pushes between two writes: the next write begins at the new head, or is refused and succeeds when it
  /// is tried again.
  @Test func followsTheBranch() async throws {
    try await withTemporaryDirectory { directory in
      let repository = directory.appending(path: "repository.git")
      try await GitStateStore.makeBareRepository(at: repository)
      func store(_ name: String, _ interval: Duration) -> GitStateStore {
        GitStateStore(
          GitStateStore.Settings(url: repository.path, minimumFetchInterval: interval),
          directory: directory.appending(path: name))
      }
      let slow = store("slow", .seconds(3600))
      let other = store("other", .zero)
      _ = try await slow.apply(StateStoreChange(files: [StateStoreFile(path: "1", text: "1")], message: "1"))
      _ = try await other.apply(StateStoreChange(files: [StateStoreFile(path: "2", text: "2")], message: "2"))
      let change = StateStoreChange(files: [StateStoreFile(path: "3", text: "3")], message: "3")
      await #expect(throws: StateStoreError.self) { try await slow.apply(change) }
      #expect(try await slow.apply(change).changed)
      #expect(try await other.files(under: "").map(\.path) == ["1", "2", "3"])
    }
  }

  @Test func missingBranchAndRepository() async throws {
    try await withTemporaryDirectory { directory in
      let repository = directory.appending(path: "repository.git")
      try await GitStateStore.makeBareRepository(at: repository)
      let noBranch = GitStateStore(
        GitStateStore.Settings(url: repository.path, branch: "nowhere"), directory: directory.appending(path: "a"))
      await #expect(
        throws: StateStoreError(
          "git clone failed: warning: Could not find remote branch nowhere to clone.; fatal: Remote branch nowhere not found in upstream origin"
        )
      ) {
        try await noBranch.checkPermissions()
      }
      let noRepository = GitStateStore(
        GitStateStore.Settings(url: directory.appending(path: "no.git").path), directory: directory.appending(path: "b")
      )
      await #expect(throws: StateStoreError.self) { try await noRepository.checkPermissions() }
    }
  }

  /// The repository comes back after it was away.
  @Test func recoversFromABrokenClone() async throws {
    try await withTemporaryDirectory { directory in
      let repository = directory.appending(path: "repository.git")
      try await GitStateStore.makeBareRepository(at: repository)
      let clone = directory.appending(path: "clone")
      let store = GitStateStore(
        GitStateStore.Settings(url: repository.path, minimumFetchInterval: .zero), directory: clone)
      _ = try await store.apply(StateStoreChange(files: [StateStoreFile(path: "a", text: "a")], message: "1"))
      try FileManager.default.removeItem(at: clone)
      #expect(try await store.read("a") == Array("a".utf8))
    }
  }
}

/// Gives a directory that is gone afterwards.
func withTemporaryDirectory<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
  let directory = FileManager.default.temporaryDirectory.appending(path: "state-store-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  return try await body(directory)
}
