import CZlib

/// A zlib decompressor.
@safe struct Inflater: ~Copyable {
  enum Framing: Int32 {
    case gzip = 31
    case raw = -15
  }

  // On the heap: zlib keeps a pointer to its stream.
  private let stream: UnsafeMutablePointer<z_stream>

  init(_ framing: Framing) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // SAFETY: the stream is zeroed, as inflateInit asks.
    let status = unsafe inflateInit2_(
      stream, framing.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "inflateInit2 failed with \(status)")
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Begins another member.
  mutating func reset() { unsafe _ = inflateReset(stream) }

  /// Decompresses from `inputRange` of `input` into `outputRange` of `output`.
  /// - Returns: the bytes taken and made, and how the stream stands.
  mutating func run(
    _ input: ByteBuffer, _ inputRange: Range<Int>, _ output: ByteBuffer, _ outputRange: Range<Int>
  ) -> (taken: Int, made: Int, step: DecodingStep) {
    let stream = unsafe stream
    return unsafe input.withMutableBytes(inputRange) { source in
      unsafe output.withMutableBytes(outputRange) { target in
        // Ranges are at most buffer capacities, far below 4 GiB, but say so.
        let room = min(target.count, 1 << 30)
        let given = min(source.count, 1 << 30)
        // SAFETY: both buffers are lent for the time of the call.
        unsafe stream.pointee.next_in = source.baseAddress!.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_in = UInt32(given)
        unsafe stream.pointee.next_out = target.baseAddress!.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = UInt32(room)
        let status = unsafe inflate(stream, Z_NO_FLUSH)
        let taken = unsafe given - Int(stream.pointee.avail_in)
        let made = unsafe room - Int(stream.pointee.avail_out)
        switch status {
        case Z_OK, Z_BUF_ERROR: return (taken, made, .more)
        case Z_STREAM_END: return (taken, made, .end)
        default:
          let message = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
          return (taken, made, .damaged(message ?? "zlib status \(status)"))
        }
      }
    }
  }
}
