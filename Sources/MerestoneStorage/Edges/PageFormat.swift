/// How the pages of an edge file hold their ids.
package enum PageFormat: String, Sendable, CaseIterable, Codable {
  /// Byte planes under LZ4: the smaller, read a page at a time. See ``PageCodec``.
  case lz4
  /// Bit-packed differences from the page's smallest id: any edge can be read alone. See
  /// ``PackedPage``.
  case packed

  /// What the file's header says.
  var code: UInt32 { self == .lz4 ? 0 : 1 }

  init?(code: UInt32) {
    guard let format = Self.allCases.first(where: { $0.code == code }) else { return nil }
    self = format
  }
}
