import Programs

/// Files that are to be executed.
///
/// A file that somebody has open for writing cannot be executed ("Text file busy"), and a program that is started here
/// has, until it executes its own file, all that this process has open at that moment; what Foundation opens to copy a
/// file even after that. Such files are therefore never written by this process: another one copies them, which starts
/// nothing while it does.
enum ProgramFiles {
  struct Failure: Error {
    let reason: String
  }

  /// Copies a file or a directory with all that is in it, with modes and links as they are.
  /// - Parameter destination: is not there yet.
  static func copy(_ source: String, to destination: String) async throws(Failure) {
    let result: Program.Result
    do {
      result = try await Program("cp", ["-a", source, destination]).collect(limit: 1 << 12)
    } catch let error as ProgramError {
      throw Failure(reason: error.description)
    } catch {
      throw Failure(reason: "it was cancelled")
    }
    guard result.succeeded else {
      let lines = PipelineExecution.lastLines(result.errorText, count: 1)
      throw Failure(reason: lines.first ?? "cp exited with code \(result.ending.code)")
    }
  }
}
