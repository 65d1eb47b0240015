import MerestoneStorage

/// All edges of a run as the inputs have them: plain binary files in place, others in spools.
struct RawEdges: Sendable {
  enum Part: Sendable {
    case pairs(PairFile)
    case spool(SpoolFile)

    var edgeCount: Int {
      switch self {
      case .pairs(let file): file.edgeCount
      case .spool(let file): file.edgeCount
      }
    }

    var chunkCount: Int {
      switch self {
      case .pairs(let file): file.chunkCount
      case .spool(let file): file.blocks.count
      }
    }
  }

  /// One for each edge file, in the order of the command.
  let parts: [Part]
  /// Where each part's edges start in the sequence of all, and their number at the end.
  let firstEdges: [Int]
  private let firstChunks: [Int]

  init(_ parts: [Part]) {
    self.parts = parts
    firstEdges = parts.reduce(into: [0]) { $0.append($0.last! + $1.edgeCount) }
    firstChunks = parts.reduce(into: [0]) { $0.append($0.last! + $1.chunkCount) }
  }

  var edgeCount: Int { firstEdges.last! }
  var chunkCount: Int { firstChunks.last! }

  /// The part that a chunk belongs to, its number there and the place of its first edge.
  func place(ofChunk chunk: Int) -> (part: Int, chunk: Int, firstEdge: Int) {
    let part = firstChunks.lastIndex { $0 <= chunk && $0 < firstChunks.last! } ?? 0
    let inner = chunk - firstChunks[part]
    let first =
      switch parts[part] {
      case .pairs(let file): file.edges(ofChunk: inner).lowerBound
      case .spool(let file): file.blocks[inner].firstEdge
      }
    return (part, inner, firstEdges[part] + first)
  }

  func edgeCount(ofChunk chunk: Int) -> Int {
    let place = place(ofChunk: chunk)
    switch parts[place.part] {
    case .pairs(let file): return file.edges(ofChunk: place.chunk).count
    case .spool(let file): return file.blocks[place.chunk].edgeCount
    }
  }

  /// The input file of an edge and the edge's row in it.
  func file(ofEdge edge: Int) -> (file: Int, row: Int) {
    let part = firstEdges.dropLast().lastIndex { $0 <= edge } ?? 0
    return (part, edge - firstEdges[part])
  }
}

extension RawEdges {
  /// What is known of plain binary files, for a journal. One list per part.
  var pairChecksums: [[UInt32?]] {
    parts.map { if case .pairs(let file) = $0 { file.knownChecksums } else { [] } }
  }

  func recall(_ checksums: [[UInt32?]]) {
    for (part, known) in zip(parts, checksums) {
      if case .pairs(let file) = part { file.recall(known) }
    }
  }

  /// The checksum of what was read of a part: over those of its chunks.
  func fingerprint(ofPart part: Int) -> UInt32 {
    let sums: [UInt32] =
      switch parts[part] {
      case .pairs(let file): file.knownChecksums.map { $0 ?? 0 }
      case .spool(let file): file.blocks.map(\.checksum)
      }
    // SAFETY: integers have no padding.
    return unsafe Checksum.of(sums.span.bytes)
  }

  /// What a chunk's ids are on disk, and where.
  struct Ends {
    var form: SpoolFile.IDForm
    var count: Int
    /// Whether source and destination of an edge lie side by side.
    var isInterleaved: Bool
  }

  /// Reads the bytes of a chunk.
  func read(
    part: Int, chunk: Int, into bytes: inout [UInt8]
  ) throws(PreprocessError) -> Ends {
    switch parts[part] {
    case .pairs(let file):
      try file.read(chunk, into: &bytes)
      return Ends(
        form: file.idBytes == 4 ? .u32 : .u64, count: file.edges(ofChunk: chunk).count,
        isInterleaved: true)
    case .spool(let file):
      let block = file.blocks[chunk]
      try PreprocessError.storing { () throws(StorageError) in try file.read(block, into: &bytes) }
      return Ends(form: block.form, count: block.edgeCount, isInterleaved: false)
    }
  }
}
