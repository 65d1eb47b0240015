import MerestoneCore

extension TextChunk {
  func convert(_ cuts: FieldCuts, slot: Int, field: TextField) -> ColumnValues {
    let view = view
    let rows = cuts.rowCount
    switch field.type {
    case .integerID:
      var ids: [UInt64] = []
      ids.reserveCapacity(rows)
      for row in 0..<rows {
        let range = cuts.range(row: row, slot: slot)
        let text = view.integerID(range)
        guard case .value(let value) = text else {
          let missing: TextProblem.Kind = view.isMissing(range) ? .emptyID : .notAnInteger
          noteField(text == .tooLarge ? .idTooLarge : missing, range, field)
          break
        }
        ids.append(value)
      }
      return .ids(ids)
    case .stringID:
      var ids = ByteStrings()
      ids.reserve(strings: rows, bytes: cuts.bytes(slot: slot))
      for row in 0..<rows {
        let range = cuts.range(row: row, slot: slot)
        if view.isMissing(range) {
          noteField(.emptyID, range, field)
          break
        }
        ids.append(range, of: view)
      }
      return .words(ids)
    case .integer:
      var integers: [Int64] = []
      integers.reserveCapacity(rows)
      for row in 0..<rows {
        let range = cuts.range(row: row, slot: slot)
        guard let value = view.integer(range) else {
          noteField(.notANumber, range, field)
          break
        }
        integers.append(value)
      }
      return .integers(integers)
    case .number:
      var numbers: [Double] = []
      numbers.reserveCapacity(rows)
      for row in 0..<rows {
        let range = cuts.range(row: row, slot: slot)
        if view.isMissing(range) {
          numbers.append(.nan)
        } else if let value = view.number(range) {
          numbers.append(value)
        } else {
          noteField(.notANumber, range, field)
          break
        }
      }
      return .numbers(numbers)
    case .word:
      var words = ByteStrings()
      words.reserve(strings: rows, bytes: cuts.bytes(slot: slot))
      for row in 0..<rows { words.append(cuts.range(row: row, slot: slot), of: view) }
      return .words(words)
    case .split:
      return .splits(splits(cuts, slot: slot, field: field))
    case .evidence:
      var evidence = TypeEvidence()
      for row in 0..<rows { evidence.add(cuts.range(row: row, slot: slot), of: view) }
      return .evidence(evidence)
    }
  }

  private func splits(_ cuts: FieldCuts, slot: Int, field: TextField) -> [UInt8] {
    var codes: [UInt8] = []
    codes.reserveCapacity(cuts.rowCount)
    // Rows mostly repeat the word of the row before.
    var lastWord = ""
    var lastCode: UInt8 = 0
    for row in 0..<cuts.rowCount {
      let range = cuts.range(row: row, slot: slot)
      let word = view.string(range)
      if word != lastWord {
        guard let split = Split(word: word) else {
          noteField(.unknownSplit, range, field)
          break
        }
        lastWord = word
        lastCode = split.rawValue
      }
      codes.append(lastCode)
    }
    return codes
  }

  private func noteField(_ kind: TextProblem.Kind, _ range: Range<Int>, _ field: TextField) {
    var kind = kind
    if case .notANumber = kind, field.isSampled {
      kind = .typeChanged(field.type == .integer ? "integers" : "numbers")
    }
    note(TextProblem(kind: kind, offset: range.lowerBound, range: range, field: field.name))
  }
}

extension TypeEvidence {
  @inline(__always) mutating func add(_ range: Range<Int>, of view: TextView) {
    if view.isMissing(range) {
      hasMissing = true
    } else if view.integer(range) != nil {
      hasInteger = true
    } else if view.number(range) != nil, !Self.hasLeadingZero(range, of: view) {
      hasNumber = true
    } else {
      hasWord = true
    }
  }

  /// Codes such as 007 are words: as numbers they would lose their zeros.
  private static func hasLeadingZero(_ range: Range<Int>, of view: TextView) -> Bool {
    range.count > 1 && view[range.lowerBound] == UInt8(ascii: "0")
      && view[range.lowerBound + 1] &- UInt8(ascii: "0") <= 9
  }
}
