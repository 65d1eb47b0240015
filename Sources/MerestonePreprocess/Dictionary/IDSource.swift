import Glibc
import MerestoneIngest
import MerestoneStorage

/// Raw ids in sequence, as the dictionary's tables see them.
///
/// A table keeps a 64-bit payload per id: an integer itself, or where a string lies in the arena.
protocol IDSource: Sendable {
  var count: Int { get }
  func hash(_ index: Int) -> UInt64
  func byteCount(_ index: Int) -> Int
  func matches(_ index: Int, payload: UInt64, arena: [UInt8]) -> Bool
  func store(_ index: Int, in arena: inout [UInt8]) -> UInt64
  func put(_ index: Int, into record: inout RecordBuffer)
  /// The integer, where ids are integers.
  func integer(_ index: Int) -> UInt64?
}

/// The ends of edges, source and destination in turn, or a plain column of ids.
struct IntegerIDs: IDSource {
  private let even: [UInt64]
  private let odd: [UInt64]
  private let shift: Int
  let count: Int

  init(_ values: [UInt64]) {
    (even, odd, shift, count) = (values, values, 0, values.count)
  }

  init(sources: [UInt64], destinations: [UInt64]) {
    precondition(sources.count == destinations.count, "sources without destinations")
    (even, odd, shift, count) = (sources, destinations, 1, 2 * sources.count)
  }

  @inline(__always) private subscript(index: Int) -> UInt64 {
    index & shift == 0 ? even[index &>> shift] : odd[index &>> shift]
  }

  @inline(__always) func hash(_ index: Int) -> UInt64 { RawIDHash.mix(self[index]) }
  @inline(__always) func byteCount(_ index: Int) -> Int { 8 }
  @inline(__always) func matches(_ index: Int, payload: UInt64, arena: [UInt8]) -> Bool {
    payload == self[index]
  }
  @inline(__always) func store(_ index: Int, in arena: inout [UInt8]) -> UInt64 { self[index] }
  @inline(__always) func put(_ index: Int, into record: inout RecordBuffer) {
    record.put(self[index], byteCount: 8)
  }
  @inline(__always) func integer(_ index: Int) -> UInt64? { self[index] }
}

/// The same for strings.
struct StringIDs: IDSource {
  private let even: (bytes: [UInt8], offsets: [Int])
  private let odd: (bytes: [UInt8], offsets: [Int])
  private let shift: Int
  let count: Int

  init(_ strings: ByteStrings) {
    even = (strings.bytes, strings.offsets)
    (odd, shift, count) = (even, 0, strings.count)
  }

  init(sources: ByteStrings, destinations: ByteStrings) {
    precondition(sources.count == destinations.count, "sources without destinations")
    even = (sources.bytes, sources.offsets)
    odd = (destinations.bytes, destinations.offsets)
    (shift, count) = (1, 2 * sources.count)
  }

  @inline(__always)
  private func lend<R>(_ index: Int, _ body: (RawSpan) -> R) -> R {
    let row = index &>> shift
    // SAFETY: arrays of bytes are initialised throughout; the range is checked.
    if index & shift == 0 {
      return unsafe body(
        even.bytes.span.bytes.extracting(even.offsets[row]..<even.offsets[row &+ 1]))
    }
    return unsafe body(odd.bytes.span.bytes.extracting(odd.offsets[row]..<odd.offsets[row &+ 1]))
  }

  @inline(__always) func hash(_ index: Int) -> UInt64 { lend(index) { RawIDHash.hash($0) } }

  @inline(__always) func byteCount(_ index: Int) -> Int {
    let row = index &>> shift
    return index & shift == 0
      ? even.offsets[row &+ 1] &- even.offsets[row] : odd.offsets[row &+ 1] &- odd.offsets[row]
  }

  @inline(__always) func matches(_ index: Int, payload: UInt64, arena: [UInt8]) -> Bool {
    lend(index) { IDArena.equals($0, at: Int(payload), in: arena) }
  }

  @inline(__always) func store(_ index: Int, in arena: inout [UInt8]) -> UInt64 {
    lend(index) { IDArena.store($0, in: &arena) }
  }

  func put(_ index: Int, into record: inout RecordBuffer) {
    lend(index) {
      record.put(length: $0.byteCount)
      record.put($0)
    }
  }

  func integer(_ index: Int) -> UInt64? { nil }
}

/// Strings one after the other, each behind its length.
enum IDArena {
  static func store(_ string: RawSpan, in arena: inout [UInt8]) -> UInt64 {
    let start = arena.count
    var rest = string.byteCount
    while rest >= 0x80 {
      arena.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    arena.append(UInt8(truncatingIfNeeded: rest))
    // SAFETY: copied while the span is lent.
    unsafe string.withUnsafeBytes { unsafe arena.append(contentsOf: $0) }
    return UInt64(start)
  }

  @inline(__always)
  static func equals(_ string: RawSpan, at place: Int, in arena: [UInt8]) -> Bool {
    var position = place
    // SAFETY: an array of bytes is initialised throughout.
    let held = unsafe arena.span.bytes
    guard held.length(at: &position) == string.byteCount else { return false }
    let stored = held.extracting(position..<position &+ string.byteCount)
    return unsafe stored.withUnsafeBytes { one in
      // SAFETY: both spans have the count that is compared.
      unsafe string.withUnsafeBytes { other in
        unsafe one.isEmpty || memcmp(one.baseAddress!, other.baseAddress!, one.count) == 0
      }
    }
  }
}
