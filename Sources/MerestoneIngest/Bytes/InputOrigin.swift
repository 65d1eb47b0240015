/// Where input comes from, to be opened as often as it is read: a file, which must stay as it was
/// when it was first seen, or the standard input.
struct InputOrigin: Sendable {
  /// As messages call it.
  let name: String
  /// As the user wrote it.
  let path: String
  let standardInput: StandardInput?
  let stamp: FileStamp?

  /// - Parameter path: A file, or `-` for the standard input.
  init(_ path: String, standardInput: StandardInput = .shared) throws(IngestError) {
    self.path = path
    if path == StandardInput.path {
      name = StandardInput.name
      self.standardInput = standardInput
      stamp = nil
    } else {
      name = path
      self.standardInput = nil
      stamp = try InputFile(path: path).stamp
    }
  }

  var isRepeatable: Bool { standardInput == nil }

  /// Opens it, and throws if it is no longer the file that was first seen.
  func open() throws(IngestError) -> InputFile {
    if let standardInput { return InputFile(standardInput) }
    let file = try InputFile(path: path)
    if let stamp, let detail = file.stamp?.difference(from: stamp) {
      throw .fileChanged(path, detail: detail)
    }
    return file
  }
}
