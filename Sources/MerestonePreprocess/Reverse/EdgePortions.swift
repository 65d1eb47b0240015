import MerestoneCore
import MerestoneStorage

/// The written edges of one relation, cut into portions of whole pages, to be read again.
struct EdgePortions: Sendable {
  /// One shard's file, and where its destinations and edges begin.
  struct File: Sendable {
    var store: EdgeStore
    var firstDestination: UInt64
    var firstEdge: UInt64
  }

  private let files: [File]
  /// The portions of the files before, for each file. Shape `[files + 1]`.
  private let starts: [Int]

  private static let pages = 32
  /// Edges of a portion but for the last of a file.
  static let edges = pages * 4096

  init(_ files: [File]) {
    self.files = files
    var starts = [0]
    for file in files {
      starts.append(starts.last! + (file.store.pageCount + Self.pages - 1) / Self.pages)
    }
    self.starts = starts
  }

  var count: Int { starts.last! }

  /// The buffers that a thread reads portions into.
  struct Buffers {
    var sources: [UInt32] = []
    var destinations: [UInt64] = []
    /// The id of the first edge; the others follow.
    var firstEdge: UInt64 = 0
    var count = 0
    fileprivate var scratch = PageScratch()
  }

  /// Reads the sources of a portion, and its destinations where they are asked for.
  func read(
    _ portion: Int, withDestinations: Bool, into buffers: inout Buffers
  ) throws(StorageError) {
    // The last file that starts there: those before it may have no edges.
    let number = starts.lastIndex { $0 <= portion }!
    let file = files[number]
    let first = (portion - starts[number]) * Self.pages
    let pages = first..<min(first + Self.pages, file.store.pageCount)
    let positions =
      file.store.edges(ofPage: first)
      .lowerBound..<file.store.edges(ofPage: pages.upperBound - 1).upperBound
    let capacity = Self.pages * file.store.pageEdges
    if buffers.sources.count < capacity {
      buffers.sources = [UInt32](repeating: 0, count: capacity)
    }
    buffers.count = positions.count
    buffers.firstEdge = file.firstEdge + UInt64(positions.lowerBound)
    var scratch = buffers.scratch
    try buffers.sources.withSharedBuffer { sources throws(StorageError) in
      for page in pages {
        let place = (page - first) * file.store.pageEdges
        try sources.withPart(place..<capacity) { ids throws(StorageError) in
          _ = try file.store.decodePage(page, into: &ids, scratch: &scratch)
        }
      }
    }
    buffers.scratch = scratch
    if withDestinations {
      if buffers.destinations.count < capacity {
        buffers.destinations = [UInt64](repeating: 0, count: capacity)
      }
      var destinations = buffers.destinations.mutableSpan
      try file.store.copyDestinations(
        of: positions, adding: file.firstDestination, into: &destinations)
    }
    file.store.drop()
  }
}
