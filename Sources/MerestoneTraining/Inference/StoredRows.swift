import MerestoneCore
import MerestoneStorage
import MerestoneTensor

/// Rows that a layer computed for some nodes, in memory that all workers share as far as the cap
/// allows, and in the file behind that memory from there on.
///
/// A node's row lies at its place among the nodes. In degree order the first are the ones that most
/// edges ask for.
struct StoredRows {
  /// The nodes that have rows.
  let nodes: NodeSubset
  let width: Int
  private let memory: SharedMemory
  private let file: ScratchFile
  private let byteOffset: Int
  private let mappedRows: Int

  private var rowBytes: Int { width * MemoryLayout<Float>.size }

  /// - Parameters:
  ///   - byteOffset: Where the first row lies in the memory.
  ///   - file: The file behind the memory.
  ///   - mappedShare: The part of the rows that may be mapped, from 0 to 1.
  init(
    of nodes: NodeSubset, width: Int, in memory: SharedMemory, file: ScratchFile,
    at byteOffset: Int, mappedShare: Double
  ) {
    self.nodes = nodes
    self.width = width
    self.memory = memory
    self.file = file
    self.byteOffset = byteOffset
    mappedRows = mappedShare < 1 ? Int(Double(nodes.count) * mappedShare) : nodes.count
  }

  /// The rows that are mapped.
  @unsafe private var mapped: UnsafeMutableBufferPointer<Float> {
    // SAFETY: the memory has room for all rows and outlives them.
    unsafe memory.elements(Float.self, at: byteOffset, count: mappedRows * width)
  }

  /// Keeps the rows of nodes with places from `first` on. Rows that others write are other rows.
  func write(_ rows: Tensor, from first: Int) throws(StorageError) {
    precondition(rows.columns == width && first + rows.rows <= nodes.count, "rows without room")
    let split = min(max(mappedRows - first, 0), rows.rows) * width
    try rows.withSpan { values throws(StorageError) in
      // SAFETY: workers write rows of their own.
      let mapped = unsafe mapped
      for index in 0..<split { unsafe mapped[first &* width &+ index] = values[index] }
      guard split < values.count else { return }
      // SAFETY: floats have no padding.
      let bytes = unsafe values.extracting(split..<values.count).bytes
      try file.write(bytes, at: byteOffset + (first * width + split) * MemoryLayout<Float>.size)
    }
  }

  /// Gathers the rows of `wanted`, in any order. Shape `[n, width]`.
  ///
  /// - Precondition: They were written, before a barrier where another worker did.
  func gather(_ wanted: [NodeID], into rows: Tensor) throws(StorageError) {
    try rows.withMutableSpan { rows throws(StorageError) in
      // A row's place, and its place among those wanted in the lowest bits.
      var keys: [UInt64] = []
      let indexBits = UInt64(Int.bitWidth - wanted.count.leadingZeroBitCount)
      let mapped = unsafe mapped
      for (index, node) in wanted.enumerated() {
        let place = nodes.place(of: node)
        if place < mappedRows {
          for column in 0..<width {
            unsafe rows[index &* width &+ column] = mapped[place &* width &+ column]
          }
        } else {
          keys.append(UInt64(place) << indexBits | UInt64(index))
        }
      }
      guard !keys.isEmpty else { return }
      IntegerSort.sort(&keys)
      var run = ReadRun(rowBytes: rowBytes)
      for key in keys {
        let row = Int(key >> indexBits)
        if !run.reaches(row) { try flush(&run, into: &rows) }
        run.add(row, place: UInt32(key & (1 << indexBits - 1)))
      }
      try flush(&run, into: &rows)
    }
  }

  /// Reads a run, puts its wanted rows in their places, and empties it.
  private func flush(
    _ run: inout ReadRun, into rows: inout MutableSpan<Float>
  ) throws(StorageError) {
    let byteCount = run.rows.count * rowBytes
    let start = byteOffset + run.rows.lowerBound * rowBytes
    var room = run.bytes.mutableSpan
    try unsafe room.withUnsafeMutableBytes { bytes throws(StorageError) in
      // SAFETY: a run has room for its rows.
      try unsafe file.read(
        into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<byteCount]), at: start)
    }
    unsafe run.bytes.withUnsafeBytes { bytes in
      // SAFETY: any bits are a float, and an allocator's memory is aligned for floats.
      let values = unsafe bytes.assumingMemoryBound(to: Float.self)
      for index in run.wanted.indices {
        let from = Int(run.wanted[index]) * width
        let to = Int(run.places[index]) * width
        for column in 0..<width { unsafe rows[to &+ column] = values[from &+ column] }
      }
    }
    run.clear()
  }
}
