import MerestoneCore
import MerestoneNN
import MerestoneTensor

/// The same models by plain loops over double-precision arrays, without dropout: the reference.
struct NaiveModel {
  let configuration: ModelConfiguration
  /// In the order and layout of ``Model``'s parameters.
  var weights: [Double]

  typealias Matrix = [[Double]]

  func loss(_ batch: MiniBatch, features: Matrix, labels: [Int32], degrees: [Int]) -> Double {
    let logits = logits(batch, features: features, degrees: degrees)
    var sum = 0.0
    for (row, label) in zip(logits, labels) where label >= 0 {
      let top = row.max()!
      sum += top + logSum(row.map { $0 - top }) - row[Int(label)]
    }
    return sum
  }

  func logits(_ batch: MiniBatch, features: Matrix, degrees: [Int]) -> Matrix {
    var rows = features
    var place = 0
    for layer in 0..<configuration.layers {
      let (inputs, outputs) = configuration.widths(ofLayer: layer)
      func matrix(_ count: Int) -> Matrix {
        let result = (0..<count).map {
          Array(weights[place + $0 * outputs..<place + ($0 + 1) * outputs])
        }
        place += count * outputs
        return result
      }
      var next: Matrix
      switch configuration.kind {
      case .mlp:
        next = multiply(rows, matrix(inputs))
      case .sage:
        let block = batch.blocks[configuration.layers - 1 - layer]
        let own = multiply(Array(rows[..<block.destinationCount]), matrix(inputs))
        let mean = multiply(
          gather(block, rows) { row, _ in
            1 / Double(block.indptr[row + 1] - block.indptr[row])
          }, matrix(inputs))
        next = zip(own, mean).map { zip($0, $1).map { $0 + $1 } }
      case .gcn:
        let block = batch.blocks[configuration.layers - 1 - layer]
        func root(_ node: Int) -> Double { 1 / (Double(degrees[node]) + 1).squareRoot() }
        var sums = gather(block, rows) { row, source in root(row) * root(source) }
        for row in sums.indices {
          for column in 0..<inputs {
            sums[row][column] += root(row) * root(row) * rows[row][column]
          }
        }
        next = multiply(sums, matrix(inputs))
      }
      let bias = matrix(1)[0]
      next = next.map { zip($0, bias).map { $0 + $1 } }
      if layer < configuration.layers - 1 { next = next.map { $0.map { max($0, 0) } } }
      rows = next
    }
    return batch.seedIndices.map { rows[Int($0.rawValue)] }
  }

  private func gather(
    _ block: Block, _ rows: Matrix, coefficient: (Int, Int) -> Double
  ) -> Matrix {
    (0..<block.destinationCount).map { row in
      var sum = [Double](repeating: 0, count: rows[0].count)
      for edge in block.indptr[row]..<block.indptr[row + 1] {
        let source = Int(block.indices[edge].rawValue)
        for column in sum.indices { sum[column] += coefficient(row, source) * rows[source][column] }
      }
      return sum
    }
  }

  private func multiply(_ a: Matrix, _ b: Matrix) -> Matrix {
    a.map { row in
      var result = [Double](repeating: 0, count: b[0].count)
      for (value, line) in zip(row, b) {
        for column in result.indices { result[column] += value * line[column] }
      }
      return result
    }
  }

  private func logSum(_ values: [Double]) -> Double {
    // ln by Newton's method on exp, both by their series: no library call is shared.
    let sum = values.reduce(0) { $0 + exponential($1) }
    var result = 0.0
    for _ in 0..<60 { result += sum / exponential(result) - 1 }
    return result
  }

  private func exponential(_ x: Double) -> Double {
    guard abs(x) > 0.5 else {
      var (term, sum) = (1.0, 1.0)
      for n in 1..<20 {
        term *= x / Double(n)
        sum += term
      }
      return sum
    }
    let half = exponential(x / 2)
    return half * half
  }
}
