internal import CMerestoneKernels
package import MerestoneCore

/// Gives the nodes of one mini-batch consecutive block indices in the order they are first seen.
///
/// Two tables do the same: a stamp per node of the graph (one load a node, 4 bytes per node and
/// sampler) where that is affordable, else a hash table that grows with the mini-batch. Either
/// remembers a node as `base + index`, and the next mini-batch takes a higher base, so that nothing
/// is cleared between them. Graphs of more than 2^32 nodes have a ``WideRelabeler``.
package struct NodeRelabeler {
  /// The most nodes of a mini-batch.
  static let maximumNodes = Int(UInt32.max) - 1

  private let nodeCount: Int
  private var wide: WideRelabeler?

  /// How many nodes were seen.
  private var seen = 0
  // The nodes by block index in the first `seen` places, and room for more.
  private var nodes: [UInt32] = []
  private var base: UInt32
  // One per node of the graph; empty where the hash table is used.
  private var stamps: [UInt32] = []
  // `node << 32 | stamp`; an entry whose stamp is below `base` is free.
  private var table: [UInt64] = []
  private var tableBits: UInt32 = 0

  private static let leastTableBits: UInt32 = 12

  /// - Parameters:
  ///   - nodeCount: The nodes of the graph.
  ///   - stampBudget: The bytes that a stamp per node may take.
  ///   - firstBase: At least 1; high in tests of what happens after 2^32 nodes.
  package init(nodeCount: Int, stampBudget: ByteCount, firstBase: UInt32 = 1) {
    self.nodeCount = nodeCount
    base = firstBase
    if nodeCount > 1 << 32 {
      wide = WideRelabeler(firstBase: firstBase)
    } else if nodeCount <= stampBudget.bytes / MemoryLayout<UInt32>.size {
      stamps = [UInt32](inHugePages: 0, count: nodeCount)
    } else {
      resizeTable(to: Self.leastTableBits)
    }
  }

  /// How many distinct nodes were seen.
  package var count: Int { wide?.count ?? seen }

  /// Whether node ids have more than 32 bits.
  var isWide: Bool { wide != nil }

  /// Forgets all nodes.
  /// - Complexity: O(1); O(table) once in 2^32 nodes.
  package mutating func reset() {
    wide?.reset()
    let (next, overflow) = base.addingReportingOverflow(UInt32(seen))
    seen = 0
    base = next
    // A mini-batch may have as many nodes as the graph.
    if overflow || Int(UInt32.max - next) < min(nodeCount, Self.maximumNodes) {
      base = 1
      for index in stamps.indices { stamps[index] = 0 }
      for index in table.indices { table[index] = 0 }
    }
  }

  /// Writes the nodes seen so far, by block index, in place of what `nodes` holds.
  package func copyNodes(into nodes: inout [NodeID]) {
    if let wide { return wide.copyNodes(into: &nodes) }
    nodes.resize(to: seen, filling: NodeID(0))
    var span = nodes.mutableSpan
    for index in 0..<seen { span[index] = NodeID(UInt64(self.nodes[index])) }
  }

  /// Writes the nodes seen so far in 32 bits.
  /// - Precondition: Node ids have no more.
  func copyNodes(into nodes: inout [UInt32]) {
    nodes.removeAll(keepingCapacity: true)
    nodes.append(contentsOf: self.nodes[..<seen])
  }

  /// The block index of each of the first `count` nodes of `sources`, new nodes numbered as they
  /// come.
  ///
  /// - Parameter indices: Receives one index per source, shape `[n]`, in place of what it holds.
  /// - Throws: ``SamplingError/blockTooLarge(nodes:)`` past 2^32 - 2 distinct nodes.
  package mutating func relabel(
    _ sources: [NodeID], count: Int, into indices: inout [BlockIndex]
  ) throws(SamplingError) {
    indices.resize(to: count, filling: BlockIndex(0))
    guard wide == nil else {
      guard self.count + count <= Self.maximumNodes else {
        throw .blockTooLarge(nodes: self.count + count)
      }
      var span = indices.mutableSpan
      wide?.relabel(sources.span.extracting(0..<count), into: &span)
      return
    }
    try relabel(count: count, into: &indices) { narrow in
      for place in 0..<count {
        narrow[place] = UInt32(truncatingIfNeeded: sources[place].rawValue)
      }
    }
  }

  /// The block indices of `count` sources of at most 32 bits.
  ///
  /// - Parameter read: Writes the sources. Shape `[count]`.
  mutating func relabel(
    count: Int, into indices: inout [BlockIndex], read: (inout MutableSpan<UInt32>) -> Void
  ) throws(SamplingError) {
    indices.resize(to: count, filling: BlockIndex(0))
    unsafe indices.withUnsafeMutableBufferPointer { indices in
      // SAFETY: a block index is a 32-bit word.
      unsafe indices.withMemoryRebound(to: UInt32.self) { words in
        var span = unsafe MutableSpan(_unsafeElements: words)
        read(&span)
      }
    }
    try relabel(sources: &indices)
  }

  /// Puts block indices in the place of sources of at most 32 bits.
  mutating func relabel(sources: inout [BlockIndex]) throws(SamplingError) {
    try reserve(sources.count)
    var hop = unsafe mrs_hop()
    // SAFETY: a block index is a 32-bit word; `reserve` made room for new nodes, and every node is
    // below `nodeCount`.
    unsafe sources.withUnsafeMutableBufferPointer { sources in
      unsafe sources.withMemoryRebound(to: UInt32.self) { words in
        var done = 0
        while true {
          unsafe withTables(&hop) { hop in
            done += unsafe mrs_relabel(
              &hop, words.baseAddress.map { unsafe $0 + done }, words.count - done)
          }
          if done == words.count { return }
          resizeTable(to: tableBits + 1)
        }
      }
    }
  }

  /// Makes room for `count` more nodes.
  mutating func reserve(_ count: Int) throws(SamplingError) {
    let needed = min(seen + count, nodeCount)
    guard needed <= Self.maximumNodes else { throw .blockTooLarge(nodes: needed) }
    // One more: the kernels write a node before they know whether it is new.
    guard nodes.count <= needed else { return }
    nodes.resize(to: max(needed + 1, min(2 * nodes.count, nodeCount + 1)), filling: 0)
  }

  /// Runs a hop until it is complete.
  ///
  /// - Parameters:
  ///   - hop: Everything but the nodes seen and the tables is set; ``reserve(_:)`` made room for its
  ///     sources.
  ///   - isPicked: Whether its edges are there already.
  ///   - load: Brings a packed page that the hop needs.
  @unsafe mutating func run(
    _ hop: inout mrs_hop, isPicked: Bool, load: (Int) throws(SamplingError) -> Void
  ) throws(SamplingError) {
    while true {
      let result = unsafe withTables(&hop) {
        unsafe isPicked ? mrs_finish_hop(&$0) : mrs_sample_hop(&$0)
      }
      switch result {
      case 1: return
      case 2: try load(unsafe hop.missing_page)
      default: resizeTable(to: tableBits + 1)
      }
    }
  }

  /// Lends the nodes and tables to a kernel through `hop`, and keeps what it saw.
  @unsafe private mutating func withTables<R>(
    _ hop: inout mrs_hop, _ body: (inout mrs_hop) -> R
  ) -> R {
    let base = base
    let tableBits = tableBits
    let seen = seen
    let result = unsafe nodes.withUnsafeMutableBufferPointer { nodes in
      unsafe stamps.withUnsafeMutableBufferPointer { stamps in
        unsafe table.withUnsafeMutableBufferPointer { table in
          unsafe hop.nodes = nodes.baseAddress
          unsafe hop.seen = seen
          unsafe hop.base = base
          unsafe hop.stamps = stamps.isEmpty ? nil : stamps.baseAddress
          unsafe hop.table = table.baseAddress
          unsafe hop.table_bits = tableBits
          return unsafe body(&hop)
        }
      }
    }
    self.seen = unsafe hop.seen
    return result
  }

  private mutating func resizeTable(to bits: UInt32) {
    tableBits = bits
    table = [UInt64](repeating: 0, count: 1 << Int(bits))
    let mask = table.count - 1
    for index in 0..<seen {
      let node = UInt64(nodes[index])
      var slot = Int((node &* 0x9E37_79B9_7F4A_7C15) &>> UInt64(64 - bits))
      while table[slot] != 0 { slot = (slot + 1) & mask }
      table[slot] = node &<< 32 | UInt64(base &+ UInt32(index))
    }
  }
}
