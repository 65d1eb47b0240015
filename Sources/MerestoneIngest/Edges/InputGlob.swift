import Glibc

/// Patterns in place of file names: `'edges-*.csv.gz'`, quoted so that the shell leaves it alone.
package enum InputGlob {
  /// The files that `arguments` name, patterns replaced by what they match, in the order of the
  /// bytes of the names; everything else stays as it is and where it is.
  ///
  /// A name of an existing file is never taken for a pattern.
  ///
  /// - Throws: ``IngestError/noFileMatches(pattern:)``.
  package static func expand(_ arguments: [String]) throws(IngestError) -> [String] {
    var files: [String] = []
    for argument in arguments {
      let isPattern = argument.utf8.contains { special.contains($0) }
      if !isPattern || exists(argument) {
        files.append(argument)
      } else {
        files += try matches(argument)
      }
    }
    return files
  }

  private static let special: [UInt8] = Array("*?[".utf8)

  private static func exists(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: `status` is a local that the call fills.
    return unsafe stat(path, &status) == 0
  }

  private static func matches(_ pattern: String) throws(IngestError) -> [String] {
    var found = unsafe glob_t()
    defer { unsafe globfree(&found) }
    // SAFETY: the pattern is NUL-terminated for the call; names are copied before they are freed.
    let status = unsafe glob(pattern, GLOB_NOSORT, nil, &found)
    guard status == 0, let names = unsafe found.gl_pathv else {
      throw .noFileMatches(pattern: pattern)
    }
    var files: [String] = []
    for index in 0..<Int(unsafe found.gl_pathc) {
      if let name = unsafe names[index] { files.append(unsafe String(cString: name)) }
    }
    return files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
