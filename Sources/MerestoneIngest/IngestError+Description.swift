import Glibc

extension IngestError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .interrupted:
      return "interrupted; run the same command again"
    case .missingFile, .notAFile, .cannotRead, .cannotWrite, .outputExists, .emptyFile,
      .noDataLines, .foreignFile, .truncatedStream, .corruptStream, .notCompressed, .fileChanged,
      .readTwice, .noFileMatches:
      return fileDescription
    case .tooFewColumns, .columnCount, .emptyID, .notAnInteger, .idTooLarge, .notANumber,
      .invalidUTF8, .nulByte, .quotedNewline, .textAfterQuote, .typeChanged, .carriageReturn,
      .lineTooLong, .tooManyComments,
      .unknownSplit, .invalidLabel:
      return textDescription
    case .invalidColumnMapping, .unknownColumn, .duplicateColumn, .noIDColumn, .integersRequired:
      return columnDescription
    case .oddLength, .invalidArray, .arrayShape, .arrayElement, .negativeID, .corruptArchive,
      .missingArray, .sparseStructure:
      return arrayDescription
    case .duplicateNode, .labelForUnknownNode, .featureRowCount, .notFinite,
      .noEdges, .ambiguousLayout, .invalidParameter:
      return graphDescription
    }
  }

  private var fileDescription: String {
    switch self {
    case .missingFile(let file):
      "\(file): there is no such file; check the path"
    case .notAFile(let file):
      "\(file) is not a regular file; name a file (input is read more than once)"
    case .cannotRead(let file, let offset, let code):
      "\(file), byte \(offset): cannot read: \(Self.system(code)); check the file and its disk"
    case .cannotWrite(let file, let code):
      "\(file): cannot write: \(Self.system(code)); check the directory and the space on its disk"
    case .outputExists(let file):
      "\(file) exists already; remove it or choose another output"
    case .emptyFile(let file):
      "\(file) is empty; expected at least one edge or node"
    case .noDataLines(let file, let lines):
      "\(file) holds no data: all of its \(lines) line\(lines == 1 ? " is" : "s are") comments, "
        + "blank or a header; expected at least one row"
    case .foreignFile(let file, let kind, let mend):
      "\(file), byte 0: this is \(kind), expected text; \(mend)"
    case .truncatedStream(let file, let kind, let offset):
      "\(file), compressed byte \(offset): the \(kind.rawValue) stream ends too early; "
        + "the file is truncated, copy it again"
    case .corruptStream(let file, let kind, let offset, let detail):
      "\(file), compressed byte \(offset): the \(kind.rawValue) stream is damaged (\(detail)); "
        + "copy the file again"
    case .notCompressed(let file, let kind):
      "\(file), byte 0: its name ends in .\(kind.fileExtension), but it does not start as "
        + "\(kind.rawValue) does; copy the file again, or rename it if it is not compressed"
    case .fileChanged(let file, let detail):
      "\(file) changed while it was read: \(detail); "
        + "run the command again when nothing writes to the file"
    case .readTwice(let name):
      "\(name) can be read only once; save it to a file and name that"
    case .noFileMatches(let pattern):
      "no file matches '\(pattern)'; check the folder and the pattern"
    default: ""
    }
  }

  private var textDescription: String {
    switch self {
    case .tooFewColumns(let place, let found):
      "\(place): found \(found) column\(found == 1 ? "" : "s"), an edge needs 2; "
        + "separate source and destination by a tab, a comma or blanks"
    case .columnCount(let place, let found, let expected):
      "\(place): found \(found) column\(found == 1 ? "" : "s"), expected \(expected) "
        + "as in the lines before; complete the line or remove it"
    case .emptyID(let place, let column):
      "\(place): column '\(column)' has no value, expected a node id; "
        + "complete the line or remove it"
    case .notAnInteger(let place, let column, let found):
      "\(place): column '\(column)' holds '\(found)', expected an integer in 0...2^64-1 "
        + "without sign or leading zeros; if ids are words, use --ids string"
    case .idTooLarge(let place, let column, let found):
      "\(place): id '\(found)' in column '\(column)' does not fit 64 bits "
        + "(largest 18446744073709551615); use --ids string"
    case .notANumber(let place, let column, let found):
      "\(place): column '\(column)' holds '\(found)', expected a number, or - for none"
    case .invalidUTF8(let place, let offset):
      "\(place), byte \(offset) of the line: not valid UTF-8; convert the file to UTF-8"
    case .nulByte(let place, let offset):
      "\(place), byte \(offset) of the line: a NUL byte, so this is no text file; "
        + "for binary edges use --format u32, u64 or npy"
    case .quotedNewline(let place):
      "\(place): a quoted value does not end in this line; close the quote, "
        + "and take line breaks out of values"
    case .textAfterQuote(let place, let found):
      "\(place): '\(found)' stands behind a closing quote, expected the next column; "
        + "write a quote inside a quoted value as two"
    case .typeChanged(let place, let column, let found, let expected):
      "\(place): column '\(column)' holds '\(found)', but its first rows hold \(expected) only; "
        + "input that is read once cannot be looked at before: save it to a file and name that"
    case .carriageReturn(let place):
      "\(place): a carriage return inside the line, expected a line feed at the end of each line; "
        + "convert the line ends (tr '\\r' '\\n')"
    case .lineTooLong(let place, let limit):
      "\(place): longer than \(limit) bytes; is this a text file with one row per line?"
    case .tooManyComments(let file, let limit):
      "\(file): no data line within the first \(limit) bytes; shorten its comments"
    case .unknownSplit(let place, let found):
      "\(place): unknown split '\(found)'; allowed are train, val (valid, validation), test and -"
    case .invalidLabel(let place, let found):
      "\(place): label '\(found)' is no class; expected an integer in 0...2147483646, a word, "
        + "or - for none"
    default: ""
    }
  }

  private var columnDescription: String {
    switch self {
    case .invalidColumnMapping(let text, let found):
      "--columns \(text): '\(found)' is not of the form role=column with one of the roles "
        + "src, dst, relation, weight, time, split, each role at most once; "
        + "for example --columns src=payer,dst=payee"
    case .unknownColumn(let file, let column, let available):
      "\(file): there is no column '\(column)'; "
        + (available.isEmpty
          ? "the file names no columns, add a line '# columns: ...' or a header"
          : "its columns are \(available.joined(separator: ", "))")
    case .duplicateColumn(let file, let column):
      "\(file): two columns are called '\(column)'; rename one, or map roles with --columns"
    case .noIDColumn(let file, let available):
      "\(file): no column holds the node ids; its columns are "
        + "\(available.joined(separator: ", ")); call one of them id"
    case .integersRequired(let file):
      "\(file) holds integer ids, so --ids string does not apply to it; use --ids integer or auto"
    default: ""
    }
  }

  private var arrayDescription: String {
    switch self {
    case .oddLength(let file, let bytes, let record):
      "\(file): its length of \(bytes) bytes is no multiple of \(record), the bytes of an edge; "
        + "the file is truncated or of another format"
    case .invalidArray(let file, let offset, let detail):
      "\(file), byte \(offset): not a NumPy array that can be read: \(detail); "
        + "write it again with numpy.save"
    case .arrayShape(let file, let found, let expected):
      "\(file): the array has the shape [\(found.map(String.init).joined(separator: ", "))], "
        + "expected \(expected)"
    case .arrayElement(let file, let found, let expected):
      "\(file): the array's elements are '\(found)', expected \(expected); "
        + "convert it with numpy.astype"
    case .negativeID(let file, let row, let column, let found):
      "\(file), row \(row), column \(column): the id \(found) is negative, "
        + "expected 0 or more; remove the row or renumber the nodes"
    case .corruptArchive(let file, let offset, let detail):
      "\(file), byte \(offset): the zip archive is damaged (\(detail)); copy the file again"
    case .missingArray(let file, let name):
      "\(file): there is no array '\(name)'; expected a CSR matrix of scipy.sparse.save_npz"
    case .sparseStructure(let file, let row, let detail):
      "\(file), row \(row): not a valid CSR matrix: \(detail); "
        + "write it again with scipy.sparse.save_npz"
    default: ""
    }
  }

  private var graphDescription: String {
    switch self {
    case .duplicateNode(let file, let id, let line, let firstLine):
      "\(file), line \(line): node '\(id)' was already given in line \(firstLine); "
        + "keep one of the two lines"
    case .labelForUnknownNode(let place, let id):
      "\(place): node '\(id)' has a label, but there is no such node; "
        + "add it to the node table or remove the line"
    case .featureRowCount(let file, let rows, let nodes):
      "\(file): found \(rows) feature rows, expected \(nodes), one for each node in the order of "
        + "the node table; check that the two files belong together"
    case .notFinite(let file, let row, let column, let found):
      "\(file), row \(row), column \(column): the feature is \(found), expected a finite number; "
        + "replace it before preprocessing"
    case .noEdges(let directory):
      "\(directory): found no edges file; expected one of "
        + "\(InputLayout.edgeFileList)"
    case .ambiguousLayout(let directory, let files):
      "\(directory): found \(files.joined(separator: " and ")); keep one of them, "
        + "or name the files on the command line"
    case .invalidParameter(let name, let found, let allowed):
      "\(name) is \(found), allowed is \(allowed)"
    default: ""
    }
  }

  private static func system(_ code: Int32) -> String {
    // SAFETY: strerror returns a NUL-terminated string that is copied at once.
    unsafe String(cString: strerror(code))
  }
}

extension IngestError {
  /// Found text as messages show it: at most 40 characters, control characters escaped.
  static func excerpt(_ text: String) -> String {
    let limit = 40
    var shown = ""
    for (count, scalar) in text.unicodeScalars.enumerated() {
      if count == limit { return shown + "..." }
      shown += scalar.value < 0x20 ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return shown
  }
}
