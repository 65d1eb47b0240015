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
    var key: UInt64 = 0
    for byte in 0..<keyBytes {
      key |= UInt64(bytes.byte(at: record &+ byte)) &<< UInt64(8 &* byte)
    }
    var id: UInt64 = 0
    for byte in 0..<idBytes {
      id |= UInt64(bytes.byte(at: record &+ keyBytes &+ byte)) &<< UInt64(8 &* byte)
    }
    return (key, (key &>> UInt64(destinationBits)) &<< UInt64(idBits) | id)
  }
}
