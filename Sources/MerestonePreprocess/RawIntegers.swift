/// A long column of raw integer ids, in 32 bits each while all fit.
enum RawIntegers: Sendable {
  case narrow([UInt32])
  case wide([UInt64])

  init(reserving count: Int) {
    var values: [UInt32] = []
    values.reserveCapacity(count)
    self = .narrow(values)
  }

  var count: Int {
    switch self {
    case .narrow(let values): values.count
    case .wide(let values): values.count
    }
  }

  subscript(index: Int) -> UInt64 {
    switch self {
    case .narrow(let values): UInt64(values[index])
    case .wide(let values): values[index]
    }
  }

  /// The largest value; nil where there is none.
  var maximum: UInt64? {
    switch self {
    case .narrow(let values): values.max().map(UInt64.init)
    case .wide(let values): values.max()
    }
  }

  mutating func append(_ batch: [UInt64]) {
    var bits: UInt64 = 0
    for value in batch { bits |= value }
    switch self {
    case .narrow(var values):
      // Let go of the array before changing it, so that it is not copied.
      self = .wide([])
      if bits <= UInt64(UInt32.max) {
        for value in batch { values.append(UInt32(truncatingIfNeeded: value)) }
        self = .narrow(values)
      } else {
        var wide: [UInt64] = []
        wide.reserveCapacity(max(values.capacity, values.count + batch.count))
        for value in values { wide.append(UInt64(value)) }
        wide.append(contentsOf: batch)
        self = .wide(wide)
      }
    case .wide(var values):
      self = .narrow([])
      values.append(contentsOf: batch)
      self = .wide(values)
    }
  }
}
