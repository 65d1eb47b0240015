internal import CMerestoneKernels
import MerestoneCore

/// An edge that was drawn: its position in the list and the running sums around it.
struct WeightedHit: BitwiseCopyable {
  var position: Int
  var before: Double
  var after: Double
}

/// The running sums of one list's weights.
protocol RunningSums {
  /// How many edges the list has.
  var count: Int { get }

  /// The last one, positive.
  var total: Double { get }

  /// The first edge whose running sum is above `x`.
  /// - Precondition: `0 <= x < total`.
  func hit(_ x: Double) -> WeightedHit
}

/// Draws edges by their running sums.
enum WeightedDraw {
  /// Fills `numbers` with the first draws of a list, numbers from `[0, total)`.
  @inline(__always)
  static func fill(
    _ numbers: inout MutableSpan<Double>, _ range: Range<Int>, below total: Double, of count: Int,
    entity: UInt64, draws: RandomDraws
  ) {
    let limit = total.nextDown
    for place in range {
      let unit = unit(place &- range.lowerBound, of: count, entity, draws)
      numbers[place] = min(unit * total, limit)
    }
  }

  /// Keeps up to `k` edges in `hits`, ascending by position; repetitions where it replaces.
  ///
  /// - Parameter hit: What a draw has hit: the first `k` draws, in order.
  /// - Returns: How many: `k`, or fewer where fewer edges can be drawn.
  /// - Precondition: The total is positive.
  @inline(__always)
  static func keep<Sums: RunningSums>(
    _ k: Int, from sums: Sums, replaces: Bool, entity: UInt64, draws: RandomDraws,
    into hits: inout MutableSpan<WeightedHit>, hit: (Int) -> WeightedHit
  ) -> Int {
    var count = 0
    for number in 0..<k {
      count &+= insert(hit(number), into: &hits, count, repeats: replaces)
    }
    if count < k {
      count = fillUp(k, from: sums, entity: entity, draws: draws, into: &hits, count)
    }
    return count
  }

  /// Makes up for repeated draws: by as many more draws from the whole list, which are cheap and seldom
  /// too few, and then by draws from what is left, which always hit something new.
  @inline(never)
  private static func fillUp<Sums: RunningSums>(
    _ k: Int, from sums: Sums, entity: UInt64, draws: RandomDraws,
    into hits: inout MutableSpan<WeightedHit>, _ kept: Int
  ) -> Int {
    var count = kept
    var number = k
    while count < k, number < 2 &* k {
      let unit = unit(number, of: sums.count, entity, draws)
      let hit = sums.hit(min(unit * sums.total, sums.total.nextDown))
      count &+= insert(hit, into: &hits, count, repeats: false)
      number &+= 1
    }
    while count < k {
      let unit = unit(number, of: sums.count, entity, draws)
      guard let hit = fresh(from: sums, unit, hits, count) else { break }
      count &+= insert(hit, into: &hits, count, repeats: false)
      number &+= 1
    }
    return count
  }

  /// Draw `number` from a list of `count` edges as a number of `[0, 1)`: a word of 32 bits where it has up
  /// to 65,536, as ``PositionPicker`` takes them; else the upper 53 bits of a word of 64.
  @inline(__always)
  private static func unit(
    _ number: Int, of count: Int, _ entity: UInt64, _ draws: RandomDraws
  ) -> Double {
    let number = UInt32(truncatingIfNeeded: number)
    if count <= PositionPicker.narrowLimit {
      let words = draws.words(entity: entity, number: number / 4)
      return Double(words[Int(number % 4)]) * 0x1p-32
    }
    let words = draws.wideWords(entity: entity, number: number / 2)
    return Double(words[Int(number % 2)] &>> 11) * 0x1p-53
  }

  /// An edge drawn from those that are not among the first `count` hits; `nil` where there is none.
  private static func fresh<Sums: RunningSums>(
    from sums: Sums, _ unit: Double, _ hits: borrowing MutableSpan<WeightedHit>, _ count: Int
  ) -> WeightedHit? {
    var drawn = 0.0
    for place in 0..<count { drawn += hits[place].after - hits[place].before }
    // A number from what is left, moved past the drawn edges before it.
    var x = unit * max(0, sums.total - drawn)
    for place in 0..<count where x >= hits[place].before {
      x += hits[place].after - hits[place].before
    }
    let first = sums.hit(min(x, sums.total.nextDown))
    // Rounding can move the number into a drawn edge: the next one takes its place, or the one
    // before.
    var hit = first
    for _ in 0...count {
      if !holds(hits, count, hit.position) { return hit }
      guard hit.after < sums.total else { break }
      hit = sums.hit(hit.after)
    }
    hit = first
    for _ in 0...count {
      if !holds(hits, count, hit.position) { return hit }
      guard hit.before > 0 else { break }
      hit = sums.hit(hit.before.nextDown)
    }
    return nil
  }

  private static func holds(
    _ hits: borrowing MutableSpan<WeightedHit>, _ count: Int, _ position: Int
  ) -> Bool {
    for place in 0..<count where hits[place].position == position { return true }
    return false
  }

  /// Puts a hit in its place among the first `count`, unless it is there and may not repeat.
  /// - Returns: How many hits are more.
  @inline(__always)
  private static func insert(
    _ hit: WeightedHit, into hits: inout MutableSpan<WeightedHit>, _ count: Int, repeats: Bool
  ) -> Int {
    var place = count
    while place > 0, hits[place &- 1].position > hit.position { place &-= 1 }
    if !repeats, place > 0, hits[place &- 1].position == hit.position { return 0 }
    var moved = count
    while moved > place {
      hits[moved] = hits[moved &- 1]
      moved &-= 1
    }
    hits[place] = hit
    return 1
  }
}

/// All running sums of a list.
@safe struct PrefixSums: RunningSums {
  private let sums: UnsafePointer<Double>
  let count: Int

  /// - Parameter sums: `count` numbers, at least one, that live as long as this value.
  @unsafe init(sums: UnsafePointer<Double>, count: Int) {
    unsafe self.sums = sums
    self.count = count
  }

  // SAFETY, here and below: positions are below the count.
  var total: Double { unsafe sums[count &- 1] }

  @inline(__always)
  func hit(_ x: Double) -> WeightedHit {
    var position = 0
    var length = count
    while length > 1 {
      let half = length &>> 1
      position &+= unsafe sums[position &+ half &- 1] <= x ? half : 0
      length &-= half
    }
    return unsafe WeightedHit(
      position: position, before: position > 0 ? sums[position &- 1] : 0, after: sums[position])
  }
}

/// The kept sums of a list and its weights: see ``EdgeWeights``.
@safe struct SpacedSums<Value: EdgeValue>: RunningSums {
  private let kept: UnsafePointer<Double>
  private let values: EdgeValues<Value>
  private let spacing: Int
  private let start: Int
  // The list's first and last kept sum; none where `last < first`.
  private let first: Int
  private let last: Int
  private var perTotal = 0.0
  private(set) var total = 0.0

  var count: Int { unsafe values.count }

  /// Asks for what ``addUp()`` reads.
  ///
  /// - Parameters:
  ///   - kept: The sums by multiple of the spacing, those of the list among them; they live as long as
  ///     this value.
  ///   - start: The list's first edge.
  ///   - values: The list's weights.
  @unsafe @inline(__always)
  init(
    _ kept: UnsafePointer<Double>, spacing: Int, start: Int, _ values: EdgeValues<Value>
  ) {
    unsafe self.kept = kept
    unsafe self.values = values
    self.spacing = spacing
    self.start = start
    let shift = spacing.trailingZeroBitCount
    first = start &>> shift &+ 1
    last = unsafe (start &+ values.count &- 1) &>> shift
    if last >= first { unsafe mrs_prefetch(kept + last) }
    unsafe values.prefetch(max(0, last &<< shift &- start), values.count)
  }

  /// Adds up the total.
  @inline(__always)
  mutating func addUp() {
    var position = 0
    var sum = 0.0
    if last >= first {
      position = last &* spacing &- start
      sum = unsafe kept[last]
    }
    while unsafe position < values.count {
      sum += unsafe values.weight(position)
      position &+= 1
    }
    // Sums that preprocessing stored are finite; others come of a file that somebody made up.
    total = sum < .infinity ? sum : 0
    perTotal = total > 0 ? Double(last &- first &+ 1) / total : 0
    if !(perTotal < .infinity) { perTotal = 0 }
  }

  /// Asks for the kept sums near `x`.
  @inline(__always)
  func prefetchSums(_ x: Double) {
    if last >= first { unsafe mrs_prefetch(kept + min(last, first &+ Int(x * perTotal))) }
  }

  /// The last kept sum that is at most `x`, or the list's start; asks for the weights that follow.
  @inline(__always)
  func block(_ x: Double) -> Int {
    let block = lastAtMost(x)
    let position = max(0, block &* spacing &- start)
    unsafe values.prefetch(position, min(values.count, position &+ 16))
    return block
  }

  @inline(__always)
  func hit(_ x: Double) -> WeightedHit { hit(x, after: lastAtMost(x)) }

  /// The same where the last kept sum that is at most `x` is known.
  @inline(__always)
  func hit(_ x: Double, after block: Int) -> WeightedHit {
    var position = 0
    var before = 0.0
    if block >= first {
      position = block &* spacing &- start
      before = unsafe kept[block]
    }
    // The next kept sum, or the total, is above `x`, so this ends inside the list; the bound is for
    // a file that is cut short meanwhile and reads as zeros, which the caller finds out afterwards.
    let end = unsafe values.count &- 1
    while true {
      let after = unsafe before + values.weight(position)
      if after > x || position == end {
        return WeightedHit(position: position, before: before, after: after)
      }
      before = after
      position &+= 1
    }
  }

  /// The last kept sum that is at most `x`; one before the first where there is none.
  @inline(__always)
  private func lastAtMost(_ x: Double) -> Int {
    var low = first &- 1
    var high = last &+ 1
    guard low &+ 1 < high else { return low }
    // Sums grow about evenly, so the place is guessed, and the search widens from there.
    let guess = min(last, first &+ Int(x * perTotal))
    var step = 1
    if unsafe kept[guess] <= x {
      low = guess
      while low &+ step < high, unsafe kept[low &+ step] <= x {
        low &+= step
        step &*= 2
      }
      high = min(high, low &+ step)
    } else {
      high = guess
      while high &- step > low, unsafe kept[high &- step] > x {
        high &-= step
        step &*= 2
      }
      low = max(low, high &- step)
    }
    while high &- low > 1 {
      let middle = (low &+ high) &>> 1
      if unsafe kept[middle] <= x { low = middle } else { high = middle }
    }
    return low
  }
}
