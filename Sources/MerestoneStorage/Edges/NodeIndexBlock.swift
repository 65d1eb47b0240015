internal import CMerestoneKernels

/// The node index of up to 512 destinations: where each one's list starts, as an Elias-Fano
/// sequence of cumulative in-degrees.
///
/// With `n` destinations that have `u` in-edges together, and `v[i]` the number of in-edges of
/// destinations `0...i`, the low `l = max(0, floor(log2(u / n)))` bits of each `v[i]` are stored as
/// they are, and the rest in unary: bit `(v[i] >> l) + i` of the high part is set. That takes
/// `2 + l` bits a destination, about `2 + log2(mean in-degree)`. Vigna, "Quasi-Succinct Indices",
/// WSDM 2013.
///
/// | offset | size | meaning (little-endian) |
/// |---|---|---|
/// | 0 | 8 | `u`, in-edges of the block |
/// | 8 | 8 * ceil(n * l / 64) | low bits, `v[i]` at bit `i * l` |
/// | then | 8 * ceil((n + (u >> l)) / 64) | high part; unused last bits are 0 |
///
/// Sizes follow from `n` and `u`, so a payload of another size is damaged.
package enum NodeIndexBlock {
  /// Destinations of a block; the last block of a file may have fewer.
  package static let nodes = 512

  /// Bytes before the low bits.
  static let prefixBytes = 8

  @inline(__always) static func lowBits(nodes: Int, edges: UInt64) -> Int {
    // The division by 512 is the usual one, and a shift.
    let mean = nodes == self.nodes ? edges >> 9 : edges / UInt64(nodes)
    return mean == 0 ? 0 : 63 &- mean.leadingZeroBitCount
  }

  @inline(__always) static func words(bits: Int) -> Int { (bits &+ 63) >> 6 }

  /// The size of a payload. The high part of `edges` is below `2 * nodes`, so nothing overflows.
  @inline(__always) package static func byteCount(nodes: Int, edges: UInt64) -> Int {
    let low = lowBits(nodes: nodes, edges: edges)
    let high = nodes &+ Int(edges >> UInt64(low))
    return prefixBytes &+ 8 &* (words(bits: nodes &* low) &+ words(bits: high))
  }

  /// Appends the payload of one block to `bytes`.
  /// - Parameter inDegrees: In-degrees of the block's destinations, shape `[n]`, `1...512` of them,
  ///   with a sum below `2^63`.
  package static func encode(_ inDegrees: Span<UInt64>, into bytes: inout [UInt8]) {
    let count = inDegrees.count
    precondition(count > 0 && count <= nodes, "a block of \(count) destinations")
    var edges: UInt64 = 0
    for index in inDegrees.indices { edges += inDegrees[index] }
    let low = lowBits(nodes: count, edges: edges)
    let lowWords = words(bits: count * low)
    var payload = [UInt64](repeating: 0, count: byteCount(nodes: count, edges: edges) / 8)
    payload[0] = edges
    var value: UInt64 = 0
    let mask = (1 as UInt64) << UInt64(low) - 1
    for index in 0..<count {
      value += inDegrees[index]
      if low > 0 {
        let bit = index * low
        let word = 1 + bit >> 6
        let shift = UInt64(bit & 63)
        payload[word] |= (value & mask) << shift
        if Int(shift) + low > 64 { payload[word + 1] |= (value & mask) >> (64 - shift) }
      }
      let high = Int(value >> UInt64(low)) + index
      payload[1 + lowWords + high >> 6] |= 1 << UInt64(high & 63)
    }
    for word in payload { bytes.appendLittleEndian(word) }
  }

  /// Where the list of one destination starts and ends, counted from the block's first edge.
  ///
  /// - Returns: `nil` where the payload can't be an index of `count` destinations.
  /// - Precondition: `node` is in `0..<count`, and `count` in `1...512`.
  /// - Complexity: reads at most 24 words; allocates nothing.
  package static func range(
    of node: Int, count: Int, payload: RawSpan
  ) -> (lower: UInt64, upper: UInt64)? {
    guard let shape = Shape(payload, count: count) else { return nil }
    let highBytes = payload.extracting(shape.highOffset..<payload.byteCount)
    // SAFETY: the kernel reads the words that are lent here.
    let found = unsafe highBytes.withUnsafeBytes {
      unsafe mrs_select($0.baseAddress, shape.highWords, UInt64(max(node, 1) &- 1))
    }
    guard found >= 0 else { return nil }
    var position = Int(found)
    var lower: UInt64 = 0
    if node > 0 {
      lower = shape.value(node &- 1, highBit: position, payload)
      position &+= 1
      var word = position >> 6
      guard word < shape.highWords else { return nil }
      var bits = shape.highWord(word, payload) & ((.max as UInt64) &<< UInt64(position & 63))
      while bits == 0 {
        word &+= 1
        guard word < shape.highWords else { return nil }
        bits = shape.highWord(word, payload)
      }
      position = word &* 64 &+ bits.trailingZeroBitCount
    }
    let upper = shape.value(node, highBit: position, payload)
    guard lower <= upper, upper <= shape.edges else { return nil }
    return (lower, upper)
  }

  /// Decodes every destination's end, in order.
  ///
  /// - Parameter ends: Receives `v[0]...v[count - 1]`.
  /// - Returns: The in-edges of the block; `nil` where the payload is no index of `count`
  ///   destinations: a wrong size, too few values, values that descend, or a last one that is not
  ///   the number of in-edges.
  package static func decode(
    count: Int, payload: RawSpan, into ends: inout MutableSpan<UInt64>
  ) -> UInt64? {
    guard let shape = Shape(payload, count: count), ends.count >= count else { return nil }
    let found =
      shape.low <= 56
      ? shape.decode(payload, count: count, into: &ends)
      : shape.decodeReference(payload, count: count, into: &ends)
    guard found == count, ends[count &- 1] == shape.edges else { return nil }
    var last: UInt64 = 0
    var descents = 0
    for index in 0..<count {
      descents |= ends[index] < last ? 1 : 0
      last = ends[index]
    }
    return descents == 0 ? shape.edges : nil
  }

  /// Where the parts of a payload lie, checked against its size.
  struct Shape {
    let edges: UInt64
    let low: Int
    let lowWords: Int
    let highWords: Int

    @inline(__always) init?(_ payload: RawSpan, count: Int) {
      guard count > 0, count <= nodes, payload.byteCount >= prefixBytes else { return nil }
      edges = payload.littleEndian(at: 0, as: UInt64.self)
      guard edges >> 63 == 0, byteCount(nodes: count, edges: edges) == payload.byteCount else {
        return nil
      }
      low = lowBits(nodes: count, edges: edges)
      lowWords = words(bits: count &* low)
      highWords = payload.byteCount / 8 &- 1 &- lowWords
    }

    /// Where the high part starts.
    @inline(__always) var highOffset: Int { prefixBytes &+ 8 &* lowWords }

    /// Decodes the first `count` values.
    /// - Returns: How many there are.
    func decode(
      _ payload: RawSpan, count: Int, into values: inout MutableSpan<UInt64>
    ) -> Int {
      unsafe payload.withUnsafeBytes { bytes in
        unsafe values.withUnsafeMutableBufferPointer { values in
          // SAFETY: the low part is followed by the high part, which has at least one word; at most
          // `count` values are written, which `decode` has room for.
          unsafe mrs_elias_fano_decode(
            bytes.baseAddress! + prefixBytes, UInt32(low), bytes.baseAddress! + highOffset,
            highWords, count, values.baseAddress)
        }
      }
    }

    /// The same in plain Swift, for low parts of any width.
    func decodeReference(
      _ payload: RawSpan, count: Int, into values: inout MutableSpan<UInt64>
    ) -> Int {
      var index = 0
      for word in 0..<highWords {
        var bits = highWord(word, payload)
        while bits != 0 {
          if index < count {
            values[index] = value(
              index, highBit: word &* 64 &+ bits.trailingZeroBitCount, payload)
          }
          index &+= 1
          bits &= bits &- 1
        }
      }
      return index
    }

    @inline(__always) func highWord(_ word: Int, _ payload: RawSpan) -> UInt64 {
      payload.littleEndian(at: highOffset &+ 8 &* word, as: UInt64.self)
    }

    @inline(__always) func value(_ index: Int, highBit: Int, _ payload: RawSpan) -> UInt64 {
      let high = UInt64(truncatingIfNeeded: highBit &- index) &<< UInt64(low)
      guard low > 0 else { return high }
      let bit = index &* low
      let offset = prefixBytes &+ 8 &* (bit >> 6)
      let shift = UInt64(bit & 63)
      var value = payload.littleEndian(at: offset, as: UInt64.self) &>> shift
      if Int(shift) &+ low > 64 {
        value |= payload.littleEndian(at: offset &+ 8, as: UInt64.self) &<< (64 &- shift)
      }
      return high | value & ((1 as UInt64) &<< UInt64(low) &- 1)
    }
  }
}
