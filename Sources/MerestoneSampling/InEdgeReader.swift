import MerestoneCore

/// A way to read one relation's in-edges by global ids. A reader belongs to one thread.
///
/// All readers of one graph give the same bytes.
protocol InEdgeReader {
  /// The global ids of the edges that end in `node`.
  mutating func edgeRange(of node: UInt64) throws(SamplingError) -> Range<UInt64>

  /// Appends the source of every edge of `edges` to `sources`, in the order of `edges`.
  mutating func appendSources(
    of edges: [EdgeID], to sources: inout [UInt64]
  ) throws(SamplingError)
}
