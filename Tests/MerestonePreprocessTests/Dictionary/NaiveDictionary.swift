import MerestoneCore

/// Numbers ids with a hash table, as the documentation says it.
struct NaiveDictionary {
  var numbers: [RawID: UInt32] = [:]
  var ids: [RawID] = []

  init(listed: [RawID], edges: [(RawID, RawID)]) {
    for id in listed { add(id) }
    var unlisted: [RawID] = []
    var seen = Set(listed)
    for (source, destination) in edges {
      for end in [source, destination] where seen.insert(end).inserted { unlisted.append(end) }
    }
    if case .integer? = unlisted.first {
      unlisted.sort {
        guard case (.integer(let one), .integer(let other)) = ($0, $1) else { return false }
        return one < other
      }
    }
    for id in unlisted { add(id) }
  }

  private mutating func add(_ id: RawID) {
    guard numbers[id] == nil else { return }
    numbers[id] = UInt32(ids.count)
    ids.append(id)
  }
}
