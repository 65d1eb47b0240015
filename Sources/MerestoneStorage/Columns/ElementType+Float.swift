internal import CMerestoneKernels

extension ElementType {
  /// The type's number among the C kernels.
  var kernelElement: Int32 {
    switch self {
    case .u8: Int32(MRS_U8.rawValue)
    case .u16: Int32(MRS_U16.rawValue)
    case .u32: Int32(MRS_U32.rawValue)
    case .u64: Int32(MRS_U64.rawValue)
    case .i32: Int32(MRS_I32.rawValue)
    case .i64: Int32(MRS_I64.rawValue)
    case .f16: Int32(MRS_F16.rawValue)
    case .f32: Int32(MRS_F32.rawValue)
    case .f64: Int32(MRS_F64.rawValue)
    }
  }

  /// Converts consecutive values to `Float`: exactly where `Float` can hold them, else rounded to
  /// nearest, ties to even.
  ///
  /// - Parameters:
  ///   - bytes: Little-endian values at any alignment.
  ///   - output: As many floats as there are values.
  package func widen(_ bytes: RawSpan, into output: inout MutableSpan<Float>) {
    precondition(
      bytes.byteCount == output.count * byteCount,
      "\(bytes.byteCount) bytes of \(rawValue) for \(output.count) floats")
    let width = output.count
    guard width > 0 else { return }
    // SAFETY: one row of `width` values is read from the span and written to the output, and both
    // were checked to have that size.
    unsafe bytes.withUnsafeBytes { from in
      unsafe output.withUnsafeMutableBufferPointer { to in
        unsafe mrs_gather_rows(
          from.baseAddress!, kernelElement, width, nil, nil, 1, to.baseAddress!)
      }
    }
  }

  /// The value at a byte offset as a `Double`: exact but for integers past 2^53.
  /// - Precondition: The value's bytes are inside `bytes`.
  package func double(in bytes: RawSpan, at byteOffset: Int) -> Double {
    switch self {
    case .u8: Double(bytes.littleEndian(at: byteOffset, as: UInt8.self))
    case .u16: Double(bytes.littleEndian(at: byteOffset, as: UInt16.self))
    case .u32: Double(bytes.littleEndian(at: byteOffset, as: UInt32.self))
    case .u64: Double(bytes.littleEndian(at: byteOffset, as: UInt64.self))
    case .i32: Double(bytes.littleEndian(at: byteOffset, as: Int32.self))
    case .i64: Double(bytes.littleEndian(at: byteOffset, as: Int64.self))
    case .f16: Double(Float16(bitPattern: bytes.littleEndian(at: byteOffset, as: UInt16.self)))
    case .f32: Double(Float(bitPattern: bytes.littleEndian(at: byteOffset, as: UInt32.self)))
    case .f64: Double(bitPattern: bytes.littleEndian(at: byteOffset, as: UInt64.self))
    }
  }

  /// The bits of an integer at a byte offset, sign-extended to 64; `nil` for floating-point types.
  /// - Precondition: The value's bytes are inside `bytes`.
  package func word(in bytes: RawSpan, at byteOffset: Int) -> UInt64? {
    switch self {
    case .u8: UInt64(bytes.littleEndian(at: byteOffset, as: UInt8.self))
    case .u16: UInt64(bytes.littleEndian(at: byteOffset, as: UInt16.self))
    case .u32: UInt64(bytes.littleEndian(at: byteOffset, as: UInt32.self))
    case .u64, .i64: bytes.littleEndian(at: byteOffset, as: UInt64.self)
    case .i32: UInt64(truncatingIfNeeded: bytes.littleEndian(at: byteOffset, as: Int32.self))
    case .f16, .f32, .f64: nil
    }
  }
}
