import MerestoneCore

/// A mapped dictionary from 64-bit hashes to the nodes whose raw ids have them.
///
/// Nodes are sorted by hash. The hash times the number of groups, in 128 bits, says where a node
/// lies: the upper half is its group, of about ``groupSize`` nodes, and the upper 16 bits of the
/// lower half are its key, which is all that is stored of the hash. So a few nodes in a million
/// share group and key with a hash that they do not have: who asks compares raw ids. Where many
/// share them, as ids can be made to, they are searched by the hashes of their raw ids.
///
/// Nothing is resident. A lookup reads one place of the index, the keys of a group (32 bytes),
/// and the node and the raw id of, mostly, one candidate.
package struct HashDictionary: Sendable {
  let keys: Column
  let values: Column
  let index: Column
  let count: Int
  let groupCount: Int

  /// Nodes per group, on average.
  static let groupSize = 16

  package static func groupCount(_ count: Int) -> Int { max(1, count / groupSize) }

  /// Where a hash belongs among the groups.
  package static func place(_ hash: UInt64, groupCount: Int) -> (group: Int, key: UInt16) {
    let product = hash.multipliedFullWidth(by: UInt64(groupCount))
    // The upper half is less than the number of groups.
    return (Int(product.high), UInt16(truncatingIfNeeded: product.low &>> 48))
  }

  /// - Parameters:
  ///   - prefix: The common part of the files' names.
  ///   - count: How many nodes there are; at least 1.
  ///   - checksum: The checksum that the manifest knows for a side file, by its path.
  init(prefix: String, count: Int, checksum: (String) -> UInt32?) throws(StorageError) {
    func column(
      _ part: IDMap.Part, _ element: ElementType, rows: Int
    ) throws(StorageError) -> Column {
      let path = part.path(prefix)
      return try Column.open(
        path: path, element: element, rows: rows,
        checksum: checksum(ColumnChecksums.path(of: path)))
    }
    groupCount = Self.groupCount(count)
    keys = try column(.keys, .u16, rows: count)
    values = try column(.values, IDMap.globalElement(count: count), rows: count)
    index = try column(.index, IDMap.globalElement(count: count), rows: groupCount + 1)
    self.count = count
  }

  /// The node with a hash for which `matches` holds, `nil` where there is none.
  ///
  /// - Parameters:
  ///   - matches: Whether a node has the raw id that is looked for.
  ///   - hashOf: The hash of a node's raw id.
  /// - Complexity: O(1) for ids that were not made to collide, else O(log *n*) for different hashes.
  func node(
    _ hash: UInt64, matches: (NodeID) throws(StorageError) -> Bool,
    hashOf: (NodeID) throws(StorageError) -> UInt64
  ) throws(StorageError) -> NodeID? {
    let place = Self.place(hash, groupCount: groupCount)
    let group = try range(ofGroup: place.group)
    let candidates = try self.candidates(place.key, in: group)
    var position = candidates.lowerBound
    if candidates.count > 8 {
      var upper = candidates.upperBound
      while position < upper {
        let middle = position &+ (upper &- position) / 2
        if try hashOf(node(at: middle)) < hash { position = middle &+ 1 } else { upper = middle }
      }
    }
    while position < candidates.upperBound {
      let node = try node(at: position)
      if try matches(node) { return node }
      if candidates.count > 8, try hashOf(node) != hash { return nil }
      position &+= 1
    }
    return nil
  }

  private func range(ofGroup group: Int) throws(StorageError) -> Range<Int> {
    let start = try index.unsigned(at: group)
    let end = try index.unsigned(at: group &+ 1)
    guard start <= end, end <= UInt64(count) else {
      throw .corrupt(
        path: index.path, byteOffset: index.byteOffset(ofRow: group), field: "start of a group",
        expected: "at most \(min(end, UInt64(count)))", found: "\(start)...\(end)")
    }
    return Int(start)..<Int(end)
  }

  /// The places of a group's nodes with a key.
  private func candidates(
    _ key: UInt16, in group: Range<Int>
  ) throws(StorageError) -> Range<Int> {
    try keys.withRawRows(group) { bytes in
      func place(notBelow key: UInt32) -> Int {
        var (lower, upper) = (0, group.count)
        while upper &- lower > 32 {
          let middle = (lower &+ upper) / 2
          if UInt32(bytes.littleEndian(at: 2 &* middle, as: UInt16.self)) < key {
            lower = middle &+ 1
          } else {
            upper = middle
          }
        }
        while lower < upper, UInt32(bytes.littleEndian(at: 2 &* lower, as: UInt16.self)) < key {
          lower &+= 1
        }
        return lower
      }
      let lower = place(notBelow: UInt32(key))
      var upper = lower
      if group.count &- lower > 32 {
        upper = place(notBelow: UInt32(key) + 1)
      } else {
        while upper < group.count, bytes.littleEndian(at: 2 &* upper, as: UInt16.self) == key {
          upper &+= 1
        }
      }
      return group.lowerBound &+ lower..<group.lowerBound &+ max(lower, upper)
    }
  }

  private func node(at place: Int) throws(StorageError) -> NodeID {
    let value = try values.unsigned(at: place)
    guard value < UInt64(count) else {
      throw .corrupt(
        path: values.path, byteOffset: values.byteOffset(ofRow: place), field: "global id",
        expected: "less than \(count)", found: "\(value)")
    }
    return NodeID(value)
  }
}
