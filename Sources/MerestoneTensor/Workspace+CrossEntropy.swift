import Glibc
import MerestoneCore

/// Softmax and the cross-entropy loss, row by row. Exponentials and sums are taken in double
/// precision.
extension Workspace {
  /// The loss of every labelled row, added from the first row to the last.
  ///
  /// - Parameters:
  ///   - logits: Shape `[n, classes]`.
  ///   - labels: Shape `[n]`; rows with -1 do not count.
  package func crossEntropy(_ logits: Tensor, labels: [Int32]) -> LossSum {
    check(labels, of: logits)
    var losses = [Double](repeating: 0, count: logits.rows)
    var hits = [Bool](repeating: false, count: logits.rows)
    losses.withSharedBuffer { losses in
      hits.withSharedBuffer { hits in
        threads.forEachTile(of: logits.rows, tile: 64) { rows in
          losses.withPart(rows) { losses in
            hits.withPart(rows) { hits in
              for row in rows where labels[row] >= 0 {
                let label = Int(labels[row])
                let sum = logSumExp(logits, row: row)
                // SAFETY: the label was checked against the number of classes.
                let score = unsafe logits.base[row * logits.columns + label]
                losses[row - rows.lowerBound] = sum - Double(score)
                hits[row - rows.lowerBound] = largest(logits, row: row) == label
              }
            }
          }
        }
      }
    }
    var result = LossSum()
    for row in labels.indices where labels[row] >= 0 {
      result.sum += losses[row]
      result.count += 1
      if hits[row] { result.correct += 1 }
    }
    return result
  }

  /// `result (+)= factor * (softmax(logits) - onehot(labels))`, zero for rows without a label.
  func crossEntropyGradient(
    _ logits: Tensor, labels: [Int32], factor: Float, into result: Tensor, accumulate: Bool
  ) {
    forEachRow(of: logits) { row in
      let sum = labels[row] >= 0 ? logSumExp(logits, row: row) : 0
      // SAFETY: each call works on its own row.
      let start = row * logits.columns
      let (z, to) = unsafe (logits.base + start, result.base + start)
      for j in 0..<logits.columns {
        var value: Float = 0
        if labels[row] >= 0 {
          let hit: Double = Int(labels[row]) == j ? 1 : 0
          value = unsafe factor * Float(exp(Double(z[j]) - sum) - hit)
        }
        unsafe to[j] = accumulate ? to[j] + value : value
      }
    }
  }

  /// The probabilities of every row.
  package func softmaxRows(_ logits: Tensor) -> Tensor {
    mapScores(of: logits) { exp($0) }
  }

  /// The logarithms of the probabilities of every row.
  package func logSoftmaxRows(_ logits: Tensor) -> Tensor {
    mapScores(of: logits) { $0 }
  }

  /// The column of the largest element of every row, the first among equals.
  package func argmaxRows(_ x: Tensor) -> [Int32] {
    precondition(x.columns > 0 || x.rows == 0, "the largest of no elements")
    var result = [Int32](repeating: 0, count: x.rows)
    result.withSharedBuffer { result in
      threads.forEachTile(of: x.rows, tile: 64) { rows in
        result.withPart(rows) { part in
          for row in rows { part[row - rows.lowerBound] = Int32(largest(x, row: row)) }
        }
      }
    }
    return result
  }

  private func mapScores(of logits: Tensor, _ body: (Double) -> Double) -> Tensor {
    let result = tensor(rows: logits.rows, columns: logits.columns)
    forEachRow(of: logits) { row in
      let sum = logSumExp(logits, row: row)
      // SAFETY: each call works on its own row.
      let start = row * logits.columns
      let (z, to) = unsafe (logits.base + start, result.base + start)
      for j in 0..<logits.columns { unsafe to[j] = Float(body(Double(z[j]) - sum)) }
    }
    return result
  }

  private func logSumExp(_ x: Tensor, row: Int) -> Double {
    // SAFETY: the row is inside the tensor.
    let line = unsafe x.base + row * x.columns
    guard x.columns > 0 else { return 0 }
    let top = unsafe Double(line[largest(x, row: row)])
    var sum = 0.0
    for j in 0..<x.columns { unsafe sum += exp(Double(line[j]) - top) }
    return top + log(sum)
  }

  private func largest(_ x: Tensor, row: Int) -> Int {
    // SAFETY: the row is inside the tensor.
    let line = unsafe x.base + row * x.columns
    var best = 0
    for j in 1..<max(1, x.columns) where unsafe line[j] > line[best] { best = j }
    return best
  }

  private func check(_ labels: [Int32], of logits: Tensor) {
    precondition(labels.count == logits.rows, "\(labels.count) labels for \(logits.rows) rows")
    for label in labels {
      precondition(
        label >= -1 && label < Int32(logits.columns), "label \(label) of \(logits.columns) classes")
    }
  }
}
