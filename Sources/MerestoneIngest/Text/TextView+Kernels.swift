import CMerestoneKernels

extension TextView {
  func newlineCount(in range: Range<Int>) -> Int {
    withSpan(range) { bytes in
      unsafe bytes.withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return 0 }
        // SAFETY: the kernel reads the span's bytes only.
        return unsafe mrs_count_byte(start, buffer.count, Self.newline)
      }
    }
  }

  /// Reads plain pairs of integers with the vectorised kernel.
  ///
  /// - Parameters:
  ///   - range: Whole lines.
  ///   - separators: What may stand between the two.
  /// - Returns: where the first line that the kernel did not read begins.
  func pairs(
    _ range: Range<Int>, _ separators: (UInt8, UInt8), _ sources: inout OutputSpan<UInt64>,
    _ destinations: inout OutputSpan<UInt64>
  ) -> Int {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
    let room = min(sources.freeCapacity, destinations.freeCapacity)
    return unsafe sources.withUnsafeMutableBufferPointer { sources, sourceCount in
      unsafe destinations.withUnsafeMutableBufferPointer { destinations, destinationCount in
        guard let source = sources.baseAddress, let destination = destinations.baseAddress else {
          return range.lowerBound
        }
        var rows = 0
        // SAFETY: the range and its padding are readable, and the kernel writes `room` rows at
        // most behind what is initialised.
        let next = unsafe mrs_parse_pairs(
          start, range.lowerBound, range.upperBound, separators.0, separators.1,
          source + sourceCount, destination + destinationCount, room, &rows)
        sourceCount += rows
        destinationCount += rows
        return next
      }
    }
  }
}
