import Foundation
import KratixModel
import Synchronization

/// Runs containers as processes of this machine in a bubblewrap sandbox: no container runtime, no image to build or
/// pull, some ten milliseconds a container.
///
/// An image is a directory with a Dockerfile (`ImageMap`). What the Dockerfile copies is there, as are this machine's
/// `/usr` (a shell, what else is installed) and nothing else of it: no home, no network unless allowed, a root file
/// system of its own. What the Dockerfile would install must be on this machine already.
public final class ProcessEngine: WorkflowEngine {
  private let execution: PipelineExecution

  /// - Throws: `WorkflowFailure.Reason` when there is no place for temporary files.
  public init(images: ImageMap) throws {
    let scratch = try ScratchDirectory("kratix-run")
    let runner = ProcessRunner(images: images, scratch: scratch)
    execution = PipelineExecution(scratch: scratch) { _ in runner }
  }

  public func run(
    _ run: WorkflowRun, limits: WorkflowLimits, onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws(WorkflowFailure) -> WorkflowResult {
    try await execution.run(run, limits: limits, onEvent: onEvent)
  }
}

/// Puts together the bubblewrap command of a container.
final class ProcessRunner: ContainerRunner {
  let images: ImageMap
  private let scratch: ScratchDirectory
  /// By directory; several runs wait for one staging.
  private let staged = Mutex<[String: Staging]>([:])
  private let host = HostLayout.current

  private struct Staging {
    var fingerprint: Int
    var image: Task<Result<StagedImage, WorkflowFailure.Reason>, Never>
  }

  init(images: ImageMap, scratch: ScratchDirectory) {
    self.images = images
    self.scratch = scratch
  }

  func invocation(
    for container: ContainerSpecification, directory: RunDirectory, limits: WorkflowLimits
  ) async throws(WorkflowFailure.Reason) -> Invocation {
    guard let context = images.directory(for: container.image) else {
      throw .imageUnavailable(images.missing(container.image))
    }
    let image = try await stage(context, for: container.image)
    let dockerfile = image.dockerfile
    let entrypoint = container.command.isEmpty ? dockerfile.entrypoint : container.command
    // As Kubernetes has it: a command without args drops the image's own arguments.
    let tail =
      !container.arguments.isEmpty ? container.arguments : container.command.isEmpty ? dockerfile.command : []
    let commandLine = entrypoint + tail
    guard !commandLine.isEmpty else {
      throw .imageUnavailable("image \(container.image): neither its Dockerfile nor the pipeline says what to run")
    }
    var options = isolation(user: dockerfile.user, allowsNetwork: limits.allowsNetwork)
    options += fileSystem(of: image)
    options += try await imageMounts(image, of: container, in: directory)
    for path in dockerfile.directories { options += ["--dir", path] }
    for mount in container.mounts {
      options += [mount.isReadOnly ? "--ro-bind" : "--bind", mount.source, mount.destination]
    }
    options += ["--chdir", dockerfile.workingDirectory]
    for variable in environment(of: container, dockerfile) { options += ["--setenv", variable.name, variable.value] }
    // Options go through standard input, where the process list does not show the values of variables. A NUL ends one.
    guard !(options + commandLine).contains(where: { $0.utf8.contains(0) }) else {
      throw .unsound("its command or environment holds a NUL character")
    }
    var input: [UInt8] = []
    for option in options {
      input += Array(option.utf8)
      input.append(0)
    }
    return Invocation(
      executable: "/bin/sh",
      arguments: ["-c", Self.limiter(limits), "sh", "bwrap", "--args", "0", "--"] + commandLine,
      environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? Self.defaultPath], input: input,
      notes: dockerfile.notes)
  }

  /// What bubblewrap itself complains of.
  func failure(exitCode: Int32, lastLines: [String], image: String) -> WorkflowFailure.Reason? {
    guard let last = lastLines.last else { return nil }
    if exitCode == 127, last.hasSuffix("bwrap: not found") {
      return .engine("bubblewrap (bwrap) is not installed")
    }
    guard exitCode == 1, last.hasPrefix("bwrap: ") else { return nil }
    let text = String(last.dropFirst("bwrap: ".count))
    if text.contains("creating new namespace") || text.contains("No permissions to create") {
      return .engine("bubblewrap may not make a sandbox here (\(text)); user namespaces must be allowed")
    }
    return .engine(text)
  }

  static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// A shell that sets limits and becomes the sandbox: file size in blocks of 512 bytes, memory in KiB.
  private static func limiter(_ limits: WorkflowLimits) -> String {
    let blocks = (limits.outputBytes + (1 << 20)) / 512
    return "ulimit -c 0; ulimit -f \(blocks); ulimit -v \(limits.memoryBytes >> 10); \(processLimit)exec \"$@\""
  }

  /// How many processes the user may have, so that a fork bomb ends in itself. It counts all of the user's, hence the
  /// room; root has no such limit. The shells do not agree on the option.
  private static let processLimit: String = {
    let shell = URL(fileURLWithPath: "/bin/sh").resolvingSymlinksInPath().lastPathComponent
    return switch shell {
    case "bash": "ulimit -S -u 16384 2>/dev/null; "
    case "dash", "busybox": "ulimit -S -p 16384 2>/dev/null; "
    default: ""
    }
  }()

  private func stage(_ context: String, for image: String) async throws(WorkflowFailure.Reason) -> StagedImage {
    let fingerprint = StagedImage.fingerprint(context: context)
    let staging = staged.withLock { staged in
      if let known = staged[context], known.fingerprint == fingerprint { return known.image }
      let task = Task { [scratch] () -> Result<StagedImage, WorkflowFailure.Reason> in
        do throws(WorkflowFailure.Reason) {
          return .success(
            try await StagedImage(
              context: context, image: image, scratch: "\(scratch.path)/images/\(UUID().uuidString)"))
        } catch {
          return .failure(error)
        }
      }
      staged[context] = Staging(fingerprint: fingerprint, image: task)
      return task
    }
    let result = await staging.value
    // The next run may have more luck.
    if case .failure = result {
      staged.withLock { if $0[context]?.image == staging { $0[context] = nil } }
    }
    return try result.get()
  }

  private func isolation(user: String, allowsNetwork: Bool) -> [String] {
    let (uid, gid) = Self.identity(user)
    var options = [
      "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv", "--uid", uid, "--gid",
      gid, "--hostname", "kratix-pipeline",
    ]
    if allowsNetwork { options.append("--share-net") }
    return options
  }

  /// `USER` as numbers; names other than root are somebody without rights.
  static func identity(_ user: String) -> (uid: String, gid: String) {
    let parts = user.split(separator: ":", maxSplits: 1).map(String.init)
    func number(_ text: String?) -> String? { text.flatMap { UInt32($0) }.map(String.init) }
    guard let name = parts.first, name != "root", name != "0" else { return ("0", "0") }
    let uid = number(name) ?? "65534"
    return (uid, number(parts.count > 1 ? parts[1] : nil) ?? uid)
  }

  private func fileSystem(of image: StagedImage) -> [String] {
    var options = ["--size", "268435456", "--tmpfs", "/"]
    if let overlay = image.usrOverlay {
      options += ["--ro-bind", "/usr", StagedImage.hostUsr, "--ro-bind", overlay, "/usr"]
    } else {
      options += ["--ro-bind", "/usr", "/usr"]
    }
    options += host.options
    // Where this program runs as root, a container's root is the machine's own to what asks for the user alone, as
    // the kernel's settings do.
    options += ["--proc", "/proc"]
    for path in ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/mtrr"] {
      options += ["--ro-bind-try", path, path]
    }
    options += [
      "--dev", "/dev", "--size", "268435456", "--tmpfs", "/tmp", "--chmod", "1777", "/tmp",
      "--dir", "/root", "--dir", "/var/tmp", "--dir", "/run",
    ]
    return options
  }

  private func imageMounts(
    _ image: StagedImage, of container: ContainerSpecification, in directory: RunDirectory
  ) async throws(WorkflowFailure.Reason) -> [String] {
    let copy = "\(directory.path)/image-\(container.name)"
    if let copied = image.copied {
      do {
        try await ProgramFiles.copy(copied, to: copy)
      } catch {
        throw .engine("the files of the image cannot be copied: \(error.reason)")
      }
    }
    return image.mounts.flatMap { mount in
      switch mount.source {
      case .shared(let path): ["--ro-bind", path, mount.destination]
      case .copied(let name): ["--bind", "\(copy)/\(name)", mount.destination]
      }
    }
  }

  private func environment(of container: ContainerSpecification, _ dockerfile: Dockerfile) -> [EnvironmentVariable] {
    [
      EnvironmentVariable(name: "PATH", value: Self.defaultPath),
      EnvironmentVariable(name: "HOME", value: Self.identity(dockerfile.user).uid == "0" ? "/root" : "/"),
      EnvironmentVariable(name: "HOSTNAME", value: "kratix-pipeline"),
    ] + dockerfile.environment + container.environment
  }
}

/// What of this machine, besides `/usr`, programs need to start at all.
struct HostLayout: Sendable {
  let options: [String]

  static let current: HostLayout = {
    var options: [String] = []
    for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
      if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/\(name)") {
        options += ["--symlink", target, "/\(name)"]
      } else if FileManager.default.fileExists(atPath: "/\(name)") {
        options += ["--ro-bind", "/\(name)", "/\(name)"]
      }
    }
    // Links of /usr/bin lead there; the others say where libraries and trusted certificates are.
    for path in [
      "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ssl/certs",
      "/etc/ssl/openssl.cnf", "/etc/pki/ca-trust", "/etc/pki/tls/certs", "/etc/ca-certificates", "/etc/resolv.conf",
      "/etc/hosts", "/etc/nsswitch.conf", "/etc/localtime", "/nix/store",
    ] {
      options += ["--ro-bind-try", path, path]
    }
    return HostLayout(options: options)
  }()
}
