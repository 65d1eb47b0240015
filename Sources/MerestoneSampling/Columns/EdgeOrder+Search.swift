internal import CMerestoneKernels
import MerestoneCore

extension EdgeOrder {
  /// How many edges of a list the edge set contains.
  /// - Complexity: O(1), O(log list) with an edge set.
  func allowedCount(of list: EdgeList) -> Int {
    guard edges.topology.isSplit else { return Int(list.count) }
    // SAFETY: positions are used while this object lives.
    let positions = unsafe positions(of: list)
    // Those that are left out come last.
    return Self.count(0..<Int(list.count)) { unsafe positions[$0] != Self.none }
  }

  /// The positions of a list's edges in their order.
  /// - Precondition: The order is kept, and the address used while this object lives.
  @unsafe @inline(__always) func positions(of list: EdgeList) -> UnsafePointer<UInt32> {
    precondition(list.range.upperBound <= UInt64(positions.count), "a list beyond the edges")
    // SAFETY: it was checked.
    return unsafe positions.address! + Int(list.start)
  }

  /// How many numbers of a range are before the first that is not as wanted, all after which are not
  /// either.
  fileprivate static func count<E: Error>(
    _ range: Range<Int>, while isWanted: (Int) throws(E) -> Bool
  ) throws(E) -> Int {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if try isWanted(middle) { low = middle + 1 } else { high = middle }
    }
    return low - range.lowerBound
  }
}

/// Searches in several lists at once for the edges that are not later than a time, so that the lists
/// wait for memory together.
struct TimeSearch {
  /// What is found of a list: the edges in question are in places `first ..< end` of its order.
  struct Found: BitwiseCopyable {
    var first: Int
    var end: Int
  }

  private struct Lane: BitwiseCopyable {
    var key: UInt32
    /// The first place that may be the one, as an edge id, and how many may be.
    var base: Int
    var length: Int
  }

  private var lanes: [Lane] = []
  private(set) var found: [Found] = []

  /// Searches in the lists of a range of places, each for a time of its own.
  /// - Complexity: O(log list) reads of each list.
  mutating func run(
    _ order: EdgeOrder, _ lists: [EdgeList], _ times: [Int64], _ range: Range<Int>
  ) throws(SamplingError) {
    lanes.removeAll(keepingCapacity: true)
    found.removeAll(keepingCapacity: true)
    for place in range {
      let (list, time) = (lists[place], times[place])
      let end = order.allowedCount(of: list)
      found.append(Found(first: 0, end: end))
      let start = Int(list.start)
      let distance = UInt64(bitPattern: order.latest &- time) &>> order.shift
      if time >= order.latest {
        lanes.append(Lane(key: 0, base: start, length: 0))
      } else if distance > UInt64(UInt32.max) {
        lanes.append(Lane(key: .max, base: start + end, length: 0))
      } else {
        lanes.append(
          Lane(key: UInt32(truncatingIfNeeded: distance), base: start, length: end))
      }
    }
    var span = lanes.mutableSpan
    withExtendedLifetime(order) {
      // SAFETY: there is a key for every edge, and all places that are read are edges of the list.
      guard let keys = unsafe order.keys.address else { return }
      var isSearching = true
      while isSearching {
        isSearching = false
        for index in span.indices where span[index].length > 0 {
          let half = (span[index].length &+ 1) &>> 1
          let isBefore = unsafe keys[span[index].base &+ half &- 1] < span[index].key
          span[index].base &+= isBefore ? half : 0
          span[index].length = isBefore ? span[index].length &- half : half &- 1
          let next = (span[index].length &+ 1) &>> 1
          unsafe mrs_prefetch(keys + (span[index].base &+ max(next, 1) &- 1))
          isSearching = true
        }
      }
    }
    for (index, place) in range.enumerated() {
      found[index].first = lanes[index].base - Int(lists[place].start)
    }
    guard order.shift > 0 else { return }
    for (index, place) in range.enumerated() where found[index].first < found[index].end {
      var body = Resolving(
        order: order, list: lists[place], time: times[place], key: lanes[index].key,
        found: found[index])
      try order.edges.element.with(&body)
      found[index] = body.found
    }
    try order.edges.checkIntact()
  }

  /// Goes past the edges that are later, but have the same key.
  private struct Resolving: EdgeValueBody {
    let order: EdgeOrder
    let list: EdgeList
    let time: Int64
    let key: UInt32
    var found: Found

    mutating func run<Value: EdgeValue>(_ type: Value.Type) throws(SamplingError) {
      // SAFETY: the list is a node's, and not empty; places are below its count.
      let values = unsafe try order.edges.values(of: list, as: Value.self)
      let positions = unsafe order.positions(of: list)
      let keys = unsafe order.keys.address! + Int(list.start)
      found.first += EdgeOrder.count(found.first..<found.end) { place in
        unsafe keys[place] == key && values[Int(positions[place])].time > time
      }
    }
  }
}
