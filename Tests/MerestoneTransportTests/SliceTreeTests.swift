import MerestoneTransport
import Testing
import merestone_transport_probe

@Suite("The tree that sums slices")
struct SliceTreeTests {
  /// The definition: halves, summed left to right.
  static func naive(_ slices: ArraySlice<ProbeSlice>) -> ProbeSlice {
    guard slices.count > 1 else { return slices.first! }
    let middle = slices.startIndex + slices.count / 2
    var left = naive(slices[..<middle])
    let right = naive(slices[middle...])
    for index in left.gradient.indices { left.gradient[index] += right.gradient[index] }
    for index in left.doubles.indices { left.doubles[index] += right.doubles[index] }
    return left
  }

  @Test("adds pairs, then pairs of pairs")
  func handDrawn() {
    // (1e8 + 1) + (-1e8 + 1) = 1e8 + (-1e8 + 1): 1 is lost beside 1e8 in single precision,
    // whereas left to right the last 1 would survive.
    var tree = SliceTree(elementCount: 1, doubleCount: 1)
    for value in [1e8, 1, -1e8, 1] as [Float] { tree.add([value], doubles: [Double(value)]) }
    var sum: [Float] = []
    var doubles: [Double] = []
    tree.takeSum(into: &sum, doubles: &doubles)
    #expect(sum == [0])
    #expect(doubles == [2])
  }

  @Test("gives the bits of the recursive definition", arguments: [1, 2, 4, 8, 16, 32])
  func fastAgainstNaive(slices: Int) {
    var tree = SliceTree(elementCount: 37, doubleCount: 2)
    var sum: [Float] = []
    var doubles: [Double] = []
    for round in 0..<3 {
      let parts = (0..<slices).map { ProbeSlice(slice: $0, round: round, elements: 37) }
      for part in parts { tree.add(part.gradient, doubles: part.doubles) }
      tree.takeSum(into: &sum, doubles: &doubles)
      let expected = Self.naive(parts[...])
      #expect(sum.map(\.bitPattern) == expected.gradient.map(\.bitPattern))
      #expect(doubles.map(\.bitPattern) == expected.doubles.map(\.bitPattern))
    }
  }

  @Test("refuses a number of slices that makes no full tree")
  func refusesRaggedTree() async {
    await #expect(processExitsWith: .failure) {
      var tree = SliceTree(elementCount: 1, doubleCount: 0)
      for _ in 0..<3 { tree.add([1], doubles: []) }
      var sum: [Float] = []
      var doubles: [Double] = []
      tree.takeSum(into: &sum, doubles: &doubles)
    }
  }
}
