import Foundation
import GRDB
import Kubernetes

/// The objects on disk: one row each, in SQLite. What a write returned for survives the end of the process.
final class Journal: Sendable {
  private let database: DatabaseQueue

  /// - Parameter path: The database file; nil keeps everything in memory.
  init(path: String?) throws {
    var configuration = Configuration()
    configuration.journalMode = path == nil ? .default : .wal
    configuration.prepareDatabase { database in
      // The write-ahead log survives the process without a sync for each commit; a checkpoint syncs.
      try database.execute(sql: "PRAGMA synchronous = NORMAL")
    }
    database =
      try path.map { try DatabaseQueue(path: $0, configuration: configuration) }
      ?? DatabaseQueue(configuration: configuration)
    try database.write { database in
      try database.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS object (
            collection TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
            UNIQUE (collection, key));
          CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
          """)
    }
  }

  /// Every stored object, and the version of the last change.
  func load(_ receive: (String, StoredObject) throws -> Void) throws -> UInt64 {
    try database.read { database in
      var version = UInt64(
        bitPattern: try Int64.fetchOne(database, sql: "SELECT value FROM counter WHERE name = 'version'") ?? 0)
      let rows = try Row.fetchCursor(database, sql: "SELECT collection, key, version, body FROM object")
      while let row = try rows.next() {
        let collection: String = row[0]
        let key: String = row[1]
        let stored: Int64 = row[2]
        let body: Data = row[3]
        let bytes = [UInt8](body)
        let object = KubernetesObject(try JSON(parsing: bytes))
        version = max(version, UInt64(stored))
        try receive(collection, StoredObject(key: key, version: UInt64(stored), object: object, bytes: bytes))
      }
      return version
    }
  }

  func put(_ id: ObjectID, _ object: StoredObject) throws {
    try database.writeWithoutTransaction { database in
      try database.cachedStatement(
        sql: """
          INSERT INTO object (collection, key, version, body) VALUES (?, ?, ?, ?)
          ON CONFLICT (collection, key) DO UPDATE SET version = excluded.version, body = excluded.body
          """
      ).execute(arguments: [id.collection, id.key, Int64(object.version), Data(object.bytes)])
    }
  }

  /// Removes an object. The version of a deletion is in no row, so the counter keeps it.
  func remove(_ id: ObjectID, version: UInt64) throws {
    try database.write { database in
      try database.cachedStatement(sql: "DELETE FROM object WHERE collection = ? AND key = ?").execute(arguments: [
        id.collection, id.key,
      ])
      try database.cachedStatement(
        sql: """
          INSERT INTO counter (name, value) VALUES ('version', ?)
          ON CONFLICT (name) DO UPDATE SET value = excluded.value
          """
      ).execute(arguments: [Int64(version)])
    }
  }

  func close() throws { try database.close() }
}
