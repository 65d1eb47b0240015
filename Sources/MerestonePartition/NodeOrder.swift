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
}
