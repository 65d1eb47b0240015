/// The raw ids of one node type's nodes, both ways, in mapped files.
///
/// Nothing is resident but what a lookup reads. Files share a prefix (`ids/t0000`); all are columns
/// (``Column``), so the first touch of a MiB verifies it.
///
/// | file | type and rows | holds | where |
/// |---|---|---|---|
/// | `.raw.npy` | `u32` or `u64`, *n* | raw id of each node | integers but identity |
/// | `.dense.npy` | `u32` or `u64`, largest raw id + 1 | the node of each raw id, all ones for none | dense |
/// | `.raw.offsets.npy` | `u64`, ⌈*n* / 16⌉ + 1 | where each 16 nodes' strings start in the bytes | strings |
/// | `.raw.bytes.npy` | `u8` | the strings, UTF-8, each behind its length | strings |
/// | `.index.npy` | `u32` or `u64`, *g* + 1 | where each group of the dictionary starts | dictionary |
/// | `.keys.npy` | `u16`, *n*, ascending in a group | 16 bits of the ``RawIDHash`` of a raw id | dictionary |
/// | `.values.npy` | `u32` or `u64`, *n* | the node of each key, by hash, then ascending | dictionary |
///
/// Global ids and places are `u32` up to 2^32 - 1 nodes. A length is stored in groups of seven bits,
/// the lowest first, each but the last with its upper bit set. Strings are equal where their bytes
/// are. ``HashDictionary`` says what groups are; *g* is the number of nodes / 16, at least 1.
///
/// Bytes per id: none where raw ids are the global ids; 4 plus at most 12, mostly 4, dense; 14.25
/// sparse 64-bit integers; 7.75 plus their own strings of up to 127 bytes.
package final class IDMap: Sendable {
  /// What raw ids are.
  package enum Kind: String, Codable, Sendable {
    case integer, string
  }

  /// How a raw id finds its node.
  package enum Storage: String, Codable, Sendable {
    /// The raw id is the global id: there are no files.
    case identity
    /// An array indexed by raw id.
    case dense
    /// Sorted hashes.
    case dictionary
  }

  /// The files of a map.
  enum Part: String {
    case raw, dense, index, keys, values
    case offsets = "raw.offsets"
    case bytes = "raw.bytes"

    func path(_ prefix: String) -> String { "\(prefix).\(rawValue).npy" }
  }

  enum Form: Sendable {
    case identity
    case dense(raw: Column, nodes: Column)
    case integers(raw: Column, dictionary: HashDictionary)
    case strings(offsets: Column, bytes: Column, dictionary: HashDictionary)
  }

  /// The common part of the files' names.
  package let prefix: String

  package let kind: Kind
  package let storage: Storage

  /// How many nodes there are.
  package let count: Int

  let form: Form

  /// Opens a map: headers and sizes are checked, nothing else is read.
  ///
  /// - Parameters:
  ///   - prefix: The common part of the files' names.
  ///   - count: How many nodes there are; a type without nodes has no files.
  ///   - checksum: The checksum that the manifest knows for a side file, by its path; `nil` skips
  ///     the check.
  package static func open(
    prefix: String, kind: Kind, storage: Storage, count: Int,
    checksum: (String) -> UInt32? = { _ in nil }
  ) throws(StorageError) -> IDMap {
    func column(
      _ part: Part, _ element: ElementType? = nil, rows: Int?
    ) throws(StorageError) -> Column {
      let path = part.path(prefix)
      let column = try Column.open(
        path: path, element: element, rows: rows,
        checksum: checksum(ColumnChecksums.path(of: path)))
      guard [.u8, .u32, .u64].contains(column.element) else {
        throw .corrupt(
          path: path, byteOffset: 0, field: "type", expected: "unsigned integers",
          found: column.element.numpyName)
      }
      return column
    }

    let form: Form
    switch (kind, storage) {
    case _ where count == 0, (.integer, .identity):
      form = .identity
    case (.integer, .dense):
      form = .dense(
        raw: try column(.raw, rows: count),
        nodes: try column(.dense, globalElement(count: count), rows: nil))
    case (.integer, .dictionary):
      form = .integers(
        raw: try column(.raw, rows: count),
        dictionary: try HashDictionary(prefix: prefix, count: count, checksum: checksum))
    case (.string, .dictionary):
      let groups = stringGroupCount(count)
      let offsets = try column(.offsets, .u64, rows: groups + 1)
      let total = try offsets.unsigned(at: groups)
      guard let bytes = Int(exactly: total) else {
        throw .corrupt(
          path: offsets.path, byteOffset: offsets.byteOffset(ofRow: groups),
          field: "end of strings", expected: "less than 2^63", found: "\(total)")
      }
      form = .strings(
        offsets: offsets, bytes: try column(.bytes, .u8, rows: bytes),
        dictionary: try HashDictionary(prefix: prefix, count: count, checksum: checksum))
    case (.string, .identity), (.string, .dense):
      throw .invalid(
        path: prefix, what: "storage of string ids", expected: "dictionary",
        found: storage.rawValue, mend: "make the graph again")
    }
    return IDMap(prefix, kind, storage, count, form)
  }

  private init(
    _ prefix: String, _ kind: Kind, _ storage: Storage, _ count: Int, _ form: Form
  ) {
    self.prefix = prefix
    self.kind = kind
    self.storage = storage
    self.count = count
    self.form = form
  }

  /// The size of all files in bytes: headers, side files and all.
  package var bytesOnDisk: Int { columns.reduce(0) { $0 + $1.bytesOnDisk } }

  /// The columns that the map is made of.
  package var columns: [Column] {
    switch form {
    case .identity: []
    case .dense(let raw, let nodes): [raw, nodes]
    case .integers(let raw, let dictionary):
      [raw, dictionary.index, dictionary.keys, dictionary.values]
    case .strings(let offsets, let bytes, let dictionary):
      [offsets, bytes, dictionary.index, dictionary.keys, dictionary.values]
    }
  }

  /// Nodes whose strings have one offset together.
  static let stringGroupSize = 16

  static func stringGroupCount(_ count: Int) -> Int {
    count / stringGroupSize + (count % stringGroupSize == 0 ? 0 : 1)
  }

  /// The type of global ids among `count` nodes. All ones stay free, to say "none".
  static func globalElement(count: Int) -> ElementType { count <= UInt32.max ? .u32 : .u64 }
}
