import Glibc

/// A folder for one test's files, removed with everything in it when the value goes out of scope.
public final class TemporaryFolder: Sendable {
  public let path: String

  public init() {
    let base = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/merestone-test-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { unsafe mkdtemp($0.baseAddress!) != nil }
    precondition(made, "cannot make a folder in \(base)")
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { Self.remove(path) }

  /// The path of a file in the folder.
  public func file(_ name: String) -> String { "\(path)/\(name)" }

  /// The names in the folder, sorted.
  public var names: [String] { Self.names(in: path) }

  /// The names in any folder, sorted.
  public static func entries(_ path: String) -> [String] { names(in: path) }

  private static func names(in path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func remove(_ path: String) {
    for name in names(in: path) {
      if unsafe unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
    }
    unsafe rmdir(path)
  }
}

/// Whole files, for tests that write them, read them and damage them.
public enum TestFile {
  public static func write(_ bytes: [UInt8], to path: String) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
    precondition(descriptor >= 0, "cannot create \(path)")
    defer { close(descriptor) }
    let written = bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    precondition(written == bytes.count, "cannot write \(path)")
  }

  public static func read(_ path: String) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY)
    precondition(descriptor >= 0, "cannot open \(path)")
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = buffer.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if count <= 0 { return bytes }
      bytes += buffer[..<count]
    }
  }

  /// Cuts a file off, or lengthens it by zeros that take no space.
  public static func resize(_ path: String, to byteCount: Int) {
    let status = unsafe truncate(path, byteCount)
    precondition(status == 0, "cannot resize \(path)")
  }

  /// Replaces some bytes of a file and leaves the rest, holes included.
  public static func patch(_ path: String, _ bytes: [UInt8], at byteOffset: Int) {
    let descriptor = unsafe open(path, O_WRONLY)
    precondition(descriptor >= 0, "cannot open \(path)")
    defer { close(descriptor) }
    let written = bytes.withUnsafeBytes {
      unsafe pwrite(descriptor, $0.baseAddress, $0.count, byteOffset)
    }
    precondition(written == bytes.count, "cannot write \(path)")
  }

  /// Flips one bit.
  public static func flip(_ path: String, byte: Int, bit: Int = 0) {
    var bytes = read(path)
    bytes[byte] ^= 1 << UInt8(bit)
    write(bytes, to: path)
  }
}
