/// How a file's bytes are compressed.
package enum Compression: String, Sendable, CaseIterable {
  case gzip, zstd, lz4

  /// What the names of such files end in, without the dot.
  package var fileExtension: String {
    switch self {
    case .gzip: "gz"
    case .zstd: "zst"
    case .lz4: "lz4"
    }
  }

  /// The compression that a file's name promises.
  package init?(path: String) {
    let found = Self.allCases.first { path.hasSuffix("." + $0.fileExtension) }
    guard let found else { return nil }
    self = found
  }

  /// The bytes that all such files start with. Both zstd and LZ4 files may also start with a
  /// skippable frame, which tells nothing about what follows.
  private var magic: [UInt8] {
    switch self {
    case .gzip: [0x1f, 0x8b]
    case .zstd: [0x28, 0xb5, 0x2f, 0xfd]
    case .lz4: [0x04, 0x22, 0x4d, 0x18]
    }
  }

  static let magicBytes = 4

  /// The compression that a file's first bytes tell; nil for any other file.
  init?(start: TextView) {
    let found = Self.allCases.first { kind in
      start.count >= kind.magic.count
        && kind.magic.indices.allSatisfy { start[$0] == kind.magic[$0] }
    }
    guard let found else { return nil }
    self = found
  }

  func decoder() -> any StreamDecoding {
    switch self {
    case .gzip: GzipDecoder()
    case .zstd: ZstdDecoder()
    case .lz4: LZ4Decoder()
    }
  }
}

/// How a decompressor stands after a call.
enum DecodingStep {
  /// It wants more input or more room.
  case more
  /// A gzip member or a frame is through, its checksum verified and all of it delivered.
  case end
  case damaged(String)
}

/// Decompresses a stream of gzip members or frames, one after the other.
protocol StreamDecoding: AnyObject {
  /// Begins another member or frame.
  func begin()

  /// Decompresses from `inputRange` of `input` into `outputRange` of `output`.
  /// - Returns: the bytes taken and made, and how the stream stands.
  func run(
    _ input: ByteBuffer, _ inputRange: Range<Int>, _ output: ByteBuffer, _ outputRange: Range<Int>
  ) -> (taken: Int, made: Int, step: DecodingStep)
}

final class GzipDecoder: StreamDecoding {
  private var inflater = Inflater(.gzip)

  func begin() { inflater.reset() }

  func run(
    _ input: ByteBuffer, _ inputRange: Range<Int>, _ output: ByteBuffer, _ outputRange: Range<Int>
  ) -> (taken: Int, made: Int, step: DecodingStep) {
    inflater.run(input, inputRange, output, outputRange)
  }
}
