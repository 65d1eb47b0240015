import CLZ4

/// A decompressor of LZ4 frames: block and content checksums are verified where a frame has them.
@safe final class LZ4Decoder: StreamDecoding {
  private let context: OpaquePointer

  init() {
    var made: OpaquePointer?
    // SAFETY: the context is owned by this object and freed in `deinit`.
    let status = unsafe LZ4F_createDecompressionContext(&made, UInt32(LZ4F_VERSION))
    guard LZ4F_isError(status) == 0, let made = unsafe made else {
      preconditionFailure("out of memory")
    }
    unsafe context = made
  }

  deinit { unsafe _ = LZ4F_freeDecompressionContext(context) }

  func begin() { unsafe LZ4F_resetDecompressionContext(context) }

  func run(
    _ input: ByteBuffer, _ inputRange: Range<Int>, _ output: ByteBuffer, _ outputRange: Range<Int>
  ) -> (taken: Int, made: Int, step: DecodingStep) {
    unsafe input.withMutableBytes(inputRange) { source in
      unsafe output.withMutableBytes(outputRange) { target in
        var taken = source.count
        var made = target.count
        // SAFETY: both buffers are lent for the time of the call; without options nothing of them
        // is kept.
        let status = unsafe LZ4F_decompress(
          context, target.baseAddress, &made, source.baseAddress, &taken, nil)
        if LZ4F_isError(status) != 0 {
          let name = unsafe String(cString: LZ4F_getErrorName(status))
          return (0, 0, .damaged(name))
        }
        return (taken, made, status == 0 ? .end : .more)
      }
    }
  }
}
