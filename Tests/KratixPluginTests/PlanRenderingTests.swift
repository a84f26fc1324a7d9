import FleetUpgrade
import Foundation
import KratixModel
import Kubernetes
import Testing

@testable import KratixPlugin

/// A plan with everything in it that could be shown wrong.
@Suite struct PlanRenderingTests {
  private static let hostile = "</script><img src=x onerror=alert(1)> `ticks` | pipe @team \u{1B}[31m & \u{202E}"

  private static func member(_ name: String, namespace: String = "default") -> FleetMember {
    var object = KubernetesObject(apiVersion: "example.com/v1", kind: "DB", name: name, namespace: namespace)
    object.uid = "uid-\(name)"
    object.status = ["promiseVersion": "v1"]
    return FleetMember(resource: ResourceRequest(object), binding: nil, works: [])
  }

  private static func plan(resources: [ResourcePlan], unknowns: [String] = []) -> UpgradePlan {
    var object = KubernetesObject(apiVersion: "platform.kratix.io/v1alpha1", kind: "Promise", name: "db")
    object.labels = [KratixLabels.promiseVersion: "v2"]
    object.spec = [:]
    return UpgradePlan(
      promise: PromiseChange(live: nil, candidate: Promise(object)), findings: [], resources: resources,
      unknowns: unknowns, consequences: [Consequence(.reruns, "all run again: \(hostile)")])
  }

  private static func change(_ name: String) -> Change {
    Change(.modified, object: "ConfigMap/default/\(name)", path: "data.value", from: .string(hostile), to: "b")
  }

  private static let small = plan(
    resources: [
      ResourcePlan(
        member: member("a"), verdict: .changes, reason: "1 change in 1 object", changes: [change("a")],
        noise: [change("noise")]),
      ResourcePlan(
        member: member("b"), verdict: .fails, reason: "exited: \(hostile)", lastLines: ["```", hostile, "last words"]),
      ResourcePlan(member: member("c"), verdict: .held, reason: "it is pinned to v1"),
    ], unknowns: ["who knows \(hostile)"])

  private static let all = Set(FleetUpgrade.Verdict.allCases)

  // MARK: Text

  @Test(arguments: [false, true]) func noEscapeReachesATerminal(wide: Bool) {
    let text = PlanText.table(Self.small, command: "up", wide: wide)
    #expect(!text.unicodeScalars.contains("\u{1B}") && !text.unicodeScalars.contains("\u{202E}"))
    #expect(text.contains("\\u{1B}[31m"))
    #expect(text.contains("last words"))
  }

  @Test func onlyAsksForVerdictsAndTheSummaryCountsAll() {
    let text = PlanText.table(Self.small, command: "up", only: [.held])
    #expect(text.contains("default     c") || text.contains("default     c   "))
    #expect(!text.contains("last words"))
    #expect(text.contains("Summary: 1 changes, 1 fails, 1 held."))
  }

  /// --color, whether it is a terminal, the environment, whether there is colour
  @Test(
    arguments: [
      (.auto, true, [:], true), (.auto, false, [:], false), (.auto, true, ["NO_COLOR": "1"], false),
      (.auto, true, ["NO_COLOR": ""], true), (.auto, true, ["TERM": "dumb"], false),
      (.always, false, ["NO_COLOR": "1"], true), (.never, true, [:], false),
    ] as [(ColorChoice, Bool, [String: String], Bool)])
  func colour(choice: ColorChoice, isTerminal: Bool, environment: [String: String], isOn: Bool) {
    let paint = Paint(choice, isTerminal: isTerminal, environment: environment)
    #expect(paint.isOn == isOn)
    let text = PlanText.table(Self.small, command: "up", paint: paint)
    #expect(text.contains("\u{1B}[33mchanges\u{1B}[0m") == isOn)
  }

  // MARK: Progress

  /// done, seconds, what is waited for, the line
  @Test(
    arguments: [
      (0, 5.0, nil, "running pipelines: 0 of 10"),
      (4, 8.0, nil, "running pipelines: 4 of 10, 0.5 a second, 12 s left"),
      (0, 5.0, "2 wait: exceeded\nquota", "running pipelines: 0 of 10; 2 wait: exceeded quota"),
      (10, 5.0, "nobody", "running pipelines: 10 of 10"),
    ] as [(Int, Double, String?, String)])
  func progress(done: Int, seconds: Double, obstacle: String?, line: String) {
    #expect(PlanProgress.text(done, of: 10, obstacle: obstacle, after: .seconds(seconds)) == line)
  }

  @Test func progressStaysOnALine() {
    let text = PlanProgress.text(1, of: 10, obstacle: String(repeating: "x", count: 500), after: .seconds(1))
    #expect(text.count < 200 && text.hasSuffix("..."))
  }

  // MARK: Markdown

  @Test func markdownHoldsNoMarkupOfOthers() {
    let text = PlanMarkdown.document(Self.small, command: "up", only: Self.all, limit: 60_000)
    // Markup only ever stands in code, where it is text, or is escaped.
    for line in text.split(separator: "\n") where !line.contains("`") { #expect(!line.contains("<img")) }
    #expect(text.contains("| changes | fails | held |\n| ---: | ---: | ---: |\n| 1 | 1 | 1 |"))
    #expect(text.contains("````text\n```\n"))
    #expect(!text.contains(" @team") || text.contains("`ticks`"))
  }

  @Test(arguments: [2000, 3000, 10_000, 60_000])
  func markdownStaysWithinItsLimit(limit: Int) {
    let many = Self.plan(
      resources: (0..<400).map { index in
        ResourcePlan(
          member: Self.member("name-\(index)"), verdict: .changes, reason: "1 change in 1 object",
          changes: [Change(.modified, object: "X/é\(index * 7)", path: "p", from: "ü", to: JSON(index))])
      }, unknowns: ["one"])
    let text = PlanMarkdown.document(many, command: "kubectl kratix upgrade -f p.yaml", only: Self.all, limit: limit)
    #expect(text.utf8.count <= limit)
    #expect(text.contains("| 400 |"))
    #expect(text.contains("kubectl kratix upgrade -f p.yaml"))
    #expect(text.contains("do not fit here") == (limit < 60_000 || text.utf8.count > limit - 2000))
    // What is open is closed.
    #expect(text.components(separatedBy: "<details").count == text.components(separatedBy: "</details>").count)
  }

  // MARK: HTML

  @Test func htmlHoldsNoMarkupOfOthersAndNoAssets() {
    let html = PlanHTML.document(Self.small, command: "up", only: Self.all)
    #expect(!html.contains("<img") && html.contains("&lt;img src=x"))
    #expect(
      !html.contains("http://") && !html.contains("https://") && !html.contains("src=\"") && !html.contains("url("))
    #expect(html.components(separatedBy: "<script>").count == 2)
    #expect(html.contains("default-src 'none'"))
    #expect(html.contains("prefers-color-scheme:dark") && html.contains("width=device-width"))
    #expect(html.hasSuffix("</html>"))
  }

  @Test func theOrderIsStable() {
    let html = PlanHTML.document(Self.small, command: "up", only: Self.all)
    let markdown = PlanMarkdown.document(Self.small, command: "up", only: Self.all, limit: 60_000)
    let json = Self.small.json.text(.pretty)
    for _ in 0..<5 {
      #expect(PlanHTML.document(Self.small, command: "up", only: Self.all) == html)
      #expect(PlanMarkdown.document(Self.small, command: "up", only: Self.all, limit: 60_000) == markdown)
      #expect(Self.small.json.text(.pretty) == json)
    }
  }

  // MARK: In a browser

  /// The page as a browser has it after its scripts ran, or without any.
  @Test(.enabled(if: Browser.path != nil, "there is no chromium"), .timeLimit(.minutes(2)))
  func aBrowserSearchesAndCollapses() throws {
    let browser = try Browser()
    // The page drives itself: a search, and what is then to be seen goes into the title.
    let probe = """
      <script>
      var box = document.getElementById('search');
      box.value = 'noise';
      box.dispatchEvent(new Event('input'));
      var seen = Array.prototype.filter.call(document.querySelectorAll('.resource'), function (e) { return !e.hidden; });
      document.getElementById('open').click();
      document.title = seen.length + ' seen, open ' + seen[0].open + ', tools ' + !document.getElementById('tools').hidden;
      </script></body>
      """
    let html = PlanHTML.document(Self.small, command: "up", only: Self.all)
    let tree = try browser.tree(of: html.replacing("</body>", with: probe))
    #expect(tree.contains("<title>1 seen, open true, tools true</title>"))
  }

  @Test(.enabled(if: Browser.path != nil, "there is no chromium"), .timeLimit(.minutes(2)))
  func itIsReadWithoutScripts() throws {
    let html = PlanHTML.document(Self.small, command: "up", only: Self.all)
    let parts = html.components(separatedBy: "<script>")
    let rest = try #require(parts.last?.components(separatedBy: "</script>").last)
    let tree = try Browser().tree(of: parts[0] + rest)
    #expect(tree.contains("id=\"tools\" hidden=\"\""))
    #expect(tree.contains("default/b") && tree.contains("last words"))
  }

  /// Light and dark differ where the page has no text; on a phone nothing is wider than the screen.
  @Test(.enabled(if: Browser.path != nil, "there is no chromium"), .timeLimit(.minutes(2)))
  func lightDarkAndAPhone() throws {
    let browser = try Browser()
    let html = PlanHTML.document(Self.small, command: "up", only: Self.all)
    let light = try browser.screenshot(of: html, options: ["--window-size=1000,900"])
    let dark = try browser.screenshot(of: html, options: ["--window-size=1000,900", "--force-dark-mode"])
    #expect(light.count > 5000 && dark.count > 5000 && light != dark)
    let probe =
      "<script>document.title = document.documentElement.scrollWidth <= window.innerWidth ? 'fits' : 'wide';</script></body>"
    let tree = try browser.tree(of: html.replacing("</body>", with: probe), options: ["--window-size=500,900"])
    #expect(tree.contains("<title>fits</title>"))
  }
}

/// Chromium without a window.
private final class Browser {
  static let path = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  private let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "/kratix-browser-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func tree(of html: String, options: [String] = []) throws -> String {
    String(decoding: try run(html, ["--dump-dom"] + options), as: UTF8.self)
  }

  func screenshot(of html: String, options: [String]) throws -> Data {
    let file = "\(folder)/\(UUID().uuidString).png"
    _ = try run(html, ["--screenshot=\(file)"] + options)
    return try Data(contentsOf: URL(fileURLWithPath: file))
  }

  private func run(_ html: String, _ options: [String]) throws -> Data {
    let page = "\(folder)/plan.html"
    try html.write(toFile: page, atomically: true, encoding: .utf8)
    let output = "\(folder)/output"
    FileManager.default.createFile(atPath: output, contents: nil)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.path))
    process.arguments =
      ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=\(folder)/profile"]
      + options + ["file://\(page)"]
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return try Data(contentsOf: URL(fileURLWithPath: output))
  }
}
