/// One file of a graph as the manifest lists it.
package struct FileEntry: Codable, Sendable, Equatable {
  /// Relative to the graph's folder where the manifest holds it; as given to the writer before.
  package var path: String

  package var bytes: Int

  /// A CRC-32C that vouches for the file: of the header of a file of edges or of
  /// their ids (which vouches for the rest), of the side file of a column (in the entries of both its files), else of all bytes.
  package var checksum: UInt32

  package init(path: String, bytes: Int, checksum: UInt32) {
    self.path = path
    self.bytes = bytes
    self.checksum = checksum
  }
}
