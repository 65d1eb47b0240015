import CZstd

/// A Zstandard decompressor: checksums are verified, windows of up to 128 MiB accepted.
@safe final class ZstdDecoder: StreamDecoding {
  private let stream: OpaquePointer

  init() {
    // SAFETY: the stream is owned by this object and freed in `deinit`.
    guard let made = unsafe ZSTD_createDStream() else { preconditionFailure("out of memory") }
    unsafe stream = made
  }

  deinit { unsafe _ = ZSTD_freeDStream(stream) }

  func begin() { unsafe _ = ZSTD_initDStream(stream) }

  func run(
    _ input: ByteBuffer, _ inputRange: Range<Int>, _ output: ByteBuffer, _ outputRange: Range<Int>
  ) -> (taken: Int, made: Int, step: DecodingStep) {
    unsafe input.withMutableBytes(inputRange) { source in
      unsafe output.withMutableBytes(outputRange) { target in
        // SAFETY: both buffers are lent for the time of the call.
        var given = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
        var room = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        let status = unsafe ZSTD_decompressStream(stream, &room, &given)
        let (taken, made) = unsafe (given.pos, room.pos)
        if ZSTD_isError(status) != 0 {
          let name = unsafe String(cString: ZSTD_getErrorName(status))
          return (taken, made, .damaged(name))
        }
        return (taken, made, status == 0 ? .end : .more)
      }
    }
  }
}
