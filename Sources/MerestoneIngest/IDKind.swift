/// What raw ids are, as the user says it with `--ids`.
package enum IDKind: String, Sendable, CaseIterable {
  /// Decided by the first data line of the first file.
  case auto
  case integer
  case string
}

/// What the raw ids of one file are.
package enum RawIDKind: Sendable, Equatable {
  case integer, string
}

/// A column of raw ids.
package enum RawIDColumn: Sendable, Equatable {
  case integers([UInt64])
  case strings(ByteStrings)

  package var count: Int {
    switch self {
    case .integers(let values): values.count
    case .strings(let values): values.count
    }
  }

  package var kind: RawIDKind {
    switch self {
    case .integers: .integer
    case .strings: .string
    }
  }

  /// The id as messages show it.
  package func text(_ index: Int) -> String {
    switch self {
    case .integers(let values): String(values[index])
    case .strings(let values): values[index]
    }
  }
}
