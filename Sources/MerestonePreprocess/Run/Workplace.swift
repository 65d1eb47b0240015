import Glibc
import MerestoneStorage

/// The folder of temporary files of one run, and the journal in it.
struct Workplace {
  let folder: String
  let journal: Journal

  /// Makes the folder anew, or opens the one that an earlier run left behind.
  ///
  /// - Throws: ``PreprocessError/cannotResume(reason:)`` where that run had other inputs or flags.
  init(
    options: PreprocessOptions, writer: GraphWriter, identity: RunIdentity
  ) throws(PreprocessError) {
    folder = Self.folder(options)
    if writer.isResumed, let journal = try Journal.read(folder: folder) {
      if let difference = identity.difference(from: journal.identity) {
        throw .cannotResume(reason: difference)
      }
      self.journal = journal
      return
    }
    let folder = self.folder
    try PreprocessError.storing { () throws(StorageError) in
      try writer.clear()
      try TemporaryPlace.make(folder)
    }
    journal = Journal(identity: identity)
    try journal.write(folder: folder)
  }

  /// Where the temporary files of a run lie.
  static func folder(_ options: PreprocessOptions) -> String {
    var output = options.output[...]
    while output.count > 1, output.last == "/" { output.removeLast() }
    guard let temporary = options.temporary else { return "\(output).temporary" }
    return "\(temporary)/\(output.split(separator: "/").last ?? "graph").temporary"
  }

  /// Removes all temporary files.
  func remove() { try? TemporaryPlace.remove(folder) }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// Removes files that no later stage reads.
  func discard(_ names: String...) {
    for name in names { unsafe unlink(path(name)) }
  }
}
