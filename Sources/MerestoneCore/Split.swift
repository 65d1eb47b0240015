/// The part of an experiment that a node or an edge belongs to.
///
/// The raw value is what `split` columns store.
public enum Split: UInt8, Sendable, CaseIterable, Codable {
  case none = 0
  case train = 1
  case validation = 2
  case test = 3

  /// The word of the input files: `-`, `train`, `val` (also `valid`, `validation`), `test`.
  public init?(word: some StringProtocol) {
    switch word {
    case "-", "": self = .none
    case "train": self = .train
    case "val", "valid", "validation": self = .validation
    case "test": self = .test
    default: return nil
    }
  }

  public var word: String {
    switch self {
    case .none: "-"
    case .train: "train"
    case .validation: "val"
    case .test: "test"
    }
  }
}
