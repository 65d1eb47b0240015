import MerestoneCore
import MerestoneStorage

/// Reads single sources from the compressed pages of the store and keeps the last page decoded, so
/// that reads near each other cost one page.
struct PageCursor {
  private let store: GraphStore
  private let relation: RelationID
  private var bounds: Range<UInt64> = 0..<0
  private var shard: EdgeStore?
  private var page = -1
  private var ids: [UInt64] = []
  private var scratch: PageScratch?

  init(_ topology: Topology) {
    store = topology.store
    relation = topology.relation
  }

  /// The source of an edge.
  /// - Precondition: The edge exists.
  mutating func source(of edge: UInt64) throws(SamplingError) -> UInt64 {
    do throws(StorageError) {
      if !bounds.contains(edge) { try open(edge) }
      guard let shard else { preconditionFailure("an edge in a shard without edges") }
      let position = Int(edge &- bounds.lowerBound)
      let wanted = position / shard.pageEdges
      if wanted != page { try decode(wanted, of: shard) }
      return ids[position &- wanted &* shard.pageEdges]
    } catch {
      throw .storage(error)
    }
  }

  private mutating func open(_ edge: UInt64) throws(StorageError) {
    guard let place = store.book.locate(edge: EdgeID(edge), relation: relation) else {
      preconditionFailure("edge \(edge) is out of range")
    }
    bounds = store.book.edges(of: relation, in: place.shard)
    shard = try store.edges(relation, shard: place.shard)
    page = -1
  }

  private mutating func decode(_ wanted: Int, of shard: EdgeStore) throws(StorageError) {
    if ids.isEmpty { ids = [UInt64](repeating: 0, count: shard.pageEdges) }
    page = -1
    var scratch = self.scratch ?? PageScratch()
    var span = ids.mutableSpan
    _ = try shard.decodePage(wanted, into: &span, scratch: &scratch)
    self.scratch = scratch
    page = wanted
    store.touchMappedFiles()
  }
}
