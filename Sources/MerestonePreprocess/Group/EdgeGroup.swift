import MerestoneCore

/// The edges of one bucket of ``GroupStage``, grouped and settled, where they have columns; else see
/// ``PairGroup``.
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

  // MARK: - Fields of records

  private func word(_ record: Int, _ offset: Int, _ bytes: Int) -> UInt64 {
    var value: UInt64 = 0
    let start = record &* recordBytes &+ offset
    for byte in 0..<bytes { value |= UInt64(records[start &+ byte]) &<< UInt64(8 &* byte) }
    return value
  }

  private func source(_ record: Int) -> UInt64 { word(record, 0, 4) }
  private func destination(_ record: Int) -> UInt64 { word(record, 4, 4) }
  private func sequence(_ record: Int) -> UInt64 { word(record, 8, 8) }

  /// The ends, the other way round too where edges have no direction.
  private func ends(_ record: Int) -> (UInt64, UInt64) {
    let (source, destination) = (source(record), destination(record))
    guard options.isUndirected else { return (destination, source) }
    return (max(source, destination), min(source, destination))
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

  /// - Complexity: O(*n*), and O(*m* log *m*) for *m* edges between two nodes.
  mutating func run() {
    let count = records.count / recordBytes
    let places = distinguishing
    output.reserveCapacity(records.count * (options.isUndirected ? 2 : 1))
    func precedes(_ a: Int, _ b: Int) -> Bool {
      let (x, y) = (ends(a), ends(b))
      if x != y { return x < y }
      for place in places {
        let x = records[a &* recordBytes &+ 16 &+ place]
        let y = records[b &* recordBytes &+ 16 &+ place]
        if x != y { return x < y }
      }
      return sequence(a) < sequence(b)
    }
    func equal(_ a: Int, _ b: Int) -> Bool {
      ends(a) == ends(b)
        && places.allSatisfy {
          records[a &* recordBytes &+ 16 &+ $0] == records[b &* recordBytes &+ 16 &+ $0]
        }
    }
    let (keys, indexMask) = orderByEnds(count)
    var first = 0
    while first < count {
      let hash = keys[first] & ~indexMask
      var end = first + 1
      while end < count, keys[end] & ~indexMask == hash { end += 1 }
      var met: ArraySlice<Int> = []
      if end == first + 1 {
        settle(Int(keys[first] & indexMask))
      } else {
        met = keys[first..<end].map { Int($0 & indexMask) }.sorted(by: precedes)[...]
      }
      while let one = met.first {
        let equals = met.prefix(while: { equal(one, $0) })
        settle(equals)
        met = met.dropFirst(equals.count)
      }
      first = end
    }
    counts.edges = output.count / recordBytes
  }

  /// The edges so that those with the same ends, and a few others, are next to each other: the index
  /// of each below a hash of its ends.
  private func orderByEnds(_ count: Int) -> (keys: [UInt64], indexMask: UInt64) {
    let indexBits = Int.bitWidth - max(count - 1, 0).leadingZeroBitCount
    let hashBits = min(64 - indexBits, indexBits + 12)
    var keys = [UInt64](repeating: 0, count: count)
    for record in 0..<count {
      let (first, second) = ends(record)
      let hash = Self.hash(
        UInt32(truncatingIfNeeded: first), UInt32(truncatingIfNeeded: second))
      // Its low half chose the bucket.
      keys[record] = (hash &>> UInt64(64 - hashBits)) &<< UInt64(indexBits) | UInt64(record)
    }
    IntegerSort.sort(&keys)
    return (keys, 1 &<< UInt64(indexBits) &- 1)
  }

  /// Settles an edge that has no equal.
  private mutating func settle(_ record: Int) {
    let weight = weight(record)
    emit(record, weight: weight, isReversed: false)
    guard options.isUndirected, source(record) != destination(record) else { return }
    counts.reversesAdded += 1
    emit(record, weight: weight, isReversed: true)
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
      output[place + 8 + 4] |= 0x80
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
