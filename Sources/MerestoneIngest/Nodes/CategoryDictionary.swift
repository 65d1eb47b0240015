/// Words and their codes, in the order of their first appearance.
///
/// Resident: every distinct word once.
package struct CategoryDictionary: Sendable {
  package private(set) var words: [String] = []
  private var codes: [String: UInt32] = [:]
  private var lastWord: [UInt8] = []
  private var lastCode: UInt32 = 0

  package init() {}

  package var count: Int { words.count }

  /// The code of a word, a new one if the word is new.
  package mutating func code(of word: String) -> UInt32 {
    if let code = codes[word] { return code }
    let code = UInt32(words.count)
    codes[word] = code
    words.append(word)
    return code
  }

  /// The codes of all `words`, in order.
  package mutating func codes(of words: ByteStrings) -> [UInt32] {
    var result: [UInt32] = []
    result.reserveCapacity(words.count)
    for index in 0..<words.count {
      let bytes = words.bytes[words.range(index)]
      // Neighbouring rows mostly carry the same word.
      if result.isEmpty || !bytes.elementsEqual(lastWord) {
        lastCode = code(of: String(decoding: bytes, as: UTF8.self))
        lastWord.removeAll(keepingCapacity: true)
        lastWord.append(contentsOf: bytes)
      }
      result.append(lastCode)
    }
    return result
  }
}
