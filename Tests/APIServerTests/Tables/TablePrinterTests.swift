import Kubernetes
import Testing

@testable import APIServer

@Suite struct HumanDurationTests {
  @Test(arguments: [
    (-2.5, "<invalid>"), (-1.4, "0s"), (0, "0s"), (1.9, "1s"), (119, "119s"), (120, "2m"), (182, "3m2s"),
    (599, "9m59s"), (600, "10m"), (10_799, "179m"), (10_800, "3h"), (11_100, "3h5m"), (28_799, "7h59m"),
    (28_800, "8h"), (172_799, "47h"), (172_800, "2d"), (180_000, "2d2h"), (691_199, "7d23h"), (691_200, "8d"),
    (63_071_999, "729d"), (63_072_000, "2y"), (63_158_400, "2y1d"), (252_288_000, "8y"), (400_000_000, "12y"),
  ])
  func text(seconds: Double, expected: String) {
    #expect(HumanDuration.text(seconds: seconds) == expected)
  }

  @Test func ageOfNothingIsUnknown() {
    #expect(HumanDuration.age(nil, now: 0) == "<unknown>")
    #expect(HumanDuration.age("soon", now: 0) == "<unknown>")
  }
}

@Suite struct TablePrinterTests {
  /// Lines as `kubectl get` prints them, blanks squeezed, without the columns of `-o wide` unless asked for.
  private func print(
    _ resource: ServedResource, _ objects: [KubernetesObject], wide: Bool = false, now: Double
  ) -> [String] {
    let table = TablePrinter.table(
      for: resource, objects: objects, listMetadata: [:], includeObject: "Metadata", omitHeaders: false, now: now)
    let columns = table["columnDefinitions"]?.arrayValue ?? []
    let shown = columns.indices.filter { wide || columns[$0]["priority"] == 0 }
    let header = shown.map { columns[$0]["name"]?.stringValue?.uppercased() ?? "?" }
    let rows = (table["rows"]?.arrayValue ?? []).map { row in
      shown.map { index -> String in
        switch row["cells"]?[index] {
        case .string(let text)?: text
        case .null?: ""
        case .some(let value): value.text()
        case nil: "MISSING"
        }
      }
    }
    return ([header] + rows).map { $0.joined(separator: " ").split(separator: " ").joined(separator: " ") }
  }

  /// The lines below `$ COMMAND` in a section of a recorded tables.txt, without the column of the namespace.
  private func recorded(_ file: String, section: String, command: String) throws -> [String] {
    let text = try Recording.text(file)
    let parts = text.split(separator: "################ ")
    let part = try #require(parts.first { $0.hasPrefix(section) })
    var lines: [String] = []
    var isInside = false
    for line in part.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("$ ") {
        isInside = line == "$ \(command)"
      } else if isInside, !line.isEmpty {
        lines.append(line.split(separator: " ").dropFirst(command.contains(" -A") ? 1 : 0).joined(separator: " "))
      }
    }
    #expect(!lines.isEmpty)
    return lines
  }

  @Test func customColumnsAreAsRecorded() throws {
    let definition = try #require(
      Recording.objects("a-install/03-rbac-and-crd.yaml").first { $0.kind == "CustomResourceDefinition" })
    let resource = try #require(Recording.resources(of: definition).first)
    let objects = try Recording.objects("a-install/05-requests-succeeded.yaml").filter { $0.kind == "MongoDB" }
    let expected = try recorded(
      "a-install/tables.txt", section: "05-requests-succeeded", command: "kubectl get mongodbs")
    #expect(objects.count == 3)
    #expect(print(resource, objects, now: 0) == expected)
  }

  @Test(arguments: [false, true])
  func podsAreAsRecorded(wide: Bool) throws {
    let pods = try Recording.objects("a-install/06-pods.yaml").filter { $0.kind == "Pod" }
    let expected = try recorded(
      "a-install/tables.txt", section: "05-requests-succeeded",
      command: "kubectl get pods -A" + (wide ? " -o wide" : ""))
    // All but the age, which depends on the moment.
    func withoutAge(_ line: String) -> [Substring] {
      var words = line.split(separator: " ")
      words.remove(at: 4)
      return words
    }
    let printed = print(.builtIn(.pods), pods, wide: wide, now: 1_795_385_300)
    #expect(Set(printed.map(withoutAge)) == Set(expected.map(withoutAge)))
  }

  @Test(arguments: [false, true])
  func jobsAreAsRecorded(wide: Bool) throws {
    let jobs = try Recording.objects("a-install/05-requests-succeeded.yaml").filter { $0.kind == "Job" }
    let expected = try recorded(
      "a-install/tables.txt", section: "05-requests-succeeded",
      command: "kubectl get jobs -A" + (wide ? " -o wide" : ""))
    #expect(!jobs.isEmpty)
    func withoutAge(_ line: String) -> [Substring] {
      var words = line.split(separator: " ")
      words.remove(at: 4)
      return words
    }
    let printed = print(.builtIn(.jobs), jobs, wide: wide, now: 1_795_385_300)
    #expect(Set(printed.map(withoutAge)) == Set(expected.map(withoutAge)))
  }

  struct PodCase: Sendable, CustomTestStringConvertible {
    var name: String
    var pod: JSON
    /// READY, STATUS and RESTARTS.
    var cells: [String]
    var testDescription: String { name }
  }

  private static func pod(
    phase: String = "Pending", containers: Int = 1, initContainers: JSON = [], initStates: JSON = [],
    states: JSON = [], metadata: JSON = ["name": "p"], extra: [String: JSON] = [:]
  ) -> JSON {
    var status: [String: JSON] = [
      "phase": .string(phase), "initContainerStatuses": initStates, "containerStatuses": states,
    ]
    status.merge(extra) { _, new in new }
    return [
      "metadata": metadata,
      "spec": [
        "containers": .array((0..<containers).map { ["name": "c\($0)"] }), "initContainers": initContainers,
      ], "status": .object(status),
    ]
  }

  static let two: JSON = [["name": "i0"], ["name": "i1"]]
  static let pods: [PodCase] = [
    PodCase(name: "not started", pod: pod(), cells: ["0/1", "Pending", "0"]),
    PodCase(
      name: "the first of two init containers is running",
      pod: pod(
        initContainers: two,
        initStates: [
          ["name": "i0", "state": ["running": [:]]],
          ["name": "i1", "state": ["waiting": ["reason": "PodInitializing"]]],
        ], states: [["name": "c0", "state": ["waiting": ["reason": "PodInitializing"]]]]),
      cells: ["0/1", "Init:0/2", "0"]),
    PodCase(
      name: "the second of two init containers is running",
      pod: pod(
        initContainers: two,
        initStates: [
          ["name": "i0", "state": ["terminated": ["exitCode": 0, "reason": "Completed"]]],
          ["name": "i1", "state": ["running": [:]]],
        ]), cells: ["0/1", "Init:1/2", "0"]),
    PodCase(
      name: "an init container failed",
      pod: pod(
        initContainers: two,
        initStates: [["name": "i0", "state": ["terminated": ["exitCode": 1, "reason": "Error"]]]]),
      cells: ["0/1", "Init:Error", "0"]),
    PodCase(
      name: "an init container failed for no stated reason",
      pod: pod(initContainers: two, initStates: [["name": "i0", "state": ["terminated": ["exitCode": 3]]]]),
      cells: ["0/1", "Init:ExitCode:3", "0"]),
    PodCase(
      name: "an init container was ended by a signal",
      pod: pod(
        initContainers: two, initStates: [["name": "i0", "state": ["terminated": ["exitCode": 137, "signal": 9]]]]),
      cells: ["0/1", "Init:Signal:9", "0"]),
    PodCase(
      name: "an init container crashes again and again",
      pod: pod(
        initContainers: two,
        initStates: [["name": "i0", "restartCount": 4, "state": ["waiting": ["reason": "CrashLoopBackOff"]]]]),
      cells: ["0/1", "Init:CrashLoopBackOff", "4"]),
    PodCase(
      name: "init containers are done, the container is being started",
      pod: pod(
        initContainers: [["name": "i0"]],
        initStates: [["name": "i0", "restartCount": 2, "state": ["terminated": ["exitCode": 0]]]],
        states: [["name": "c0", "state": ["waiting": ["reason": "PodInitializing"]]]]),
      cells: ["0/1", "PodInitializing", "0"]),
    PodCase(
      name: "running", pod: pod(phase: "Running", states: [["name": "c0", "ready": true, "state": ["running": [:]]]]),
      cells: ["1/1", "Running", "0"]),
    PodCase(
      name: "one of two is done, the other running and the pod not ready",
      pod: pod(
        phase: "Running", containers: 2,
        states: [
          ["name": "c0", "state": ["terminated": ["exitCode": 0, "reason": "Completed"]]],
          ["name": "c1", "ready": true, "state": ["running": [:]]],
        ]), cells: ["1/2", "NotReady", "0"]),
    PodCase(
      name: "completed",
      pod: pod(
        phase: "Succeeded",
        states: [["name": "c0", "state": ["terminated": ["exitCode": 0, "reason": "Completed"]]]]),
      cells: ["0/1", "Completed", "0"]),
    PodCase(
      name: "failed",
      pod: pod(
        phase: "Failed", states: [["name": "c0", "state": ["terminated": ["exitCode": 2, "reason": "Error"]]]]),
      cells: ["0/1", "Error", "0"]),
    PodCase(
      name: "evicted", pod: pod(phase: "Failed", extra: ["reason": "Evicted"]), cells: ["0/1", "Evicted", "0"]),
    PodCase(
      name: "restarted a minute ago",
      pod: pod(
        phase: "Running",
        states: [
          [
            "name": "c0", "ready": true, "restartCount": 3, "state": ["running": [:]],
            "lastState": ["terminated": ["exitCode": 1, "finishedAt": "1970-01-01T00:15:40Z"]],
          ]
        ]), cells: ["1/1", "Running", "3 (60s ago)"]),
    PodCase(
      name: "being deleted while it runs",
      pod: pod(
        phase: "Running", states: [["name": "c0", "ready": true, "state": ["running": [:]]]],
        metadata: ["name": "p", "deletionTimestamp": "1970-01-01T00:15:40Z"]),
      cells: ["1/1", "Terminating", "0"]),
    PodCase(
      name: "being deleted after it is done",
      pod: pod(
        phase: "Succeeded",
        states: [["name": "c0", "state": ["terminated": ["exitCode": 0, "reason": "Completed"]]]],
        metadata: ["name": "p", "deletionTimestamp": "1970-01-01T00:15:40Z"]),
      cells: ["0/1", "Completed", "0"]),
    PodCase(
      name: "a sidecar counts as a container",
      pod: pod(
        phase: "Running", initContainers: [["name": "s", "restartPolicy": "Always"]],
        initStates: [["name": "s", "ready": true, "started": true, "restartCount": 1, "state": ["running": [:]]]],
        states: [["name": "c0", "ready": true, "state": ["running": [:]]]]),
      cells: ["2/2", "Running", "1"]),
    PodCase(
      name: "held back by a gate",
      pod: pod(
        extra: [
          "conditions": [["type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": ""]]
        ]), cells: ["0/1", "SchedulingGated", "0"]),
  ]

  @Test(arguments: pods)
  func podStatus(_ example: PodCase) {
    let cells = TableLayout.pods.cells(KubernetesObject(example.pod), 1000)
    #expect(cells[1...3].compactMap(\.stringValue) == example.cells)
  }

  @Test(arguments: [
    ("Complete", "Complete", "True"), ("Failed", "Failed", "True"), ("Suspended", "Suspended", "True"),
    ("FailureTarget", "FailureTarget", "True"), ("Running", "Suspended", "False"), ("Running", "", "True"),
  ])
  func jobStatus(expected: String, condition: String, status: String) {
    let condition: JSON = [
      "type": .string(condition), "status": .string(status), "reason": "", "message": "",
    ]
    let job = KubernetesObject([
      "metadata": ["name": "j"], "spec": ["completions": 1], "status": ["conditions": [condition]],
    ])
    let cells = TableLayout.jobs.cells(job, 100)
    #expect(cells[1] == .string(expected))
    #expect(cells[2] == "0/1")
    #expect(cells[3] == "")
  }

  @Test func valuesOfCustomColumnsFollowTheirTypes() {
    func cells(_ type: String, _ value: JSON?) -> JSON {
      var object: JSON = ["metadata": ["name": "x"]]
      object["v"] = value
      let layout = TableLayout.custom([.init(name: "V", type: type, jsonPath: ".v")])
      return layout.cells(KubernetesObject(object), 1000)[1]
    }
    #expect(cells("string", "a") == "a")
    #expect(cells("string", 4) == "4")
    #expect(cells("string", true) == "true")
    #expect(cells("string", ["b": 1, "a": [2]]) == #"{"a":[2],"b":1}"#)
    #expect(cells("string", nil) == .null)
    #expect(cells("integer", 3) == 3)
    #expect(cells("integer", 3.7) == 3)
    #expect(cells("integer", "3") == .null)
    #expect(cells("number", 3) == 3.0)
    #expect(cells("boolean", false) == false)
    #expect(cells("boolean", "false") == .null)
    #expect(cells("date", "1970-01-01T00:10:00Z") == "6m40s")
    #expect(cells("date", "yesterday") == "<invalid>")
    #expect(cells("date", nil) == .null)
  }

  @Test func ageIsShownOnlyWhereNoColumnsAreGiven() {
    let object = KubernetesObject(["metadata": ["name": "x", "creationTimestamp": "1970-01-01T00:00:00Z"]])
    let none = TableLayout.custom([])
    #expect(none.columns.map(\.name) == ["Name", "Age"])
    #expect(none.cells(object, 90) == ["x", "90s"])
    let some = TableLayout.custom([.init(name: "Ready", type: "string", jsonPath: ".status.ready")])
    #expect(some.columns.map(\.name) == ["Name", "Ready"])
  }

  @Test func rowsCarryWhatIsAskedFor() {
    let object = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "a")
    func row(_ include: String) -> JSON? {
      TablePrinter.table(
        for: .builtIn(.configMaps), objects: [object], listMetadata: ["resourceVersion": "7"], includeObject: include,
        omitHeaders: true, now: 0)["rows"]?[0]?["object"]
    }
    #expect(row("None") == .null)
    #expect(row("Object") == object.json)
    #expect(row("Metadata")?["kind"] == "PartialObjectMetadata")
    #expect(row("Metadata")?["metadata"] == ["name": "a"])
    #expect(row("")?["kind"] == "PartialObjectMetadata")
  }

  @Test func headersCanBeLeftOut() {
    let table = TablePrinter.table(
      for: .builtIn(.configMaps), objects: [], listMetadata: ["resourceVersion": "7"], includeObject: "",
      omitHeaders: true, now: 0)
    #expect(table["columnDefinitions"] == .null)
    #expect(table["metadata"] == ["resourceVersion": "7"])
  }

  @Test(arguments: BuiltInResources.all)
  func everyLayoutHasACellForEachColumn(resource: ServedResource) {
    let layout = TableLayout.layout(for: resource)
    let cells = layout.cells(KubernetesObject(["metadata": ["name": "x"]]), 0)
    #expect(cells.count == layout.columns.count)
    #expect(layout.columns.contains { $0.format == "name" })
  }

  @Test func eventsOfBothGroupsReadTheSame() {
    let core = KubernetesObject([
      "metadata": ["name": "e"], "involvedObject": ["kind": "Promise", "name": "mongodb"], "type": "Normal",
      "reason": "R", "message": " did it \n", "count": 3, "firstTimestamp": "1970-01-01T00:00:00Z",
      "lastTimestamp": "1970-01-01T00:01:00Z", "source": ["component": "PromiseController"],
    ])
    let newer = KubernetesObject([
      "metadata": ["name": "e"], "regarding": ["kind": "Promise", "name": "mongodb"], "type": "Normal",
      "reason": "R", "note": " did it \n", "deprecatedCount": 3, "deprecatedFirstTimestamp": "1970-01-01T00:00:00Z",
      "deprecatedLastTimestamp": "1970-01-01T00:01:00Z", "deprecatedSource": ["component": "PromiseController"],
    ])
    let expected: [JSON] = [
      "30s", "Normal", "R", "promise/mongodb", "", "PromiseController", "did it", "90s", 3, "e",
    ]
    #expect(TableLayout.events.cells(core, 90) == expected)
    #expect(TableLayout.events.cells(newer, 90) == expected)
  }
}
