import Glibc

/// Memory in an unlinked file: shared with worker processes through its descriptor, gone with the
/// last process that holds it, whatever way that process ends.
///
/// The space is reserved when the memory is made, so that a full disk is an error then and not a
/// crash later. An ordinary temporary directory is used, not `/dev/shm`, which may be small.
@safe public final class SharedMemory: @unchecked Sendable {  // the mapping never moves
  /// What went wrong while reserving memory.
  public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
    public var operation: String
    public var directory: String
    public var bytes: Int
    public var code: Int32

    public var description: String {
      let reason = unsafe String(cString: strerror(code))
      return "cannot \(operation) \(ByteCount(bytes)) of shared memory in \(directory): \(reason); "
        + "free some space there"
        + (directory == SharedMemory.temporaryDirectory
          ? " or set TMPDIR to a directory that has it" : "")
    }
  }

  /// The open file, for handing to a worker process.
  public let fileDescriptor: Int32
  public let byteCount: Int
  private let base: UnsafeMutableRawPointer

  /// Reserves `bytes` of zeroed memory.
  ///
  /// - Parameters:
  ///   - bytes: The size; 0 is allowed.
  ///   - directory: Where the unlinked file lives; by default `TMPDIR`, else `/tmp`.
  /// - Throws: ``Failure`` when the file cannot be made or the space is not there.
  public init(byteCount: Int, directory: String? = nil) throws(Failure) {
    let folder = directory ?? Self.temporaryDirectory
    func failure(_ operation: String, _ code: Int32) -> Failure {
      Failure(operation: operation, directory: folder, bytes: byteCount, code: code)
    }
    var template = Array("\(folder)/merestone-XXXXXX".utf8CString)
    let descriptor = unsafe template.withUnsafeMutableBufferPointer {
      unsafe mkstemp($0.baseAddress!)
    }
    guard descriptor >= 0 else { throw failure("create a file for", errno) }
    unsafe unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    let status = posix_fallocate(descriptor, 0, off_t(max(1, byteCount)))
    guard status == 0 else {
      close(descriptor)
      throw failure("reserve", status)
    }
    guard let mapped = unsafe Self.map(descriptor, byteCount) else {
      let code = errno
      close(descriptor)
      throw failure("map", code)
    }
    unsafe base = mapped
    self.fileDescriptor = descriptor
    self.byteCount = byteCount
  }

  /// Maps memory that another process reserved and handed over; takes over the descriptor.
  ///
  /// - Throws: ``Failure`` when the file is smaller than `byteCount` or cannot be mapped.
  public init(adopting descriptor: Int32, byteCount: Int) throws(Failure) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, Int(status.st_size) >= byteCount else {
      throw Failure(
        operation: "adopt", directory: "descriptor \(descriptor)", bytes: byteCount, code: EINVAL)
    }
    guard let mapped = unsafe Self.map(descriptor, byteCount) else {
      throw Failure(
        operation: "map", directory: "descriptor \(descriptor)", bytes: byteCount, code: errno)
    }
    unsafe base = mapped
    self.fileDescriptor = descriptor
    self.byteCount = byteCount
  }

  deinit {
    // SAFETY: the mapping was made by `init` and nothing can hold it longer than this object.
    unsafe munmap(base, max(1, byteCount))
    close(fileDescriptor)
  }

  /// `TMPDIR`, or `/tmp` where it is not set.
  public static var temporaryDirectory: String {
    guard let value = unsafe getenv("TMPDIR"), unsafe value.pointee != 0 else { return "/tmp" }
    return unsafe String(cString: value)
  }

  /// The elements of type `Element` that start at `byteOffset`; valid while this object lives.
  /// - Precondition: The elements lie inside the memory and are aligned.
  @unsafe public func elements<Element: BitwiseCopyable>(
    _ type: Element.Type, at byteOffset: Int, count: Int
  ) -> UnsafeMutableBufferPointer<Element> {
    let bytes = count * MemoryLayout<Element>.stride
    precondition(
      byteOffset >= 0 && count >= 0 && byteOffset + bytes <= byteCount
        && byteOffset % MemoryLayout<Element>.alignment == 0,
      "\(count) elements at byte \(byteOffset) of \(byteCount)")
    let start = unsafe (base + byteOffset).bindMemory(to: Element.self, capacity: max(1, count))
    return unsafe UnsafeMutableBufferPointer(start: start, count: count)
  }

  private static func map(_ descriptor: Int32, _ byteCount: Int) -> UnsafeMutableRawPointer? {
    let address = unsafe mmap(
      nil, max(1, byteCount), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    return unsafe address == MAP_FAILED ? nil : address
  }
}
