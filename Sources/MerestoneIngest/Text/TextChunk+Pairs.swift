extension TextChunk {
  /// Lines of two integers: the vectorised kernel reads what it can, plain Swift the lines that it
  /// stops at, and ``slowPair(_:)`` what is no plain pair.
  ///
  /// - Parameter usesKernel: false for tests and processors without the kernel.
  func parsePairs(usesKernel: Bool = true) {
    let view = view
    let capacity = view.newlineCount(in: range)
    var pairs = PairRun(
      offset: range.lowerBound, end: range.upperBound, usesKernel: usesKernel)
    var found: TextProblem?
    var sources: [UInt64] = []
    var destinations: [UInt64] = []
    // A row takes a line, so both arrays have room for every row.
    sources.append(addingCapacity: capacity) { sourceSpan in
      destinations.append(addingCapacity: capacity) { destinationSpan in
        while pairs.offset < pairs.end {
          pairs.readFast(
            view, layout.delimiter.bytes, &sourceSpan, &destinationSpan)
          if pairs.offset == pairs.end { return }
          // Comments, blank lines, several blanks, and everything wrong.
          let lineEnd = view.lineEnd(from: pairs.offset)
          switch self.slowPair(pairs.offset..<lineEnd) {
          case .row(let source, let destination):
            sourceSpan.append(source)
            destinationSpan.append(destination)
          case .nothing:
            pairs.skipped &+= 1
          case .problem(let problem):
            found = problem
            return
          }
          pairs.offset = lineEnd &+ 1
        }
      }
    }
    rowCount = sources.count
    lineCount = rowCount + pairs.skipped
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
    let fields: [Range<Int>]
    do throws(QuoteFault) {
      fields = try layout.delimiter.fields(of: content, in: view)
    } catch {
      return .problem(TextProblem(kind: .quote(error), offset: line.lowerBound))
    }
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
