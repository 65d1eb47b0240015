/// Radix sorts of integer keys on one thread.
package enum RadixSort {
  private static let digitBits = 11

  /// Sorts the first `count` keys by their low `bits` bits, with `other` as scratch.
  ///
  /// Keys that pass the first caches are dealt out by their highest digit until the parts fit them;
  /// those are sorted from their lowest digit on.
  ///
  /// - Precondition: Both have at least `count` elements, and no key has more bits.
  /// - Complexity: O(*n*) per 8 to 11 bits.
  package static func sort(_ keys: inout [UInt64], _ other: inout [UInt64], count: Int, bits: Int) {
    precondition(keys.count >= count && other.count >= count, "scratch too short")
    var places = [UInt32](repeating: 0, count: 1 << digitBits)
    unsafe keys.withUnsafeMutableBufferPointer { keys in
      unsafe other.withUnsafeMutableBufferPointer { other in
        guard let keys = keys.baseAddress, let other = other.baseAddress else { return }
        // SAFETY: both hold `count` keys, which was checked.
        let pair = unsafe Pair(keys: keys, scratch: other)
        unsafe sort(pair, count: count, bits: bits, staysInPlace: true, &places)
      }
    }
  }

  /// Keys, and as much memory beside them.
  @unsafe private struct Pair {
    let keys: UnsafeMutablePointer<UInt64>
    let scratch: UnsafeMutablePointer<UInt64>
  }

  private static let partBits = 8
  /// Keys that fit the first caches, scratch included.
  private static let partCount = 1 << 13
  private static let insertionCount = 32

  /// - Parameter staysInPlace: Whether the sorted keys are to lie where they lay; else in the scratch.
  @unsafe private static func sort(
    _ pair: Pair, count: Int, bits: Int, staysInPlace: Bool, _ places: inout [UInt32]
  ) {
    guard count > insertionCount else {
      unsafe insertionSort(pair.keys, count)
      if !staysInPlace { unsafe pair.scratch.update(from: pair.keys, count: count) }
      return
    }
    guard count > partCount, bits > digitBits else {
      return unsafe sortByDigits(
        pair, count: count, bits: bits, staysInPlace: staysInPlace, &places)
    }
    let low = bits - partBits
    unsafe deal(pair, count: count, shift: low, width: partBits, &places)
    let ends = (0..<1 << partBits).map { Int(places[$0]) }
    var start = 0
    for end in ends {
      // SAFETY: the parts cover the keys, each its own.
      let part = unsafe Pair(keys: pair.scratch + start, scratch: pair.keys + start)
      unsafe sort(part, count: end - start, bits: low, staysInPlace: !staysInPlace, &places)
      start = end
    }
  }

  @unsafe private static func sortByDigits(
    _ pair: Pair, count: Int, bits: Int, staysInPlace: Bool, _ places: inout [UInt32]
  ) {
    var pair = unsafe pair
    // Digits of about equal width: fewer places to write to at a time.
    let passes = (bits + digitBits - 1) / digitBits
    let width = (bits + passes - 1) / max(passes, 1)
    for pass in 0..<passes {
      unsafe deal(pair, count: count, shift: pass * width, width: width, &places)
      unsafe pair = Pair(keys: pair.scratch, scratch: pair.keys)
    }
    if passes % 2 == 0 ? !staysInPlace : staysInPlace {
      unsafe pair.scratch.update(from: pair.keys, count: count)
    }
  }

  /// Moves keys to the scratch by one digit, stably; `places` then says where each value's ends.
  @unsafe private static func deal(
    _ pair: Pair, count: Int, shift: Int, width: Int, _ places: inout [UInt32]
  ) {
    let (mask, shift) = ((1 as UInt64) << UInt64(width) - 1, UInt64(shift))
    unsafe places.withUnsafeMutableBufferPointer { places in
      // SAFETY: digits are at most `mask`; places count these very keys.
      for digit in 0..<1 << width { unsafe places[digit] = 0 }
      for index in 0..<count {
        unsafe places[Int(truncatingIfNeeded: pair.keys[index] &>> shift & mask)] &+= 1
      }
      var start: UInt32 = 0
      for digit in 0..<1 << width {
        let length = unsafe places[digit]
        unsafe places[digit] = start
        start &+= length
      }
      for index in 0..<count {
        let key = unsafe pair.keys[index]
        let digit = Int(truncatingIfNeeded: key &>> shift & mask)
        let place = unsafe places[digit]
        unsafe places[digit] = place &+ 1
        unsafe pair.scratch[Int(truncatingIfNeeded: place)] = key
      }
    }
  }

  @unsafe private static func insertionSort(_ keys: UnsafeMutablePointer<UInt64>, _ count: Int) {
    for index in stride(from: 1, to: count, by: 1) {
      // SAFETY: `place` runs down from `index`, which is below the count.
      let key = unsafe keys[index]
      var place = index
      while place > 0, unsafe keys[place &- 1] > key {
        unsafe keys[place] = keys[place &- 1]
        place &-= 1
      }
      unsafe keys[place] = key
    }
  }

  /// The order in which `order[0..<count]` has ascending `keys`, equal ones as they stand.
  ///
  /// - Parameters:
  ///   - keys: By element of `order`.
  ///   - bits: No key has more.
  package static func sort(
    _ order: inout [UInt32], _ other: inout [UInt32], by keys: [UInt64], count: Int, bits: Int
  ) {
    var places = [UInt32](repeating: 0, count: 1 << digitBits)
    let mask = UInt64(1 << digitBits - 1)
    var shift: UInt64 = 0
    while shift < UInt64(bits) {
      for digit in places.indices { places[digit] = 0 }
      for index in 0..<count {
        places[Int(truncatingIfNeeded: keys[Int(order[index])] &>> shift & mask)] &+= 1
      }
      var start: UInt32 = 0
      for digit in places.indices {
        let length = places[digit]
        places[digit] = start
        start &+= length
      }
      for index in 0..<count {
        let element = order[index]
        let digit = Int(truncatingIfNeeded: keys[Int(element)] &>> shift & mask)
        other[Int(places[digit])] = element
        places[digit] &+= 1
      }
      swap(&order, &other)
      shift += UInt64(digitBits)
    }
  }
}
