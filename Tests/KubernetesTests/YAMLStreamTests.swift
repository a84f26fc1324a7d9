import Testing

@testable import Kubernetes

@Suite struct YAMLStreamTests {
  /// A mistake in a later document is not taken for the end of the stream.
  @Test func laterDocumentsAreChecked() {
    #expect(throws: YAMLSyntaxError.self) { try YAML.documents("a: 1\n---\nb: [\n") }
  }

  @Test func byteOrderMarkIsNoContent() throws {
    #expect(try YAML.parse("\u{FEFF}a: 1\nb: 2\n") == ["a": 1, "b": 2])
  }

  @Test(
    arguments: [
      ("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n", ["a": ["x": 1, "y": 2], "b": ["x": 1, "y": 3]]),
      // Of several sources the first wins, whatever the order of keys.
      ("b: {y: 3, <<: [{x: 1}, {x: 2, z: 4}]}\n", ["b": ["x": 1, "y": 3, "z": 4]]),
      // A quoted key is a key.
      ("\"<<\": {x: 1}\n", ["<<": ["x": 1]]),
    ] as [(String, JSON)])
  func mergeKeys(text: String, expected: JSON) throws {
    #expect(try YAML.parse(text) == expected)
  }

  @Test func mergeOfSomethingElse() {
    #expect(throws: YAMLSyntaxError.self) { try YAML.parse("<<: 1\n") }
  }
}
