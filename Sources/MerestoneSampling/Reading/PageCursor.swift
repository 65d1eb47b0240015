import MerestoneCore
import MerestoneStorage

/// Reads sources from the compressed pages of the store and keeps the last page decoded, so that
/// reads near each other cost one page.
///
/// `ID` is what sources are decoded to; those of a type with more than 2^32 nodes need 64 bits.
struct PageCursor<ID: PageID> {
  private let store: GraphStore
  private let relation: RelationID
  private var bounds: Range<UInt64> = 0..<0
  private var shard: EdgeStore?
  private var page = -1

  /// The sources of the last page.
  private(set) var ids: [ID] = []
  private var scratch: PageScratch?

  init(_ topology: Topology) {
    store = topology.store
    relation = topology.relation
  }

  /// The source of an edge.
  /// - Precondition: The edge exists.
  mutating func source(of edge: UInt64) throws(SamplingError) -> ID {
    ids[try seek(edge).lowerBound]
  }

  /// Decodes the page of an edge, where it is not the last one.
  ///
  /// - Returns: The places in ``ids`` of the edge and of those after it.
  /// - Precondition: The edge exists.
  mutating func seek(_ edge: UInt64) throws(SamplingError) -> Range<Int> {
    do throws(StorageError) {
      if !bounds.contains(edge) { try open(edge) }
      guard let shard else { preconditionFailure("an edge in a shard without edges") }
      let position = Int(edge &- bounds.lowerBound)
      let wanted = position / shard.pageEdges
      if wanted != page { try decode(wanted, of: shard) }
      return position &- wanted &* shard.pageEdges..<shard.edges(ofPage: wanted).count
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
    if ids.isEmpty { ids = [ID](repeating: 0, count: shard.pageEdges) }
    page = -1
    var scratch = self.scratch ?? PageScratch()
    var span = ids.mutableSpan
    try ID.decode(wanted, of: shard, into: &span, scratch: &scratch)
    self.scratch = scratch
    page = wanted
    store.touchMappedFiles()
  }
}

/// What the sources of a page are decoded to.
protocol PageID: FixedWidthInteger, BitwiseCopyable {
  static func decode(
    _ page: Int, of edges: EdgeStore, into ids: inout MutableSpan<Self>, scratch: inout PageScratch
  ) throws(StorageError)
}

extension UInt64: PageID {
  static func decode(
    _ page: Int, of edges: EdgeStore, into ids: inout MutableSpan<UInt64>,
    scratch: inout PageScratch
  ) throws(StorageError) {
    try edges.decodePage(page, into: &ids, scratch: &scratch)
  }
}

extension UInt32: PageID {
  /// - Precondition: The sources have 32 bits, however many the store gives them.
  static func decode(
    _ page: Int, of edges: EdgeStore, into ids: inout MutableSpan<UInt32>,
    scratch: inout PageScratch
  ) throws(StorageError) {
    guard edges.idBytes > MemoryLayout<UInt32>.size else {
      try edges.decodePage(page, into: &ids, scratch: &scratch)
      return
    }
    var wide = [UInt64](repeating: 0, count: edges.pageEdges)
    var span = wide.mutableSpan
    let count = try edges.decodePage(page, into: &span, scratch: &scratch)
    for place in 0..<count { ids[place] = UInt32(truncatingIfNeeded: wide[place]) }
  }
}
