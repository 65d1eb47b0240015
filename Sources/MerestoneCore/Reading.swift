/// How the edges of a graph are read. All ways give the same mini-batches; the cap on memory chooses
/// the fastest that fits, and `merestone inspect --memory` says which that is.
public enum Reading: String, Sendable, CaseIterable {
  /// Decoded once into memory: the fastest, 4 bytes per edge and 8 per node.
  case flat

  /// Packed pages, read where they lie in the mapped files: for graphs made with `--encoding packed`.
  case packed

  /// Nothing resident: pages are decoded once a hop for a group of mini-batches, whose size follows
  /// from the cap.
  case grouped
}
