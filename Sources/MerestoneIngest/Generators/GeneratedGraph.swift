/// What a generator has written.
package struct GeneratedGraph: Sendable, Equatable {
  /// The files, in the order of their writing; the edges come last, so that a directory with
  /// edges is whole.
  package var files: [String]
  package var nodes: Int
  /// Edge lines or pairs.
  package var edges: Int
}
