package import MerestoneCore
package import MerestoneStorage

/// How one relation is read under a memory cap, and what each way would take.
///
/// A quarter of the memory is left to mini-batches, threads and what else a program holds. All ways
/// give the same mini-batches.
package struct ReadingPlan: Sendable, Equatable {
  /// The cap.
  package let memory: ByteCount

  /// The decoded relation.
  package let flatBytes: ByteCount

  /// What reading packed pages keeps in memory beside the mapped files; `nil` where the pages are not
  /// packed.
  package let packedBytes: ByteCount?

  /// The files of packed pages, which stay mapped while they are read in place; `nil` where there are
  /// none.
  package let packedFileBytes: ByteCount?

  /// The edge files, which count as memory where they stay mapped.
  package let fileBytes: ByteCount

  /// The table over nodes that each thread wants.
  package let stampBytes: ByteCount

  /// The way that is taken.
  package let way: Reading

  /// - Parameters:
  ///   - memory: The cap on everything together.
  ///   - way: Chooses by hand; `nil` takes the fastest that fits.
  package init(
    _ manifest: GraphManifest, relation: RelationID, memory: ByteCount, way: Reading? = nil
  ) {
    self.memory = memory
    let entry = manifest.relations[relation.rawValue]
    flatBytes = ByteCount(FlatTopology.byteCount(of: relation, in: manifest))
    func bytes(ofFilesEndingIn suffix: String) -> Int {
      manifest.files.reduce(0) { $0 + ($1.path.hasSuffix(suffix) ? $1.bytes : 0) }
    }
    fileBytes = ByteCount(bytes(ofFilesEndingIn: GraphLayout.edgeSuffix(relation)))
    stampBytes = ByteCount(4 * manifest.nodeTypes[entry.destinationType].count)
    packedBytes =
      entry.isPacked ? ByteCount(PackedTopology.byteCount(of: relation, in: manifest)) : nil
    packedFileBytes =
      entry.hasPackedStream
      ? ByteCount(bytes(ofFilesEndingIn: GraphLayout.packedSuffix(relation)))
      : entry.isPacked ? fileBytes : nil
    let room = memory.bytes / 4 * 3
    if let way {
      self.way = way == .packed && packedBytes == nil ? .grouped : way
    } else if flatBytes.bytes <= room {
      self.way = .flat
    } else if let packedBytes, let packedFileBytes,
      packedBytes.bytes + packedFileBytes.bytes <= room
    {
      self.way = .packed
    } else {
      self.way = .grouped
    }
  }

  /// Why a relation cannot be read as asked for.
  package enum Obstacle: Sendable, Equatable {
    case notPacked
    /// What it takes beside mini-batches, above the cap.
    case takes(ByteCount)
  }

  /// What stands in the way of reading as asked for by hand; `nil` for nothing.
  package func obstacle(to asked: Reading) -> Obstacle? {
    if way != asked { return .notPacked }
    return needed > memory ? .takes(needed) : nil
  }

  /// What the way that is taken needs beside mini-batches.
  var needed: ByteCount {
    switch way {
    case .flat: flatBytes
    case .packed: ByteCount((packedBytes?.bytes ?? 0) + (packedFileBytes?.bytes ?? 0))
    case .grouped: ByteCount(0)
    }
  }

  /// Whether pages that were read are given back, so that the files do not count as memory.
  package var dropsBehind: Bool { fileBytes.bytes > memory.bytes / 4 }

  /// What mapped files may take where they are read page by page and are large for the cap: an eighth
  /// of it, and 16 MiB where that is less; `nil` where they may stay.
  package var mappedBound: ByteCount? {
    way == .grouped && dropsBehind ? Self.mappedBound(of: memory) : nil
  }

  static func mappedBound(of memory: ByteCount) -> ByteCount {
    ByteCount(max(16 << 20, memory.bytes / 8))
  }

  /// What a thread's table over nodes may take; a graph with more nodes gets a hash table.
  package func stampBudget(threads: Int) -> ByteCount {
    ByteCount(memory.bytes / 8 / max(1, threads))
  }

  /// What is kept of edge columns for sampling by them, and of node columns, may take together: what
  /// the edges leave of three quarters of the cap; a quarter page by page, and where the edges leave
  /// next to nothing a 32nd.
  package var columnMemory: ByteCount {
    guard way != .grouped else { return ByteCount(memory.bytes / 4) }
    return ByteCount(max(memory.bytes / 32, memory.bytes / 4 * 3 - needed.bytes))
  }

  /// What finished mini-batches that wait for their consumer may take: an eighth of the cap, and what
  /// edges, threads and edge columns leave of the rest but for another eighth.
  package func batchMemory(threads: Int, columnBytes: Int = 0) -> ByteCount {
    let least = memory.bytes / 8
    guard way != .grouped else { return ByteCount(least) }
    return ByteCount(
      max(
        least,
        memory.bytes - needed.bytes - stamps(threads: threads) - columnBytes - memory.bytes / 8))
  }

  /// What the tables of all threads take.
  private func stamps(threads: Int) -> Int {
    stampBytes <= stampBudget(threads: threads) ? stampBytes.bytes * threads : 0
  }
}
