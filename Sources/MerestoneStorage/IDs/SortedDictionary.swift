import MerestoneCore

/// A mapped dictionary from 64-bit keys to node ids: a column of ascending keys and one of values.
///
/// Nothing is resident; ``SortedSearch`` finds a key in a few reads.
struct SortedDictionary: Sendable {
  let keys: Column
  let values: Column
  let count: Int

  /// - Parameters:
  ///   - prefix: The common part of the files' names.
  ///   - count: How many keys there are.
  ///   - checksum: The checksum that the manifest knows for a side file, by its path.
  init(
    prefix: String, count: Int, checksum: (String) -> UInt32?
  ) throws(StorageError) {
    let (keysPath, valuesPath) = (IDMap.Part.keys.path(prefix), IDMap.Part.values.path(prefix))
    keys = try Column.open(
      path: keysPath, element: .u64, rows: count,
      checksum: checksum(ColumnChecksums.path(of: keysPath)))
    values = try Column.open(
      path: valuesPath, element: IDMap.globalElement(count: count), rows: count,
      checksum: checksum(ColumnChecksums.path(of: valuesPath)))
    self.count = count
  }

  /// The first place of `key`, `nil` where it is absent.
  func firstIndex(of key: UInt64) throws(StorageError) -> Int? {
    try SortedSearch.firstIndex(of: key, count: count) { (index) throws(StorageError) in
      try keys.unsigned(at: index)
    }
  }

  /// The node at a place of the dictionary.
  func node(at index: Int) throws(StorageError) -> NodeID {
    let value = try values.unsigned(at: index)
    guard value < UInt64(count) else {
      throw .corrupt(
        path: values.path, byteOffset: values.byteOffset(ofRow: index), field: "global id",
        expected: "less than \(count)", found: "\(value)")
    }
    return NodeID(value)
  }
}
