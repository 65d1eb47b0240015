/// What a supervisor tells a worker through its environment, and where the descriptors are.
enum WorkerEnvironment {
  static let rank = "MERESTONE_WORKER_RANK"
  static let count = "MERESTONE_WORKER_COUNT"

  /// The names of the inherited files, separated by commas, in the order of their descriptors.
  static let files = "MERESTONE_WORKER_FILES"

  static let socketDescriptor: Int32 = 3
  static let regionDescriptor: Int32 = 4
  static let firstFileDescriptor: Int32 = 5
}
