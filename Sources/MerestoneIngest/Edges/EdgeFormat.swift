/// How a file holds edges.
package enum EdgeFormat: String, Sendable, CaseIterable {
  case tsv, csv
  /// Columns separated by blanks.
  case blanks
  /// Text whose separator its first data line tells.
  case text
  /// Little-endian pairs of 32-bit or 64-bit source and destination.
  case u32, u64
  /// A NumPy array of shape [E, 2] or [2, E].
  case npy

  /// The format that a file's name ends in, a compression (`.gz`, `.zst`, `.lz4`) aside; other names are text.
  package init(path: String) {
    var name = path.split(separator: "/").last.map(String.init) ?? path
    if let compression = Compression(path: name) {
      name.removeLast(compression.fileExtension.count + 1)
    }
    switch name.split(separator: ".").last {
    case "u32"?: self = .u32
    case "u64"?: self = .u64
    case "npy"?: self = .npy
    case "csv"?: self = .csv
    case "tsv"?: self = .tsv
    default: self = .text
    }
  }

  var delimiter: Delimiter? {
    switch self {
    case .tsv: .tab
    case .csv: .comma
    case .blanks: .blanks
    case .text, .u32, .u64, .npy: nil
    }
  }
}
