import MerestoneCore
import MerestoneIngest
import Synchronization

/// Finds integer ids of edges that a node table does not list.
struct UnlistedSearch {
  let raw: RawEdges
  let pool: ThreadPool
  let cancellation: Cancellation

  /// All of them, distinct and ascending.
  ///
  /// Resident: the ids that it finds.
  func ids(notIn index: IntegerIndex) throws(PreprocessError) -> [UInt64] {
    let found = Mutex<Set<UInt64>>([])
    try pool.forEachWorker(of: raw.chunkCount) { (queue) throws(PreprocessError) in
      var bytes: [UInt8] = []
      while let chunk = queue.claim() {
        if cancellation.isCancelled { throw .interrupted }
        let place = raw.place(ofChunk: chunk)
        let ends = try raw.read(part: place.part, chunk: place.chunk, into: &bytes)
        let (sources, destinations) = RawIDDecoding.columns(bytes, ends)
        var absent: Set<UInt64> = []
        for column in [sources, destinations] {
          guard case .integers(let ids) = column else { continue }
          for id in ids where index.position(of: id) == IntegerIndex.absent { absent.insert(id) }
        }
        found.withLock { $0.formUnion(absent) }
      }
    }
    return found.withLock { $0 }.sorted()
  }
}
