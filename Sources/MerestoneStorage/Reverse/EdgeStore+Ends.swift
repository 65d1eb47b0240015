import MerestoneCore

extension EdgeStore {
  /// Says which destination's list each position belongs to.
  ///
  /// - Parameters:
  ///   - positions: Inside `0..<edgeCount`.
  ///   - base: Added to each local destination, such as the shard's lower node boundary.
  ///   - destinations: Receives one destination for each position; at least as many elements.
  /// - Complexity: O(`positions.count` + destinations in between), and a binary search over the
  ///   node index to begin with.
  package func copyDestinations(
    of positions: Range<Int>, adding base: UInt64,
    into destinations: inout MutableSpan<UInt64>
  ) throws(StorageError) {
    precondition(
      positions.lowerBound >= 0 && positions.upperBound <= edgeCount
        && positions.count <= destinations.count, "edges \(positions) of \(edgeCount)")
    guard !positions.isEmpty else { return }
    var first = try destination(of: positions.lowerBound)
    var ends = [UInt64](repeating: 0, count: Self.portion)
    var position = positions.lowerBound
    while position < positions.upperBound {
      let count = min(Self.portion, destinationCount - first)
      guard count > 0 else { throw listsEnd(before: position) }
      // Where the lists behind these start: where these end.
      var span = ends.mutableSpan
      try decodeOffsets(first + 1..<first + count + 1, into: &span, adding: 0)
      for index in 0..<count {
        let end = min(Int(clamping: ends[index]), positions.upperBound)
        let destination = base &+ UInt64(first &+ index)
        while position < end {
          destinations[position &- positions.lowerBound] = destination
          position &+= 1
        }
        if position == positions.upperBound { break }
      }
      first += count
    }
  }

  /// Lists whose ends are decoded at once.
  private static var portion: Int { 4096 }

  /// The destination whose list holds a position, local to the shard.
  ///
  /// - Precondition: `position` is in `0..<edgeCount`.
  /// - Complexity: O(log destinations) reads of the node index. Allocates nothing.
  package func destination(of position: Int) throws(StorageError) -> Int {
    var lower = 0
    var upper = destinationCount
    while lower < upper {
      let middle = lower + (upper - lower) / 2
      if try edgeRange(of: LocalNodeID(UInt64(middle))).upperBound <= position {
        lower = middle + 1
      } else {
        upper = middle
      }
    }
    guard lower < destinationCount else { throw listsEnd(before: position) }
    return lower
  }

  /// The error where the lists end before an edge that there is.
  func listsEnd(before position: Int) -> StorageError {
    .corrupt(
      path: path, byteOffset: header.nodeBlocksOffset, field: "end of the last list",
      expected: "edge \(edgeCount)", found: "edge \(position) or less")
  }
}
