/// One trained matrix: where it lies in its ``ParameterSet`` and how it is regularised.
package struct Parameter: Sendable {
  package let name: String
  package let value: Tensor
  package let gradient: Tensor
  /// The position of its first element among all parameters.
  package let offset: Int
  /// The optimizer's weight decay is multiplied by this; 0 for none.
  package let weightDecayFactor: Float
}

/// The trained matrices of a model, in one stretch of values and one of gradients, so that both
/// can be exchanged and saved as they lie.
package final class ParameterSet: Sendable {
  /// What a parameter looks like before it has memory.
  package struct Shape: Sendable {
    package let name: String
    package let rows: Int
    package let columns: Int
    package let weightDecayFactor: Float

    package init(name: String, rows: Int, columns: Int, weightDecayFactor: Float = 0) {
      self.name = name
      self.rows = rows
      self.columns = columns
      self.weightDecayFactor = weightDecayFactor
    }
  }

  package let parameters: [Parameter]

  /// All values and all gradients in order, shape `[1, count]`.
  package let values: Tensor
  package let gradients: Tensor

  /// Makes parameters and gradients of zeros.
  package init(_ shapes: [Shape], in workspace: Workspace) {
    let count = shapes.reduce(0) { $0 + $1.rows * $1.columns }
    values = workspace.zeros(rows: 1, columns: count)
    gradients = workspace.zeros(rows: 1, columns: count)
    var offset = 0
    var made: [Parameter] = []
    for shape in shapes {
      made.append(
        Parameter(
          name: shape.name,
          value: values.part(from: offset, rows: shape.rows, columns: shape.columns),
          gradient: gradients.part(from: offset, rows: shape.rows, columns: shape.columns),
          offset: offset, weightDecayFactor: shape.weightDecayFactor))
      offset += shape.rows * shape.columns
    }
    parameters = made
  }

  package var count: Int { values.count }

  package func zeroGradients() {
    gradients.withMutableSpan { span in
      for index in span.indices { span[index] = 0 }
    }
  }

  /// Overwrites all values.
  /// - Precondition: `elements.count == count`.
  package func load(_ elements: [Float]) {
    precondition(elements.count == count, "\(elements.count) values for \(count) parameters")
    values.withMutableSpan { span in
      for index in elements.indices { span[index] = elements[index] }
    }
  }
}
