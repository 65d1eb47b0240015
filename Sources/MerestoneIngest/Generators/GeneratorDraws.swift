/// What the draws of the stream `generator` are for: the `step` of their key. The numbers shape
/// the bytes of generated graphs: never renumber.
enum GeneratorDraws {
  static let kroneckerEdges = 0
  static let kroneckerIDs = 1
  static let nodeClass = 2
  static let nodeWeight = 3
  static let nodeLabel = 4
  static let edgeTargets = 5
  static let edgeOwner = 6
  static let classMeans = 7
  static let featureNoise = 8
}
