import Glibc
import Synchronization

/// Owns the folder in which a graph is made, until it is whole.
///
/// Files are written below ``staging`` (`GRAPH.partial`, beside the output) and announced by
/// ``add(_:)``. ``commit(_:)`` makes everything durable, writes the manifest last and renames the
/// folder: killed at any point, the output is not there or it is whole. A writer that is dropped
/// removes its folder; what a killed run left behind, the next writer of that output removes. A
/// second writer of one output is refused while the first lives.
///
/// Any thread may add files.
package final class GraphWriter: Sendable {
  /// The graph that will be.
  package let output: String
  /// The folder to write to until then.
  package let staging: String

  /// Whether this goes on with what an earlier writer left.
  package let isResumed: Bool

  private let state: Mutex<State>
  private let lock: FolderLock
  private let folders: [String]

  private struct State {
    var files: [FileEntry] = []
    var isOver = false
    var isKept = false
  }

  /// Locks the output and makes an empty staging folder with the folders of ``GraphLayout``.
  ///
  /// - Throws: ``StorageError/alreadyExists(path:)`` where `output` exists,
  ///   ``StorageError/locked(path:)`` where another process makes it, or an I/O error.
  ///
  /// - Parameter resuming: Whether to go on with what an earlier writer left, where there is any;
  ///   ``isResumed`` says whether there was.
  package init(output: String, shards: Int, resuming: Bool = false) throws(StorageError) {
    var trimmed = output[...]
    while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
    self.output = String(trimmed)
    staging = self.output + ".partial"
    folders = GraphLayout.folders(shards: shards)
    state = Mutex(State())
    if FolderTree.status(self.output) != nil { throw .alreadyExists(path: self.output) }
    lock = try FolderLock(path: staging + ".lock", guarding: self.output)
    isResumed = resuming && FolderTree.status(staging) != nil
    if isResumed {
      keep()
      // One that was killed at its end may have removed empty ones.
      try makeFolders()
    } else {
      try clear()
    }
  }

  /// Removes the lock of a run that was killed just after its graph had got its name.
  package static func tidy(output: String) {
    // Letting go of a lock removes it.
    _ = try? FolderLock(path: output + ".partial.lock", guarding: output)
  }

  /// Empties the staging folder.
  package func clear() throws(StorageError) {
    try FolderTree.remove(staging)
    try FolderTree.create(staging)
    try makeFolders()
  }

  private func makeFolders() throws(StorageError) {
    for folder in folders where FolderTree.status(path(folder)) == nil {
      try FolderTree.create(path(folder))
    }
  }

  /// Lets the staging folder outlive this value, so that a later writer can go on with it.
  package func keep() { state.withLock { $0.isKept = true } }

  /// The files that were announced, as ``add(_:)`` got them, but for the first `count`.
  package func entries(from count: Int) -> [FileEntry] {
    state.withLock { Array($0.files.dropFirst(count)) }
  }

  /// Forgets the files that were announced, but for the first `count`.
  package func forget(from count: Int) {
    state.withLock { $0.files.removeLast($0.files.count - count) }
  }

  package var entryCount: Int { state.withLock { $0.files.count } }

  deinit { abandon() }

  /// The path to write a file of ``GraphLayout`` to.
  package func path(_ relative: String) -> String { staging + "/" + relative }

  /// Announces files that are written, by their paths in the staging folder.
  package func add(_ entries: [FileEntry]) {
    state.withLock { $0.files.append(contentsOf: entries) }
  }

  package func add(_ entry: FileEntry) { add([entry]) }

  /// Writes `report.json`, which the manifest does not list and `verify` does not check.
  package func writeReport(_ json: [UInt8]) throws(StorageError) {
    var file = try OutputFile(path: path(GraphManifest.reportName))
    try file.append(json)
    try file.finish(.deferred)
  }

  /// Turns the staging folder into the graph.
  ///
  /// - Parameter manifest: Complete but for its files, which are those that were added.
  /// - Throws: ``StorageError/invalid(path:what:expected:found:mend:)`` where the folder does not
  ///   hold exactly the files that were added, or the manifest contradicts itself;
  ///   ``StorageError/alreadyExists(path:)`` where the output has appeared meanwhile; an I/O error.
  ///   The staging folder goes with the writer then.
  /// - Returns: The manifest as written, files included.
  @discardableResult
  package func commit(_ manifest: GraphManifest) throws(StorageError) -> GraphManifest {
    var manifest = manifest
    manifest.files = try relativeFiles()
    if let problem = manifest.contradiction {
      throw refused(problem.what, expected: problem.expected, found: problem.found)
    }
    // A writer that was killed before its folder became the graph may have left one.
    OutputFile.remove(path(GraphManifest.fileName))
    try checkFolder(manifest.files)
    for file in manifest.files { try OutputFile.sync(path(file.path)) }
    for folder in folders.reversed() where unsafe rmdir(path(folder)) != 0 {
      try OutputFile.sync(path(folder))
    }
    var file = try OutputFile(path: path(GraphManifest.fileName))
    try file.append(try manifest.encoded())
    try file.finish(.synced)
    if FolderTree.status(output) != nil { throw .alreadyExists(path: output) }
    guard unsafe rename(staging, output) == 0 else {
      throw .io(path: output, operation: "rename the finished graph to", code: errno)
    }
    state.withLock { $0.isOver = true }
    try OutputFile.syncFolder(of: output)
    return manifest
  }

  /// Removes the staging folder and everything in it, unless it has become the graph.
  package func abandon() {
    let wasOver = state.withLock { state in
      defer { state.isOver = true }
      return state.isOver || state.isKept
    }
    // The next writer of this output removes what can't be removed now.
    if !wasOver { try? FolderTree.remove(staging) }
  }

  /// The files that were added, by paths relative to the graph, sorted.
  private func relativeFiles() throws(StorageError) -> [FileEntry] {
    let prefix = staging + "/"
    var files: [FileEntry] = []
    for var file in state.withLock({ $0.files }) {
      guard file.path.hasPrefix(prefix) else {
        throw refused("file", expected: "a path below \(staging)", found: file.path)
      }
      file.path.removeFirst(prefix.count)
      files.append(file)
    }
    return files.sorted { $0.path < $1.path }
  }

  private func checkFolder(_ files: [FileEntry]) throws(StorageError) {
    let found = try FolderTree.items(below: staging).filter {
      $0.kind != .folder && $0.path != GraphManifest.reportName
    }
    let expected = files.map { FolderTree.Item(path: $0.path, kind: .file, bytes: $0.bytes) }
    guard found != expected else { return }
    let extra = found.first { !expected.contains($0) }
    let lacking = expected.first { !found.contains($0) }
    throw refused(
      "files", expected: lacking.map { "\($0.path) of \($0.bytes) bytes" } ?? "no other file",
      found: extra.map { "\($0.path) of \($0.bytes) bytes" } ?? "none or two of it")
  }

  private func refused(_ what: String, expected: String, found: String) -> StorageError {
    .invalid(
      path: output, what: what, expected: expected, found: found,
      mend: "this is a fault of the program that writes the graph; please report it")
  }
}
