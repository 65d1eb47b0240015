import MerestoneCore
import Synchronization

/// Finds the relations of a graph and counts their edges.
struct RelationStage {
  let source: EdgeSource
  let scheme: RelationScheme
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// - Returns: The relations that have edges, by source type, name (as the input first has it) and
  ///   destination type; one without edges where there are none.
  /// - Throws: ``PreprocessError/tooManyRelations(count:limit:)``.
  func run() throws(PreprocessError) -> [RelationTriple] {
    let total = Mutex<[Int: Int]>([:])
    let rowBytes = source.columns.rowBytes
    try pool.forEachWorker(of: source.chunkCount) { (queue) throws(PreprocessError) in
      var chunk = EdgeChunk()
      var counts = [Int](repeating: 0, count: scheme.isDense ? scheme.combinations : 0)
      var sparse: [Int: Int] = [:]
      while let index = queue.claim() {
        if cancellation.isCancelled { throw .interrupted }
        let dropped = try source.read(index, withColumns: scheme.code != nil, into: &chunk)
        if scheme.isDense {
          scheme.forEachCombination(chunk, rowBytes: rowBytes) { counts[$1] += 1 }
        } else {
          scheme.forEachCombination(chunk, rowBytes: rowBytes) { sparse[$1, default: 0] += 1 }
        }
        progress.advance(by: chunk.count + dropped.selfLoops + dropped.unlisted)
      }
      for (combination, count) in counts.enumerated() where count > 0 {
        sparse[combination, default: 0] += count
      }
      total.withLock { $0.merge(sparse) { $0 + $1 } }
    }
    let found = total.withLock { $0 }.sorted { $0.key < $1.key }
    guard found.count <= RelationTriple.limit else {
      throw .tooManyRelations(count: found.count, limit: RelationTriple.limit)
    }
    guard !found.isEmpty else { return [scheme.triple(of: 0, edges: 0)] }
    return found.map { scheme.triple(of: $0.key, edges: $0.value) }
  }
}
