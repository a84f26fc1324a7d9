import KratixModel
import Kubernetes

/// What a workflow has put out for one resource: files with where they are to go.
public struct Outputs: Sendable, Hashable {
  /// By path. Two pipelines may write the same path: the pipeline is part of the key.
  public var files: [Key: [UInt8]]
  /// The effective selector of each directory (`.` is the default group), by pipeline; nil selects any destination.
  public var selectors: [Key: [String: String]?]

  public struct Key: Sendable, Hashable, Comparable {
    public var pipeline: String
    public var path: String

    public init(pipeline: String, path: String) {
      self.pipeline = pipeline
      self.path = path
    }

    public static func < (left: Key, right: Key) -> Bool {
      (left.path, left.pipeline) < (right.path, right.pipeline)
    }
  }

  public init(files: [Key: [UInt8]] = [:], selectors: [Key: [String: String]?] = [:]) {
    self.files = files
    self.selectors = selectors
  }

  /// Of the files and where they are: what Works can be compared by.
  public var digest: String {
    let entries = files.sorted { $0.key < $1.key }.map { key, bytes in
      JSON.array([.string(key.pipeline), .string(key.path), .string(Hashes.sha256(bytes))])
    }
    return Hashes.sha256(JSON.array(entries).serialized(.goCompact))
  }

  /// What the Works of a resource hold now.
  /// - Throws: `UnreadableWork` when a content does not decompress.
  public init(of works: [Work]) throws(UnreadableWork) {
    self.init()
    for work in works {
      for group in work.groups {
        selectors[Key(pipeline: work.pipelineName, path: group.directory)] = .some(group.effectiveSelector)
        for workload in group.workloads {
          do {
            files[Key(pipeline: work.pipelineName, path: workload.filepath)] = try workload.bytes()
          } catch {
            throw UnreadableWork(work: work.object.qualifiedName, file: workload.filepath, reason: error)
          }
        }
      }
    }
  }
}

/// A Work whose content cannot be read: what it holds now cannot be told.
public struct UnreadableWork: Error, Sendable, CustomStringConvertible {
  public var work: String
  public var file: String
  public var reason: GzipError

  public var description: String { "Work \(work), file \(file): its content is \(reason)" }
}
