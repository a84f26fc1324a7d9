import KratixModel
import Kubernetes

/// How long Kratix takes to run a fleet again, all at once.
public struct RolloutEstimate: Sendable, Hashable {
  /// Kratix sleeps this long at each start of a Job, and one worker starts all Jobs of a Promise (contract, section
  /// 12.1).
  public static let secondsPerJob = 1.1
  /// How long a resource waits that was looked at while the Promise was Unavailable (contract, section 5.1).
  public static let secondsOfStall = 60.0

  /// Jobs that are started one after the other.
  public var jobs: Int
  /// The longest last run of a resource; nil when no run is known.
  public var longestRun: Double?
  /// Whether all resources wait for the Promise's own workflow first.
  public var stalls: Bool

  public init(jobs: Int, longestRun: Double?, stalls: Bool) {
    self.jobs = jobs
    self.longestRun = longestRun
    self.stalls = stalls
  }

  /// nil when nothing runs.
  public init?(candidate: Promise, fleet: FleetSnapshot) {
    guard let live = fleet.promise,
      PromiseSpec.normalized(candidate.spec) != PromiseSpec.normalized(live.spec)
    else { return nil }
    let running = fleet.members.filter {
      !$0.resource.object.isBeingDeleted && !$0.resource.isPaused && !$0.resource.isSuspended
    }
    let pipelines = candidate.pipelines(.resource, .configure).count
    guard !running.isEmpty, pipelines > 0 else { return nil }
    jobs = running.count * pipelines
    longestRun = running.compactMap { fleet.lastRuns[$0.resource.object.qualifiedName] }.max()
    stalls = !candidate.pipelines(.promise, .configure).isEmpty
  }

  public var seconds: Double {
    Double(jobs) * Self.secondsPerJob + (longestRun ?? 0) + (stalls ? Self.secondsOfStall : 0)
  }

  /// Seconds for a rollout in waves, without soaks, gates and approvals. Held by pins, each resource runs once more at its
  /// old version first; held by pauses, nobody is looked at while the Promise is Unavailable.
  public func seconds(heldBy hold: RolloutRecord.Hold, waves: Int) -> Double {
    let run = longestRun ?? 0
    let moving = Double(jobs) * Self.secondsPerJob + run * Double(max(1, waves))
    switch hold {
    case .pin: return seconds + moving
    case .pause: return moving
    }
  }

  /// What the estimate is made of, in a sentence.
  public var text: String {
    var parts = ["\(jobs) Job\(jobs == 1 ? "" : "s") started 1.1 s apart"]
    if let longestRun { parts.append("the longest last run of \(Self.duration(longestRun))") }
    if stalls { parts.append("60 s of waiting after the Promise's own workflow") }
    var text = "about \(Self.duration(seconds)): " + parts.joined(separator: ", ")
    if longestRun == nil { text += "; how long a run takes is not known" }
    return text
  }

  /// `45 s`, `2 min 05 s`, `3 h 20 min`.
  public static func duration(_ seconds: Double) -> String {
    // Milliseconds first, so that what binary fractions add to a whole second does not make it two.
    let whole = (Int((min(max(seconds, 0), 1e9) * 1000).rounded()) + 999) / 1000
    if whole < 60 { return "\(whole) s" }
    func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if whole < 3600 { return "\(whole / 60) min \(padded(whole % 60)) s" }
    return "\(whole / 3600) h \(padded(whole / 60 % 60)) min"
  }

  var json: JSON {
    var json: JSON = ["jobs": JSON(jobs), "seconds": .double(seconds), "stalls": .bool(stalls), "text": .string(text)]
    if let longestRun { json["longestRunSeconds"] = .double(longestRun) }
    return json
  }
}

/// How long a pipeline took for a resource, from its Job.
struct WorkflowDuration: Sendable {
  /// `namespace/name`.
  var resource: String
  var pipeline: String
  /// Seconds since 1970.
  var start: Double
  var seconds: Double

  /// - Returns: nil when the Job does not configure, or has not completed.
  init?(_ job: KubernetesObject) {
    guard job.labels[KratixLabels.workflowAction] == WorkflowAction.configure.rawValue,
      let name = job.annotations[KratixAnnotations.jobResourceName] ?? job.labels[KratixLabels.resourceName],
      let start = Self.time(job, "startTime"), let end = Self.time(job, "completionTime"), end >= start
    else { return nil }
    let namespace = job.annotations[KratixAnnotations.jobResourceNamespace] ?? job.namespace ?? ""
    resource = "\(namespace)/\(name)"
    pipeline = job.labels[KratixLabels.pipelineName] ?? ""
    self.start = start
    seconds = end - start
  }

  /// Seconds of the newest run of each resource, all its pipelines together, by `namespace/name`.
  static func newest(of runs: [WorkflowDuration]) -> [String: Double] {
    var newest: [String: [String: WorkflowDuration]] = [:]
    for run in runs {
      if let known = newest[run.resource]?[run.pipeline], known.start >= run.start { continue }
      newest[run.resource, default: [:]][run.pipeline] = run
    }
    return newest.mapValues { $0.values.reduce(0) { $0 + $1.seconds } }
  }

  private static func time(_ job: KubernetesObject, _ key: String) -> Double? {
    job[path: "status", key]?.stringValue.flatMap(Timestamp.secondsSince1970)
  }
}
