import MerestoneCore
import MerestoneTensor
import MerestoneTestSupport
import Testing

/// One input of an operation under test.
struct GradientInput {
  let rows: Int
  let columns: Int
}

/// Compares an operation's gradient with central differences of `sum(R * output)` for random `R`.
///
/// The step is large (1/64) because values are floats: the operations are smooth on that scale.
func checkGradient(
  seed: UInt64, _ shapes: [GradientInput], tolerance: Double = 2e-3,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ operation: (Tape, [Variable]) -> Variable
) {
  var generator = SplitMix64(seed: seed)
  let space = workspace(threads: 2)
  let inputs = shapes.map { randomElements($0.rows * $0.columns, using: &generator) }
  func evaluate(_ inputs: [[Float]]) -> Tensor {
    let tape = Tape(workspace: space, isRecording: false)
    let variables = zip(shapes, inputs).map {
      tape.constant(space.tensor(rows: $0.rows, columns: $0.columns, $1))
    }
    return operation(tape, variables).value
  }
  let output = evaluate(inputs)
  let weights = randomElements(output.count, using: &generator)
  func sum(_ inputs: [[Float]]) -> Double {
    zip(evaluate(inputs).elements, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  let tape = Tape(workspace: space)
  let leaves = zip(shapes, inputs).map {
    tape.leaf(space.tensor(rows: $0.rows, columns: $0.columns, $1))
  }
  let result = operation(tape, leaves)
  #expect(result.value.elements == output.elements, "recording changes the values")
  tape.backward(
    from: result, seed: space.tensor(rows: output.rows, columns: output.columns, weights))
  let step: Float = 1 / 64
  for (input, leaf) in leaves.enumerated() {
    let gradient =
      tape.gradient(of: leaf)?.elements ?? [Float](repeating: 0, count: inputs[input].count)
    for position in inputs[input].indices {
      var changed = inputs
      changed[input][position] = inputs[input][position] + step
      let above = sum(changed)
      changed[input][position] = inputs[input][position] - step
      let expected = (above - sum(changed)) / Double(2 * step)
      let found = Double(gradient[position])
      #expect(
        abs(found - expected) <= tolerance * max(1, abs(expected)),
        "input \(input), element \(position): \(found) instead of \(expected)",
        sourceLocation: sourceLocation)
    }
  }
}
