/// What one slice contributes in a test: numbers of very different sizes, so that the order of
/// additions shows in the bits.
package struct ProbeSlice {
  package var gradient: [Float]
  package var doubles: [Double]

  package init(slice: Int, round: Int, elements: Int) {
    gradient = (0..<elements).map { index in
      let mixed = UInt32(
        truncatingIfNeeded: (index &* 31 &+ slice &* 1009 &+ round) &* 2_654_435_761)
      return Float(Int32(bitPattern: mixed)) * Float(1 << (mixed % 13))
    }
    doubles = [1.0 / Double(slice + 3 + round), Double(slice)]
  }
}
