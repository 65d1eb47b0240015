import MerestoneCore

/// A mapped dictionary from 64-bit keys to node ids: a column of ascending keys and one of values.
///
/// Nothing is resident. Keys are hashes, so their places are nearly proportional to their values,
/// and a few reads find one; any other distribution costs O(log *n*) reads.
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
  ///
  /// Interpolation with guards: a probe at the expected place, then one a standard deviation or two
  /// beyond the key, which mostly closes the interval from the other side. A round that leaves
  /// more than half of the interval bisects it.
  /// - Complexity: O(log log *n*) reads for hashed keys, at most 3 log2 *n* for any.
  func firstIndex(of key: UInt64) throws(StorageError) -> Int? {
    // Keys below `lower` are less than `key`, the nearest being `below`; keys from `upper` on are
    // not, the first being `above`.
    var (lower, upper) = (0, count)
    var (below, above) = (UInt64.min, UInt64.max)

    func probe(_ index: Int) throws(StorageError) {
      let found = try keys.unsigned(at: index)
      if found < key {
        (lower, below) = (index &+ 1, found)
      } else {
        (upper, above) = (index, found)
      }
    }

    while upper &- lower > 4 {
      let size = upper &- lower
      let guess = min(lower &+ Self.share(key &- below, of: above &- below, size), upper &- 1)
      let step = Int(Double(size).squareRoot()) &+ 1
      try probe(guess)
      if lower > guess {
        if guess &+ step < upper { try probe(guess &+ step) }
      } else if guess &- step >= lower {
        try probe(guess &- step)
      }
      if upper &- lower > size / 2 { try probe(lower &+ (upper &- lower) / 2) }
    }
    while lower < upper { try probe(lower &+ (upper &- lower) / 2) }
    return lower < count && above == key ? lower : nil
  }

  /// `size * part / whole`, rounded down; 0 where `whole` is.
  private static func share(_ part: UInt64, of whole: UInt64, _ size: Int) -> Int {
    guard whole > 0 else { return 0 }
    // `part <= whole`, so the quotient is at most `size`, and the upper half below `whole`.
    let product = part.multipliedFullWidth(by: UInt64(size))
    return Int(whole.dividingFullWidth(product).quotient)
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
