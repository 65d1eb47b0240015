package import MerestoneCore
package import MerestoneStorage

extension GraphStore {
  /// The node with a raw id, of whatever type; raw ids are unique over all types.
  ///
  /// - Complexity: A few page reads for each type whose ids are of that kind.
  package func typedNode(_ raw: RawID) throws(StorageError) -> TypedNode? {
    for (number, entry) in manifest.nodeTypes.enumerated() {
      let type = NodeTypeID(number)
      switch (raw, entry.idKind) {
      case (.integer, .integer), (.string, .string):
        if let node = try ids(type).global(of: raw) { return TypedNode(type: type, node: node) }
      default: continue
      }
    }
    return nil
  }
}
