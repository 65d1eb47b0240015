import CMerestoneKernels
import Glibc

/// The memory that a supervisor and its workers share: barrier words, one block of counters per
/// worker, and the buffers of the collectives. It lives in an unnamed memory file, gone with the
/// last process that holds it.
///
/// | offset             | size          | meaning                                               |
/// |--------------------|---------------|-------------------------------------------------------|
/// | 0                  | 8             | magic                                                 |
/// | 8                  | 8             | worker count `W`                                      |
/// | 16                 | 8             | floats per slot `C`                                   |
/// | 128                | 4             | workers that arrived at the current barrier           |
/// | 256                | 4             | barriers completed (wraps); the futex word            |
/// | 384                | 4             | workers asleep on it                                  |
/// | 512                | 8             | byte count of the current broadcast                   |
/// | 640 + 128 w        | 8, 8, 8, 8    | of worker `w`: barriers entered, heartbeats, floats and doubles in the current reduction |
/// | after these        | 2048 W        | 256 doubles per worker                                |
/// | next page          | 4 C (W + 1)   | one slot per worker, then the result                  |
///
/// All numbers are in the machine's own byte order: the file never leaves the machine.
///
/// `@unchecked Sendable`: the words are only touched by atomic operations; the buffers are
/// separated by the barriers of ``LocalTransport``.
@safe final class SharedRegion: @unchecked Sendable {
  static let doublesPerWorker = 256
  private static let magic: UInt64 = 0x3130_5452_4f50_534d
  private static let pageBytes = 4096
  private static let firstWorkerOffset = 640
  private static let workerStride = 128

  let descriptor: Int32
  let workerCount: Int
  let slotCapacity: Int
  private let base: UnsafeMutableRawPointer
  private let byteCount: Int
  private let ownsDescriptor: Bool

  /// Makes the region; the supervisor does so before the first worker starts.
  init(workerCount: Int, slotCapacity: Int) throws(TransportError) {
    precondition(workerCount > 0 && slotCapacity > 0, "\(slotCapacity) floats a reduction")
    let bytes = Self.byteCount(workerCount: workerCount, slotCapacity: slotCapacity)
    let descriptor = unsafe mrs_memory_file("merestone-workers", Int64(bytes))
    guard descriptor >= 0 else {
      throw .system(operation: "make shared memory for the workers", code: errno)
    }
    guard let mapped = unsafe Self.map(descriptor, bytes) else {
      let code = errno
      close(descriptor)
      throw .system(operation: "map \(bytes) bytes of shared memory", code: code)
    }
    unsafe base = mapped
    self.descriptor = descriptor
    self.workerCount = workerCount
    self.slotCapacity = slotCapacity
    byteCount = bytes
    ownsDescriptor = true
    unsafe mapped.storeBytes(of: Self.magic, as: UInt64.self)
    unsafe mapped.storeBytes(of: UInt64(workerCount), toByteOffset: 8, as: UInt64.self)
    unsafe mapped.storeBytes(of: UInt64(slotCapacity), toByteOffset: 16, as: UInt64.self)
  }

  /// Maps the region that a supervisor handed to this worker.
  init(attaching descriptor: Int32, workerCount: Int) throws(TransportError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_size >= Self.pageBytes else {
      throw .notAWorker(found: "descriptor \(descriptor) is not the supervisor's shared memory")
    }
    let bytes = Int(status.st_size)
    guard let mapped = unsafe Self.map(descriptor, bytes) else {
      throw .system(operation: "map \(bytes) bytes of shared memory", code: errno)
    }
    // SAFETY: the file has a page at least, so that these three words are inside the mapping.
    let magic = unsafe mapped.load(as: UInt64.self)
    let workers = unsafe mapped.load(fromByteOffset: 8, as: UInt64.self)
    let capacity = unsafe mapped.load(fromByteOffset: 16, as: UInt64.self)
    guard magic == Self.magic, workers == UInt64(workerCount),
      capacity > 0, capacity <= UInt64(bytes),
      bytes >= Self.byteCount(workerCount: workerCount, slotCapacity: Int(capacity))
    else {
      unsafe munmap(mapped, bytes)
      throw .notAWorker(
        found: "descriptor \(descriptor) holds no shared memory for \(workerCount) workers")
    }
    unsafe base = mapped
    self.descriptor = descriptor
    self.workerCount = workerCount
    slotCapacity = Int(capacity)
    byteCount = bytes
    ownsDescriptor = false
  }

  deinit {
    // SAFETY: nothing lends pointers into the mapping beyond this object's life.
    unsafe munmap(base, byteCount)
    if ownsDescriptor { close(descriptor) }
  }

  private static func map(_ descriptor: Int32, _ bytes: Int) -> UnsafeMutableRawPointer? {
    let address = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    return unsafe address == MAP_FAILED ? nil : address
  }

  private static func doublesOffset(_ workerCount: Int) -> Int {
    firstWorkerOffset + workerStride * workerCount
  }

  private static func slotsOffset(_ workerCount: Int) -> Int {
    let end =
      doublesOffset(workerCount) + doublesPerWorker * MemoryLayout<Double>.stride * workerCount
    return (end + pageBytes - 1) / pageBytes * pageBytes
  }

  private static func byteCount(workerCount: Int, slotCapacity: Int) -> Int {
    slotsOffset(workerCount) + (workerCount + 1) * slotCapacity * MemoryLayout<Float>.stride
  }
}

// SAFETY of everything below: offsets come from the table above for indices that are checked, and
// the mapping lives as long as `self`.
extension SharedRegion {
  var arrived: UnsafeMutablePointer<UInt32> { unsafe word(128, UInt32.self) }
  var generation: UnsafeMutablePointer<UInt32> { unsafe word(256, UInt32.self) }
  var sleepers: UnsafeMutablePointer<UInt32> { unsafe word(384, UInt32.self) }
  var broadcastByteCount: UnsafeMutablePointer<UInt64> { unsafe word(512, UInt64.self) }

  func entered(_ worker: Int) -> UnsafeMutablePointer<UInt64> { unsafe counter(worker, 0) }
  func heartbeats(_ worker: Int) -> UnsafeMutablePointer<UInt64> { unsafe counter(worker, 1) }
  func floatCount(_ worker: Int) -> UnsafeMutablePointer<UInt64> { unsafe counter(worker, 2) }
  func doubleCount(_ worker: Int) -> UnsafeMutablePointer<UInt64> { unsafe counter(worker, 3) }

  func doubles(of worker: Int) -> UnsafeMutablePointer<Double> {
    precondition(worker >= 0 && worker < workerCount)
    return unsafe word(
      Self.doublesOffset(workerCount)
        + worker * Self.doublesPerWorker * MemoryLayout<Double>.stride, Double.self)
  }

  /// The buffer of a worker, ``slotCapacity`` floats; that of "worker" `workerCount` is the result.
  func slot(_ worker: Int) -> UnsafeMutablePointer<Float> {
    precondition(worker >= 0 && worker <= workerCount)
    return unsafe word(
      Self.slotsOffset(workerCount) + worker * slotCapacity * MemoryLayout<Float>.stride,
      Float.self)
  }

  private func counter(_ worker: Int, _ index: Int) -> UnsafeMutablePointer<UInt64> {
    precondition(worker >= 0 && worker < workerCount)
    return unsafe word(
      Self.firstWorkerOffset + Self.workerStride * worker + 8 * index, UInt64.self)
  }

  private func word<T>(_ byteOffset: Int, _ type: T.Type) -> UnsafeMutablePointer<T> {
    unsafe (base + byteOffset).assumingMemoryBound(to: type)
  }
}
