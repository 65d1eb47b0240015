internal import CMerestoneKernels
import MerestoneCore
import MerestoneIngest

/// How raw ids become node numbers `0..<count`, and the way back.
enum NodeNumbers: Sendable {
  /// Raw id and number are the same, below `count`.
  case identity(count: Int)
  /// Integers in ascending order.
  case rank(IntegerRank)
  /// Integers in the order of a node table, and those that were added behind it.
  case listed(IntegerIndex, ids: [UInt64])
  /// Integers by a table: not node numbers but whatever the table says of each.
  case table([UInt32])
  /// Sparse integers or strings, numbered outside of memory; those from `limit` on are no nodes.
  case dictionary(NodeDictionary, limit: Int)

  /// Stands for an id that is no node.
  static let absent = UInt32.max

  var count: Int {
    switch self {
    case .identity(let count): count
    case .rank(let rank): rank.count
    case .table(let table): table.count
    case .listed(_, let ids): ids.count
    case .dictionary(_, let limit): limit
    }
  }

  /// The numbers of integer ids.
  func translate<ID: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ ids: Span<ID>, into numbers: inout [UInt32]
  ) {
    numbers.removeAll(keepingCapacity: true)
    numbers.append(addingCapacity: ids.count) { output in
      withNumbering { number, ask in
        for place in ids.indices {
          ask(UInt64(ids[min(place &+ Self.distance, ids.count &- 1)]))
          output.append(number(UInt64(ids[place])))
        }
      }
    }
  }

  /// The numbers of both ends of edges whose ids come in pairs.
  func translate<ID: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    pairs ids: Span<ID>, sources: inout [UInt32], destinations: inout [UInt32]
  ) {
    let count = ids.count / 2
    sources.resize(to: count)
    destinations.resize(to: count)
    unsafe ids.withUnsafeBufferPointer { ids in
      unsafe sources.withUnsafeMutableBufferPointer { sources in
        unsafe destinations.withUnsafeMutableBufferPointer { destinations in
          // Plain loops over memory: many loads of the table are then under way at a time.
          withNumbering { number, ask in
            for edge in 0..<count {
              // SAFETY: `2 * edge + 1` is below twice the number of edges.
              let later = min(edge &+ Self.distance, count &- 1)
              unsafe ask(UInt64(ids[2 &* later]))
              unsafe ask(UInt64(ids[2 &* later &+ 1]))
              unsafe sources[edge] = number(UInt64(ids[2 &* edge]))
              unsafe destinations[edge] = number(UInt64(ids[2 &* edge &+ 1]))
            }
          }
        }
      }
    }
  }

  /// How many edges ahead ids are asked for.
  private static let distance = 32

  /// Calls `body` with the function from ids to numbers, once for each form of it, and one that fetches
  /// what an id will need, where that is far away.
  @inline(__always)
  private func withNumbering(
    _ body: (_ number: (UInt64) -> UInt32, _ ask: (UInt64) -> Void) -> Void
  ) {
    switch self {
    case .identity(let count):
      let limit = UInt64(count)
      body({ $0 < limit ? UInt32(truncatingIfNeeded: $0) : Self.absent }, { _ in })
    case .rank(let rank): body({ rank.number(of: $0) }, { rank.prefetch($0) })
    case .table(let table):
      unsafe table.withUnsafeBufferPointer { table in
        let limit = UInt64(table.count)
        body(
          // SAFETY: compared with the table's size first.
          { $0 < limit ? unsafe table[Int(truncatingIfNeeded: $0)] : Self.absent },
          // SAFETY: what is asked for need not exist.
          { unsafe mrs_prefetch(table.baseAddress! + Int(truncatingIfNeeded: min($0, limit))) })
      }
    case .listed(let index, _): body({ index.position(of: $0) }, { _ in })
    case .dictionary: preconditionFailure("a dictionary keeps its numbers by edge")
    }
  }

  /// What maps raw integers straight to something about their node, where a table for that has at
  /// most ten bytes per node.
  func composed(
    pool: ThreadPool, with value: (_ number: Int) -> UInt32
  ) -> NodeNumbers? {
    switch self {
    case .rank(let rank):
      guard 4 * rank.limit <= 10 * max(rank.count, 1) else { return nil }
      var table = [UInt32](inHugePages: Self.absent, count: rank.limit)
      table.withScatterTarget { target in
        pool.forEachTile(of: rank.limit / 64, tile: 1 << 12) { words in
          rank.forEach(inWords: words) { id, number in
            target.set(Int(id), to: value(Int(number)))
          }
        }
      }
      return .table(table)
    case .identity, .listed, .table, .dictionary: return nil
    }
  }
}
