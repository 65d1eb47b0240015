/// What decides how much memory the multilevel partitioner and the locality order take; by the
/// graph alone, so that the result never depends on the machine.
enum MultilevelMemory {
  /// Entries up to which the finest level is held in memory: 512 MiB.
  static let wholeLimit = 1 << 26

  static func starts(work: Int) -> Int { tries(8, work: work) }

  static func cycles(work: Int) -> Int { max(2, tries(8, work: work / 4)) }

  /// How often to try what takes a time of `work` per try: less often the larger the work, where
  /// 2^22 is a graph of about a million edges in few shards.
  static func tries(_ most: Int, work: Int) -> Int {
    max(1, min(most, (most << 22) / max(work, 1)))
  }
}
