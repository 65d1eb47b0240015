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
package struct ColumnMapping: Sendable, Equatable {
  package private(set) var columns: [ColumnRole: String]

  /// No column is named: roles are told by the usual names.
  package init() { columns = [:] }

  /// - Parameter text: `role=column` pairs, separated by commas.
  package init(parsing text: String) throws(IngestError) {
    columns = [:]
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[1].isEmpty, let role = ColumnRole(word: String(sides[0])),
        columns[role] == nil
      else { throw .invalidColumnMapping(text, found: String(part)) }
      columns[role] = String(sides[1])
    }
    if let source = columns[.source], source == columns[.destination] {
      throw .invalidColumnMapping(text, found: "dst=\(source)")
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

  /// Finds the roles among a file's columns. Source and destination fall back to the first two
  /// columns, the other roles to nothing.
  func resolve(names: [String], file: String) throws(IngestError) -> [ColumnRole: Int] {
    let lowered = names.map { $0.lowercased() }
    var found: [ColumnRole: Int] = [:]
    for role in ColumnRole.allCases {
      if let name = columns[role] {
        guard let index = names.firstIndex(of: name) else {
          throw .unknownColumn(file, column: name, available: names)
        }
        found[role] = index
      } else {
        for name in Self.usualNames[role] ?? [] where found[role] == nil {
          found[role] = lowered.firstIndex(of: name)
        }
      }
    }
    switch (found[.source], found[.destination]) {
    case (nil, nil):
      found[.source] = 0
      found[.destination] = 1
    case (nil, let destination?):
      found[.source] = destination == 0 ? 1 : 0
    case (let source?, nil):
      found[.destination] = source == 0 ? 1 : 0
    case (let source?, let destination?):
      if source == destination { throw .duplicateColumn(file, column: names[source]) }
    }
    return found
  }
}
