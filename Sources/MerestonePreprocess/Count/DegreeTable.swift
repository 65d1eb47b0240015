import Glibc
import MerestoneCore
import MerestoneStorage
import Synchronization

/// Counts the edges into and out of every id of `0..<2^32`, with memory for the ids that occur.
///
/// Counters have 16 bits and lie in pages of 65,536 ids; one that passes 65,535 carries over into a
/// table on the side. A worker first groups many ids by page, then counts one page after the other
/// under its lock, so that a counter's cache line is fetched once for several ids. Eight pages share
/// a slab of one huge page.
///
/// `@unchecked Sendable`: a page is made and changed under its lock only.
@safe final class DegreeTable: @unchecked Sendable {
  /// Ids of a page.
  static let pageIDs = 1 << 16
  /// Two counters per id.
  static let pageBytes = 2 * pageIDs * 2

  private static let pageLimit = 1 << 16
  /// Pages of a slab, which share a lock; neighbouring slabs have locks of their own.
  private static let slabPages = HugePages.byteCount / pageBytes
  private static let lockCount = 256
  private let pages: UnsafeMutablePointer<UnsafeMutablePointer<UInt16>?>
  private let locks: UnsafeMutablePointer<pthread_mutex_t>
  private let carries = Mutex<[UInt64: UInt64]>([:])
  private let slabsLeft: Atomic<Int>

  /// - Parameter memory: Bytes for counters; what would need more is refused by
  ///   ``count(_:isSource:scratch:)``.
  init(memory: Int) {
    unsafe pages = .allocate(capacity: Self.pageLimit)
    unsafe pages.initialize(repeating: nil, count: Self.pageLimit)
    unsafe locks = .allocate(capacity: Self.lockCount)
    // SAFETY: there are as many locks.
    for lock in 0..<Self.lockCount { unsafe pthread_mutex_init(locks + lock, nil) }
    slabsLeft = Atomic(max(1, memory / HugePages.byteCount))
  }

  deinit {
    for page in stride(from: 0, to: Self.pageLimit, by: Self.slabPages) {
      unsafe pages[page]?.deallocate()
    }
    unsafe pages.deallocate()
    unsafe locks.deallocate()
  }

  /// What a worker needs to group ids by page.
  struct Scratch {
    var places = [UInt32](repeating: 0, count: DegreeTable.pageLimit)
    var grouped: [UInt16] = []
  }

  /// Counts ids at one end of edges.
  ///
  /// - Returns: Whether there was memory for them. After false the counts mean nothing.
  func count(_ ids: [UInt32], isSource: Bool, scratch: inout Scratch) -> Bool {
    guard !ids.isEmpty else { return true }
    if scratch.grouped.count < ids.count {
      scratch.grouped = [UInt16](repeating: 0, count: ids.count)
    }
    var highest = 0
    let count = ids.count
    unsafe ids.withUnsafeBufferPointer { ids in
      unsafe scratch.places.withUnsafeMutableBufferPointer { places in
        unsafe scratch.grouped.withUnsafeMutableBufferPointer { grouped in
          // SAFETY: a page number has 16 bits, and places count these very ids.
          for index in 0..<count {
            let page = unsafe Int(truncatingIfNeeded: ids[index] &>> 16)
            unsafe places[page] &+= 1
            highest = max(highest, page)
          }
          var start: UInt32 = 0
          for page in 0...highest {
            let length = unsafe places[page]
            unsafe places[page] = start
            start &+= length
          }
          for index in 0..<count {
            let id = unsafe ids[index]
            let page = Int(truncatingIfNeeded: id &>> 16)
            let place = unsafe Int(truncatingIfNeeded: places[page])
            unsafe places[page] &+= 1
            unsafe grouped[place] = UInt16(truncatingIfNeeded: id)
          }
        }
      }
    }
    var lower = 0
    var fits = true
    for page in 0...highest {
      let upper = Int(scratch.places[page])
      scratch.places[page] = 0
      if upper > lower, fits {
        fits = add(scratch.grouped, lower..<upper, to: page, isSource: isSource)
      }
      lower = upper
    }
    return fits
  }

  private func add(
    _ grouped: [UInt16], _ range: Range<Int>, to page: Int, isSource: Bool
  ) -> Bool {
    // SAFETY: the page number has 16 bits; its pointer and counters are used under its lock.
    unsafe pthread_mutex_lock(locks + page / Self.slabPages % Self.lockCount)
    defer { unsafe pthread_mutex_unlock(locks + page / Self.slabPages % Self.lockCount) }
    if unsafe pages[page] == nil {
      guard slabsLeft.subtract(1, ordering: .relaxed).newValue >= 0 else { return false }
      let slab = UnsafeMutableRawBufferPointer.allocate(
        byteCount: HugePages.byteCount, alignment: HugePages.byteCount)
      unsafe HugePages.advise(slab)
      unsafe slab.initializeMemory(as: UInt8.self, repeating: 0)
      let first = page / Self.slabPages * Self.slabPages
      for place in 0..<Self.slabPages {
        // SAFETY: the slab holds that many pages of counters.
        unsafe pages[first + place] = (slab.baseAddress! + place * Self.pageBytes)
          .bindMemory(to: UInt16.self, capacity: 2 * Self.pageIDs)
      }
    }
    let counters = unsafe pages[page]! + (isSource ? Self.pageIDs : 0)
    unsafe grouped.withUnsafeBufferPointer { grouped in
      for place in range {
        // SAFETY: a place inside the page by its 16 bits.
        let slot = unsafe Int(grouped[place])
        unsafe counters[slot] &+= 1
        if unsafe counters[slot] == 0 { carry(page << 16 | slot, isSource: isSource) }
      }
    }
    return true
  }

  private func carry(_ id: Int, isSource: Bool) {
    carries.withLock { $0[UInt64(id) << 1 | (isSource ? 1 : 0), default: 0] += 1 << 16 }
  }

  /// The ids that have an edge, as a bitmap.
  func presence() -> [UInt64] {
    var words: [UInt64] = []
    let last = (0..<Self.pageLimit).last { unsafe pages[$0] != nil }
    guard let last else { return [] }
    words.reserveCapacity((last + 1) * 1024)
    for page in 0...last {
      guard let counters = unsafe pages[page] else {
        words.append(contentsOf: repeatElement(0, count: 1024))
        continue
      }
      for word in 0..<1024 {
        var bits: UInt64 = 0
        for bit in 0..<64 {
          // SAFETY: `64 * word + bit` is below the ids of a page.
          let slot = word &* 64 &+ bit
          let isThere = unsafe counters[slot] | counters[slot + Self.pageIDs] != 0
          bits |= (isThere ? 1 : 0) &<< UInt64(bit)
        }
        words.append(bits)
      }
    }
    // Counters that came back to zero exactly.
    for key in carries.withLock({ Array($0.keys) }) {
      words[Int(key >> 7)] |= 1 << (key >> 1 & 63)
    }
    while words.last == 0 { words.removeLast() }
    return words
  }

  /// Hands the counts over by node number, and frees them page by page.
  ///
  /// - Parameters:
  ///   - count: Number of nodes.
  ///   - number: The node number of an id that occurs.
  ///   - keepsTotals: Whether the edges of both directions together are needed.
  func takeDegrees(count: Int, keepsTotals: Bool, number: (UInt64) -> UInt32) -> Degrees {
    var degrees = Degrees(count: count, keepsTotals: keepsTotals)
    let held = carries.withLock { $0 }
    for page in 0..<Self.pageLimit {
      guard let counters = unsafe pages[page] else { continue }
      for slot in 0..<Self.pageIDs {
        // SAFETY: `slot` is below the ids of a page.
        let (incoming, outgoing) = unsafe (counters[slot], counters[slot + Self.pageIDs])
        let id = UInt64(page) << 16 | UInt64(slot)
        if incoming | outgoing == 0, held.isEmpty { continue }
        let carriedIn = held[id << 1] ?? 0
        let carriedOut = held[id << 1 | 1] ?? 0
        guard UInt64(incoming | outgoing) | carriedIn | carriedOut != 0 else { continue }
        degrees.set(
          Int(number(id)), incoming: UInt64(incoming) + carriedIn,
          outgoing: UInt64(outgoing) + carriedOut)
      }
      if page % Self.slabPages == Self.slabPages - 1 {
        let first = page - Self.slabPages + 1
        unsafe pages[first]!.deallocate()
        for place in first...page { unsafe pages[place] = nil }
      }
    }
    return degrees
  }
}
