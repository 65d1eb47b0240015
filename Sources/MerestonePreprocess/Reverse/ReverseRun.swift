import MerestoneCore
import MerestoneStorage

/// The out-edges of one bucket, or of a part of it, sorted by source and edge id.
///
/// Edge ids ascend with the destination, so sorting by (source, destination) and by (source, id)
/// gives one order, and two sorts of plain words do: neither has to move the other along.
struct ReverseRun {
  /// `(source - start) << destinationBits | destination`, ascending.
  private(set) var keys: [UInt64] = []
  /// `(source - start) << idBits | edge id`, ascending.
  private(set) var edges: [UInt64] = []
  private(set) var count = 0

  /// Bytes that sorting edges takes, their records included.
  static func workingBytes(edges: Int, recordBytes: Int) -> Int { edges * (recordBytes + 16) }

  /// Sorts records as ``ReversePlan`` packs them.
  mutating func sort(_ records: [UInt8], plan: ReversePlan) {
    let count = records.count / plan.recordBytes
    self.count = count
    if keys.count < count {
      (keys, edges) = ([], [])
      keys = [UInt64](repeating: 0, count: count)
      edges = keys
    }
    // SAFETY: an array of bytes is initialised throughout.
    let bytes = unsafe records.span.bytes
    for index in 0..<count {
      let (key, edge) = plan.unpack(bytes, at: index &* plan.recordBytes)
      keys[index] = key
      edges[index] = edge
    }
    IntegerSort.sort(&keys, count: count)
    IntegerSort.sort(&edges, count: count)
  }
}

extension ReversePlan {
  /// A record's key, and its source and edge id in one word.
  @inline(__always) func unpack(_ bytes: RawSpan, at record: Int) -> (key: UInt64, edge: UInt64) {
    let key = Self.word(bytes, at: record, keyBytes)
    let id = Self.word(bytes, at: record &+ keyBytes, idBytes)
    return (key, (key &>> UInt64(destinationBits)) &<< UInt64(idBits) | id)
  }

  /// A number of so many bytes: a word less what is too much, or byte by byte near the end.
  @inline(__always) private static func word(
    _ bytes: RawSpan, at place: Int, _ count: Int
  ) -> UInt64 {
    if place &+ 8 <= bytes.byteCount {
      // SAFETY: eight bytes lie inside; integers have no invalid bits.
      let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self)
      return UInt64(littleEndian: word) & (UInt64.max &>> UInt64(64 &- 8 &* count))
    }
    var word: UInt64 = 0
    for byte in 0..<count { word |= UInt64(bytes.byte(at: place &+ byte)) &<< UInt64(8 &* byte) }
    return word
  }
}
