import Glibc

/// What tells that a file is the one that was opened, and that nobody has written to it since.
package struct FileStamp: Sendable, Hashable {
  package var bytes: Int
  package var device: UInt64
  package var inode: UInt64
  package var modifiedNanoseconds: Int
  package var changedNanoseconds: Int

  init(_ status: stat) {
    bytes = Int(status.st_size)
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    modifiedNanoseconds = Self.nanoseconds(status.st_mtim)
    changedNanoseconds = Self.nanoseconds(status.st_ctim)
  }

  // A damaged inode may hold any number of seconds.
  private static func nanoseconds(_ time: timespec) -> Int {
    time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
  }

  /// How this later stamp differs, in words; nil where it does not.
  func difference(from before: FileStamp) -> String? {
    if bytes > before.bytes { return "it grew from \(before.bytes) to \(bytes) bytes" }
    if bytes < before.bytes { return "it shrank from \(before.bytes) to \(bytes) bytes" }
    if inode != before.inode || device != before.device { return "another file took its place" }
    return self == before ? nil : "it was written to"
  }
}
