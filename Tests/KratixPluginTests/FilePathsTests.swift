import Testing

@testable import KratixPlugin

@Suite struct FilePathsTests {
  @Test(arguments: [
    ("a", "."), ("abc", "."), (".", "."), ("a/", "."), ("a/b", "a"), ("a//b", "a"), ("a/b/", "a"), ("./b", "."),
    ("../b", ".."), ("/", "/"), ("/a", "/"), ("//a", "/"), ("/a/b", "/a"), ("ä/ö", "ä"), ("", "."),
  ])
  func directories(path: String, directory: String) {
    #expect(FilePaths.directory(of: path) == directory)
  }
}
