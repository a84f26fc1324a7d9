import FleetUpgrade
import Kubernetes
import PromiseReview

/// A plan as one HTML file: no external asset, readable without JavaScript and on a phone, light and dark. With
/// JavaScript, resources can be searched and filtered by verdict.
enum PlanHTML {
  static func document(_ plan: UpgradePlan, command: String, only: Set<FleetUpgrade.Verdict>) -> String {
    let shown = plan.resources.filter { only.contains($0.verdict) }
    let title = escaped(PlanText.title(plan.promise).replacing("->", with: "→"))
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
      <title>\(title)</title>
      <style>\(PlanHTMLAssets.style)</style>
      </head>
      <body>
      <header>
      <h1>\(title)</h1>
      \(summary(plan))
      </header>
      <main>
      \(unknowns(plan))\(groups(shown))\(resources(shown))\(promise(plan.promise))\(consequences(plan))\(findings(plan))
      </main>
      <footer>
      \(footer(plan, command: command))
      </footer>
      <script>\(PlanHTMLAssets.script)</script>
      </body>
      </html>
      """
  }

  // MARK: Parts

  private static func summary(_ plan: UpgradePlan) -> String {
    if plan.resources.isEmpty { return "<p>The fleet has no resources.</p>" }
    let cells = FleetUpgrade.Verdict.allCases.map { verdict in
      "<li class=\"\(verdict.rawValue)\(plan.count(verdict) == 0 ? " none" : "")\"><b>\(plan.count(verdict))</b> "
        + "\(verdict.rawValue)</li>"
    }
    return "<ul class=\"counts\">\(cells.joined())</ul>"
  }

  private static func unknowns(_ plan: UpgradePlan) -> String {
    list("What could not be told", plan.unknowns.map(escaped), isOpen: true)
  }

  /// Who changes alike, where that says more than the resources one by one.
  private static func groups(_ plans: [ResourcePlan]) -> String {
    let groups = ChangeGroup.groups(plans).filter { $0.resources.count > 1 }
    guard !groups.isEmpty else { return "" }
    let items = groups.map { group in
      """
      <details class="group">
      <summary><span class="verdict \(group.verdict.rawValue)">\(group.verdict.rawValue)</span> \
      <b>\(group.resources.count) resources</b> <span class="reason">\(escaped(group.reason))</span></summary>
      \(changes(group.changes))
      <p class="names">\(group.resources.map { "<code>\(escaped($0))</code>" }.joined(separator: " "))</p>
      </details>
      """
    }
    return "<section><h2>Alike</h2>\n\(items.joined(separator: "\n"))\n</section>\n"
  }

  private static func resources(_ plans: [ResourcePlan]) -> String {
    guard !plans.isEmpty else { return "" }
    // What matters is open: of a small fleet all that changes, too.
    let open: Set<FleetUpgrade.Verdict> = plans.count <= 20 ? [.fails, .invalid, .changes] : [.fails, .invalid]
    let verdicts = FleetUpgrade.Verdict.allCases.filter { verdict in plans.contains { $0.verdict == verdict } }
    let choices = verdicts.map { "<option value=\"\($0.rawValue)\">\($0.rawValue)</option>" }.joined()
    let items = plans.map { plan in
      """
      <details class="resource" data-verdict="\(plan.verdict.rawValue)"\(open.contains(plan.verdict) ? " open" : "")>
      <summary><span class="verdict \(plan.verdict.rawValue)">\(plan.verdict.rawValue)</span> \
      <b>\(escaped(plan.qualifiedName))</b> <span class="reason">\(escaped(plan.reason))</span></summary>
      \(facts(plan))\(changes(plan.changes))\(lastLines(plan))\(noise(plan))
      </details>
      """
    }
    return """
      <section><h2>Resources</h2>
      <div class="tools" id="tools" hidden>
      <input id="search" type="search" placeholder="Search names, fields and values" aria-label="Search">
      <select id="verdict" aria-label="Verdict"><option value="">all verdicts</option>\(choices)</select>
      <button id="open" type="button">Open all</button><button id="close" type="button">Close all</button>
      <output id="found"></output>
      </div>
      \(items.joined(separator: "\n"))
      </section>

      """
  }

  private static func facts(_ plan: ResourcePlan) -> String {
    var facts = ["runs \(escaped(plan.version ?? "nothing yet"))"]
    if let bound = plan.boundTo { facts.append("bound to \(escaped(bound))") }
    facts += plan.marks.map(escaped)
    if let unknown = plan.unknown { facts.append("<strong>\(escaped(unknown))</strong>") }
    return "<p class=\"facts\">\(facts.joined(separator: " · "))</p>\n"
  }

  private static func changes(_ changes: [Change]) -> String {
    guard !changes.isEmpty else { return "" }
    let rows = changes.map { change in
      """
      <tr class="\(change.kind.rawValue)"><td data-label="object">\(escaped(change.object))</td>\
      <td data-label="field">\(escaped(change.path))</td><td data-label="kind">\(kind(change))</td>\
      <td data-label="from">\(value(change.from))</td><td data-label="to">\(value(change.to))</td></tr>
      """
    }
    return """
      <table><thead><tr><th>Object</th><th>Field</th><th></th><th>From</th><th>To</th></tr></thead>
      <tbody>\(rows.joined(separator: "\n"))</tbody></table>

      """
  }

  private static func kind(_ change: Change) -> String {
    switch change.kind {
    case .added, .removed, .renamed: change.kind.rawValue
    case .modified: "changed"
    case .replaced: "<strong title=\"this field cannot change in place\">replace</strong>"
    }
  }

  private static func value(_ json: JSON?) -> String {
    guard let json else { return "" }
    let text = json.stringValue ?? json.text(.init(escapesHTML: false))
    return "<code>\(escaped(text.count > 2000 ? text.prefix(2000) + "…" : text))</code>"
  }

  private static func lastLines(_ plan: ResourcePlan) -> String {
    guard !plan.lastLines.isEmpty else { return "" }
    return "<p>The container's last lines:</p><pre>\(escaped(plan.lastLines.joined(separator: "\n")))</pre>\n"
  }

  private static func noise(_ plan: ResourcePlan) -> String {
    guard !plan.noise.isEmpty else { return "" }
    return "<p>Differs by itself from run to run, or was edited by hand (not counted):</p><div class=\"noise\">"
      + changes(plan.noise) + "</div>"
  }

  private static func promise(_ change: PromiseChange) -> String {
    var body = ""
    if !change.images.isEmpty {
      let rows = change.images.map { image in
        "<tr><td data-label=\"container\">\(escaped(image.container))</td><td data-label=\"from\"><code>"
          + "\(escaped(image.from ?? "(none)"))</code></td><td data-label=\"to\"><code>\(escaped(image.to ?? "(none)"))"
          + "</code></td></tr>"
      }
      body += "<table><thead><tr><th>Container</th><th>Image from</th><th>to</th></tr></thead><tbody>"
      body += rows.joined() + "</tbody></table>\n"
    }
    body += changes(change.changes)
    return body.isEmpty ? "" : "<section><h2>The Promise</h2>\n\(body)</section>\n"
  }

  private static func consequences(_ plan: UpgradePlan) -> String {
    list("When it is applied", plan.consequences.map { escaped($0.message) }, isOpen: true)
  }

  private static func findings(_ plan: UpgradePlan) -> String {
    list(
      "Findings",
      plan.otherFindings.map {
        "<b>\($0.severity.rawValue)</b> <code>\($0.rule.rawValue)</code> \(escaped($0.text))<br>"
          + "<span class=\"reason\">\(escaped($0.remedy))</span>"
      }, isOpen: plan.otherFindings.contains { $0.severity > .info })
  }

  private static func list(_ title: String, _ items: [String], isOpen: Bool) -> String {
    guard !items.isEmpty else { return "" }
    return "<section><details\(isOpen ? " open" : "")><summary><h2>\(title)</h2></summary><ul>"
      + items.map { "<li>\($0)</li>" }.joined() + "</ul></details></section>\n"
  }

  private static func footer(_ plan: UpgradePlan, command: String) -> String {
    var text = ""
    if plan.runs.shared > 0 { text += "<p>\(escaped(PlanText.runs(plan.runs)))</p>" }
    if let estimate = plan.estimate { text += "<p>Time, all at once: \(escaped(estimate.text)).</p>" }
    return text + "<p>To carry it out: <code>\(escaped(command))</code></p>"
  }

  /// Nothing that a pipeline or a request says becomes markup.
  private static func escaped(_ text: some StringProtocol) -> String {
    Printable.text(String(text)).replacing("&", with: "&amp;").replacing("<", with: "&lt;")
      .replacing(">", with: "&gt;").replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
  }
}

/// What the page is dressed with.
enum PlanHTMLAssets {
  static let style = """

    :root{--text:#1c2128;--soft:#57606a;--back:#fff;--line:#d0d7de;--box:#f6f8fa;--red:#b3261e;--amber:#8a5a00;\
    --green:#1a7f37;--code:#eff1f3}
    @media (prefers-color-scheme:dark){:root{--text:#e6edf3;--soft:#9da7b3;--back:#0d1117;--line:#30363d;--box:#161b22;\
    --red:#ff8a80;--amber:#e3b341;--green:#56d364;--code:#21262d}}
    *{box-sizing:border-box}
    body{margin:0 auto;max-width:72rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:var(--text);\
    background:var(--back);overflow-wrap:anywhere}
    h1{font-size:1.4rem;margin:.2rem 0 .8rem}h2{font-size:1.1rem;margin:1.2rem 0 .5rem}summary h2{display:inline}
    summary{cursor:pointer;padding:.3rem 0}
    .counts{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;padding:0;margin:0}
    .counts li{border:1px solid var(--line);border-radius:.5rem;padding:.3rem .8rem;background:var(--box)}
    .counts b{font-size:1.2rem}.counts .none{opacity:.5}
    .fails b,.invalid b,.verdict.fails,.verdict.invalid{color:var(--red)}
    .changes b,.verdict.changes{color:var(--amber)}.unchanged b,.verdict.unchanged{color:var(--green)}
    .verdict{font-weight:600;display:inline-block;min-width:6.2em}
    .reason,.facts{color:var(--soft)}.facts{margin:.2rem 0}
    .resource,.group{border:1px solid var(--line);border-radius:.5rem;margin:.4rem 0;padding:.2rem .8rem;background:var(--box)}
    table{border-collapse:collapse;width:100%;margin:.4rem 0;font-size:.9rem}
    th{text-align:left;font-weight:600;color:var(--soft)}
    th,td{border-bottom:1px solid var(--line);padding:.25rem .6rem .25rem 0;vertical-align:top}
    code,pre{font:.85rem/1.45 ui-monospace,monospace;background:var(--code);border-radius:.25rem}
    code{padding:.1rem .25rem;white-space:pre-wrap}pre{padding:.6rem;overflow-x:auto}
    .removed td:nth-child(4) code,tr.modified td:nth-child(4) code{text-decoration:line-through;opacity:.75}
    .noise{opacity:.75}.names{max-height:12rem;overflow:auto}
    .tools{display:flex;flex-wrap:wrap;gap:.5rem;margin:.5rem 0}.tools[hidden]{display:none}
    .tools input{flex:1 1 14rem}
    .tools input,.tools select,.tools button{font:inherit;color:inherit;background:var(--back);border:1px solid var(--line);\
    border-radius:.4rem;padding:.3rem .6rem}
    footer{border-top:1px solid var(--line);margin-top:1.5rem;color:var(--soft)}
    @media (max-width:40rem){thead{display:none}tr{display:block;border-bottom:1px solid var(--line);padding:.3rem 0}\
    td{display:block;border:0;padding:.1rem 0}td:empty{display:none}\
    td[data-label]::before{content:attr(data-label) " ";color:var(--soft);font-size:.8rem}}
    @media print{.tools{display:none}}

    """

  static let script = """

    (function () {
      var tools = document.getElementById('tools');
      if (!tools) return;
      tools.hidden = false;
      var search = document.getElementById('search'), verdict = document.getElementById('verdict');
      var found = document.getElementById('found');
      var resources = Array.prototype.slice.call(document.querySelectorAll('.resource'));
      var texts = resources.map(function (element) { return element.textContent.toLowerCase(); });
      function filter() {
        var words = search.value.toLowerCase().split(' ').filter(Boolean), count = 0;
        resources.forEach(function (element, index) {
          var fits = (!verdict.value || element.dataset.verdict === verdict.value) &&
            words.every(function (word) { return texts[index].indexOf(word) >= 0; });
          element.hidden = !fits;
          if (fits) count += 1;
        });
        found.textContent = count + ' of ' + resources.length;
      }
      function all(isOpen) {
        return function () { resources.forEach(function (element) { if (!element.hidden) element.open = isOpen; }); };
      }
      search.addEventListener('input', filter);
      verdict.addEventListener('change', filter);
      document.getElementById('open').addEventListener('click', all(true));
      document.getElementById('close').addEventListener('click', all(false));
      filter();
    })();

    """
}
