/// What a draw is for. The raw value is part of the format version: never renumber.
public enum RandomStream: UInt8, Sendable {
  case neighborSampling = 1
  case seedShuffle = 2
  case dropout = 3
  case weightInitialization = 4
  case partition = 5
  case generator = 6
  case query = 7
  case walk = 8
  case negative = 9
  case subgraph = 10
}

/// Names a family of random draws; equal keys give equal draws on every machine and thread.
///
/// A draw is a pure function of `(seed, stream, epoch, step, slice, hop, relation, entity, draw)`.
/// The first seven are this key: they pass through Philox once and become the 64-bit key of a
/// second Philox whose counter is the entity and the draw number. Nothing is ever keyed by a
/// worker or a thread.
@frozen public struct RandomKey: Sendable, Hashable {
  public var seed: UInt64
  public var stream: RandomStream
  public var epoch: UInt32
  public var step: UInt32
  public var slice: UInt32
  public var hop: UInt8
  public var relation: UInt16

  @inlinable public init(
    seed: UInt64, stream: RandomStream, epoch: Int = 0, step: Int = 0, slice: Int = 0,
    hop: Int = 0, relation: RelationID = RelationID(0)
  ) {
    self.seed = seed
    self.stream = stream
    self.epoch = UInt32(truncatingIfNeeded: epoch)
    self.step = UInt32(truncatingIfNeeded: step)
    self.slice = UInt32(truncatingIfNeeded: slice)
    self.hop = UInt8(truncatingIfNeeded: hop)
    self.relation = UInt16(truncatingIfNeeded: relation.rawValue)
  }

  /// The draws that this key names.
  @inlinable public var draws: RandomDraws {
    let place =
      UInt32(stream.rawValue) | UInt32(hop) &<< 8 | UInt32(relation) &<< 16
    let mixed = Philox.words(
      counter: SIMD4(place, epoch, step, slice),
      key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed &>> 32)))
    return RandomDraws(key: SIMD2(mixed.x, mixed.y))
  }
}

/// The draws named by one ``RandomKey``: a pure function from (entity, number) to random bits.
@frozen public struct RandomDraws: Sendable {
  @usableFromInline package let key: SIMD2<UInt32>

  @inlinable package init(key: SIMD2<UInt32>) { self.key = key }

  /// Four independent 32-bit words: draws `4 * number ..< 4 * number + 4` of `entity`.
  @inlinable @inline(__always)
  public func words(entity: UInt64, number: UInt32) -> SIMD4<UInt32> {
    Philox.words(
      counter: SIMD4(
        UInt32(truncatingIfNeeded: entity), UInt32(truncatingIfNeeded: entity &>> 32), number, 0),
      key: key)
  }

  /// Two independent 64-bit words.
  @inlinable @inline(__always)
  public func wideWords(entity: UInt64, number: UInt32) -> SIMD2<UInt64> {
    let w = words(entity: entity, number: number)
    return SIMD2(
      UInt64(w.x) | UInt64(w.y) &<< 32,
      UInt64(w.z) | UInt64(w.w) &<< 32)
  }

  /// A number drawn uniformly from `0..<bound` (the bias is below `bound / 2^64`).
  @inlinable @inline(__always)
  public func uniform(below bound: UInt64, entity: UInt64, number: UInt32) -> UInt64 {
    wideWords(entity: entity, number: number).x.multipliedFullWidth(by: bound).high
  }

  /// A number drawn uniformly from `[0, 1)`, with 53 random bits.
  @inlinable @inline(__always)
  public func unit(entity: UInt64, number: UInt32) -> Double {
    Double(wideWords(entity: entity, number: number).x &>> 11) * 0x1p-53
  }
}
