import MerestoneCore
import MerestoneStorage

/// Reads in-edges from the compressed pages of the store, with nothing resident but one page.
///
/// A whole hop is gathered at once: its edges are visited in page order, so that each page is
/// decoded once per hop however many edges are picked from it.
struct PagedReader {
  private let store: GraphStore
  private let relation: RelationID
  private let destinationType: NodeTypeID
  private var shards: [EdgeStore?]
  private var isOpen: [Bool]
  private var visits: [Visit] = []

  private struct Visit {
    var edge: UInt64
    var place: Int
  }

  init(_ store: GraphStore, relation: RelationID) {
    self.store = store
    self.relation = relation
    destinationType = NodeTypeID(store.manifest.relations[relation.rawValue].destinationType)
    shards = Array(repeating: nil, count: store.book.shardCount)
    isOpen = Array(repeating: false, count: store.book.shardCount)
  }

  private mutating func shard(_ shard: ShardID) throws(SamplingError) -> EdgeStore? {
    if isOpen[shard.rawValue] { return shards[shard.rawValue] }
    do throws(StorageError) {
      let opened = try store.edges(relation, shard: shard)
      shards[shard.rawValue] = opened
      isOpen[shard.rawValue] = true
      return opened
    } catch {
      throw .storage(error)
    }
  }

  mutating func list(of node: NodeID) throws(SamplingError) -> EdgeList {
    guard let place = store.book.locate(node, type: destinationType) else {
      preconditionFailure("node \(node) is out of range")
    }
    let lower = store.book.edges(of: relation, in: place.shard).lowerBound
    guard let edges = try shard(place.shard) else { return EdgeList(start: lower, count: 0) }
    store.touchMappedFiles()
    do throws(StorageError) {
      let range = try edges.edgeRange(of: place.local)
      return EdgeList(start: lower + UInt64(range.lowerBound), count: UInt64(range.count))
    } catch {
      throw .storage(error)
    }
  }

  mutating func readSources(
    of edges: [EdgeID], into sources: inout [NodeID]
  ) throws(SamplingError) {
    visits.removeAll(keepingCapacity: true)
    visits.reserveCapacity(edges.count)
    for (place, edge) in edges.enumerated() {
      visits.append(Visit(edge: edge.rawValue, place: place))
    }
    visits.sort { $0.edge < $1.edge }
    var shardIndex = 0
    var bounds: Range<UInt64> = 0..<0
    var current: EdgeStore?
    var loadedPage = -1
    var scratch = PageScratch()
    var page: [UInt64] = []
    for visit in visits {
      while !bounds.contains(visit.edge) {
        bounds = store.book.edges(of: relation, in: ShardID(shardIndex))
        current = try shard(ShardID(shardIndex))
        loadedPage = -1
        shardIndex += 1
      }
      guard let current else { preconditionFailure("an edge in a shard without edges") }
      let position = Int(visit.edge - bounds.lowerBound)
      if position / current.pageEdges != loadedPage {
        loadedPage = position / current.pageEdges
        store.touchMappedFiles()
        if page.isEmpty { page = [UInt64](repeating: 0, count: current.pageEdges) }
        do throws(StorageError) {
          var span = page.mutableSpan
          _ = try current.decodePage(loadedPage, into: &span, scratch: &scratch)
        } catch {
          throw .storage(error)
        }
      }
      sources[visit.place] = NodeID(page[position % current.pageEdges])
    }
  }
}
