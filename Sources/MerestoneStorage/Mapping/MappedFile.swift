internal import CMerestoneKernels
import Glibc
import Synchronization

/// A file mapped for reading; unmapped when the value goes out of scope.
///
/// The bytes are those of the file, unchecked: who reads them compares checksums. When the file
/// shrinks while it is mapped, lost pages read as zeros and ``withBytes(_:)`` throws afterwards.
@safe package struct MappedFile: ~Copyable, @unchecked Sendable {  // immutable once mapped
  package let path: String

  private let base: UnsafeRawBufferPointer
  private let guardSlot: Int32
  // -1 where the file is only mapped.
  private let descriptor: Int32
  private let identity: Identity

  /// What tells a file from another of the same name.
  private struct Identity: Equatable {
    let device: dev_t
    let inode: ino_t

    init(_ status: stat) {
      device = status.st_dev
      inode = status.st_ino
    }
  }

  /// Maps a whole file.
  ///
  /// - Parameters:
  ///   - expectedBytes: The size that the file must have; `nil` takes any.
  ///   - staysOpen: Keeps a file descriptor for ``copyBytes(at:into:part:)``, as long as this process
  ///     has not too many of them.
  /// - Throws: ``StorageError/missing(path:)``, ``StorageError/wrongSize(path:expected:found:)``,
  ///   or ``StorageError/io(path:operation:code:)``.
  /// - Complexity: three system calls at any size; nothing is read.
  package init(
    path: String, expectedBytes: Int? = nil, staysOpen: Bool = false
  ) throws(StorageError) {
    // A named pipe must be refused, not waited for.
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = errno
      throw code == ENOENT
        ? .missing(path: path) : .io(path: path, operation: "open", code: code)
    }
    let mapping: (base: UnsafeRawBufferPointer, guardSlot: Int32, identity: Identity)
    do throws(StorageError) {
      unsafe mapping = try Self.map(descriptor, path, expectedBytes)
    } catch {
      _ = Glibc.close(descriptor)
      throw error
    }
    self.path = path
    unsafe base = mapping.base
    unsafe guardSlot = mapping.guardSlot
    unsafe identity = mapping.identity
    if staysOpen, Self.openCount.wrappingAdd(1, ordering: .relaxed).oldValue < Self.mostOpen {
      self.descriptor = descriptor
    } else {
      if staysOpen { Self.openCount.wrappingSubtract(1, ordering: .relaxed) }
      _ = Glibc.close(descriptor)
      self.descriptor = -1
    }
  }

  private static let openCount = Atomic<Int>(0)

  /// Files that stay open together, of the 1,024 descriptors that a process usually has.
  package static let mostOpen = 256

  private static func map(
    _ descriptor: Int32, _ path: String, _ expectedBytes: Int?
  ) throws(StorageError) -> (
    base: UnsafeRawBufferPointer, guardSlot: Int32, identity: Identity
  ) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .io(path: path, operation: "read the size of", code: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .invalid(
        path: path, what: "kind of file", expected: "a regular file", found: "something else",
        mend: "give the path of a file")
    }
    let count = Int(status.st_size)
    if let expectedBytes, expectedBytes != count {
      throw .wrongSize(path: path, expected: expectedBytes, found: count)
    }
    guard count > 0 else {
      return unsafe (UnsafeRawBufferPointer(start: nil, count: 0), -1, Identity(status))
    }
    let address = unsafe mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw .io(path: path, operation: "map", code: errno)
    }
    let guardSlot = unsafe mrs_guard_add(address, count)
    guard guardSlot >= 0 else {
      unsafe munmap(address, count)
      throw .io(path: path, operation: "map", code: ENOMEM)
    }
    // SAFETY: the kernel has just mapped `count` readable bytes there.
    return unsafe (
      UnsafeRawBufferPointer(start: address, count: count), guardSlot, Identity(status)
    )
  }

  deinit {
    if descriptor >= 0 {
      _ = Glibc.close(descriptor)
      Self.openCount.wrappingSubtract(1, ordering: .relaxed)
    }
    guard let address = unsafe base.baseAddress else { return }
    mrs_guard_remove(guardSlot)
    // SAFETY: the mapping is this value's own, and spans of it can't outlive a borrow.
    unsafe munmap(UnsafeMutableRawPointer(mutating: address), base.count)
  }

  package var count: Int { unsafe base.count }

  /// Where the bytes lie; `nil` for an empty file.
  @unsafe package var address: UnsafeRawPointer? { unsafe base.baseAddress }

  /// Whether a read has hit a page that the file no longer has.
  package var isDamaged: Bool { mrs_guard_damaged(guardSlot) != 0 }

  /// Throws when bytes that were read from here may not have been the file's.
  package borrowing func checkIntact() throws(StorageError) {
    if isDamaged { throw .truncatedWhileMapped(path: path) }
  }

  /// Lends the mapped bytes to `body`; the span cannot outlive the call.
  ///
  /// - Throws: What `body` throws; ``StorageError/truncatedWhileMapped(path:)`` instead, and also
  ///   where `body` succeeds, when the file lost pages that were read.
  package borrowing func withBytes<R: ~Copyable>(
    _ body: (RawSpan) throws(StorageError) -> R
  ) throws(StorageError) -> R {
    do throws(StorageError) {
      // SAFETY: `self` is borrowed for the whole call, so the mapping stays alive.
      let result = try unsafe body(RawSpan(_unsafeBytes: base))
      try checkIntact()
      return result
    } catch {
      try checkIntact()
      throw error
    }
  }

  /// Fills a part of `bytes` from the file, past the mapping: nothing of the file counts as memory.
  ///
  /// - Throws: ``StorageError/truncatedWhileMapped(path:)`` where the file ends before;
  ///   ``StorageError/invalid(path:what:expected:found:mend:)`` where it did not stay open and another
  ///   one has taken its name.
  /// - Precondition: The part is inside `bytes`.
  /// - Complexity: One system call, three where the file did not stay open.
  package borrowing func copyBytes(
    at byteOffset: Int, into bytes: inout MutableSpan<UInt8>, part: Range<Int>
  ) throws(StorageError) {
    precondition(part.lowerBound >= 0 && part.upperBound <= bytes.count, "part of the bytes")
    let open = descriptor >= 0 ? descriptor : unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard open >= 0 else { throw .io(path: path, operation: "open", code: errno) }
    defer { if descriptor < 0 { _ = Glibc.close(open) } }
    if descriptor < 0 { try checkIdentity(open) }
    let done = unsafe try bytes.withUnsafeMutableBytes { bytes throws(StorageError) in
      // SAFETY: the part is inside the bytes.
      unsafe try PositionedRead.fill(
        UnsafeMutableRawBufferPointer(rebasing: bytes[part]), from: open, at: byteOffset,
        path: path)
    }
    guard done == part.count else { throw .truncatedWhileMapped(path: path) }
  }

  private borrowing func checkIdentity(_ descriptor: Int32) throws(StorageError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, Identity(status) == identity else {
      throw .invalid(
        path: path, what: "file", expected: "the one that was opened first",
        found: "another one of its name", mend: "open the graph again")
    }
  }

  /// Gives the memory of the whole pages in `range` back; reading them again reads the file again.
  package borrowing func drop(_ range: Range<Int>? = nil) {
    advise(MADV_DONTNEED, range ?? 0..<count, wholePagesOnly: range != nil)
  }

  /// Starts to read the pages that hold `range`, where they are not in memory; returns before they
  /// are.
  package borrowing func willNeed(_ range: Range<Int>) {
    advise(MADV_WILLNEED, range, wholePagesOnly: false)
  }

  /// Asks for pages of 2 MiB where the file has to be read from disk, for random reads of a file that
  /// memory holds whole: with pages of 4 KiB each also waits for the tables of pages. A hint, without
  /// effect on what is in memory already.
  package borrowing func preferHugePages() {
    advise(MADV_HUGEPAGE, 0..<count, wholePagesOnly: false)
  }

  /// Whether the page of a byte is in memory, read by whatever process.
  /// - Precondition: The byte is inside the file.
  package borrowing func isInMemory(at byteOffset: Int) -> Bool {
    precondition(byteOffset >= 0 && byteOffset < count, "byte \(byteOffset) of \(count)")
    guard let address = unsafe base.baseAddress else { return true }
    var state: UInt8 = 0
    // SAFETY: the page is part of this mapping; one byte is written for one page.
    let status = unsafe mincore(
      UnsafeMutableRawPointer(mutating: address + byteOffset / Self.pageBytes * Self.pageBytes), 1,
      &state)
    return status != 0 || state & 1 == 1
  }

  /// The size of a page of memory.
  package static let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))

  private borrowing func advise(_ advice: Int32, _ range: Range<Int>, wholePagesOnly: Bool) {
    guard let address = unsafe base.baseAddress else { return }
    let page = Self.pageBytes
    let bounds = range.clamped(to: 0..<count)
    let lower = (wholePagesOnly ? bounds.lowerBound + page - 1 : bounds.lowerBound) / page * page
    // The page of the last byte holds nothing else.
    let upper =
      wholePagesOnly && bounds.upperBound < count
      ? bounds.upperBound / page * page : bounds.upperBound
    guard lower < upper else { return }
    // SAFETY: the range is inside this mapping and starts at a page.
    unsafe madvise(
      UnsafeMutableRawPointer(mutating: address + lower), upper - lower, advice)
  }
}
