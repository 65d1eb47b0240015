/// The byte shuffle in plain Swift: the reference for the kernels in `shuffle.c`.
///
/// A page of `n` ids of `width` bytes becomes `width` planes of `n` bytes: plane `k` holds byte `k`
/// of every id. Sorted lists share their high bytes, so those planes compress to almost nothing.
enum ByteShuffle {
  /// - Parameters:
  ///   - ids: The ids, shape `[n]`, each below `2^(8 * width)`.
  ///   - planes: Receives `n * width` bytes.
  static func shuffle(
    _ ids: Span<UInt64>, width: Int, into planes: inout MutableSpan<UInt8>
  ) {
    precondition((1...8).contains(width) && planes.count >= ids.count * width, "planes too short")
    for plane in 0..<width {
      for index in ids.indices {
        planes[plane * ids.count + index] = UInt8(
          truncatingIfNeeded: ids[index] >> (8 * UInt64(plane)))
      }
    }
  }

  /// - Parameters:
  ///   - planes: `n * width` bytes.
  ///   - ids: Receives `n` ids.
  static func unshuffle(
    _ planes: Span<UInt8>, width: Int, into ids: inout MutableSpan<UInt64>
  ) {
    precondition((1...8).contains(width), "ids of \(width) bytes")
    let count = planes.count / width
    for index in 0..<count {
      var id: UInt64 = 0
      for plane in 0..<width {
        id |= UInt64(planes[plane * count + index]) << (8 * UInt64(plane))
      }
      ids[index] = id
    }
  }
}
