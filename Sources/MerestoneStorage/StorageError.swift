import Glibc
public import MerestoneCore

/// What went wrong with a file of a graph; each case carries what its message needs.
@usableFromInline package enum StorageError: Error, Equatable, Sendable {
  /// The operating system refused an operation; `code` is its `errno`.
  case io(path: String, operation: String, code: Int32)

  /// A file that has to be there is not.
  case missing(path: String)

  /// Something that must not be there yet is.
  case alreadyExists(path: String)

  /// Another process is writing this.
  case locked(path: String)

  /// A file is shorter or longer than its header or the manifest says.
  case wrongSize(path: String, expected: Int, found: Int)

  /// The file is whole, but of another format version.
  case wrongVersion(path: String, byteOffset: Int, expected: Int, found: Int)

  /// The bytes at `byteOffset..<byteOffset + byteCount` are not those that were written.
  case wrongChecksum(
    path: String, byteOffset: Int, byteCount: Int, expected: UInt32, found: UInt32)

  /// The value of `field` at `byteOffset` makes no sense.
  case corrupt(path: String, byteOffset: Int, field: String, expected: String, found: String)

  /// A mapped file lost pages while it was being read.
  case truncatedWhileMapped(path: String)

  /// A row, node or edge that the file does not have was asked for.
  case outOfRange(path: String, what: String, index: UInt64, count: Int)

  /// The caller's data can't be stored: it breaks a rule of the format. `mend` says what to do.
  case invalid(path: String, what: String, expected: String, found: String, mend: String)

  /// Two nodes carry one raw id.
  case duplicateRawID(path: String, raw: RawID, first: NodeID, second: NodeID)

  /// The user asked to stop.
  case interrupted(path: String)

  /// Whether the machine failed (exit 74) rather than the data (exit 65).
  package var isInputOutput: Bool {
    if case .io = self { true } else { false }
  }
}

extension StorageError: CustomStringConvertible {
  @usableFromInline package var description: String {
    switch self {
    case .io(let path, let operation, let code):
      "cannot \(operation) \(path): \(Self.message(of: code)); \(Self.mend(of: code))"
    case .missing(let path):
      "\(path) is missing; if it belongs to a graph, run `merestone verify` and make the graph again"
    case .alreadyExists(let path):
      "\(path) exists already; choose another output or remove it first"
    case .locked(let path):
      "\(path) is being written by another process; wait for it or choose another output"
    case .wrongSize(let path, let expected, let found):
      "\(path): expected \(expected) bytes, found \(found), "
        + "so it differs from byte \(min(expected, found)) on; \(Self.remake)"
    case .wrongVersion(let path, let byteOffset, let expected, let found):
      "\(path): byte \(byteOffset): format version \(found), this program reads version "
        + "\(expected); make the graph again with this version of merestone"
    case .wrongChecksum(let path, let byteOffset, let byteCount, let expected, let found):
      "\(path): bytes \(byteOffset)..<\(byteOffset + byteCount) are damaged: expected CRC-32C "
        + "\(Self.hex(expected)), found \(Self.hex(found)); \(Self.remake)"
    case .corrupt(let path, let byteOffset, let field, let expected, let found):
      "\(path): byte \(byteOffset): \(field): expected \(expected), found \(found); \(Self.remake)"
    case .truncatedWhileMapped(let path):
      "\(path) became shorter while it was being read; \(Self.remake)"
    case .outOfRange(let path, let what, let index, let count):
      "\(path): \(what) \(index) does not exist, there are \(count); "
        + "ask for one of 0..<\(count)"
    case .invalid(let path, let what, let expected, let found, let mend):
      "\(path): \(what): expected \(expected), found \(found); \(mend)"
    case .duplicateRawID(let path, let raw, let first, let second):
      "\(path): raw id \(raw) belongs to two nodes, global ids \(first) and \(second); "
        + "give every node an id of its own"
    case .interrupted(let path):
      "interrupted while writing \(path); run the command again"
    }
  }

  private static let remake = "copy the file again or make the graph again"

  /// Eight hexadecimal digits: `0x00c0ffee`.
  package static func hex(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }

  private static func message(of code: Int32) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      // SAFETY: the call writes a zero-terminated string of at most `count` bytes.
      unsafe buffer.initialize(repeating: 0)
      _ = unsafe strerror_r(code, buffer.baseAddress!, buffer.count)
      return unsafe String(cString: buffer.baseAddress!)
    }
  }

  private static func mend(of code: Int32) -> String {
    switch code {
    case ENOSPC, EDQUOT: "free space on that disk, or choose an output on another"
    case EACCES, EPERM, EROFS: "check the permissions of the file and its folder"
    case EMFILE, ENFILE: "raise the limit of open files (`ulimit -n`)"
    case ENOMEM: "free memory, or raise vm.max_map_count"
    case ENOENT, ENOTDIR: "check that the folder exists"
    default: "check the disk and try again"
    }
  }
}
