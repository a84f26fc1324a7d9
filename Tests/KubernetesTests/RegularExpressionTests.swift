import Kubernetes
import Testing

@Suite struct RegularExpressionTests {
  @Test(arguments: [
    ("a", "xay", true), ("^a$", "xay", false), ("^a$", "a", true), ("", "anything", true),
    ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "my-name", true), ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "my-", false),
    ("^v[0-9]+\\.[0-9]+$", "v1.20", true), ("^v[0-9]+\\.[0-9]+$", "v1x20", false),
    ("^(foo|bar)+$", "foobarfoo", true), ("^(foo|bar|)$", "", true), ("^a{2,3}$", "aa", true),
    ("^a{2,3}$", "aaaa", false), ("^a{2}$", "aaa", false), ("^a{2,}$", "aaaaa", true), ("^a{,3}$", "a{,3}", true),
    ("^\\d+\\s\\w+$", "12 ab_", true), ("^\\D\\S\\W$", "a1-", true), ("^\\d$", "٣", false),
    ("^[[:alpha:]]+$", "abc", true), ("^[[:^alpha:]]+$", "12", true), ("^[^a-c]$", "d", true), ("^[^a-c]$", "b", false),
    ("^[]a]+$", "]a", true), ("^[a\\]-]+$", "a]-", true), ("^[\\d.]+$", "1.2", true),
    ("(?i)^ABC$", "aBc", true), ("^(?i:a)b$", "Ab", true), ("^(?i:a)b$", "AB", false),
    ("(?s)^a.b$", "a\nb", true), ("^a.b$", "a\nb", false), ("(?m)^b$", "a\nb\nc", true), ("^b$", "a\nb", false),
    ("\\bfoo\\b", "a foo b", true), ("\\bfoo\\b", "afoob", false), ("\\Boo\\B", "foob", true),
    ("^\\p{L}+$", "äß", true), ("^\\pN$", "5", true), ("^\\P{Lu}$", "a", true), ("^\\P{Lu}$", "A", false),
    ("^(?P<name>a)(?:b)$", "ab", true), ("^a*?b+?$", "aab", true), ("^\\Qa.b\\E$", "a.b", true),
    ("^\\Qa.b\\E$", "axb", false), ("^\\x41\\x{42}\\t$", "AB\t", true), ("\\Aab\\z", "ab", true), ("^.$", "😀", true),
    ("^$", "", true), ("a|b|", "", true), ("^(a|ab)(c|bcd)$", "abcd", true), ("x*", "", true),
  ])
  func matches(pattern: String, text: String, expected: Bool) throws {
    #expect(try RegularExpression(pattern).matches(text) == expected)
  }

  @Test(arguments: [
    ("a(", "error parsing regexp: missing closing ): `a(`"), ("a)", "error parsing regexp: unexpected ): `a)`"),
    ("[a", "error parsing regexp: missing closing ]: `[a`"),
    ("*a", "error parsing regexp: missing argument to repetition operator: `*`"),
    ("a**", "error parsing regexp: invalid nested repetition operator: `**`"),
    ("[z-a]", "error parsing regexp: invalid character class range: `z-a`"),
    ("\\8", "error parsing regexp: invalid escape sequence: `\\8`"),
    ("(?=a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"),
    ("a{2,1}", "error parsing regexp: invalid repeat count: `{2,1}`"),
    ("a\\", "error parsing regexp: trailing backslash at end of expression: ``"),
    ("((a{999}){999}){999}", "error parsing regexp: expression too large"),
  ])
  func refuses(pattern: String, message: String) {
    #expect(throws: RegularExpression.SyntaxError.self) { try RegularExpression(pattern) }
    do {
      _ = try RegularExpression(pattern)
    } catch {
      #expect(error.description == message)
    }
  }

  /// Patterns that take a backtracking matcher ages.
  @Test func staysLinear() throws {
    let text = String(repeating: "a", count: 2_000) + "!"
    let expressions = try ["^(a+)+$", "^(a|a)*$"].map(RegularExpression.init)
    let time = ContinuousClock().measure {
      for expression in expressions { #expect(!expression.matches(text)) }
    }
    #expect(time < .seconds(5))
  }
}
