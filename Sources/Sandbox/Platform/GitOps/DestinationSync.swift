import KratixControllers
import KratixModel
import Kubernetes
import Logging

/// Keeps a cluster as the files of one destination say: applies what is new or changed, and deletes what is gone.
///
/// It is woken by writes to the state store and by new kinds in the cluster, never by a clock but after a fault.
actor DestinationSync {
  /// Where the files are.
  struct Source: Sendable, Hashable {
    var destination: String
    var store: StateStoreReference
    /// In the store.
    var path: String
  }

  /// Where the objects go.
  struct Target: Sendable {
    var api: any KubernetesAPI
    /// Whether an unknown kind gets a definition that takes everything; else it is waited for.
    var definesUnknownKinds: Bool
  }

  private let source: Source
  private let target: Target
  private let stateStores: StateStoreCatalog
  /// Tells a person what could not be applied; an empty list when all could.
  private let report: @Sendable ([ManifestProblem]) async -> Void
  private let logger: Logger
  /// Nil until it has been read.
  private var inventory: Inventory?
  private var savedTexts: [Int: String] = [:]
  private var parsed: [String: (bytes: [UInt8], result: Result<[Manifest], ManifestProblem>)] = [:]
  private var unknownKinds: Set<GroupVersionKind> = []
  private var lastProblems: [ManifestProblem] = []

  static let fieldManager = "kustomize-controller"

  init(
    _ source: Source, to target: Target, stateStores: StateStoreCatalog, logger: Logger,
    report: @escaping @Sendable ([ManifestProblem]) async -> Void
  ) {
    self.source = source
    self.target = target
    self.stateStores = stateStores
    self.logger = logger
    self.report = report
  }

  /// Runs until the task is cancelled.
  func run() async {
    let (wakes, waker) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let (retries, retry) = AsyncStream<Duration>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let changes = stateStores.changes(of: source.store)
    waker.yield()
    await withTaskGroup(of: Void.self) { group in
      group.addTask { for await _ in changes { waker.yield() } }
      group.addTask { await self.watchDefinitions { waker.yield() } }
      // A write meanwhile does not wait for a retry.
      group.addTask {
        for await delay in retries where (try? await Task.sleep(for: delay)) != nil { waker.yield() }
      }
      group.addTask {
        var failures = 0
        for await _ in wakes {
          failures = await self.attempt() ? 0 : failures + 1
          if failures > 0 { retry.yield(Backoff.reconnecting.delay(afterFailures: failures)) }
        }
      }
      await group.waitForAll()
    }
  }

  private func attempt() async -> Bool {
    do {
      return try await pass()
    } catch {
      if !Task.isCancelled { logger.info("\(source.destination) is not synced, trying again: \(error)") }
      return false
    }
  }

  private func watchDefinitions(_ wake: @Sendable () -> Void) async {
    var failures = 0
    while !Task.isCancelled {
      do {
        for try await event in target.api.observe(.customResourceDefinitions) {
          failures = 0
          if case .deleted = event { wake() } else if !unknownKinds.isEmpty { wake() }
        }
      } catch {
        failures += 1
        logger.debug("cannot watch the definitions of \(source.destination), trying again: \(error)")
      }
      guard (try? await Task.sleep(for: Backoff.reconnecting.delay(afterFailures: max(failures, 1)))) != nil else {
        return
      }
    }
  }

  // MARK: One pass

  /// One object to apply.
  private struct Step {
    var entry: Inventory.Entry
    var object: KubernetesObject
    var type: ResourceType
  }

  /// - Returns: false when something could not be done that may be possible later.
  func pass() async throws -> Bool {
    let files = try await stateStores.writer(for: source.store).files(under: source.path)
    var (manifests, problems) = read(files)
    manifests = ManifestFiles.ordered(manifests, root: source.path)
    let unreadable = Set(problems.map(\.file))
    var inventory = try await loadInventory()
    let definitions = manifests.map(\.object).filter { $0.kind == "CustomResourceDefinition" }
    var wanted: Set<Manifest.Identity> = []
    var steps: [Step] = []
    unknownKinds = []
    for manifest in manifests {
      let kind = manifest.object.groupVersionKind
      guard let type = try await resourceType(kind, in: definitions) else {
        unknownKinds.insert(kind)
        // Nobody knows the namespace that it would have: what is there of that name stays.
        for namespace in [manifest.object.namespace, manifest.object.namespace ?? "default", nil] {
          wanted.insert(manifest.identity(namespace: namespace))
        }
        continue
      }
      var object = manifest.object
      object.namespace = type.isNamespaced ? object.namespace ?? "default" : nil
      let identity = manifest.identity(namespace: object.namespace)
      wanted.insert(identity)
      steps.append(
        Step(
          entry: Inventory.Entry(identity: identity, hash: Inventory.hash(of: object), file: manifest.file),
          object: object, type: type))
    }
    // Of one object in two files, the last one counts.
    var seen: Set<Manifest.Identity> = []
    steps = steps.reversed().filter { seen.insert($0.entry.identity).inserted }.reversed()
    steps.removeAll { inventory.entries[$0.entry.identity] == $0.entry }
    // Noted before it is made, so that what a killed process has made is known to the next one.
    for step in steps where inventory.entries[step.entry.identity] == nil {
      inventory.entries[step.entry.identity] = Inventory.Entry(
        identity: step.entry.identity, hash: "", file: step.entry.file)
    }
    try await save(inventory)

    var isComplete = true
    var redefined: [KubernetesObject] = []
    for step in steps {
      do {
        if step.type == .customResourceDefinitions, try await removeGenerated(for: step.object, &inventory) {
          // Its end wakes the next pass; until then its objects would go with it.
          isComplete = false
          redefined.append(step.object)
          continue
        }
        if redefined.contains(where: { GeneratedDefinition.defines($0, step.object.groupVersionKind) }) { continue }
        if inventory.entries[step.entry.identity]?.hash != step.entry.hash {
          try await apply(step.object, step.type)
        }
        inventory.entries[step.entry.identity] = step.entry
      } catch let error as StatusError {
        problems.append(
          ManifestProblem(file: step.entry.file, reason: "\(step.entry.identity): \(error.message)"))
        isComplete = false
      }
    }
    for entry in inventory.obsolete(wanted: wanted, unreadable: unreadable) {
      do {
        try await delete(entry.identity)
        inventory.entries[entry.identity] = nil
      } catch let error as StatusError {
        problems.append(ManifestProblem(file: entry.file, reason: "deleting \(entry.identity): \(error.message)"))
        isComplete = false
      }
    }
    self.inventory = inventory
    try await save(inventory)
    problems += unknownKinds.sorted { $0.description < $1.description }.map {
      ManifestProblem(file: source.path, reason: "no kind \($0.kind) in \($0.apiVersion) is known to the cluster yet")
    }
    if problems != lastProblems {
      lastProblems = problems
      for problem in problems { logger.info("\(source.destination): \(problem)") }
      await report(problems)
    }
    return isComplete
  }

  private func read(_ files: [StateStoreFile]) -> ([Manifest], [ManifestProblem]) {
    var manifests: [Manifest] = []
    var problems: [ManifestProblem] = []
    var kept: [String: (bytes: [UInt8], result: Result<[Manifest], ManifestProblem>)] = [:]
    for file in files {
      let result: Result<[Manifest], ManifestProblem>
      if let known = parsed[file.path], known.bytes == file.bytes {
        result = known.result
      } else {
        do throws(ManifestProblem) {
          result = .success(try ManifestFiles.manifests(in: file))
        } catch {
          result = .failure(error)
        }
      }
      kept[file.path] = (file.bytes, result)
      switch result {
      case .success(let found): manifests += found
      case .failure(let problem): problems.append(problem)
      }
    }
    parsed = kept
    return (manifests, problems)
  }

  /// What serves a kind. One that neither the cluster nor the files know is defined, where that is wanted.
  private func resourceType(
    _ kind: GroupVersionKind, in definitions: [KubernetesObject]
  ) async throws -> ResourceType? {
    if let type = try await target.api.resourceType(for: kind) { return type }
    guard target.definesUnknownKinds, !definitions.contains(where: { GeneratedDefinition.defines($0, kind) }) else {
      return nil
    }
    // An object without a namespace may be of a kind that has none, but most kinds have one.
    guard let definition = GeneratedDefinition.make(for: kind, isNamespaced: true) else { return nil }
    do {
      _ = try await target.api.create(.customResourceDefinitions, definition)
    } catch let error as StatusError where error.reason == .alreadyExists {
      try await addVersion(kind.version, to: definition.name)
    }
    return try await target.api.resourceType(for: kind)
  }

  /// Another version of a kind whose definition was generated.
  private func addVersion(_ version: String, to name: String) async throws {
    guard var definition = try await target.api.find(.customResourceDefinitions, namespace: nil, name: name),
      definition.labels[GeneratedDefinition.label] != nil,
      var versions = definition[path: "spec", "versions"]?.arrayValue,
      !versions.contains(where: { $0["name"]?.stringValue == version }), var new = versions.first
    else { return }
    new["name"] = .string(version)
    new["storage"] = false
    versions.append(new)
    definition[path: "spec", "versions"] = .array(versions)
    _ = try await target.api.update(.customResourceDefinitions, definition)
  }

  /// The author's definition takes the place of one that was generated for its kind; the objects come again.
  /// - Returns: whether there is still a generated one.
  private func removeGenerated(
    for definition: KubernetesObject, _ inventory: inout Inventory
  ) async throws -> Bool {
    let group = definition[path: "spec", "group"]?.stringValue ?? ""
    let kind = definition[path: "spec", "names", "kind"]?.stringValue ?? ""
    let wanted = GroupVersionKind(group: group, version: "", kind: kind)
    let generated = try await target.api.listAll(
      .customResourceDefinitions, labelSelector: GeneratedDefinition.label
    ).items.filter { GeneratedDefinition.defines($0, wanted) }
    if generated.isEmpty { return false }
    for identity in inventory.entries.keys where identity.kind == kind && identity.groupVersionKind.group == group {
      inventory.entries[identity]?.hash = ""
    }
    for old in generated where !old.isBeingDeleted {
      try await target.api.delete(.customResourceDefinitions, namespace: nil, name: old.name, options: DeleteOptions())
    }
    return true
  }

  private func apply(_ object: KubernetesObject, _ type: ResourceType) async throws {
    _ = try await target.api.patch(
      type, namespace: object.namespace, name: object.name, .apply(object.json),
      options: WriteOptions(fieldManager: Self.fieldManager, force: true))
  }

  private func delete(_ identity: Manifest.Identity) async throws {
    guard let type = try await target.api.resourceType(for: identity.groupVersionKind) else { return }
    do {
      try await target.api.delete(
        type, namespace: identity.namespace, name: identity.name, options: DeleteOptions(propagation: .background))
    } catch let error as StatusError where error.reason == .notFound {
    }
  }

  // MARK: Inventory

  private func loadInventory() async throws -> Inventory {
    if let inventory { return inventory }
    let labels = Inventory.labels(destination: source.destination)
    let maps = try await target.api.listAll(
      .configMaps, namespace: Inventory.namespace,
      labelSelector: labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ","))
    let loaded = Inventory(configMaps: maps.items)
    savedTexts = loaded.texts
    inventory = loaded
    return loaded
  }

  /// Writes the ConfigMaps that changed.
  private func save(_ inventory: Inventory) async throws {
    let texts = inventory.texts
    for shard in 0..<Inventory.shards where texts[shard] != savedTexts[shard] {
      let map = Inventory.configMap(
        destination: source.destination, shard: shard, text: texts[shard] ?? "[]")
      try await apply(map, .configMaps)
      savedTexts[shard] = texts[shard]
    }
  }
}
