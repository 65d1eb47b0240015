/// What is to be done next while several files are read: plain state, changed under a lock.
///
/// A file's pieces are numbered as they are read. Each passes through three steps, reading (in
/// order), parsing (in any order) and delivering (in order), and holds one of a fixed number of
/// slots from before its reading until it is delivered; that bounds the memory. The lowest piece
/// of a file never waits for a slot that a later one holds, so some step can always be taken.
struct InputSchedule {
  enum Job {
    case open(Int)
    case read(Int, EdgePieces, ByteBuffer?)
    case parse(Int, piece: Int, TextChunk)
    case deliver(Int, EdgePieces, Item)
  }

  /// What a step hands to the next one.
  enum Item {
    case piece(EdgePieces.Piece)
    case failed(IngestError)
    case end
  }

  struct File {
    var pieces: EdgePieces?
    /// Whether a thread of its own reads it.
    var hasThread = false
    var isReading = false
    var isReadToEnd = false
    var isDelivering = false
    var read = 0
    var delivered = 0
    var unparsed: [(piece: Int, chunk: TextChunk)] = []
    var ready: [Int: Item] = [:]
  }

  private(set) var files: [File]
  private var active: [Int] = []
  // Files to be opened, in reverse order.
  private var plain: [Int]
  private var unsplittable: [Int]
  private var remaining: Int
  private var activePlain = 0
  private var activeThreads = 0
  private var waitingThreads = 0
  private var freeSlots: Int
  private var buffers: [ByteBuffer] = []
  private(set) var isStopped = false

  let threadLimit: Int
  let plainLimit: Int

  /// - Parameters:
  ///   - isSplittable: One for each file.
  ///   - slots: Pieces in memory at a time, more than `threadLimit`.
  ///   - threadLimit: Unsplittable files that are read at a time.
  ///   - plainLimit: Other files that are read at a time.
  init(isSplittable: [Bool], slots: Int, threadLimit: Int, plainLimit: Int) {
    files = isSplittable.map { _ in File() }
    plain = isSplittable.indices.filter { isSplittable[$0] }.reversed()
    unsplittable = isSplittable.indices.filter { !isSplittable[$0] }.reversed()
    remaining = isSplittable.count
    freeSlots = slots
    self.threadLimit = threadLimit
    self.plainLimit = plainLimit
  }

  var isFinished: Bool { isStopped || remaining == 0 }

  mutating func stop() { isStopped = true }

  /// Something that the calling thread can do now; nil if it has to wait.
  ///
  /// Steps that free memory come first.
  mutating func nextJob() -> Job? {
    for file in active where !files[file].isDelivering {
      guard let item = files[file].ready.removeValue(forKey: files[file].delivered) else {
        continue
      }
      files[file].isDelivering = true
      return .deliver(file, files[file].pieces!, item)
    }
    for file in active where !files[file].unparsed.isEmpty {
      let (piece, chunk) = files[file].unparsed.removeFirst()
      return .parse(file, piece: piece, chunk)
    }
    if activeThreads < threadLimit, let file = unsplittable.popLast() {
      activeThreads += 1
      files[file].hasThread = true
      return .open(file)
    }
    if activePlain < plainLimit, let file = plain.popLast() {
      activePlain += 1
      return .open(file)
    }
    guard freeSlots > waitingThreads else { return nil }
    let readable = active.filter { file in
      !files[file].hasThread && !files[file].isReading && !files[file].isReadToEnd
    }
    let inFlight = { [files] (file: Int) in files[file].read - files[file].delivered }
    guard let file = readable.min(by: { (inFlight($0), $0) < (inFlight($1), $1) }) else {
      return nil
    }
    files[file].isReading = true
    freeSlots -= 1
    let pieces = files[file].pieces!
    return .read(file, pieces, takeBuffer(pieces.bufferBytes))
  }

  mutating func didOpen(_ file: Int, _ pieces: EdgePieces) {
    files[file].pieces = pieces
    active.append(file)
    active.sort()
  }

  /// A slot and a buffer for a thread that reads one file; nil if it has to wait.
  mutating func takeSlot(_ file: Int, isWaiting: inout Bool) -> (EdgePieces, ByteBuffer?)? {
    guard freeSlots > 0, let pieces = files[file].pieces else {
      if !isWaiting { waitingThreads += 1 }
      isWaiting = true
      return nil
    }
    if isWaiting { waitingThreads -= 1 }
    isWaiting = false
    freeSlots -= 1
    return (pieces, takeBuffer(pieces.bufferBytes))
  }

  /// Files a piece that was read.
  /// - Returns: its number where the caller is to parse it.
  mutating func didRead(_ file: Int, _ item: Item, unused buffer: ByteBuffer?) -> Int? {
    let number = files[file].read
    files[file].read += 1
    files[file].isReading = false
    switch item {
    case .piece(.chunk(let chunk)):
      if !files[file].hasThread { return number }
      files[file].unparsed.append((number, chunk))
      return nil
    case .piece(.batch): break
    case .failed, .end:
      files[file].isReadToEnd = true
      freeSlots += 1
      if let buffer { buffers.append(buffer) }
    }
    files[file].ready[number] = item
    return nil
  }

  mutating func didParse(_ file: Int, piece: Int, _ chunk: TextChunk) {
    files[file].ready[piece] = .piece(.chunk(chunk))
  }

  mutating func didDeliver(_ file: Int, _ item: Item) {
    files[file].isDelivering = false
    files[file].delivered += 1
    switch item {
    case .piece(let piece):
      freeSlots += 1
      if case .chunk(let chunk) = piece { buffers.append(chunk.buffer) }
    case .failed: break
    case .end:
      active.removeAll { $0 == file }
      remaining -= 1
      if files[file].hasThread { activeThreads -= 1 } else { activePlain -= 1 }
      files[file].pieces = nil
    }
  }

  private mutating func takeBuffer(_ bytes: Int?) -> ByteBuffer? {
    guard let bytes else { return nil }
    if let index = buffers.lastIndex(where: { $0.capacity == bytes }) {
      return buffers.remove(at: index)
    }
    // One of another size would be kept for nothing.
    if !buffers.isEmpty { buffers.removeLast() }
    return ByteBuffer(capacity: bytes)
  }
}
