/// A least-significant-digit radix sort of 64-bit keys on one thread, stable.
///
/// - Complexity: O(*n*) per 11 bits of the highest key.
enum RadixSort {
  private static let digitBits = 11

  /// Sorts the first `count` keys by their low `bits` bits, with `other` as scratch.
  /// - Precondition: Both have at least `count` elements, and no key has more bits.
  static func sort(_ keys: inout [UInt64], _ other: inout [UInt64], count: Int, bits: Int) {
    precondition(keys.count >= count && other.count >= count, "scratch too short")
    var places = [UInt32](repeating: 0, count: 1 << digitBits)
    var shift = 0
    while shift < bits {
      pass(keys, into: &other, count: count, shift: UInt64(shift), places: &places)
      swap(&keys, &other)
      shift += digitBits
    }
  }

  private static func pass(
    _ keys: [UInt64], into other: inout [UInt64], count: Int, shift: UInt64,
    places: inout [UInt32]
  ) {
    let mask = UInt64(1 << digitBits - 1)
    unsafe keys.withUnsafeBufferPointer { keys in
      unsafe other.withUnsafeMutableBufferPointer { other in
        unsafe places.withUnsafeMutableBufferPointer { places in
          // SAFETY: digits are at most `mask`; places count these very keys.
          for digit in 0..<1 << digitBits { unsafe places[digit] = 0 }
          for index in 0..<count {
            unsafe places[Int(truncatingIfNeeded: keys[index] &>> shift & mask)] &+= 1
          }
          var start: UInt32 = 0
          for digit in 0..<1 << digitBits {
            let length = unsafe places[digit]
            unsafe places[digit] = start
            start &+= length
          }
          for index in 0..<count {
            let key = unsafe keys[index]
            let digit = Int(truncatingIfNeeded: key &>> shift & mask)
            let place = unsafe places[digit]
            unsafe places[digit] = place &+ 1
            unsafe other[Int(truncatingIfNeeded: place)] = key
          }
        }
      }
    }
  }

  /// The order in which `order[0..<count]` has ascending `keys`, equal ones as they stand.
  ///
  /// - Parameters:
  ///   - keys: By element of `order`.
  ///   - bits: No key has more.
  static func sort(
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
