import MerestoneCore

/// Ids of one thread and one end of edges, grouped by the page of their counters until there are
/// enough of one page to be worth fetching it.
///
/// Each page has a group of the same capacity in one array. Pages are as many as
/// ids have called for; the more there are, the smaller are the groups.
struct PageGroups {
  private let table: DegreeTable
  private let isSource: Bool
  private let byteLimit: Int
  /// The low 16 bits of ids. Shape `[pages, capacity + padding]`.
  private var ids: [UInt16] = []
  /// How many ids of each page wait. Shape `[pages]`.
  private var fills: [UInt32] = []
  private var capacity = 0

  /// Ids of a page that are counted at a time: twice as many gain nothing.
  private static let largestCapacity = 1 << 14
  private static let smallestCapacity = 1 << 3
  /// A cache line between groups, which fill equally fast: without it, the ends of all would compete
  /// for the same sets of the caches.
  private static let padding = 32

  /// - Parameter bytes: For the groups; where pages are many, at least 16 bytes for each are used.
  init(of table: DegreeTable, isSource: Bool, bytes: Int) {
    self.table = table
    self.isSource = isSource
    byteLimit = bytes
  }

  /// Takes ids, and counts the groups that are full.
  ///
  /// - Returns: Whether the table had memory for what was counted.
  mutating func add(_ added: [UInt32]) -> Bool {
    guard let highest = added.max() else { return true }
    let pages = Int(highest) / DegreeTable.pageIDs + 1
    guard pages <= fills.count || grow(to: pages) else { return false }
    let (table, isSource, capacity) = (table, isSource, capacity)
    let stride = capacity + Self.padding
    return unsafe added.withUnsafeBufferPointer { added in
      unsafe ids.withUnsafeMutableBufferPointer { ids in
        unsafe fills.withUnsafeMutableBufferPointer { fills in
          // SAFETY: every page has a fill and a group, and a group is emptied when it is full.
          for place in 0..<added.count {
            let id = unsafe added[place]
            let page = Int(truncatingIfNeeded: id &>> 16)
            let fill = unsafe fills[page]
            let start = page &* stride
            unsafe ids[start &+ Int(truncatingIfNeeded: fill)] = UInt16(truncatingIfNeeded: id)
            unsafe fills[page] = fill &+ 1
            guard Int(truncatingIfNeeded: fill) &+ 1 == capacity else { continue }
            unsafe fills[page] = 0
            let group = unsafe UnsafeBufferPointer(rebasing: ids[start..<start + capacity])
            guard unsafe table.count(group, ofPage: page, isSource: isSource) else { return false }
          }
          return true
        }
      }
    }
  }

  /// Counts all ids that wait.
  ///
  /// - Returns: Whether the table had memory for them.
  mutating func flush() -> Bool {
    unsafe ids.withUnsafeBufferPointer { ids in
      for page in fills.indices where fills[page] > 0 {
        // SAFETY: a group has that many ids.
        let start = page * (capacity + Self.padding)
        let group = unsafe UnsafeBufferPointer(rebasing: ids[start..<start + Int(fills[page])])
        fills[page] = 0
        guard unsafe table.count(group, ofPage: page, isSource: isSource) else { return false }
      }
      return true
    }
  }

  /// Makes groups for at least as many pages.
  private mutating func grow(to pages: Int) -> Bool {
    guard flush() else { return false }
    var count = max(1, fills.count)
    while count < pages { count *= 2 }
    capacity = Self.largestCapacity
    while capacity > Self.smallestCapacity, 2 * count * capacity > byteLimit { capacity /= 2 }
    // The old groups go before the new ones come.
    ids = []
    ids = [UInt16](inHugePages: 0, count: count * (capacity + Self.padding))
    fills = [UInt32](repeating: 0, count: count)
    return true
  }
}
