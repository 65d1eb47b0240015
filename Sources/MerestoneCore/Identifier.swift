/// An integer id with a type of its own, so that ids of different kinds do not mix.
public protocol Identifier: RawRepresentable, Hashable, Comparable, Sendable, BitwiseCopyable,
  CustomStringConvertible
where RawValue: FixedWidthInteger & Sendable {
  init(_ rawValue: RawValue)
}

extension Identifier {
  @inlinable public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }

  @inlinable public var description: String { rawValue.description }
}

/// A node's global id: its place in the order that preprocessing chose, unique per node type.
///
/// Shard `s` owns the contiguous range `bounds[s]..<bounds[s + 1]` (``PartitionBook`` in
/// MerestoneStorage maps one to the other).
@frozen public struct NodeID: Identifier {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// An edge's global id: its shard's lower edge boundary plus its position in the shard's CSC.
@frozen public struct EdgeID: Identifier {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A node's id inside its shard: the global id minus the shard's lower boundary; also its row in
/// the shard's node columns.
@frozen public struct LocalNodeID: Identifier {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A node's position among the sources of one sampled ``Block``.
@frozen public struct BlockIndex: Identifier {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt32) { self.rawValue = rawValue }
}

/// One of the contiguous pieces that a graph is cut into.
@frozen public struct ShardID: Identifier {
  public var rawValue: Int
  @inlinable public init(rawValue: Int) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: Int) { self.rawValue = rawValue }
}

/// A node type, by its position in the manifest; 0 in a homogeneous graph.
@frozen public struct NodeTypeID: Identifier {
  public var rawValue: Int
  @inlinable public init(rawValue: Int) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: Int) { self.rawValue = rawValue }
}

/// A relation (source type, name, destination type), by its position in the manifest; 0 in a
/// homogeneous graph.
@frozen public struct RelationID: Identifier {
  public var rawValue: Int
  @inlinable public init(rawValue: Int) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: Int) { self.rawValue = rawValue }
}
