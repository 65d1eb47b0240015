internal import CMerestoneKernels
import Glibc

/// A file being written under a temporary name (`<path>.partial`), which gets its own name when it
/// is whole.
///
/// Killed at any point, the path holds the old file or the new one. A value that goes out of scope
/// unfinished removes its temporary file.
package struct OutputFile: ~Copyable {
  package let path: String

  /// Bytes appended so far.
  package private(set) var count = 0

  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private var isKept = false

  /// The bytes that the kernel was asked to bring to the disk.
  private var started = 0

  /// Bytes are written up to a multiple of this: what is written so the kernel keeps in large pages,
  /// which a later mapping of the file has as such, so that random reads miss fewer translations.
  private static let blockBytes = 2 << 20
  /// Bytes that it is asked for at a time, so that a sync finds little to wait for.
  private static let writebackBytes = 8 << 20

  /// Whether the bytes must be on the disk before the file gets its name.
  package enum Durability {
    /// `fsync` of the file before and of its folder after the renaming.
    case synced
    /// For files of a staging folder, which is synced as a whole at its end.
    case deferred
  }

  private var temporaryPath: String { path + ".partial" }

  package init(path: String) throws(StorageError) {
    self.path = path
    descriptor = unsafe Glibc.open(
      path + ".partial", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw .io(path: path, operation: "create", code: errno) }
  }

  /// Goes on with the temporary file of a run that ended early; what it had beyond `count` bytes is
  /// forgotten. Such a file stays where it is when this value goes, too.
  package init(path: String, resumingAt count: Int) throws(StorageError) {
    self.path = path
    self.count = count
    started = count
    isKept = true
    // The earlier run may have got as far as giving the file its name.
    if unsafe access(path + ".partial", F_OK) != 0 { unsafe rename(path, path + ".partial") }
    descriptor = unsafe Glibc.open(path + ".partial", O_WRONLY | O_CLOEXEC)
    if descriptor < 0 { throw .io(path: path, operation: "go on writing", code: errno) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    guard size >= count else {
      throw .wrongSize(path: path + ".partial", expected: count, found: size)
    }
    guard ftruncate(descriptor, count) == 0 else {
      throw .io(path: path, operation: "shorten", code: errno)
    }
  }

  /// Removes a file, finished or not, that a writer which was killed may have left.
  package static func remove(_ path: String) {
    unsafe unlink(path)
    unsafe unlink(path + ".partial")
  }

  deinit {
    guard descriptor >= 0 else { return }
    _ = Glibc.close(descriptor)
    if !isKept { unsafe unlink(path + ".partial") }
  }

  /// Brings all bytes so far to the disk. From now on the temporary file outlives this value, so
  /// that ``init(path:resumingAt:)`` can go on with it.
  package mutating func checkpoint() throws(StorageError) {
    try flush()
    guard fdatasync(descriptor) == 0 else {
      throw .io(path: path, operation: "sync", code: errno)
    }
    isKept = true
  }

  package mutating func append(_ bytes: RawSpan) throws(StorageError) {
    var rest = bytes
    while true {
      let room = Self.blockBytes - count % Self.blockBytes
      if rest.byteCount < room { return hold(rest) }
      if buffer.isEmpty {
        // Whole blocks need no copy.
        let whole = room + (rest.byteCount - room) / Self.blockBytes * Self.blockBytes
        try write(rest.extracting(first: whole), at: count)
        count += whole
        rest = rest.extracting(droppingFirst: whole)
        startWriteback()
      } else {
        hold(rest.extracting(first: room))
        rest = rest.extracting(droppingFirst: room)
        try flush()
      }
    }
  }

  private mutating func hold(_ bytes: RawSpan) {
    // SAFETY: the bytes are copied while the span is lent.
    unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
    count += bytes.byteCount
  }

  package mutating func append(_ bytes: [UInt8]) throws(StorageError) {
    // SAFETY: bytes have no padding.
    try unsafe append(bytes.span.bytes)
  }

  /// Replaces bytes that were appended earlier, such as a header whose values come last.
  /// - Precondition: The bytes lie inside what was appended.
  package mutating func overwrite(_ bytes: RawSpan, at byteOffset: Int) throws(StorageError) {
    precondition(
      byteOffset >= 0 && byteOffset <= count - bytes.byteCount,
      "overwriting \(bytes.byteCount) bytes at \(byteOffset) of \(count)")
    try flush()
    try write(bytes, at: byteOffset)
  }

  /// Gives the file its name.
  /// - Returns: Its size in bytes.
  @discardableResult
  package consuming func finish(_ durability: Durability = .synced) throws(StorageError) -> Int {
    try flush()
    if durability == .synced, fsync(descriptor) != 0 {
      throw .io(path: path, operation: "sync", code: errno)
    }
    let closed = Glibc.close(descriptor)
    let closeError = errno
    descriptor = -1
    guard closed == 0 else {
      unsafe unlink(temporaryPath)
      throw .io(path: path, operation: "write", code: closeError)
    }
    guard unsafe rename(temporaryPath, path) == 0 else {
      let code = errno
      unsafe unlink(temporaryPath)
      throw .io(path: path, operation: "rename a file to", code: code)
    }
    if durability == .synced { try Self.syncFolder(of: path) }
    return count
  }

  /// Writes a whole small file at once.
  package static func write(
    _ bytes: RawSpan, to path: String, _ durability: Durability = .synced
  ) throws(StorageError) {
    var file = try OutputFile(path: path)
    try file.append(bytes)
    try file.finish(durability)
  }

  /// Makes the names in the folder that holds `path` durable.
  package static func syncFolder(of path: String) throws(StorageError) {
    let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) }
    try sync(parent ?? ".")
  }

  /// `fsync` of a file or a folder.
  package static func sync(_ path: String) throws(StorageError) {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .io(path: path, operation: "open", code: errno) }
    let status = fsync(descriptor)
    let code = errno
    _ = Glibc.close(descriptor)
    // Some file systems can't sync folders and say so with EINVAL.
    if status != 0, code != EINVAL { throw .io(path: path, operation: "sync", code: code) }
  }

  private mutating func flush() throws(StorageError) {
    guard !buffer.isEmpty else { return }
    // SAFETY: bytes have no padding.
    try unsafe write(buffer.span.bytes, at: count - buffer.count)
    buffer.removeAll(keepingCapacity: true)
    startWriteback()
  }

  private mutating func startWriteback() {
    guard count - started >= Self.writebackBytes else { return }
    mrs_start_writeback(descriptor, Int64(started), Int64(count - started))
    started = count
  }

  private borrowing func write(_ bytes: RawSpan, at byteOffset: Int) throws(StorageError) {
    var done = 0
    while done < bytes.byteCount {
      let written = unsafe bytes.withUnsafeBytes { buffer in
        // SAFETY: the pointer and the count describe the rest of the lent bytes.
        unsafe pwrite(
          descriptor, buffer.baseAddress! + done, buffer.count - done, byteOffset + done)
      }
      if written < 0 {
        if errno == EINTR { continue }
        throw .io(path: path, operation: "write", code: errno)
      }
      done += written
    }
  }
}
