package import MerestoneCore
package import MerestoneStorage

extension GraphManifest {
  /// A relation as users spell it where its name alone is not enough: `author/writes/paper`.
  package func spelling(of relation: RelationID) -> String {
    let entry = relations[relation.rawValue]
    return
      "\(nodeTypes[entry.sourceType].name)/\(entry.name)/\(nodeTypes[entry.destinationType].name)"
  }

  /// The relation that a name stands for: its own name, or the types of its ends with it.
  ///
  /// - Throws: ``SamplingError/relationMissing(name:nearest:all:)``, or
  ///   ``SamplingError/relationAmbiguous(name:all:)`` for a name that several relations have.
  package func relation(named name: String) throws(SamplingError) -> RelationID {
    let all = relations.indices.map { RelationID($0) }
    if let exact = all.first(where: { spelling(of: $0) == name }) { return exact }
    let found = all.filter { relations[$0.rawValue].name == name }
    if found.count == 1 { return found[0] }
    guard found.isEmpty else {
      throw .relationAmbiguous(name: name, all: found.map(spelling))
    }
    let names = relations.map(\.name)
    throw .relationMissing(
      name: name,
      nearest: NearestName.of(name, among: name.contains("/") ? all.map(spelling) : names),
      all: names)
  }
}
