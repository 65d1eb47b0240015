import CMerestoneKernels
import MerestoneTestSupport
import Testing

@Suite("Dense kernels")
struct DenseKernelTests {
  @Test(
    "the gradient of relu and its column sums agree with a plain loop to the bit",
    arguments: [0, 1, 7, 40], [1, 3, 8, 16, 33, 64])
  func reluGradient(rows: Int, columns: Int) {
    var generator = SplitMix64(seed: UInt64(rows * 100 + columns))
    let output = randomElements(rows * columns, using: &generator).map { max($0, 0) }
    let gradient = randomElements(rows * columns, using: &generator)
    var expected = gradient
    var expectedSums = [Float](repeating: 0, count: columns)
    for row in 0..<rows {
      for column in 0..<columns {
        let place = row * columns + column
        expected[place] = output[place] > 0 ? gradient[place] * 1.25 : 0
        expectedSums[column] += expected[place]
      }
    }
    var found = gradient
    var sums = [Float](repeating: .nan, count: columns)
    mrs_relu_gradient_rows(&found, output, 1.25, rows, columns, &sums)
    #expect(found == expected)
    #expect(sums == expectedSums)
    var plain = [Float](repeating: .nan, count: columns)
    mrs_column_sums(found, rows, columns, &plain)
    #expect(plain == expectedSums)
  }
}
