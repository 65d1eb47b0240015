/// A kind of file that is often given in place of text, told by its first bytes.
struct ForeignFile {
  let kind: String
  let mend: String

  private static let known: [(start: [UInt8], kind: String, mend: String)] = [
    ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "compressed with xz", "decompress it first (xz -d)"),
    (Array("BZh".utf8) + [], "compressed with bzip2", "decompress it first (bzip2 -d)"),
    (Array("PK".utf8) + [3, 4], "a zip archive", "unpack it first"),
    ([0x93] + Array("NUMPY".utf8), "a NumPy array", "use --format npy for edges"),
    (Array("PAR1".utf8), "a Parquet file", "convert it to CSV first"),
    ([0xff, 0xfe], "UTF-16 text", "convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)"),
    ([0xfe, 0xff], "UTF-16 text", "convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)"),
  ]

  /// nil for anything else.
  init?(_ view: TextView) {
    let found = Self.known.first { entry in
      view.count >= entry.start.count
        && entry.start.indices.allSatisfy { view[$0] == entry.start[$0] }
    }
    guard let found, found.kind != "compressed with bzip2" || Self.isBzip2(view) else { return nil }
    kind = found.kind
    mend = found.mend
  }

  /// `BZh`, a digit, and the first block's magic number: `BZh` alone may start a word.
  private static func isBzip2(_ view: TextView) -> Bool {
    view.count >= 10 && view[4] == 0x31 && view[5] == 0x41 && view[6] == 0x59
  }
}
