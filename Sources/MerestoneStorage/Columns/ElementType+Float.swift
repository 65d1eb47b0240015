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

  /// An integer at a byte offset as a time, 2^63 - 1 for those beyond.
  /// - Precondition: The type is one of integers, and the value's bytes are inside `bytes`.
  @inline(__always)
  func time(in bytes: RawSpan, at byteOffset: Int) -> Int64 {
    guard let word = word(in: bytes, at: byteOffset) else {
      preconditionFailure("a time that is no integer")
    }
    return self == .u64 ? Int64(clamping: word) : Int64(bitPattern: word)
  }
}
