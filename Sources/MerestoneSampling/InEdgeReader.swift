import MerestoneCore

/// A way to read one relation's in-edges by global ids. A reader belongs to one thread.
///
/// All readers of one graph give the same bytes.
protocol InEdgeReader {
  /// The global ids of the edges that end in `node`.
  mutating func edgeRange(of node: UInt64) throws(SamplingError) -> Range<UInt64>

  /// Reads the source of every edge of `edges` into the first places of `sources`, in the order of
  /// `edges`; `sources` grows where it is too short.
  mutating func readSources(
    of edges: [EdgeID], into sources: inout [UInt64]
  ) throws(SamplingError)
}
