import KratixModel
import Kubernetes

/// From the files of a source directory to an installable Promise, and back.
///
/// A directory is *whole* (`promise.yaml`) or *split* (`api.yaml`, `dependencies.yaml` or `dependencies/`,
/// `workflows/TYPE/ACTION/workflow.yaml`). As in the kratix CLI, `api.yaml` and `dependencies.yaml` also replace their
/// part of a `promise.yaml` beside them (contract, sections 13 and 13.6).
public enum PromisePackaging {
  /// - Parameter files: of the directory; `SourceLayout.isRead` tells which need their bytes.
  /// - Throws: `PackagingError` for the first thing that makes the directory no Promise.
  public static func package(
    _ files: [SourceFile], options: PackageOptions = PackageOptions()
  ) throws(PackagingError) -> PromisePackage {
    let directory = try SourceDirectory(files)
    var warnings: [String] = []
    var promise: KubernetesObject
    if let whole = try directory.object(SourceLayout.promise, kind: ResourceType.promises.kind) {
      promise = whole
      for file in directory.files where SourceLayout.workflow(of: file.path) != nil {
        warnings.append("\(file.path) is not used, because promise.yaml holds the workflows")
      }
    } else {
      guard directory.file(SourceLayout.api) != nil || directory.file(SourceLayout.base) != nil else {
        throw .noPromise
      }
      promise = try directory.object(SourceLayout.base, kind: ResourceType.promises.kind) ?? KubernetesObject([:])
      try directory.addWorkflows(to: &promise)
    }
    if let api = try directory.api() {
      let name = promise[path: "spec", "api", "metadata", "name"]?.stringValue
      if let name, !name.isEmpty, name != api.name { throw .severalAPIs([name, api.name]) }
      if let own = promise[path: "spec", "api"], !own.isNull, own != api.json {
        warnings.append("api.yaml replaces spec.api of promise.yaml, which differs")
      }
      promise[path: "spec", "api"] = api.json
    }
    if let dependencies = try directory.dependencies(isSplit: directory.file(SourceLayout.promise) == nil) {
      promise[path: "spec", "dependencies"] = dependencies.isEmpty ? nil : .array(dependencies)
    }
    try complete(&promise, options)
    try check(promise, &warnings)

    var images = ImageFilling(promise: promise, directories: directory.imageDirectories, options: options)
    try images.fill()
    warnings += images.warnings
    let package = PromisePackage(
      promise: images.promise, images: images.sources,
      companions: directory.files.filter { SourceLayout.isExample($0.path) || SourceLayout.isReadme($0.path) },
      warnings: warnings)
    return try checkingSize(package)
  }

  /// Kind, name and version, without what only a server writes.
  private static func complete(_ promise: inout KubernetesObject, _ options: PackageOptions) throws(PackagingError) {
    promise["apiVersion"] = .string("\(ResourceType.kratixGroup)/\(ResourceType.kratixVersion)")
    promise["kind"] = .string(ResourceType.promises.kind)
    let own = promise.name.isEmpty ? nil : promise.name
    guard let name = options.name ?? own ?? options.defaultName, !name.isEmpty else { throw .noName }
    if let reason = NameRules.dns1123Subdomain(name).first { throw .invalidName(name, reason: reason) }
    promise.name = name
    promise[path: "metadata", "creationTimestamp"] = nil
    promise.status = nil
    if let version = options.version {
      if version.isEmpty { throw .invalidVersion(version, reason: "a version must not be empty") }
      if let reason = NameRules.labelValue(version).first { throw .invalidVersion(version, reason: reason) }
      promise.labels[KratixLabels.promiseVersion] = version
    }
  }

  private static func check(_ object: KubernetesObject, _ warnings: inout [String]) throws(PackagingError) {
    let promise = Promise(object)
    for (index, dependency) in (promise.spec["dependencies"]?.arrayValue ?? []).enumerated() {
      try SourceDirectory.checkDependency(dependency, index: index, file: "promise.yaml at spec.dependencies")
    }
    let resourcePipelines = promise.pipelines(.resource, .configure) + promise.pipelines(.resource, .delete)
    let promisePipelines = promise.pipelines(.promise, .configure) + promise.pipelines(.promise, .delete)
    guard let api = promise.api else {
      guard resourcePipelines.isEmpty, !(promisePipelines.isEmpty && promise.dependencies.isEmpty) else { throw .noAPI }
      warnings.append("the Promise has no API: it installs its dependencies and takes no resource requests")
      return
    }
    guard api.isCustomResourceDefinition else {
      let kind = api.definition.kind.isEmpty ? "value without a kind" : api.definition.kind
      throw .wrongKind(file: "the API", found: kind, expected: "CustomResourceDefinition")
    }
    if promise.version == nil {
      warnings.append("the Promise has no version; give it one with --version, so that resources can be bound to it")
    }
  }

  private static func checkingSize(_ package: PromisePackage) throws(PackagingError) -> PromisePackage {
    var package = package
    let size = package.promise.json.serialized().count
    if size > ObjectSize.stored { throw .tooLarge(bytes: size, limit: ObjectSize.stored) }
    let annotations = ObjectSize.annotationsAfterApply(package.promise)
    if annotations > ObjectSize.annotations {
      package.warnings.append(
        "\"kubectl apply\" would keep \(annotations) bytes of annotations, of which the server takes "
          + "\(ObjectSize.annotations); apply with --server-side")
    }
    return package
  }
}
