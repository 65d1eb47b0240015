extension TextChunk {
  /// First cuts all lines into the requested fields, then converts field by field.
  func parseFields() {
    var limit = range.upperBound
    if let fault = view.firstFault(in: range) {
      let offset =
        switch fault {
        case .nul(let offset), .invalidUTF8(let offset): offset
        }
      let lineStart = view.lastNewline(in: range.lowerBound..<offset).map { $0 + 1 }
      limit = lineStart ?? range.lowerBound
      note(TextProblem(kind: .fault(fault), offset: limit))
    }
    let cuts = cutLines(until: limit)
    var values: [ColumnValues] = []
    values.reserveCapacity(layout.fields.count)
    for (slot, field) in layout.fields.enumerated() {
      values.append(convert(cuts, slot: slot, field: field))
    }
    columns = values
  }

  /// Bounds of the requested fields, row by row: `[row][slot]` as offsets into the chunk.
  private func cutLines(until limit: Int) -> FieldCuts {
    let slotCount = layout.fields.count
    // Which slot each file column goes to; -1 for none. A column has one slot at most.
    var slotOfColumn = [Int](repeating: -1, count: layout.columnCount)
    for (slot, field) in layout.fields.enumerated() { slotOfColumn[field.column] = slot }
    var cuts = FieldCuts(base: range.lowerBound, slotCount: slotCount)
    cuts.reserve(rows: view.newlineCount(in: range.lowerBound..<limit))
    let separator = TextView.spread(layout.delimiter.bytes.0)
    let newline = TextView.spread(TextView.newline)
    let isBlanks = layout.delimiter == .blanks
    let isComma = layout.delimiter == .comma
    let columnCount = layout.columnCount
    let base = range.lowerBound
    var offset = base
    while offset < limit {
      let lineStart = offset
      let first = view[offset]
      if first == UInt8(ascii: "#") || first == TextView.newline || first == UInt8(ascii: "\r")
        || first == UInt8(ascii: " ") || first == UInt8(ascii: "\t")
      {
        let end = view.lineEnd(from: offset)
        if isIgnored(withoutReturn(offset..<end)) {
          lineCount += 1
          offset = end &+ 1
          continue
        }
      }
      var column = 0
      if isBlanks {
        let end = view.lineEnd(from: offset)
        for field in layout.delimiter.blankFields(of: withoutReturn(offset..<end), in: view) {
          if column < columnCount, slotOfColumn[column] >= 0 {
            cuts.set(field, slot: slotOfColumn[column])
          }
          column &+= 1
        }
        offset = end &+ 1
      } else {
        while true {
          var end = view.firstIndex(of: separator, or: newline, from: offset)
          var atNewline = view[end] == TextView.newline
          var next = end &+ 1
          if atNewline, end > offset, view[end &- 1] == UInt8(ascii: "\r") { end &-= 1 }
          var field = offset..<end
          if isComma {
            field = layout.delimiter.trimmed(field, in: view)
            if !field.isEmpty, view[field.lowerBound] == TextView.quote {
              do throws(QuoteFault) {
                let value = try view.quotedValue(at: field.lowerBound)
                field = value.hasEscapes ? buffer.unescapeQuotes(value.range) : value.range
                atNewline = view[value.next] == TextView.newline
                next = value.next &+ 1
              } catch {
                note(TextProblem(kind: .quote(error), offset: lineStart))
                return cuts
              }
            }
          }
          if column < columnCount {
            let slot = slotOfColumn[column]
            if slot >= 0 { cuts.set(field, slot: slot) }
          }
          column &+= 1
          offset = next
          if atNewline { break }
        }
      }
      if column != columnCount {
        note(TextProblem(kind: .columnCount(column), offset: lineStart))
        return cuts
      }
      cuts.endRow()
      lineCount += 1
      rowCount += 1
    }
    return cuts
  }
}
