/// The edges of one bucket of ``GroupStage``, grouped and settled in memory.
struct EdgeGroup {
  let records: [UInt8]
  let recordBytes: Int
  let columns: EdgeColumns
  let options: PreprocessOptions
  /// The records that stay, as ``GroupedEdges`` documents them.
  private(set) var output: [UInt8] = []
  private(set) var counts = GroupStage.Record()

  /// Bytes beside the record itself, and a copy of it, that an edge takes.
  static let workingBytes = 48

  init(records: [UInt8], recordBytes: Int, columns: EdgeColumns, options: PreprocessOptions) {
    self.records = records
    self.recordBytes = recordBytes
    self.columns = columns
    self.options = options
  }

  /// Mixes both ends; equal ends give equal hashes.
  @inline(__always) static func hash(_ first: UInt32, _ second: UInt32) -> UInt64 {
    var hash = UInt64(first) &<< 32 | UInt64(second)
    hash = (hash ^ hash &>> 32) &* 0xD6E8_FEB8_6659_FD93
    hash = (hash ^ hash &>> 32) &* 0xD6E8_FEB8_6659_FD93
    return hash ^ hash &>> 32
  }

  /// The bucket of a hash, by its low 32 bits. Mind the brackets: a shift binds more tightly than a
  /// product.
  @inline(__always) static func bucket(ofHash hash: UInt64, count: Int) -> Int {
    Int(truncatingIfNeeded: ((hash & 0xffff_ffff) &* UInt64(count)) &>> 32)
  }

  /// Writes an edge of a chunk as a record.
  static func store(
    _ chunk: EdgeChunk, _ edge: Int, rowBytes: Int, at start: Int, in records: inout [UInt8]
  ) {
    func put(_ value: UInt64, _ bytes: Int, at place: Int) {
      for byte in 0..<bytes {
        records[place + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))
      }
    }
    put(UInt64(chunk.sources[edge]), 4, at: start)
    put(UInt64(chunk.destinations[edge]), 4, at: start + 4)
    guard rowBytes > 0 else { return }
    put(chunk.sequences[edge], 8, at: start + 8)
    for byte in 0..<rowBytes { records[start + 16 + byte] = chunk.rows[edge * rowBytes + byte] }
  }

  // MARK: - Fields of records

  private func word(_ record: Int, _ offset: Int, _ bytes: Int) -> UInt64 {
    var value: UInt64 = 0
    let start = record &* recordBytes &+ offset
    for byte in 0..<bytes { value |= UInt64(records[start &+ byte]) &<< UInt64(8 &* byte) }
    return value
  }

  private func source(_ record: Int) -> UInt64 { word(record, 0, 4) }
  private func destination(_ record: Int) -> UInt64 { word(record, 4, 4) }
  private func sequence(_ record: Int) -> UInt64 {
    recordBytes > 8 ? word(record, 8, 8) : UInt64(record)
  }

  private func key(_ record: Int) -> UInt64 {
    let (source, destination) = (source(record), destination(record))
    guard options.isUndirected else { return destination << 32 | source }
    return max(source, destination) << 32 | min(source, destination)
  }

  /// The bytes of a row that tell edges apart.
  private var distinguishing: [Int] {
    var places = Array(0..<columns.rowBytes)
    for name in ["split"] + (options.duplicates == .sum ? ["weight"] : []) {
      if let column = columns.position(of: name) {
        let range = columns.range(column)
        places.removeAll(where: range.contains)
      }
    }
    return places
  }

  // MARK: - Settling

  mutating func run() {
    let count = records.count / recordBytes
    let places = distinguishing
    let keys = (0..<count).map(key)
    func precedes(_ a: Int, _ b: Int) -> Bool {
      if keys[a] != keys[b] { return keys[a] < keys[b] }
      for place in places {
        let x = records[a &* recordBytes &+ 16 &+ place]
        let y = records[b &* recordBytes &+ 16 &+ place]
        if x != y { return x < y }
      }
      return sequence(a) < sequence(b)
    }
    func equal(_ a: Int, _ b: Int) -> Bool {
      keys[a] == keys[b]
        && places.allSatisfy {
          records[a &* recordBytes &+ 16 &+ $0] == records[b &* recordBytes &+ 16 &+ $0]
        }
    }
    let order = (0..<count).sorted(by: precedes)
    output.reserveCapacity(records.count * (options.isUndirected ? 2 : 1))
    var lower = 0
    while lower < count {
      var upper = lower + 1
      while upper < count, equal(order[lower], order[upper]) { upper += 1 }
      settle(order[lower..<upper])
      lower = upper
    }
    counts.edges = output.count / recordBytes
  }

  /// Settles equal edges, which are in input order.
  private mutating func settle(_ group: ArraySlice<Int>) {
    let isDropping = options.duplicates != .keep
    let first = group[group.startIndex]
    let isLoop = source(first) == destination(first)
    let mayRunBack = options.isUndirected && !isLoop
    func runsAhead(_ record: Int) -> Bool { !mayRunBack || source(record) == source(first) }
    var kept: [Int] = []
    var sums: [Double] = []
    var (ahead, back) = (0, 0)
    for record in group {
      let isAhead = runsAhead(record)
      if (isAhead ? ahead : back) > 0 {
        counts.duplicates += 1
        if isDropping {
          counts.duplicatesDropped += 1
          if let place = kept.firstIndex(where: { runsAhead($0) == isAhead }) {
            sums[place] += weight(record)
          }
          continue
        }
      }
      if isAhead { ahead += 1 } else { back += 1 }
      kept.append(record)
      sums.append(weight(record))
    }
    for (record, sum) in zip(kept, sums) { emit(record, weight: sum, isReversed: false) }
    guard mayRunBack, ahead != back else { return }
    var missing = abs(ahead - back)
    counts.reversesAdded += missing
    for (record, sum) in zip(kept, sums).reversed() where missing > 0 {
      guard runsAhead(record) == (ahead > back) else { continue }
      emit(record, weight: sum, isReversed: true)
      missing -= 1
    }
  }

  private var weightRange: Range<Int>? {
    guard options.duplicates == .sum else { return nil }
    return columns.position(of: "weight").map(columns.range)
  }

  private func weight(_ record: Int) -> Double {
    guard let range = weightRange else { return 0 }
    let bits = word(record, 16 + range.lowerBound, range.count)
    return range.count == 4
      ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))) : Double(bitPattern: bits)
  }

  private mutating func emit(_ record: Int, weight: Double, isReversed: Bool) {
    let start = record * recordBytes
    let place = output.count
    output.append(contentsOf: records[start..<start + recordBytes])
    if isReversed {
      for byte in 0..<4 { output.swapAt(place + byte, place + 4 + byte) }
      // Behind all edges of the input, in their order.
      if recordBytes > 8 { output[place + 8 + 4] |= 0x80 }
    }
    guard let range = weightRange else { return }
    let bits =
      range.count == 4 ? UInt64(Float(weight).bitPattern) : weight.bitPattern
    for byte in 0..<range.count {
      output[place + 16 + range.lowerBound + byte] =
        UInt8(truncatingIfNeeded: bits >> UInt64(8 * byte))
    }
  }
}
