/// A tensor that operations on a ``Tape`` have made or taken in.
package struct Variable {
  package let value: Tensor
  /// The place on the tape; nil where no gradient is wanted.
  let index: Int?
}

/// Records operations and runs their gradients backwards.
///
/// An operation that needs a gradient leaves one entry: a closure that takes the gradient of its
/// output and adds to those of its inputs. A tape that does not record computes the same values
/// and keeps nothing, which is inference. One thread owns a tape.
package final class Tape {
  package let workspace: Workspace
  package let isRecording: Bool
  private var entries: [Entry] = []

  private struct Entry {
    let rows: Int
    let columns: Int
    var gradient: Tensor?
    /// Takes the gradient of the output, which it may overwrite; nil for leaves.
    var backward: ((Tensor) -> Void)?
  }

  package init(workspace: Workspace, isRecording: Bool = true) {
    self.workspace = workspace
    self.isRecording = isRecording
  }

  /// Takes in a tensor that needs no gradient: features.
  package func constant(_ value: Tensor) -> Variable { Variable(value: value, index: nil) }

  /// Takes in a tensor whose gradient is wanted; see ``gradient(of:)``.
  package func leaf(_ value: Tensor) -> Variable { append(value, gradient: nil, backward: nil) }

  /// Takes in a parameter whose gradient is added to `gradient`.
  package func parameter(_ value: Tensor, gradient: Tensor) -> Variable {
    precondition(
      value.rows == gradient.rows && value.columns == gradient.columns,
      "a parameter and its gradient differ in shape")
    return append(value, gradient: gradient, backward: nil)
  }

  /// The gradient of a leaf after ``backward(from:)``; nil where nothing reached it.
  package func gradient(of variable: Variable) -> Tensor? {
    variable.index.flatMap { entries[$0].gradient }
  }

  /// Runs all gradients, from `loss` back to the leaves, in the reverse order of recording.
  ///
  /// - Parameters:
  ///   - loss: Any recorded variable.
  ///   - seed: The gradient of `loss`, of its shape; nil for ones. It is overwritten.
  package func backward(from loss: Variable, seed: Tensor? = nil) {
    guard let last = loss.index else { return }
    let start = seed ?? workspace.tensor(rows: loss.value.rows, columns: loss.value.columns)
    if seed == nil { workspace.fill(start, with: 1) }
    entries[last].gradient = start
    for index in stride(from: last, through: 0, by: -1) {
      guard let backward = entries[index].backward else { continue }
      let gradient = entries[index].gradient
      // Letting go of both returns their memory before earlier entries ask for theirs.
      entries[index].gradient = nil
      entries[index].backward = nil
      if let gradient { backward(gradient) }
    }
  }

  /// Forgets everything that was recorded.
  package func reset() { entries.removeAll(keepingCapacity: true) }

  /// Records an operation whose output is `value`, if any input wants a gradient.
  ///
  /// - Parameter backward: Takes the gradient of the output, which it may overwrite, and passes
  ///   on what the inputs get (``addGradient(to:_:)``).
  func record(
    _ value: Tensor, from inputs: [Variable], backward: @escaping (Tensor) -> Void
  ) -> Variable {
    guard isRecording, inputs.contains(where: { $0.index != nil }) else { return constant(value) }
    return append(value, gradient: nil, backward: backward)
  }

  /// Where the gradient of `variable` is collected; nil where none is wanted.
  ///
  /// - Returns: The tensor, and whether it already holds a sum to be added to; otherwise its
  ///   contents are unspecified and every element must be written.
  func target(of variable: Variable) -> (gradient: Tensor, accumulate: Bool)? {
    guard let index = variable.index else { return nil }
    if let gradient = entries[index].gradient { return (gradient, true) }
    let fresh = workspace.tensor(rows: entries[index].rows, columns: entries[index].columns)
    entries[index].gradient = fresh
    return (fresh, false)
  }

  private func append(
    _ value: Tensor, gradient: Tensor?, backward: ((Tensor) -> Void)?
  ) -> Variable {
    guard isRecording else { return constant(value) }
    entries.append(
      Entry(rows: value.rows, columns: value.columns, gradient: gradient, backward: backward))
    return Variable(value: value, index: entries.count - 1)
  }
}
