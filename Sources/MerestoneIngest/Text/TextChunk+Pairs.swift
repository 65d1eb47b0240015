extension TextChunk {
  func parsePairs() {
    let capacity = view.newlineCount(in: range)
    let end = range.upperBound
    let (first, second) = layout.delimiter.bytes
    let view = view
    var offset = range.lowerBound
    var skipped = 0
    var found: TextProblem?
    var sources: [UInt64] = []
    var destinations: [UInt64] = []
    // A row takes a line, so both arrays have room for every row.
    sources.append(addingCapacity: capacity) { sourceSpan in
      destinations.append(addingCapacity: capacity) { destinationSpan in
        while offset < end {
          let (source, sourceEnd) = view.canonicalDigits(at: offset)
          let separator = view[sourceEnd]
          if sourceEnd > offset, separator == first || separator == second {
            let start = sourceEnd &+ 1
            let (destination, destinationEnd) = view.canonicalDigits(at: start)
            if destinationEnd > start {
              var next = destinationEnd
              if view[next] == UInt8(ascii: "\r") { next &+= 1 }
              if view[next] == TextView.newline {
                sourceSpan.append(source)
                destinationSpan.append(destination)
                offset = next &+ 1
                continue
              }
            }
          }
          // Comments, blank lines, wide numbers, several blanks, and everything wrong.
          let lineEnd = view.lineEnd(from: offset)
          switch self.slowPair(offset..<lineEnd) {
          case .row(let source, let destination):
            sourceSpan.append(source)
            destinationSpan.append(destination)
          case .nothing:
            skipped &+= 1
          case .problem(let problem):
            found = problem
            return
          }
          offset = lineEnd &+ 1
        }
      }
    }
    rowCount = sources.count
    lineCount = rowCount + skipped
    columns = [.ids(sources), .ids(destinations)]
    if let found { note(found) }
  }

  private enum SlowLine {
    case row(UInt64, UInt64)
    case nothing
    case problem(TextProblem)
  }

  private func slowPair(_ line: Range<Int>) -> SlowLine {
    if let fault = view.firstFault(in: line) {
      return .problem(TextProblem(kind: .fault(fault), offset: line.lowerBound))
    }
    let content = withoutReturn(line)
    if isIgnored(content) { return .nothing }
    let fields = layout.delimiter.fields(of: content, in: view)
    guard fields.count == 2 else {
      return .problem(TextProblem(kind: .columnCount(fields.count), offset: line.lowerBound))
    }
    var values: [UInt64] = []
    for (index, field) in fields.enumerated() {
      switch view.integerID(field) {
      case .value(let value): values.append(value)
      case .tooLarge:
        return .problem(
          TextProblem(
            kind: .idTooLarge, offset: field.lowerBound, range: field,
            field: layout.fields[index].name))
      case .other:
        return .problem(
          TextProblem(
            kind: field.isEmpty ? .emptyID : .notAnInteger, offset: field.lowerBound,
            range: field, field: layout.fields[index].name))
      }
    }
    return .row(values[0], values[1])
  }

  func withoutReturn(_ line: Range<Int>) -> Range<Int> {
    guard let last = line.last, view[last] == UInt8(ascii: "\r") else { return line }
    return line.lowerBound..<last
  }

  /// Comments and lines of nothing but blanks.
  func isIgnored(_ line: Range<Int>) -> Bool {
    guard let first = line.first else { return true }
    if view[first] == UInt8(ascii: "#") { return true }
    return line.allSatisfy { view[$0] == UInt8(ascii: " ") || view[$0] == UInt8(ascii: "\t") }
  }
}

extension TextView {
  /// The integer at `offset` and where it ends; an end of `offset` says that there is none of at
  /// most 16 digits without a leading zero.
  @inline(__always) fileprivate func canonicalDigits(at offset: Int) -> (UInt64, Int) {
    let (head, count) = digitRun(at: offset)
    if count < 8 {
      if count > 1, self[offset] == UInt8(ascii: "0") { return (0, offset) }
      return (head, offset &+ count)
    }
    if self[offset] == UInt8(ascii: "0") { return (0, offset) }
    let (tail, more) = digitRun(at: offset &+ 8)
    if more == 8 { return (0, offset) }
    return (head &* Self.scale(more) &+ tail, offset &+ 8 &+ more)
  }

  /// 10 to the power of `count`, for counts below 8.
  @inline(__always) private static func scale(_ count: Int) -> UInt64 {
    let small: UInt64 = count & 1 != 0 ? 10 : 1
    let middle: UInt64 = count & 2 != 0 ? 100 : 1
    let large: UInt64 = count & 4 != 0 ? 10_000 : 1
    return small &* middle &* large
  }
}
