internal import CMerestoneKernels
import MerestoneCore
import MerestonePartition

/// Which neighbours a node keeps where it has many, by the degrees of all nodes: each rounded down to
/// a quarter of a power of two, in graphs of 2^25 nodes and more to a power of two.
///
/// - Complexity: 1 byte per node.
struct NeighborSample: Sendable {
  /// A node of more neighbours keeps from so many on average to a quarter more, or to twice as many
  /// in the larger graphs.
  let limit: Int
  /// The class of each node's degree, 0 for those that keep all neighbours. Shape `[nodes]`.
  private let classes: [UInt8]
  /// A neighbour of a node of each class stays where 32 bits of the edge's hash are below this.
  private let thresholds: [UInt64]
  /// Bits of a degree that tell classes apart, after its highest.
  private let fineBits: UInt64
  /// Bits that hold a class.
  private let classBits: UInt32

  var nodeCount: Int { classes.count }

  /// The limit for a graph of so many edges: the larger the graph, the more a hub's neighbours cost
  /// and the less each of them says.
  ///
  /// `multilevel` moves nodes by what every move wins, hubs most of all: a graph that it holds in memory
  /// is there as a whole.
  static func limit(edges: Int, partitioner: Partitioner) -> Int {
    if partitioner == .multilevel, edges <= Partition.wholeEdgeLimit {
      // No node has more.
      return 2 * Partition.wholeEdgeLimit
    }
    return edges <= 1 << 23 ? 1 << 14 : edges <= 1 << 28 ? 64 : 32
  }

  /// - Parameters:
  ///   - totals: Edges into and out of each node.
  ///   - edges: All edges, which fix the limit.
  init(totals: [UInt32], edges: Int, partitioner: Partitioner, pool: ThreadPool) {
    let limit = Self.limit(edges: edges, partitioner: partitioner)
    let fineBits: UInt64 = totals.count < 1 << 25 ? 2 : 0
    self.limit = limit
    self.fineBits = fineBits
    classBits = 5 + UInt32(fineBits)
    // The class of the limit itself is number 0.
    let first = Self.rank(of: UInt64(limit), fineBits)
    thresholds = (0..<1 << 7).map { index in
      let rank = first + UInt64(index)
      let (highest, fine) = (min(rank >> fineBits, 40), rank & (1 << fineBits - 1))
      let smallest = ((1 << fineBits | fine) << highest) >> fineBits
      return index == 0 ? 1 << 32 : UInt64(limit) << 32 / smallest
    }
    var classes = [UInt8](inHugePages: 0, count: totals.count)
    unsafe classes.withUnsafeMutableBufferPointer { classes in
      pool.forEachTile(of: totals.count, tile: 1 << 18) { tile in
        for node in tile where totals[node] > limit {
          // SAFETY: tiles are disjoint ranges of the nodes.
          unsafe classes[node] = UInt8(
            truncatingIfNeeded: Self.rank(of: UInt64(totals[node]), fineBits) - first)
        }
      }
    }
    self.classes = classes
  }

  /// The place of the highest bit of a degree, and the bits after it.
  @inline(__always)
  private static func rank(of degree: UInt64, _ fineBits: UInt64) -> UInt64 {
    let highest = UInt64(63 - degree.leadingZeroBitCount)
    return highest << fineBits | (degree << fineBits) >> highest & (1 << fineBits - 1)
  }

  // MARK: - Taking edges

  /// What an edge source says of the nodes: numbers alone, or numbers above the classes, which saves
  /// a load per end.
  enum Ends {
    case numbers
    case packed
  }

  /// The source to take edges of, and what it says.
  func source(of plain: EdgeSource, pool: ThreadPool) -> (EdgeSource, Ends) {
    // The highest number is not in use, so that no node looks like an id that is none.
    guard classes.count < 1 << (32 - classBits),
      let packed = plain.composed(
        pool: pool, with: { packed(UInt32(truncatingIfNeeded: $0)) })
    else { return (plain, .numbers) }
    return (packed, .packed)
  }

  /// The number of a node above its class.
  @inline(__always) func packed(_ node: UInt32) -> UInt32 {
    node &<< classBits | UInt32(classes[Int(node)])
  }

  /// Writes `node << 32 | neighbour` for the ends of edges that keep each other.
  ///
  /// - Parameter kept: Has room for two entries per edge.
  /// - Returns: How many were written.
  func take(
    _ edges: Range<Int>, of chunk: EdgeChunk, _ ends: Ends, into kept: inout [UInt64]
  ) -> Int {
    switch ends {
    case .numbers:
      return unsafe classes.withUnsafeBufferPointer { classes in
        take(edges, of: chunk, into: &kept) {
          unsafe ($0, Int(classes[Int($0)]))
        } ask: {
          // SAFETY: what is asked for need not exist.
          unsafe mrs_prefetch(classes.baseAddress! + Int($0))
        }
      }
    case .packed:
      let mask = 1 << classBits - 1
      return take(edges, of: chunk, into: &kept) {
        ($0 &>> classBits, Int(truncatingIfNeeded: $0) & mask)
      } ask: { _ in
      }
    }
  }

  /// How many edges ahead the classes of their ends are asked for.
  private static let distance = 32

  @inline(__always)
  private func take(
    _ edges: Range<Int>, of chunk: EdgeChunk, into kept: inout [UInt64],
    _ split: (UInt32) -> (node: UInt32, class: Int), ask: (UInt32) -> Void
  ) -> Int {
    precondition(kept.count >= 2 * edges.count && edges.upperBound <= chunk.count, "no room")
    var count = 0
    unsafe kept.withUnsafeMutableBufferPointer { kept in
      unsafe thresholds.withUnsafeBufferPointer { thresholds in
        unsafe chunk.sources.withUnsafeBufferPointer { sources in
          unsafe chunk.destinations.withUnsafeBufferPointer { destinations in
            for edge in edges {
              let later = min(edge &+ Self.distance, edges.upperBound &- 1)
              unsafe ask(sources[later])
              unsafe ask(destinations[later])
              // SAFETY: classes are below 128, and two places per edge were checked above.
              let source = unsafe split(sources[edge])
              let destination = unsafe split(destinations[edge])
              let pair = UInt64(source.node) &<< 32 | UInt64(destination.node)
              let hash = Self.mix(pair)
              let isEdge = source.node != destination.node
              unsafe kept[count] = pair
              count &+= unsafe hash &>> 32 < thresholds[source.class] && isEdge ? 1 : 0
              unsafe kept[count] = UInt64(destination.node) &<< 32 | UInt64(source.node)
              count &+=
                unsafe hash & 0xffff_ffff < thresholds[destination.class] && isEdge ? 1 : 0
            }
          }
        }
      }
    }
    return count
  }

  /// A bijection of 64 bits whose output bits each depend on all input bits.
  @inline(__always) private static func mix(_ value: UInt64) -> UInt64 {
    var mixed = value &* 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ mixed &>> 32) &* 0xD6E8_FEB8_6659_FD93
    return mixed ^ mixed &>> 32
  }
}
