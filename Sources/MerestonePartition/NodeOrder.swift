/// A bijection between input indices and global ids.
package struct NodeOrder: Sendable, Equatable {
  /// The input index of every global id. Shape `[nodeCount]`.
  package let inputs: [UInt32]

  /// The global id of every input index. Shape `[nodeCount]`.
  package let globals: [UInt32]

  package var count: Int { inputs.count }

  /// - Parameter inputs: A permutation of `0..<inputs.count`.
  /// - Throws: ``PartitionError/inconsistent(check:expected:found:)`` where it is none.
  package init(inputs: [UInt32]) throws(PartitionError) {
    var globals = [UInt32](repeating: .max, count: inputs.count)
    var distinct = 0
    for (global, input) in inputs.enumerated() where Int(input) < inputs.count {
      if globals[Int(input)] == .max { distinct &+= 1 }
      globals[Int(input)] = UInt32(truncatingIfNeeded: global)
    }
    guard distinct == inputs.count else {
      throw .inconsistent(
        check: "the number of nodes with a global id", expected: inputs.count, found: distinct)
    }
    self.inputs = inputs
    self.globals = globals
  }

  /// All nodes in the given order, before any assignment to shards.
  static func sequence(_ ordering: NodeOrdering, inDegrees: [UInt64]) -> [UInt32] {
    let identity = (0..<UInt32(inDegrees.count)).map { $0 }
    switch ordering.resolved {
    case .input, .auto: return identity
    case .degree: return byDegreeDescending(identity, inDegrees: inDegrees)
    }
  }

  /// Sorts by in-degree descending, ties by place in `nodes`: stable counting passes over 11 bits
  /// of the degree at a time.
  private static func byDegreeDescending(
    _ nodes: [UInt32], inDegrees: [UInt64]
  ) -> [UInt32] {
    let highest = inDegrees.max() ?? 0
    var nodes = nodes
    var target = nodes
    var shift: UInt64 = 0
    while highest >> shift > 0 {
      var places = [Int](repeating: 0, count: 2048)
      for node in nodes {
        places[Int(((highest &- inDegrees[Int(node)]) &>> shift) & 2047)] &+= 1
      }
      var start = 0
      for digit in places.indices {
        let length = places[digit]
        places[digit] = start
        start += length
      }
      for node in nodes {
        let digit = Int(((highest &- inDegrees[Int(node)]) &>> shift) & 2047)
        target[places[digit]] = node
        places[digit] &+= 1
      }
      swap(&nodes, &target)
      shift += 11
    }
    return nodes
  }

  /// Gathers the nodes of each shard, keeping the order of `sequence` inside it.
  static func grouped(
    _ sequence: [UInt32], assignment: [UInt16], shards: Int
  ) -> (inputs: [UInt32], bounds: [UInt64]) {
    var places = [Int](repeating: 0, count: shards + 1)
    for shard in assignment { places[Int(shard) + 1] &+= 1 }
    for shard in 0..<shards { places[shard + 1] += places[shard] }
    let bounds = places.map { UInt64($0) }
    var inputs = sequence
    for node in sequence {
      let shard = Int(assignment[Int(node)])
      inputs[places[shard]] = node
      places[shard] &+= 1
    }
    return (inputs, bounds)
  }
}
