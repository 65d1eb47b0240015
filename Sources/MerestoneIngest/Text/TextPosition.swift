/// A place between two batches of an edge list, where reading can go on later.
package struct TextPosition: Sendable, Hashable, Codable {
  /// Bytes of text before it, after decompression. For binary files the bytes of the edges before.
  package var byteOffset: Int
  /// Edges before it.
  package var row: Int
  /// Lines before it, comments and blank lines included; 0 for binary files.
  package var line: Int

  package init(byteOffset: Int, row: Int, line: Int) {
    self.byteOffset = byteOffset
    self.row = row
    self.line = line
  }
}
