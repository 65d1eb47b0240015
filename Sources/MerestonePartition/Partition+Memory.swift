extension Partition {
  /// Bytes that a partitioner and an order allocate at their peak, in-degrees and the training
  /// nodes not counted; the larger of the two, since one follows the other.
  ///
  /// | what | bytes |
  /// |---|---|
  /// | `ldg`, `fennel` | 6 per node, 40 MiB |
  /// | `multilevel` | 64 per node, 24 per entry of at most 2^27, 512 MiB of tables at most |
  /// | `locality`, `auto` | 36 per node, 16 per entry of at most 2^27, 32 per entry up to 256 MiB for the sample of `auto` |
  /// | global ids | 15 per node, 40 MiB |
  ///
  /// - Parameters:
  ///   - nodes: The number of nodes.
  ///   - entries: The entries of the neighbourhoods, as sampled; for `multilevel` twice as many of
  ///     lists that are a sample.
  package static func workingBytes(
    _ options: PartitionOptions, nodes: Int, entries: Int
  ) -> Int {
    let kept = min(entries, Contraction.entryLimit)
    let mebibyte = 1 << 20
    let assigning =
      switch options.partitioner {
      case .range: 0
      case .random: 2 * nodes
      case .ldg, .fennel: 6 * nodes + 40 * mebibyte
      case .multilevel:
        64 * nodes + 24 * kept + 40 * mebibyte
          + min(8 * nodes * options.shards, 512 * mebibyte)
      }
    let clustering = 36 * nodes + 16 * kept
    let ordering =
      switch options.ordering {
      case .input, .degree: 0
      case .locality: clustering
      case .auto: max(clustering, 20 * nodes + min(256 * mebibyte, 32 * kept))
      }
    return max(assigning, 2 * nodes + ordering, 15 * nodes + 40 * mebibyte)
  }

  /// Edges up to which `multilevel` holds the graph in memory, all neighbours of all nodes.
  package static var wholeEdgeLimit: Int { MultilevelMemory.wholeLimit / 2 }

  /// What `multilevel` goes through in all its beginnings and cycles: entries, and nodes times shards.
  package static func multilevelWork(nodes: Int, entries: Int, shards: Int) -> Int {
    let work = entries + nodes * shards
    let beginnings =
      entries <= MultilevelMemory.wholeLimit ? MultilevelMemory.starts(work: work) : 0
    return work * (beginnings + MultilevelMemory.cycles(work: work))
  }
}
