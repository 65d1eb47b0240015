import MerestoneCore
import MerestoneSampling
import MerestoneStorage

/// A relation that is opened for sampling, under the ids of the user's files.
struct SampledRelation {
  let store: GraphStore
  let topology: Topology

  var entry: RelationEntry { store.manifest.relations[topology.relation.rawValue] }
  var sourceType: NodeTypeID { NodeTypeID(entry.sourceType) }
  var destinationType: NodeTypeID { NodeTypeID(entry.destinationType) }

  /// The raw ids of nodes at one end, in order.
  func raw(_ nodes: [NodeID], _ end: EdgeEnd = .destination) throws(StorageError) -> [RawID] {
    try store.rawIDs(of: nodes, type: end == .source ? sourceType : destinationType)
  }
}

extension GraphStore {
  /// The relation to sample from.
  ///
  /// - Parameters:
  ///   - type: The type of the nodes at both ends; `nil` allows relations between two types.
  ///   - name: Needed where there are several.
  func relation(of type: NodeTypeID?, name: String?) throws(CommandError) -> RelationID {
    let relations = manifest.relations
    let possible = relations.indices.filter {
      type == nil
        || relations[$0].sourceType == type!.rawValue
          && relations[$0].destinationType == type!.rawValue
    }
    let found = possible.filter { name == nil || relations[$0].name == name }
    if found.count == 1 { return RelationID(found[0]) }
    let among = type.map { "among nodes of type \(manifest.nodeTypes[$0.rawValue].name)" }
    if found.isEmpty, let name {
      let names = possible.map { relations[$0].name }
      let hint =
        NearestName.of(name, among: names).map { "did you mean '\($0)'?" }
        ?? (names.isEmpty
          ? "choose another --type or --relation, or see `merestone inspect`"
          : "there are \(Self.list(names))")
      throw .usage("\(path) has no relation '\(name)' \(among ?? ""); \(hint)")
    }
    if found.isEmpty {
      throw .usage(
        "\(path) has no relation \(among ?? "at all"), and sampling follows one that has; choose "
          + "another --type, or name relations between types, such as --fanouts "
          + "\(manifest.relations.first?.name ?? "name")=10,5; `merestone inspect` shows them")
    }
    throw .usage(
      "\(path) has \(found.count) relations \(among.map { $0 + " " } ?? "")"
        + "(\(Self.list(found.map { relations[$0].name }))); choose one with --relation")
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", ..." : "")
  }
}
