/// Sums the contributions of adjacent slices as a full binary tree, one slice after the other.
///
/// Works like a binary counter: after `k` slices it holds one partial sum for every set bit of
/// `k`, each over an aligned range of slices. The root over a power of two of slices is
/// bit-identical to ((0+1)+(2+3))+((4+5)+(6+7)), and a ``Transport`` adds the roots of several
/// workers as the upper levels of the same tree.
///
/// - Complexity: `log2(slices) + 1` buffers at most, kept for the next step.
package struct SliceTree {
  private struct Sum {
    var gradient: [Float]
    var doubles: [Double]
  }

  package let elementCount: Int
  package let doubleCount: Int

  /// How many slices were added since the last ``takeSum(into:doubles:)``.
  package private(set) var sliceCount = 0

  // The sum of 2^level slices, where bit `level` of `sliceCount` is set.
  private var levels: [Sum?] = []
  private var spare: [Sum] = []

  /// - Parameters:
  ///   - elementCount: Numbers in a gradient.
  ///   - doubleCount: Numbers beside it: loss sum, correct, seed count.
  package init(elementCount: Int, doubleCount: Int) {
    self.elementCount = elementCount
    self.doubleCount = doubleCount
  }

  /// Adds the next slice's contribution; a slice without seeds contributes zeroes.
  ///
  /// - Parameters:
  ///   - gradient: Shape `[elementCount]`.
  ///   - doubles: Shape `[doubleCount]`.
  package mutating func add(_ gradient: [Float], doubles: [Double]) {
    precondition(
      gradient.count == elementCount && doubles.count == doubleCount,
      "a slice of \(gradient.count) and \(doubles.count) numbers in a tree of \(elementCount) "
        + "and \(doubleCount)")
    sliceCount += 1
    if levels.isEmpty { levels.append(nil) }
    guard var carry = levels[0] else {
      levels[0] = copy(gradient, doubles)
      return
    }
    levels[0] = nil
    Self.add(gradient, doubles, to: &carry)
    var level = 1
    while true {
      if level == levels.count { levels.append(nil) }
      guard var left = levels[level] else { break }
      levels[level] = nil
      Self.add(carry.gradient, carry.doubles, to: &left)
      spare.append(carry)
      carry = left
      level += 1
    }
    levels[level] = carry
  }

  /// Moves the sum of all slices out and empties the tree.
  ///
  /// - Parameters:
  ///   - gradient: Takes the sum; its old storage is kept for later slices.
  ///   - doubles: Takes the numbers beside it.
  /// - Precondition: A power of two of slices was added.
  package mutating func takeSum(into gradient: inout [Float], doubles: inout [Double]) {
    precondition(
      sliceCount > 0 && sliceCount & (sliceCount - 1) == 0,
      "\(sliceCount) slices do not make a full tree")
    let top = sliceCount.trailingZeroBitCount
    guard var root = levels[top] else { preconditionFailure("a tree without its root") }
    levels[top] = nil
    sliceCount = 0
    swap(&gradient, &root.gradient)
    swap(&doubles, &root.doubles)
    if root.gradient.count == elementCount, root.doubles.count == doubleCount { spare.append(root) }
  }

  private mutating func copy(_ gradient: [Float], _ doubles: [Double]) -> Sum {
    guard var sum = spare.popLast() else { return Sum(gradient: gradient, doubles: doubles) }
    for index in gradient.indices { sum.gradient[index] = gradient[index] }
    for index in doubles.indices { sum.doubles[index] = doubles[index] }
    return sum
  }

  private static func add(_ gradient: [Float], _ doubles: [Double], to sum: inout Sum) {
    for index in gradient.indices { sum.gradient[index] += gradient[index] }
    for index in doubles.indices { sum.doubles[index] += doubles[index] }
  }
}
