import MerestoneCore
import MerestoneStorage
import MerestoneTestSupport

/// The in-edges of some destinations, in memory: what an edge file is compared with.
struct EdgeLists {
  var lists: [[UInt64]]
  var maximumSource: UInt64

  /// Random lists: mostly short, some empty, a hub now and then.
  init(
    destinations: Int, meanInDegree: Int, maximumSource: UInt64, seed: UInt64, hub: Int = 0
  ) {
    var generator = SplitMix64(seed: seed)
    self.maximumSource = maximumSource
    lists = (0..<destinations).map { destination in
      var degree = Int.random(in: 0...2 * meanInDegree, using: &generator)
      if Int.random(in: 0..<4, using: &generator) == 0 { degree = 0 }
      if destination == destinations / 2 { degree += hub }
      return (0..<degree).map { _ in UInt64.random(in: 0...maximumSource, using: &generator) }
        .sorted()
    }
  }

  init(_ lists: [[UInt64]], maximumSource: UInt64) {
    self.lists = lists
    self.maximumSource = maximumSource
  }

  var sources: [UInt64] { lists.flatMap { $0 } }
  var inDegrees: [UInt64] { lists.map { UInt64($0.count) } }

  /// Where each list starts, and the number of edges. Shape `[d + 1]`.
  var starts: [UInt64] {
    var starts: [UInt64] = [0]
    for list in lists { starts.append(starts.last! + UInt64(list.count)) }
    return starts
  }

  /// Writes an edge file, `chunk` destinations at a time.
  @discardableResult
  func write(
    to path: String, chunk: Int = .max, pool: ThreadPool? = nil
  ) throws(StorageError) -> FileEntry {
    var writer = try EdgeStoreWriter(
      path: path, destinationCount: lists.count, edgeCount: sources.count,
      maximumSource: maximumSource, pool: pool)
    var first = 0
    while first < lists.count {
      let upper = chunk < lists.count - first ? first + chunk : lists.count
      let part = EdgeLists(Array(lists[first..<upper]), maximumSource: maximumSource)
      let degrees = part.inDegrees
      let sources = part.sources
      try writer.append(inDegrees: degrees.span, sources: sources.span)
      first = upper
    }
    return try writer.finish(.deferred)
  }

  /// Everything that a store holds, read list by list and page by page in all ways.
  static func problems(of store: EdgeStore, against expected: EdgeLists) throws -> [String] {
    var problems: [String] = []
    let sources = expected.sources
    let starts = expected.starts
    if store.edgeCount != sources.count { problems.append("\(store.edgeCount) edges") }
    for local in expected.lists.indices {
      let range = try store.edgeRange(of: LocalNodeID(UInt64(local)))
      if range != Int(starts[local])..<Int(starts[local + 1]) {
        problems.append("destination \(local): edges \(range)")
      }
    }
    var offsets = [UInt64](repeating: 0, count: starts.count)
    var offsetSpan = offsets.mutableSpan
    try store.decodeOffsets(0..<starts.count, into: &offsetSpan, adding: 7)
    if offsets != starts.map({ $0 + 7 }) { problems.append("decoded offsets") }
    var wide: [UInt64] = []
    var narrow: [UInt64] = []
    var scratch = PageScratch()
    for page in 0..<store.pageCount {
      var ids = [UInt64](repeating: 0, count: store.pageEdges)
      var span = ids.mutableSpan
      let count = try store.decodePage(page, into: &span, scratch: &scratch)
      wide.append(contentsOf: ids[..<count])
      guard store.idBytes <= 4 else { continue }
      var ids32 = [UInt32](repeating: 0, count: store.pageEdges)
      var span32 = ids32.mutableSpan
      let count32 = try store.decodePage(page, into: &span32, scratch: &scratch)
      narrow.append(contentsOf: ids32[..<count32].map { UInt64($0) })
    }
    if wide != sources { problems.append("64-bit ids") }
    if store.idBytes <= 4, narrow != sources { problems.append("32-bit ids") }
    return problems
  }
}
