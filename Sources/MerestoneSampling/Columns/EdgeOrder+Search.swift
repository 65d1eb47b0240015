internal import CMerestoneKernels
import MerestoneCore
import MerestoneStorage

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
  static func count<E: Error>(
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
  @safe struct Found: BitwiseCopyable {
    var first: Int
    var end: Int
    /// The positions of the order, by place.
    var positions: UnsafePointer<UInt32>?
  }

  /// The places of a list that are left to be searched.
  private struct Lane: BitwiseCopyable {
    /// The first place that may be the one, and how many may be.
    var base: Int
    var length: Int

    /// The place that says in which half it is.
    var middle: Int { base &+ max(1, (length &+ 1) &>> 1) &- 1 }

    @inline(__always) mutating func halve(isBefore: Bool) {
      let half = (length &+ 1) &>> 1
      base &+= isBefore ? half : 0
      length = isBefore ? length &- half : half &- 1
    }
  }

  private var lanes: [Lane] = []
  private var keys: [UInt32] = []
  private(set) var found: [Found] = []

  /// Searches in the lists of a range of places, each for a time of its own.
  ///
  /// - Precondition: The order is kept or stored; what is found is used while it lives.
  /// - Complexity: O(log list) reads of each list.
  mutating func run(
    _ order: EdgeOrder, _ lists: [EdgeList], _ times: [Int64], _ range: Range<Int>
  ) throws(SamplingError) {
    found.removeAll(keepingCapacity: true)
    guard order.isKept else {
      var body = StoredSearch(order: order.edges, lists: lists, times: times, range: range)
      swap(&body.found, &found)
      try order.edges.element.with(&body)
      swap(&body.found, &found)
      return try order.edges.checkIntact()
    }
    try searchKept(order, lists, times, range)
  }

  private mutating func searchKept(
    _ order: EdgeOrder, _ lists: [EdgeList], _ times: [Int64], _ range: Range<Int>
  ) throws(SamplingError) {
    var lanes: [Lane] = []
    swap(&lanes, &self.lanes)
    defer { swap(&lanes, &self.lanes) }
    lanes.removeAll(keepingCapacity: true)
    keys.removeAll(keepingCapacity: true)
    for place in range {
      let (list, time) = (lists[place], times[place])
      let end = order.allowedCount(of: list)
      // SAFETY: the caller keeps the order alive.
      unsafe found.append(Found(first: 0, end: end, positions: order.positions(of: list)))
      let start = Int(list.start)
      let distance = UInt64(bitPattern: order.latest &- time) &>> order.shift
      if time >= order.latest {
        keys.append(0)
        lanes.append(Lane(base: start, length: 0))
      } else if distance > UInt64(UInt32.max) {
        keys.append(.max)
        lanes.append(Lane(base: start + end, length: 0))
      } else {
        keys.append(UInt32(truncatingIfNeeded: distance))
        lanes.append(Lane(base: start, length: end))
      }
    }
    // SAFETY: there is a key for every edge, and all places that are read are edges of the list.
    if let table = unsafe order.keys.address {
      var span = lanes.mutableSpan
      var isSearching = true
      while isSearching {
        isSearching = false
        for index in span.indices where span[index].length > 0 {
          let key = unsafe table[span[index].middle]
          span[index].halve(isBefore: key < keys[index])
          unsafe mrs_prefetch(table + span[index].middle)
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
        order: order, list: lists[place], time: times[place], key: keys[index],
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

  /// Searches in orders that the graph has: between the times that are stored, then in the column itself.
  private struct StoredSearch: EdgeValueBody {
    let order: EdgeColumn
    let lists: [EdgeList]
    let times: [Int64]
    let range: Range<Int>
    var found: [Found] = []

    @safe private struct Files<Value: EdgeValue> {
      var values: EdgeValues<Value>
      var positions: UnsafePointer<UInt32>
      var times: UnsafePointer<Int64>?
    }

    mutating func run<Value: EdgeValue>(_ type: Value.Type) throws(SamplingError) {
      var files: [Files<Value>] = []
      // The lists that have edges.
      var places: [Int] = []
      var lanes: [Lane] = []
      for place in range {
        let list = lists[place]
        unsafe found.append(Found(first: 0, end: 0))
        guard list.count > 0 else { continue }
        // SAFETY: the list is a node's, and not empty; reads stay below its count.
        let values = unsafe try order.values(of: list, as: Value.self)
        let (positions, times) = unsafe try order.order(of: list)
        unsafe files.append(Files(values: values, positions: positions, times: times))
        places.append(place)
        let rows = order.order!.rows(of: list.range)
        lanes.append(Lane(base: Int(rows.lowerBound), length: rows.count))
        if let times = unsafe times { unsafe mrs_prefetch(times + lanes[lanes.count - 1].middle) }
      }
      searchTimes(files, places, &lanes)
      narrow(places, &lanes)
      try searchPlaces(files, places, &lanes)
      for (lane, place) in places.enumerated() {
        let positions = unsafe files[lane].positions
        unsafe found[place - range.lowerBound] = Found(
          first: lanes[lane].base, end: Int(lists[place].count), positions: positions)
      }
    }

    /// Searches among the times that are stored.
    private func searchTimes<Value>(
      _ files: [Files<Value>], _ places: [Int], _ lanes: inout [Lane]
    ) {
      var isSearching = true
      while isSearching {
        isSearching = false
        for lane in lanes.indices where lanes[lane].length > 0 {
          // SAFETY: a list with a time in it has a column of times, and this one is in the list.
          let table = unsafe files[lane].times!
          let isBefore = unsafe table[lanes[lane].middle] > times[places[lane]]
          lanes[lane].halve(isBefore: isBefore)
          unsafe mrs_prefetch(table + lanes[lane].middle)
          isSearching = true
        }
      }
    }

    /// Turns the first stored time that is not later into the places up to it, behind the one before.
    private func narrow(_ places: [Int], _ lanes: inout [Lane]) {
      let spacing = UInt64(order.order!.spacing)
      for lane in lanes.indices {
        let list = lists[places[lane]]
        let rows = order.order!.rows(of: list.range)
        let row = UInt64(lanes[lane].base)
        let lower = row == rows.lowerBound ? 0 : Int((row - 1) * spacing - list.start) + 1
        let upper = row == rows.upperBound ? Int(list.count) : Int(row * spacing - list.start)
        lanes[lane] = Lane(base: lower, length: upper - lower)
      }
    }

    /// Searches among the edges between two stored times.
    private func searchPlaces<Value>(
      _ files: [Files<Value>], _ places: [Int], _ lanes: inout [Lane]
    ) throws(SamplingError) {
      for lane in lanes.indices {
        unsafe mrs_prefetch(files[lane].positions + lanes[lane].base)
      }
      // Where each lane's next time lies in its list.
      var next = [Int](repeating: 0, count: lanes.count)
      var isSearching = true
      while isSearching {
        isSearching = false
        for lane in lanes.indices where lanes[lane].length > 0 {
          // SAFETY: the place is one of the list; the position is compared with its count.
          let position = unsafe files[lane].positions[lanes[lane].middle]
          let list = lists[places[lane]]
          guard UInt64(position) < list.count else {
            throw order.badPosition(position, in: list, place: lanes[lane].middle)
          }
          next[lane] = Int(position)
          unsafe files[lane].values.prefetch(Int(position), Int(position) + 1)
        }
        for lane in lanes.indices where lanes[lane].length > 0 {
          // SAFETY: as above.
          let time = unsafe files[lane].values[next[lane]].time
          lanes[lane].halve(isBefore: time > times[places[lane]])
          isSearching = true
        }
      }
    }
  }
}
