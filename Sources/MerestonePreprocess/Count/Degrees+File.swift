import MerestoneStorage

extension Degrees {
  /// Where the degrees of a run are kept.
  struct Entry: Codable, Sendable {
    var inDegrees = ArrayFile.Entry(count: 0, checksum: 0)
    var totals = ArrayFile.Entry(count: 0, checksum: 0)
    var isolated = 0
    var edgeCount = 0
    var large: [Int: UInt64] = [:]
  }

  private static func path(_ folder: String, _ name: String) -> String {
    "\(folder)/\(name)-degrees.tmp"
  }

  func write(folder: String) throws(StorageError) -> Entry {
    Entry(
      inDegrees: try ArrayFile.write(inDegrees, to: Self.path(folder, "in")),
      totals: try ArrayFile.write(totals, to: Self.path(folder, "total")),
      isolated: isolated, edgeCount: edgeCount, large: large)
  }

  init(_ entry: Entry, folder: String, withTotals: Bool) throws(StorageError) {
    let inDegrees = try ArrayFile.read(
      entry.inDegrees, of: UInt32.self, from: Self.path(folder, "in"))
    let totals =
      withTotals
      ? try ArrayFile.read(entry.totals, of: UInt32.self, from: Self.path(folder, "total")) : []
    self.init(
      inDegrees: inDegrees, totals: totals, isolated: entry.isolated, edgeCount: entry.edgeCount,
      large: entry.large)
  }
}
