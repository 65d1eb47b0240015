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
  func translate<ID: FixedWidthInteger & UnsignedInteger>(
    _ ids: Span<ID>, into numbers: inout [UInt32]
  ) {
    numbers.removeAll(keepingCapacity: true)
    switch self {
    case .identity(let count):
      let limit = UInt64(count)
      numbers.append(addingCapacity: ids.count) { output in
        for index in ids.indices {
          let id = UInt64(ids[index])
          output.append(id < limit ? UInt32(truncatingIfNeeded: id) : Self.absent)
        }
      }
    case .rank(let rank):
      numbers.append(addingCapacity: ids.count) { output in
        for index in ids.indices { output.append(rank.number(of: UInt64(ids[index]))) }
      }
    case .table(let table):
      numbers.append(addingCapacity: ids.count) { output in
        unsafe table.withUnsafeBufferPointer { table in
          let limit = UInt64(table.count)
          for place in ids.indices {
            let id = UInt64(ids[place])
            // SAFETY: compared with the table's size first.
            output.append(id < limit ? unsafe table[Int(truncatingIfNeeded: id)] : Self.absent)
          }
        }
      }
    case .listed(let index, _):
      numbers.append(addingCapacity: ids.count) { output in
        for place in ids.indices { output.append(index.position(of: UInt64(ids[place]))) }
      }
    case .dictionary: preconditionFailure("a dictionary keeps its numbers by edge")
    }
  }

  /// What maps raw integers straight to global ids, where that takes at most two entries per node.
  func composed(with globals: [UInt32]) -> NodeNumbers? {
    guard case .rank(let rank) = self, rank.limit <= 2 * max(globals.count, 1) else { return nil }
    var table = [UInt32](inHugePages: Self.absent, count: rank.limit)
    var number = 0
    rank.forEachBlock(of: 1 << 16) { block in
      for id in block {
        table[Int(id)] = globals[number]
        number += 1
      }
    }
    return .table(table)
  }
}
