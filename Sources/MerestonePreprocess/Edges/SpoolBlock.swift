import MerestoneIngest
import MerestoneStorage

/// Edges that wait to become a block of the spool.
struct SpoolBlock {
  private var sources: [UInt64] = []
  private var destinations: [UInt64] = []
  private var sourceWords = ByteStrings()
  private var destinationWords = ByteStrings()
  private var values: [[UInt8]] = []
  private(set) var count = 0

  mutating func append(_ batch: EdgeBatch, columns: inout [ColumnBuilder]) {
    switch (batch.sources, batch.destinations) {
    case (.integers(let starts), .integers(let ends)):
      sources.append(contentsOf: starts)
      destinations.append(contentsOf: ends)
    case (.strings(let starts), .strings(let ends)):
      sourceWords.append(contentsOf: starts)
      destinationWords.append(contentsOf: ends)
    default: preconditionFailure("one file has ids of two kinds")
    }
    if values.isEmpty { values = Array(repeating: [], count: batch.columns.count) }
    for (number, column) in batch.columns.enumerated() {
      switch column {
      case .integers(let items): Self.append(items, to: &values[number])
      case .numbers(let items):
        if columns[number].isNarrow {
          columns[number].isNarrow = items.allSatisfy { $0.isNaN || Double(Float($0)) == $0 }
        }
        Self.append(items, to: &values[number])
      case .splits(let items): values[number].append(contentsOf: items)
      case .words(let items):
        Self.append(columns[number].codes(of: items), to: &values[number])
      case .ids, .evidence: preconditionFailure("a column of another kind")
      }
    }
    count += batch.count
  }

  private static func append<T: BitwiseCopyable>(_ items: [T], to bytes: inout [UInt8]) {
    unsafe items.withUnsafeBytes { buffer in
      // SAFETY: copied while the buffer is lent; the items are plain numbers.
      unsafe bytes.append(contentsOf: buffer)
    }
  }

  /// The bytes of the block, as ``SpoolFile`` documents them.
  func encoded() -> ([UInt8], SpoolFile.IDForm) {
    var bytes: [UInt8] = []
    var form = SpoolFile.IDForm.u32
    if sources.isEmpty, count > 0 {
      form = .strings
      var offset: UInt32 = 0
      var offsets: [UInt32] = [0]
      for words in [sourceWords, destinationWords] {
        for index in 0..<words.count {
          offset += UInt32(words.range(index).count)
          offsets.append(offset)
        }
      }
      Self.append(offsets, to: &bytes)
      bytes.append(contentsOf: sourceWords.bytes)
      bytes.append(contentsOf: destinationWords.bytes)
    } else {
      var highest: UInt64 = 0
      for id in sources { highest |= id }
      for id in destinations { highest |= id }
      if highest <= UInt64(UInt32.max) {
        Self.append(sources.map { UInt32(truncatingIfNeeded: $0) }, to: &bytes)
        Self.append(destinations.map { UInt32(truncatingIfNeeded: $0) }, to: &bytes)
      } else {
        form = .u64
        Self.append(sources, to: &bytes)
        Self.append(destinations, to: &bytes)
      }
    }
    appendRows(to: &bytes)
    return (bytes, form)
  }

  private func appendRows(to bytes: inout [UInt8]) {
    guard !values.isEmpty, count > 0 else { return }
    let widths = values.map { $0.count / count }
    bytes.reserveCapacity(bytes.count + count * widths.reduce(0, +))
    for row in 0..<count {
      for (number, width) in widths.enumerated() {
        bytes.append(contentsOf: values[number][row * width..<(row + 1) * width])
      }
    }
  }

  mutating func removeAll() {
    sources.removeAll(keepingCapacity: true)
    destinations.removeAll(keepingCapacity: true)
    sourceWords = ByteStrings()
    destinationWords = ByteStrings()
    for number in values.indices { values[number].removeAll(keepingCapacity: true) }
    count = 0
  }
}
