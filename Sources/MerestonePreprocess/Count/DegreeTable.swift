import Glibc
import MerestoneCore
import MerestoneStorage
import Synchronization

/// Counts the edges into every id of `0..<2^32`, and those out of it or whether there are any, with
/// memory for the ids that occur.
///
/// Counters have 16 bits and lie in pages of 65,536 ids; one that passes 65,535 carries over into a
/// table on the side. A worker groups ids by page first (``PageGroups``) and counts a page's under its
/// lock, so that a counter's cache line is fetched once for many ids. Eight pages share a slab of one
/// huge page.
///
/// `@unchecked Sendable`: a page is made and changed under its lock only.
@safe final class DegreeTable: @unchecked Sendable {
  /// Ids of a page.
  static let pageIDs = 1 << 16
  /// Two counters per id.
  static let pageBytes = 2 * pageIDs * 2

  private static let pageLimit = 1 << 16
  /// Words of a page's bitmap.
  private static let pageWords = pageIDs / 64
  /// Pages of a slab, which share a lock; neighbouring slabs have locks of their own.
  private static let slabPages = HugePages.byteCount / pageBytes
  private static let lockCount = 256
  private let pages: UnsafeMutablePointer<UnsafeMutablePointer<UInt16>?>
  private let locks: UnsafeMutablePointer<pthread_mutex_t>
  private let carries = Mutex<[UInt64: UInt64]>([:])
  private let slabsLeft: Atomic<Int>
  private let countsSources: Bool

  /// - Parameter memory: Bytes for counters; what would need more is refused by
  ///   ``count(_:ofPage:isSource:)``.
  /// - Parameter countsSources: Whether the edges out of every id are counted; else it is only known
  ///   whether there are any.
  init(memory: Int, countsSources: Bool) {
    self.countsSources = countsSources
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

  /// Counts ids of one page at one end of edges.
  ///
  /// - Parameter ids: Their low 16 bits.
  /// - Returns: Whether there was memory for them. After false the counts mean nothing.
  @unsafe func count(
    _ ids: UnsafeBufferPointer<UInt16>, ofPage page: Int, isSource: Bool
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
    if isSource, !countsSources {
      unsafe mark(ids, in: counters)
      return true
    }
    for place in 0..<ids.count {
      // SAFETY: a place inside the page by its 16 bits.
      let slot = unsafe Int(ids[place])
      let count = unsafe counters[slot] &+ 1
      unsafe counters[slot] = count
      if count == 0 { carry(page << 16 | slot, isSource: isSource) }
    }
    return true
  }

  /// Sets the bits of sources that are not counted; most are set already.
  @unsafe private func mark(
    _ ids: UnsafeBufferPointer<UInt16>, in bits: UnsafeMutablePointer<UInt16>
  ) {
    for place in 0..<ids.count {
      // SAFETY: the bits of all ids of a page lie where their counters would.
      let id = unsafe ids[place]
      let bit = (1 as UInt16) &<< (id & 15)
      if unsafe bits[Int(id &>> 4)] & bit == 0 { unsafe bits[Int(id &>> 4)] |= bit }
    }
  }

  /// The edges out of an id, or 1 where there are any and they are not counted.
  @unsafe @inline(__always) private func outgoing(
    _ counters: UnsafeMutablePointer<UInt16>, _ slot: Int
  ) -> UInt16 {
    // SAFETY: behind the counters of destinations lie those of sources, or their bits.
    let sources = unsafe counters + Self.pageIDs
    return unsafe countsSources
      ? sources[slot] : sources[slot &>> 4] &>> UInt16(truncatingIfNeeded: slot & 15) & 1
  }

  private func carry(_ id: Int, isSource: Bool) {
    carries.withLock { $0[UInt64(id) << 1 | (isSource ? 1 : 0), default: 0] += 1 << 16 }
  }

  /// The ids that have an edge, as a bitmap.
  func presence(pool: ThreadPool) -> [UInt64] {
    let last = (0..<Self.pageLimit).last { unsafe pages[$0] != nil }
    guard let last else { return [] }
    var words = [UInt64](repeating: 0, count: (last + 1) * Self.pageWords)
    unsafe words.withUnsafeMutableBufferPointer { words in
      pool.forEach(last + 1) { page in
        guard let counters = unsafe pages[page] else { return }
        for word in 0..<Self.pageWords {
          var bits: UInt64 = 0
          for bit in 0..<64 {
            // SAFETY: `64 * word + bit` is below the ids of a page.
            let slot = word &* 64 &+ bit
            let isThere = unsafe counters[slot] | outgoing(counters, slot) != 0
            bits |= (isThere ? 1 : 0) &<< UInt64(bit)
          }
          // SAFETY: every page has words of its own.
          unsafe words[page &* Self.pageWords &+ word] = bits
        }
      }
    }
    // Counters that came back to zero exactly.
    for key in carries.withLock({ Array($0.keys) }) {
      words[Int(key >> 7)] |= 1 << (key >> 1 & 63)
    }
    while words.last == 0 { words.removeLast() }
    return words
  }

  /// Hands the counts over by node number, and frees them slab by slab.
  ///
  /// - Parameters:
  ///   - count: Number of nodes.
  ///   - number: The node number of an id that occurs.
  ///   - keepsTotals: Whether the edges of both directions together are needed; sources must have
  ///     been counted then.
  func takeDegrees(
    count: Int, keepsTotals: Bool, pool: ThreadPool, number: (UInt64) -> UInt32
  ) -> Degrees {
    var degrees = Degrees(count: count, keepsTotals: keepsTotals)
    let carried = carriesBySlab()
    degrees.fill(parts: Self.pageLimit / Self.slabPages, pool: pool) { slab, target in
      let first = slab * Self.slabPages
      guard unsafe pages[first] != nil else { return }
      let carries = carried[slab] ?? []
      var next = 0
      for page in first..<first + Self.slabPages {
        let counters = unsafe pages[page]!
        for slot in 0..<Self.pageIDs {
          // SAFETY: `slot` is below the ids of a page.
          let counts = unsafe (counters[slot], outgoing(counters, slot))
          let id = UInt64(page) << 16 | UInt64(slot)
          var (incoming, outgoing) = (UInt64(counts.0), UInt64(counts.1))
          if next < carries.count, carries[next].id == id {
            incoming += carries[next].incoming
            outgoing += carries[next].outgoing
            next += 1
          }
          if incoming | outgoing == 0 { continue }
          target.set(Int(number(id)), incoming: incoming, outgoing: outgoing)
        }
      }
      unsafe pages[first]!.deallocate()
      for page in first..<first + Self.slabPages { unsafe pages[page] = nil }
    }
    return degrees
  }

  private struct Carry {
    var id: UInt64
    var incoming: UInt64 = 0
    var outgoing: UInt64 = 0
  }

  /// What the counters of each slab have carried over, by ascending id.
  private func carriesBySlab() -> [Int: [Carry]] {
    var byID: [UInt64: Carry] = [:]
    for (key, value) in carries.withLock({ $0 }) {
      let end: WritableKeyPath<Carry, UInt64> = key & 1 == 0 ? \.incoming : \.outgoing
      byID[key >> 1, default: Carry(id: key >> 1)][keyPath: end] += value
    }
    return Dictionary(grouping: byID.values) { Int($0.id >> 16) / Self.slabPages }
      .mapValues { $0.sorted { $0.id < $1.id } }
  }
}
