import MerestoneCore
import MerestonePartition

/// The distinct raw ids of all edge ends, ascending: the nodes of a graph without a node table.
enum DistinctIntegers {
  /// - Throws: ``PreprocessError/tooManyNodes(limit:)`` for more than 32 bits can number.
  /// - Complexity: O(*e*) with a bitmap where ids are below about 64 per edge, else a sort of all
  ///   ends.
  static func of(
    _ sources: RawIntegers, _ destinations: RawIntegers, pool: ThreadPool,
    cancellation: Cancellation
  ) throws(PreprocessError) -> [UInt64] {
    guard let maximum = [sources.maximum, destinations.maximum].compactMap({ $0 }).max() else {
      return []
    }
    let ids: [UInt64]
    if maximum < UInt64(max(1 << 20, 64 * sources.count)) {
      var words = [UInt64](repeating: 0, count: Int(maximum / 64) + 1)
      mark(sources, in: &words)
      mark(destinations, in: &words)
      ids = members(of: words)
    } else {
      var keys: [UInt64] = []
      keys.reserveCapacity(sources.count * 2)
      collect(sources, into: &keys)
      collect(destinations, into: &keys)
      KeySort.sort(&keys, pool: pool, cancellation: cancellation)
      if cancellation.isCancelled { throw .interrupted }
      ids = withoutRepetitions(keys)
    }
    guard ids.count < EdgeList.nodeLimit else {
      throw .tooManyNodes(limit: EdgeList.nodeLimit)
    }
    return ids
  }

  /// Ascending `keys`, each once.
  static func withoutRepetitions(_ keys: [UInt64]) -> [UInt64] {
    var distinct: [UInt64] = []
    var last: UInt64?
    for key in keys where key != last {
      distinct.append(key)
      last = key
    }
    return distinct
  }

  private static func mark(_ ids: RawIntegers, in words: inout [UInt64]) {
    switch ids {
    case .narrow(let values):
      for value in values { words[Int(value &>> 6)] |= 1 &<< UInt64(value & 63) }
    case .wide(let values):
      for value in values { words[Int(value &>> 6)] |= 1 &<< (value & 63) }
    }
  }

  private static func members(of words: [UInt64]) -> [UInt64] {
    var ids: [UInt64] = []
    ids.reserveCapacity(words.reduce(0) { $0 + $1.nonzeroBitCount })
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        ids.append(UInt64(index) &<< 6 | UInt64(rest.trailingZeroBitCount))
        rest &= rest &- 1
      }
    }
    return ids
  }

  private static func collect(_ ids: RawIntegers, into keys: inout [UInt64]) {
    switch ids {
    case .narrow(let values): for value in values { keys.append(UInt64(value)) }
    case .wide(let values): keys.append(contentsOf: values)
    }
  }
}
