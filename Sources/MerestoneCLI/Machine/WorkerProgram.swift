import Glibc

/// The program that worker processes run: this one, by the path that it was started by.
package enum WorkerProgram {
  /// Names another program instead.
  static let variable = "MERESTONE_WORKER_EXECUTABLE"

  /// - Throws: ``CommandError/noWorkerProgram(name:)`` where no such program can be executed.
  package static func path(in context: Context) throws -> String {
    if let named = context.environment[variable], !named.isEmpty {
      guard isExecutable(named) else { throw CommandError.noWorkerProgram(name: named) }
      return named
    }
    let name = context.programName
    if name.contains("/") {
      guard isExecutable(name) else { throw CommandError.noWorkerProgram(name: name) }
      return name
    }
    for folder in (context.environment["PATH"] ?? "").split(
      separator: ":", omittingEmptySubsequences: false)
    {
      let candidate = folder.isEmpty ? "./\(name)" : "\(folder)/\(name)"
      if isExecutable(candidate) { return candidate }
    }
    throw CommandError.noWorkerProgram(name: name)
  }

  private static func isExecutable(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: the path is zero-terminated for the call, and the structure outlives it.
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    return unsafe access(path, X_OK) == 0
  }
}
