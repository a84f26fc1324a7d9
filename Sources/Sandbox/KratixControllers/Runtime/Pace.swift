/// The waits of the controllers: Kratix's own, or ones that a person at a sandbox does not notice. Orders and states are
/// the same under both (contract, sections 4 to 6 and 12.1).
public struct Pace: Sendable, Hashable {
  /// Kratix sleeps after each Job that it starts, since creation timestamps have a resolution of one second.
  public var jobStart: Duration
  /// Until a resource of an unavailable Promise is looked at again.
  public var unavailableRecheck: Duration
  public var fastRequeue: Duration
  public var defaultRequeue: Duration
  public var slowRequeue: Duration
  /// First wait after an error; doubles with each error in a row.
  public var errorBackoff: Duration
  public var errorBackoffLimit: Duration
  /// How long a Git clone is taken as fresh before a write fetches again (contract, section 10).
  public var gitFetchInterval: Duration
  /// Time out of a fetch of a PromiseRelease's source.
  public var fetchTimeout: Duration

  public init(
    jobStart: Duration, unavailableRecheck: Duration, fastRequeue: Duration, defaultRequeue: Duration,
    slowRequeue: Duration, errorBackoff: Duration = .milliseconds(5), errorBackoffLimit: Duration = .seconds(1000),
    gitFetchInterval: Duration = .seconds(5), fetchTimeout: Duration = .seconds(10)
  ) {
    self.jobStart = jobStart
    self.unavailableRecheck = unavailableRecheck
    self.fastRequeue = fastRequeue
    self.defaultRequeue = defaultRequeue
    self.slowRequeue = slowRequeue
    self.errorBackoff = errorBackoff
    self.errorBackoffLimit = errorBackoffLimit
    self.gitFetchInterval = gitFetchInterval
    self.fetchTimeout = fetchTimeout
  }

  /// The waits of the real thing.
  public static let kratix = Pace(
    jobStart: .milliseconds(1100), unavailableRecheck: .seconds(60), fastRequeue: .seconds(5),
    defaultRequeue: .seconds(15), slowRequeue: .seconds(60))

  /// No wait is longer than a person's patience. Errors back off as far as two seconds only.
  public static let fast = Pace(
    jobStart: .zero, unavailableRecheck: .milliseconds(250), fastRequeue: .milliseconds(50),
    defaultRequeue: .milliseconds(250), slowRequeue: .seconds(1), errorBackoffLimit: .seconds(2),
    gitFetchInterval: .zero)
}
