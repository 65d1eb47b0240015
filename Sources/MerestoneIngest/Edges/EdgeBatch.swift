/// Consecutive edges of an input file.
package struct EdgeBatch: Sendable, Equatable {
  /// Position of the first edge among the edges of the file, from 0.
  package var firstRow: Int
  /// Raw ids where the edges start. Shape `[e]`.
  package var sources: RawIDColumn
  /// Raw ids where the edges end. Shape `[e]`.
  package var destinations: RawIDColumn
  /// The values of the reader's columns, in its order; each of shape `[e]`.
  package var columns: [ColumnValues]
  /// The place behind the last edge, to read on from with
  /// ``EdgeListReader/stream(from:pool:cancellation:)``.
  package var end: TextPosition

  package var count: Int { sources.count }
}

/// A column that rides along with the edges.
package struct EdgeColumn: Sendable, Equatable {
  /// Its name in the graph: the role's name where it has a role, else the file's.
  package var name: String
  package var role: ColumnRole?
  /// How its values are read; nil until ``EdgeListReader/inferColumnTypes(pool:cancellation:)``
  /// has looked at all of them or the caller has set it.
  package var type: ColumnType?
  /// Its position in the file.
  let column: Int
}
