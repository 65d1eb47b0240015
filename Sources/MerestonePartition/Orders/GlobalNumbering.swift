import MerestoneCore

/// Numbers nodes by (shard, place in a sequence) in one counting pass.
///
/// For the degree sequence, a bin is a shard and an in-degree; nodes whose degree is beyond the
/// bins of a shard are few and sorted. Chunks of the input are counted and numbered on all
/// threads; they are as many for any number of threads.
struct GlobalNumbering {
  let sequence: NodeSequence
  let inDegrees: [UInt32]
  /// `nil` puts every node into shard 0.
  let shardOf: [UInt16]?
  let shards: Int

  private static let binLimit = 1 << 20
  private static let chunkLimit = 8

  /// - Returns: The global id of every node, and where each shard begins, then the node count.
  func run(pool: ThreadPool) -> (globals: [UInt32], starts: [UInt64]) {
    let count = inDegrees.count
    let width = binsPerShard
    let binCount = shards * width
    let chunkLength = max(1 << 16, (count + Self.chunkLimit - 1) / Self.chunkLimit)
    let chunkCount = max(1, (count + chunkLength - 1) / chunkLength)
    func positions(_ chunk: Int) -> Range<Int> {
      min(chunk * chunkLength, count)..<min((chunk + 1) * chunkLength, count)
    }

    var next = [UInt32](repeating: 0, count: chunkCount * binCount)
    next.withSharedBuffer { shared in
      pool.forEach(chunkCount) { chunk in
        shared.withPart(chunk * binCount..<(chunk + 1) * binCount) { bins in
          for position in positions(chunk) { bins[bin(of: node(at: position), width)] &+= 1 }
        }
      }
    }
    var starts: [UInt64] = []
    var heavyStarts: [Int] = []
    var place: UInt32 = 0
    for bin in 0..<binCount {
      if bin % width == 0 {
        starts.append(UInt64(place))
        heavyStarts.append(Int(place))
      }
      for chunk in 0..<chunkCount {
        let size = next[chunk * binCount + bin]
        next[chunk * binCount + bin] = place
        // At most 2^32 - 1 nodes.
        place &+= size
      }
    }
    starts.append(UInt64(count))

    var globals = isPermutation ? [UInt32](unwritten: count) : Array(repeating: .max, count: count)
    globals.withScatterTarget { target in
      next.withSharedBuffer { shared in
        pool.forEach(chunkCount) { chunk in
          shared.withPart(chunk * binCount..<(chunk + 1) * binCount) { bins in
            for position in positions(chunk) {
              let node = node(at: position)
              let bin = bin(of: node, width)
              target.set(node, to: bins[bin])
              bins[bin] &+= 1
            }
          }
        }
      }
    }
    if case .degree = sequence {
      sortHeavy(&globals, starts: heavyStarts, width: width, pool: pool)
    }
    return (globals, starts)
  }

  /// Whether every node comes once for certain; else one that does not must not get what the memory
  /// held before.
  private var isPermutation: Bool {
    if case .given = sequence { return false }
    return true
  }

  /// Bin 0 of a shard holds the degrees beyond the others.
  private var binsPerShard: Int {
    guard case .degree = sequence else { return 1 }
    return min(max(Self.binLimit / shards, 16), 4096)
  }

  @inline(__always)
  private func node(at position: Int) -> Int {
    if case .given(let nodes) = sequence { return Int(nodes[position]) }
    return position
  }

  @inline(__always)
  private func bin(of node: Int, _ width: Int) -> Int {
    let shard = shardOf.map { Int($0[node]) } ?? 0
    guard width > 1 else { return shard }
    return shard &* width &+ (width &- 1 &- min(Int(inDegrees[node]), width &- 1))
  }

  /// Renumbers the nodes in bin 0 of every shard by degree.
  private func sortHeavy(
    _ globals: inout [UInt32], starts: [Int], width: Int, pool: ThreadPool
  ) {
    var keys: [UInt64] = []
    var nodes: [UInt32] = []
    for (node, degree) in inDegrees.enumerated() where Int(degree) >= width - 1 {
      keys.append(UInt64(shardOf.map { $0[node] } ?? 0) << 32 | UInt64(UInt32.max - degree))
      nodes.append(UInt32(truncatingIfNeeded: node))
    }
    KeySort.sort(&keys, payload: &nodes, pool: pool)
    var starts = starts
    for (key, node) in zip(keys, nodes) {
      let shard = Int(key >> 32)
      globals[Int(node)] = UInt32(truncatingIfNeeded: starts[shard])
      starts[shard] += 1
    }
  }
}
