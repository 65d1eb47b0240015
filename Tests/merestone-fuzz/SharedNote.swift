import Glibc

/// Three numbers in a mapped file: what a child was doing when it died.
final class SharedNote: @unchecked Sendable {  // one writer; the other side reads to watch
  private let numbers: UnsafeMutablePointer<UInt64>

  init(path: String) throws {
    let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
    guard descriptor >= 0, ftruncate(descriptor, 4096) == 0 else {
      throw Fault(description: "cannot make \(path)")
    }
    defer { close(descriptor) }
    let address = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let address, address != MAP_FAILED else { throw Fault(description: "cannot map \(path)") }
    numbers = address.bindMemory(to: UInt64.self, capacity: 512)
  }

  deinit { munmap(numbers, 4096) }

  /// The number of the input in work.
  var input: UInt64 {
    get { numbers[0] }
    set { numbers[0] = newValue }
  }

  /// Inputs that were read to their end without an error.
  var accepted: UInt64 {
    get { numbers[1] }
    set { numbers[1] = newValue }
  }
}
