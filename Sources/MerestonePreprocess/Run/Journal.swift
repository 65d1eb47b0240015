import FoundationEssentials
import Glibc
import MerestoneIngest
import MerestoneStorage

/// What a run has done so far: enough for `--resume` to go on behind it.
///
/// Kept as `journal.json` in the folder of temporary files, as ``VouchedJSON``, and replaced as a
/// whole: what was changed is refused. Everything that it names has a checksum, in it or in a file
/// that it vouches for, which is compared when that is used.
struct Journal: Codable, Sendable {
  static let currentVersion = 10

  var version = Journal.currentVersion
  /// Inputs and flags that shape the result; a run with others can't go on.
  var identity: RunIdentity
  var read: ReadStage.Result?
  /// Checksums of the chunks of plain binary inputs, by input file.
  var pairChecksums: [[UInt32?]]?
  var numbers: NumberStage.Record?
  var counts: CountStage.Record?
  var grouped: GroupStage.Record?
  var neighbors: Bool?
  var order: OrderStage.Record?
  /// Where edges are stored by relation.
  var relations: [RelationTriple]?
  var routed: CheckpointedRouting.Record?
  var writing: EdgeWriting.State?
  /// Out-edges, by relation.
  var reversed: [ReverseStage.Record]?
  /// Cumulative weights, and orders of times.
  var weighed: IndexStage.Record?
  var timed: IndexStage.Record?
  /// Columns and id map, once they are written.
  var nodeFiles: NodeStage.Record?
  var report = PreprocessReport()

  init(identity: RunIdentity) { self.identity = identity }
}

/// Which run this is: what shapes its result.
struct RunIdentity: Codable, Sendable, Equatable {
  struct Input: Codable, Sendable, Equatable {
    var path: String
    var bytes: Int
    /// Nanoseconds since 1970.
    var modified: Int
  }

  var inputs: [Input]
  var flags: [String: String]

  /// What differs in `other`, as a message; nil where nothing does.
  func difference(from other: RunIdentity) -> String? {
    for (now, then) in zip(inputs, other.inputs) where now != then {
      if now.path != then.path { return "the input was \(then.path) and is \(now.path)" }
      return "\(now.path) has changed since (\(then.bytes) bytes then, \(now.bytes) now)"
    }
    if inputs.count != other.inputs.count {
      return "there were \(other.inputs.count) input files and are \(inputs.count)"
    }
    for (flag, value) in flags.sorted(by: { $0.key < $1.key }) where other.flags[flag] != value {
      return "--\(flag) was \(other.flags[flag] ?? "not given") and is \(value)"
    }
    for flag in other.flags.keys.sorted() where flags[flag] == nil {
      return "--\(flag) was \(other.flags[flag]!) and is not given"
    }
    return nil
  }

  /// - Parameter paths: Every input file.
  init(paths: [String], flags: [String: String]) throws(PreprocessError) {
    self.flags = flags
    inputs = []
    for path in paths where path != "-" {
      var status = stat()
      // SAFETY: `status` is a local that the call fills.
      guard unsafe stat(path, &status) == 0 else {
        throw .ingest(
          errno == ENOENT ? .missingFile(path) : .cannotRead(path, byteOffset: 0, code: errno))
      }
      inputs.append(
        Input(
          path: path, bytes: Int(status.st_size),
          modified: Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)))
    }
  }
}

extension Journal {
  private static func path(_ folder: String) -> String { "\(folder)/journal.json" }

  private static let format = VouchedJSON(name: "journal")

  private struct Version: Decodable { var version: Int }

  /// The journal in `folder`; nil where there is none.
  /// - Throws: ``PreprocessError/journalUnreadable(path:)`` for one that is damaged.
  static func read(folder: String) throws(PreprocessError) -> Journal? {
    let path = path(folder)
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    let decoder = JSONDecoder()
    let object: Data
    do throws(StorageError) {
      object = Data(try format.object(of: [UInt8](data), path: path))
    } catch {
      // Before version 3, journals did not vouch for themselves.
      guard let version = try? decoder.decode(Version.self, from: data), version.version < 3 else {
        throw .journalUnreadable(path: path)
      }
      throw otherVersion(version.version)
    }
    guard let version = try? decoder.decode(Version.self, from: object) else {
      throw .journalUnreadable(path: path)
    }
    guard version.version == currentVersion else { throw otherVersion(version.version) }
    guard let journal = try? decoder.decode(Journal.self, from: object) else {
      throw .journalUnreadable(path: path)
    }
    return journal
  }

  private static func otherVersion(_ version: Int) -> PreprocessError {
    .cannotResume(
      reason: "it was begun by a version of merestone with journal version \(version), "
        + "this one has \(currentVersion)")
  }

  /// Replaces the journal in `folder`.
  func write(folder: String) throws(PreprocessError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    guard let data = try? encoder.encode(self) else {
      preconditionFailure("a journal without numbers that are not finite")
    }
    let bytes = Self.format.file(of: [UInt8](data))
    try PreprocessError.storing { () throws(StorageError) in
      // SAFETY: every byte of an array of bytes is initialised.
      try OutputFile.write(unsafe bytes.span.bytes, to: Self.path(folder), .deferred)
    }
  }
}
