package import MerestoneIngest

/// How the dictionary spends its memory. Results never depend on it.
package struct DictionaryPlan: Sendable, Equatable {
  /// Bits of a hash that choose a bucket; the upper ones choose a piece of the front table.
  package var bucketBits: Int
  /// For the buffers of the buckets while ids come in.
  package var bufferBytes: Int
  /// Slots and string bytes of each piece of the front table, about.
  package var frontSlots: Int
  package var frontArenaBytes: Int
  /// Ids that are looked up together: their number and bytes.
  package var sliceIDs: Int
  package var sliceBytes: Int
  /// Where a range of entries is closed.
  package var rangeEntries: Int
  package var rangeBytes: Int
  /// What one thread may use while it makes a bucket's ids distinct.
  package var tableBytes: Int
  /// For the buffers of each of the files that are written while buckets are read.
  package var passBufferBytes: Int
  /// What a test leaves of the hashes; all ones else.
  package var hashMask: UInt64 = .max

  /// The least that works: smaller budgets are treated as this one.
  package static let leastMemory = 16 << 20

  /// - Parameters:
  ///   - memory: Bytes to use, at least ``leastMemory``.
  ///   - kind: Of the raw ids.
  ///   - threads: Of the pool that will be used.
  package init(memory: Int, kind: RawIDKind, threads: Int) {
    let memory = max(memory, Self.leastMemory)
    let threads = max(1, threads)
    bufferBytes = min(memory / 4, 256 << 20)
    var bits = 10
    while bits > FrontShard.bits, bufferBytes >> bits < 16 << 10 { bits -= 1 }
    bucketBits = bits
    sliceIDs = min(1 << 17, memory / 256)
    sliceBytes = min(4 << 20, memory / 16)
    // Growing needs the old piece beside the new one, for as many pieces as there are threads.
    let pieces = 1 << FrontShard.bits
    let front = memory * 9 / 16 / (pieces + min(threads, pieces))
    let slotShare = kind == .integer ? front : front / 2
    frontSlots = min(slotShare / FrontShard.slotBytes, 1 << 26)
    frontArenaBytes = front - slotShare
    rangeEntries = min(max(memory / 32 / threads, sliceIDs), 4 << 20)
    rangeBytes = min(max(memory / 8 / threads, sliceBytes), 64 << 20)
    tableBytes = memory / 2 / threads
    passBufferBytes = min(memory / 10, 128 << 20)
  }

  /// Entries at which a piece of the front table counts as full: what a slice may add still fits.
  var entryLimit: Int { max(frontSlots * 3 / 4 - sliceIDs / 8, frontSlots / 4) }

  /// Entries of the whole front table, about: those of ids of `meanBytes`.
  func frontEntries(kind: RawIDKind, meanBytes: Double) -> Double {
    let slots = Double(frontSlots) * 0.75
    let pieces = Double(1 << FrontShard.bits)
    return pieces
      * (kind == .integer ? slots : min(slots, Double(frontArenaBytes) / (meanBytes + 1)))
  }

  /// The highest use of temporary disk space while a dictionary is made, in bytes.
  ///
  /// Assumes ends that are drawn evenly; where some ids come more often than others, less is used.
  /// - Parameters:
  ///   - distinct: Different ids.
  ///   - meanBytes: Of a string; 8 for integers.
  ///   - kept: What stays when the dictionary is ready.
  package static func temporaryBytes(
    edges: Int, listed: Int, distinct: Int, meanBytes: Double, kind: RawIDKind, memory: Int,
    threads: Int
  ) -> (peak: Int, kept: Int) {
    let plan = DictionaryPlan(memory: memory, kind: kind, threads: threads)
    let (ends, nodes) = (2 * Double(edges), Double(max(distinct, 1)))
    let front = plan.frontEntries(kind: kind, meanBytes: meanBytes)
    // A table that holds `front` of `nodes` ids fills up once in `draws` ends.
    let draws = front < nodes * 0.999 ? nodes * -logarithm(1 - front / nodes) : .infinity
    let entries =
      Double(listed)
      + (draws == .infinity ? min(ends, nodes) : min(ends, max(ends / draws, 1) * front))
    let id = kind == .integer ? 8 : meanBytes + 1
    let routed = entries * (id + 5)
    let repeats = max(0, entries - nodes)
    let ids = nodes * id
    let firsts = kind == .integer ? nodes * 13 : nodes * (id + 4)
    let merged = max(routed, firsts + repeats * 9)
    let numbered = ids + entries * 4 + max(firsts + repeats * 9, repeats * 8)
    let kept = ends * 4 + ids
    return (peak: Int(ends * 4 + max(merged, numbered)), kept: Int(kept))
  }

  /// The natural logarithm of a value of (0, 1], to a thousandth or so.
  private static func logarithm(_ value: Double) -> Double {
    // ln x = 2 artanh((x - 1) / (x + 1)) after x was brought near 1.
    var (x, shift) = (max(value, 1e-12), 0.0)
    while x < 0.7 {
      x *= 2
      shift -= 0.693_147_180_559_945
    }
    let t = (x - 1) / (x + 1)
    return shift + 2 * (t + t * t * t / 3 + t * t * t * t * t / 5)
  }
}
