import MerestoneCore

/// The edges of one bucket of ``GroupStage``, grouped and settled, where they have no columns: equal
/// ones cannot be told apart, so that it is enough to count them.
struct PairGroup {
  private let options: PreprocessOptions
  /// The bits of a node's number.
  private let width: UInt64
  /// Pairs that run from the smaller end to the larger one, or all where edges have a direction.
  private var ahead: [UInt64] = []
  /// Those that run the other way.
  private var back: [UInt64] = []
  /// The records that stay, as ``GroupedEdges`` documents them.
  private(set) var output: [UInt64] = []
  private(set) var counts = GroupStage.Record()

  /// - Parameter records: Source and destination, little-endian. Shape `[n, 8]`.
  init(records: [UInt8], options: PreprocessOptions) {
    self.options = options
    let count = records.count / 8
    // SAFETY: every byte of an array of bytes is initialised.
    let bytes = unsafe records.span.bytes
    func record(_ place: Int) -> UInt64 {
      // SAFETY: there are `count` of them.
      UInt64(
        littleEndian: unsafe bytes.unsafeLoadUnaligned(
          fromByteOffset: place &* 8, as: UInt64.self))
    }
    var used: UInt64 = 0
    for place in 0..<count { used |= record(place) }
    let most = UInt32(truncatingIfNeeded: used | used &>> 32)
    width = UInt64(UInt32.bitWidth - most.leadingZeroBitCount)
    ahead.reserveCapacity(count)
    for place in 0..<count {
      let record = record(place)
      let (source, destination) = (record & 0xffff_ffff, record &>> 32)
      if options.isUndirected, source > destination {
        back.append(source &<< width | destination)
      } else {
        ahead.append(destination &<< width | source)
      }
    }
  }

  /// - Complexity: O(*n* log *n*) comparisons.
  mutating func run() {
    IntegerSort.sort(&ahead)
    IntegerSort.sort(&back)
    output.reserveCapacity(options.isUndirected ? 2 * (ahead.count + back.count) : ahead.count)
    var (i, j) = (0, 0)
    while i < ahead.count || j < back.count {
      let pair = min(
        i < ahead.count ? ahead[i] : .max, j < back.count ? back[j] : .max)
      let (firstAhead, firstBack) = (i, j)
      while i < ahead.count, ahead[i] == pair { i &+= 1 }
      while j < back.count, back[j] == pair { j &+= 1 }
      settle(pair, ahead: i &- firstAhead, back: j &- firstBack)
    }
    counts.edges = output.count
  }

  @inline(__always)
  private mutating func settle(_ pair: UInt64, ahead: Int, back: Int) {
    var (ahead, back) = (ahead, back)
    let repetitions = max(ahead &- 1, 0) &+ max(back &- 1, 0)
    counts.duplicates &+= repetitions
    if options.duplicates != .keep {
      counts.duplicatesDropped &+= repetitions
      (ahead, back) = (min(ahead, 1), min(back, 1))
    }
    let (upper, lower) = (pair &>> width, pair & (1 &<< width &- 1))
    if options.isUndirected, upper != lower {
      counts.reversesAdded &+= abs(ahead &- back)
      (ahead, back) = (max(ahead, back), max(ahead, back))
    }
    for _ in 0..<ahead { output.append((upper &<< 32 | lower).littleEndian) }
    for _ in 0..<back { output.append((lower &<< 32 | upper).littleEndian) }
  }
}
