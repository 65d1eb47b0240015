import MerestoneIngest

/// What is found out about one column of one file while it is read.
struct ColumnBuilder: Codable, Sendable {
  let name: String
  /// Whether 32 bits lose nothing of any number so far.
  var isNarrow = true
  var dictionary = CategoryDictionary()
  var isLeftOut = false

  init(_ column: EdgeColumn) { name = column.name }

  private enum CodingKeys: String, CodingKey { case name, isNarrow, words, isLeftOut }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    name = try values.decode(String.self, forKey: .name)
    isNarrow = try values.decode(Bool.self, forKey: .isNarrow)
    isLeftOut = try values.decode(Bool.self, forKey: .isLeftOut)
    for word in try values.decode([String].self, forKey: .words) { _ = dictionary.code(of: word) }
  }

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(name, forKey: .name)
    try values.encode(isNarrow, forKey: .isNarrow)
    try values.encode(isLeftOut, forKey: .isLeftOut)
    try values.encode(dictionary.words, forKey: .words)
  }

  /// The codes of words; zeros once there are too many.
  mutating func codes(of words: ByteStrings) -> [UInt32] {
    if isLeftOut { return [UInt32](repeating: 0, count: words.count) }
    let codes = dictionary.codes(of: words)
    // The kinds of a relation are part of the graph, however many there are.
    if dictionary.count > ColumnData.categoryLimit, name != ColumnRole.relation.name {
      isLeftOut = true
      dictionary = CategoryDictionary()
    }
    return codes
  }
}
