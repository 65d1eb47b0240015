/// What an edge column is for.
package enum ColumnRole: String, Sendable, CaseIterable {
  case source = "src"
  case destination = "dst"
  case relation
  case weight
  case time
  case split

  /// The role's column name in a graph.
  package var name: String { rawValue }

  init?(word: String) {
    switch word {
    case "source": self = .source
    case "destination": self = .destination
    default:
      guard let role = ColumnRole(rawValue: word) else { return nil }
      self = role
    }
  }
}

/// Which column of the input plays which role: `--columns src=payer,dst=payee,weight=amount`.
/// The role `type` is one of the node table, all others are of the edges.
package struct ColumnMapping: Sendable, Equatable {
  package private(set) var columns: [ColumnRole: String]
  /// The column of the node table that says which type a node has.
  package private(set) var nodeType: String?

  /// No column is named: roles are told by the usual names.
  package init() { columns = [:] }

  /// - Parameter text: `role=column` pairs, separated by commas.
  package init(parsing text: String) throws(IngestError) {
    columns = [:]
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if sides.count == 2, sides[0] == "type", !sides[1].isEmpty, nodeType == nil {
        nodeType = String(sides[1])
        continue
      }
      guard sides.count == 2, !sides[1].isEmpty, let role = ColumnRole(word: String(sides[0])),
        columns[role] == nil, !columns.values.contains(String(sides[1]))
      else { throw .invalidColumnMapping(text, found: String(part)) }
      columns[role] = String(sides[1])
    }
  }

  private static let usualNames: [ColumnRole: [String]] = [
    .source: ["src", "source", "from", "source_id", "u", "head"],
    .destination: ["dst", "destination", "dest", "target", "to", "target_id", "v", "tail"],
    .relation: ["relation"],
    .weight: ["weight"],
    .time: ["time"],
    .split: ["split"],
  ]

  /// Finds the roles among a file's columns. Source and destination fall back to the first columns
  /// that have no other role, the other roles to nothing.
  func resolve(names: [String], file: String) throws(IngestError) -> [ColumnRole: Int] {
    let lowered = names.map { $0.lowercased() }
    var found: [ColumnRole: Int] = [:]
    for role in ColumnRole.allCases {
      guard let name = columns[role] else { continue }
      guard let index = names.firstIndex(of: name) else {
        throw .unknownColumn(file, column: name, available: names)
      }
      found[role] = index
    }
    for role in ColumnRole.allCases where found[role] == nil {
      let taken = Set(found.values)
      found[role] = (Self.usualNames[role] ?? []).lazy
        .compactMap { lowered.firstIndex(of: $0) }
        .first { !taken.contains($0) }
    }
    for role in [ColumnRole.source, .destination] where found[role] == nil {
      let taken = Set(found.values)
      guard let free = names.indices.first(where: { !taken.contains($0) }) else {
        throw .unknownColumn(file, column: role.name, available: names)
      }
      found[role] = free
    }
    return found
  }
}
