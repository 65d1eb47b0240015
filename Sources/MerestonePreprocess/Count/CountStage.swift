import MerestoneCore
import MerestoneStorage
import Synchronization

/// Counts the edges of every node, self-loops, and edges that policies leave out.
struct CountStage {
  /// For the ends that wait to be counted, of all threads; see ``PendingEnds``.
  let memory: Int
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// What edges are counted beside the degrees.
  struct Tally: Codable, Sendable {
    var selfLoops = 0
    var selfLoopsDropped = 0
    var unlistedDropped = 0
    /// The first edge with an end that is no node, where there is one.
    var firstUnlisted: Int?

    mutating func join(_ other: Tally) {
      selfLoops += other.selfLoops
      selfLoopsDropped += other.selfLoopsDropped
      unlistedDropped += other.unlistedDropped
      if let edge = other.firstUnlisted { firstUnlisted = min(firstUnlisted ?? edge, edge) }
    }
  }

  /// What came of it, for the journal.
  struct Record: Codable, Sendable {
    var tally: Tally
    var degrees = Degrees.Entry()
  }

  private func pending(_ table: DegreeTable) -> PendingEnds {
    PendingEnds(table, bytes: memory / pool.threadCount)
  }

  // MARK: - Raw integers

  /// What ``scan(_:into:dropsSelfLoops:)`` finds beside degrees.
  struct Scan {
    var counts = Tally()
    /// Nodes that have a self-loop which is left out, as a bitmap: they are nodes all the same.
    var loops: [UInt64] = []
  }

  /// Counts integer ids as they lie in the input.
  ///
  /// - Returns: nil where ids need more than 32 bits, or more memory than the table has.
  func scan(
    _ raw: RawEdges, into table: DegreeTable, dropsSelfLoops: Bool
  ) throws(PreprocessError) -> Scan? {
    let total = Mutex<Scan?>(Scan())
    try pool.forEachWorker(of: raw.chunkCount) { (queue) throws(PreprocessError) in
      var bytes: [UInt8] = []
      var chunk = EdgeChunk()
      var pending = pending(table)
      func refuse() {
        total.withLock { $0 = nil }
        queue.stop()
      }
      while let index = queue.claim() {
        if cancellation.isCancelled { throw .interrupted }
        let place = raw.place(ofChunk: index)
        let ends = try raw.read(part: place.part, chunk: place.chunk, into: &bytes)
        guard RawIntegers.narrow(bytes, ends, into: &chunk) else { return refuse() }
        var scan = Scan()
        scan.counts.selfLoops = chunk.selfLoopCount
        if dropsSelfLoops, scan.counts.selfLoops > 0 {
          chunk.markLoops(in: &scan.loops)
          scan.counts.selfLoopsDropped = chunk.filter(rowBytes: 0) { $0 != $1 }
        }
        guard pending.add(chunk) else { return refuse() }
        total.withLock { held in
          held?.counts.join(scan.counts)
          held?.join(loops: scan.loops)
        }
        progress.advance(by: ends.count)
      }
      if !pending.flush() { refuse() }
    }
    return total.withLock { $0 }
  }

  // MARK: - Numbers

  /// Counts edges between numbered nodes.
  ///
  /// - Parameter memory: For the counters of all nodes, checked beforehand.
  func count(
    _ source: EdgeSource, nodeCount: Int, keepsTotals: Bool
  ) throws(PreprocessError) -> (tally: Tally, degrees: Degrees) {
    let table = DegreeTable(memory: Int.max, countsSources: keepsTotals)
    let total = Mutex(Tally())
    try pool.forEachWorker(of: source.chunkCount) { (queue) throws(PreprocessError) in
      var chunk = EdgeChunk()
      var pending = pending(table)
      defer { _ = pending.flush() }
      while let index = queue.claim() {
        if cancellation.isCancelled { throw .interrupted }
        let dropped = try source.read(index, withColumns: false, into: &chunk)
        var tally = Tally()
        tally.unlistedDropped = dropped.unlisted
        tally.selfLoopsDropped = dropped.selfLoops
        tally.selfLoops = dropped.selfLoops + chunk.selfLoopCount
        if !source.dropsUnlisted, let edge = chunk.firstAbsent {
          tally.firstUnlisted = source.firstEdge(ofChunk: index) + edge
          total.withLock { $0.join(tally) }
          continue
        }
        _ = pending.add(chunk)
        total.withLock { $0.join(tally) }
        progress.advance(by: chunk.count)
      }
    }
    let degrees = table.takeDegrees(count: nodeCount, keepsTotals: keepsTotals, pool: pool) {
      UInt32(truncatingIfNeeded: $0)
    }
    return (total.withLock { $0 }, degrees)
  }
}

/// Ends of edges that a worker gathers, so that many are counted at a time.
struct PendingEnds {
  private var sources: PageGroups
  private var destinations: PageGroups

  init(_ table: DegreeTable, bytes: Int) {
    sources = PageGroups(of: table, isSource: true, bytes: bytes / 2)
    destinations = PageGroups(of: table, isSource: false, bytes: bytes / 2)
  }

  /// - Returns: Whether the table had memory for what was counted.
  mutating func add(_ chunk: EdgeChunk) -> Bool {
    sources.add(chunk.sources) && destinations.add(chunk.destinations)
  }

  mutating func flush() -> Bool { sources.flush() && destinations.flush() }
}

extension CountStage.Scan {
  mutating func join(loops other: [UInt64]) {
    if loops.count < other.count {
      loops.append(contentsOf: repeatElement(0, count: other.count - loops.count))
    }
    for (word, bits) in other.enumerated() { loops[word] |= bits }
  }
}

extension EdgeChunk {
  var selfLoopCount: Int {
    var count = 0
    for edge in 0..<self.count { count &+= sources[edge] == destinations[edge] ? 1 : 0 }
    return count
  }

  /// The first edge with an end that is no node.
  var firstAbsent: Int? {
    sources.indices.first {
      sources[$0] == NodeNumbers.absent || destinations[$0] == NodeNumbers.absent
    }
  }

  /// Sets the bits of nodes with self-loops.
  func markLoops(in words: inout [UInt64]) {
    for edge in 0..<count where sources[edge] == destinations[edge] {
      let word = Int(sources[edge] >> 6)
      if word >= words.count {
        words.append(contentsOf: repeatElement(0, count: word + 1 - words.count))
      }
      words[word] |= 1 << UInt64(sources[edge] & 63)
    }
  }
}

/// Raw integer ids of a chunk.
enum RawIntegers {
  /// Takes ids below 2^32 - 1 into the ends of `chunk`; false where there are others.
  static func narrow(
    _ bytes: [UInt8], _ ends: RawEdges.Ends, into chunk: inout EdgeChunk
  ) -> Bool {
    let count = ends.count
    let idBytes = ends.form == .u64 ? 8 : 4
    precondition(2 * count * idBytes <= bytes.count, "ids beyond the block")
    let step = ends.isInterleaved ? 2 : 1
    let second = ends.isInterleaved ? 1 : count
    var bits: UInt64 = 0
    var highest: UInt32 = 0
    func take(_ first: Int, into output: inout [UInt32]) {
      output.removeAll(keepingCapacity: true)
      unsafe bytes.withUnsafeBytes { buffer in
        output.append(addingCapacity: count) { span in
          if idBytes == 4 {
            for edge in 0..<count {
              // SAFETY: `first + step * edge` is below `2 * count`.
              let id = unsafe buffer.loadUnaligned(
                fromByteOffset: 4 &* (first &+ step &* edge), as: UInt32.self)
              highest = max(highest, id)
              span.append(id)
            }
          } else {
            for edge in 0..<count {
              // SAFETY: as above.
              let id = unsafe buffer.loadUnaligned(
                fromByteOffset: 8 &* (first &+ step &* edge), as: UInt64.self)
              bits |= id
              let low = UInt32(truncatingIfNeeded: id)
              highest = max(highest, low)
              span.append(low)
            }
          }
        }
      }
    }
    take(0, into: &chunk.sources)
    take(second, into: &chunk.destinations)
    return bits <= UInt64(UInt32.max) && highest < UInt32.max
  }
}
