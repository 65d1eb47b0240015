package import MerestoneCore
import Synchronization

/// Reads a whole graph: every byte of every listed file, and what must hold between them.
///
/// - Every file is there with its size, and no file that the manifest does not list.
/// - Every checksum: manifest, headers, directories, index blocks, pages, columns, their tables.
/// - A second stream of pages holds the same edges as the first.
/// - Lists ascend by source and sources exist; in-degrees sum to the edges; the largest in-degrees
///   and the number of cut edges are as recorded.
/// - Out-edges, where they are stored, are the edges, each once and with its id.
/// - Every node's raw id leads back to it, and no raw id leads elsewhere.
/// - Cumulative weights are the sums of the weights; orders of times have every edge, the latest first.
/// - Split codes, labels and categories exist.
package enum Verification {
  /// One thing that is wrong; its description names the file, the byte, what was expected and what
  /// was found.
  package struct Problem: Sendable, Equatable, CustomStringConvertible {
    package let error: StorageError
    package var description: String { error.description }
  }

  /// Problems reported for one file at most: a lost disk would fill the memory.
  package static let problemsPerFile = 100

  /// Verifies the graph at `path`.
  ///
  /// - Returns: Everything that is wrong, by file and byte; empty for a whole graph.
  /// - Throws: ``StorageError/io(path:operation:code:)`` where the machine fails, and
  ///   ``StorageError/interrupted(path:)``.
  /// - Complexity: every byte is read once, boundary pages twice; a few MiB resident per thread
  ///   besides the mapped pages in work.
  package static func run(
    _ path: String, pool: ThreadPool, progress: any ProgressListener = SilentProgress(),
    cancellation: Cancellation? = nil
  ) throws(StorageError) -> [Problem] {
    let store: GraphStore
    do throws(StorageError) {
      store = try GraphStore(readingManifestOf: path)
    } catch {
      if error.isInputOutput { throw error }
      return [Problem(error: error)]
    }
    var run = VerificationRun(store, cancellation: cancellation)
    try run.checkFolder()
    run.collect()
    progress.begin(stage: "verify", total: run.totalBytes, unit: "bytes")
    let tasks = run.tasks
    let findings = Mutex<[Finding]>([])
    pool.forEach(tasks.count) { index in
      if cancellation?.isCancelled ?? false { return }
      let finding = run.perform(tasks[index].work)
      findings.withLock { $0.append(finding) }
      progress.advance(by: tasks[index].bytes)
    }
    if cancellation?.isCancelled ?? false { throw .interrupted(path: path) }
    run.conclude(findings.withLock { $0 })
    progress.end(
      summary: run.errors.isEmpty
        ? "\(store.manifest.files.count) files are whole" : "\(run.errors.count) problems")
    return try run.report().map { Problem(error: $0) }
  }

  /// What one piece of the work found.
  struct Finding: Sendable {
    var errors: [StorageError] = []
    /// For edges: their relation, the largest in-degree and the edges that cross shards.
    var relation: RelationID?
    var file = -1
    var maximumInDegree = 0
    var cutEdges = 0
    /// For a second stream of edges: its place among them.
    var packedFile = -1
    /// For out-edges their file. The edges of this piece: of in-edges by the shard of their source,
    /// of out-edges all of them.
    var reverseFile = -1
    var digests: [EdgeDigest] = []
    /// For cumulative weights: their place among them, and whether every edge counts.
    var sumFile = -1
    var everyEdgeCounts = true
    /// For a table of raw ids: the type, and how many of its rows name a node.
    var type: NodeTypeID?
    var presentIDs = 0
  }
}
