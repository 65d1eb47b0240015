import MerestoneCore
import MerestoneIngest

/// The opened inputs of one run: what they are, not yet what they hold.
struct InputFiles {
  /// One reader per edge file, all with the same kind of ids and the same columns.
  var edges: [EdgeListReader]
  var nodes: String?
  var labels: String?
  var features: FeatureReader?
  /// By the name of the type.
  var typedFeatures: [String: FeatureReader] = [:]
  var idKind: RawIDKind

  /// All files, for their fingerprints.
  var paths: [String] {
    edges.map(\.path) + [nodes, labels, features?.path].compactMap { $0 }
      + typedFeatures.sorted { $0.key < $1.key }.map(\.value.path)
  }

  var fileBytes: Int { edges.reduce(0) { $0 + $1.fileBytes } }

  /// Finds and opens the files that `options` name; only heads and headers are read.
  static func open(_ options: PreprocessOptions) throws(PreprocessError) -> InputFiles {
    guard !options.edges.isEmpty else { throw .noInputs }
    var paths = try PreprocessError.reading { () throws(IngestError) in
      try InputGlob.expand(options.edges)
    }
    var nodes = options.nodes
    var features = options.features
    var typedFeatures = options.typedFeatures
    if let directory = paths.first(where: InputLayout.isDirectory) {
      guard paths.count == 1 else { throw .mixedInputs(directory: directory) }
      let layout = try PreprocessError.reading { () throws(IngestError) in
        try InputLayout.discover(paths[0])
      }
      paths = [layout.edges]
      nodes = nodes ?? layout.nodes
      if features == nil, typedFeatures.isEmpty {
        features = layout.features
        typedFeatures = layout.typedFeatures
      }
    }
    if nodes == nil, let column = options.columns.nodeType {
      throw .conflict(
        flags: "--columns type=\(column) and no node table",
        reason: "the type of a node is a column of --nodes")
    }
    let kind = try decideKind(paths: paths, nodes: nodes, options: options)
    var readerOptions = readerOptions(options)
    readerOptions.ids = kind == .integer ? .integer : .string
    readerOptions.allowsEmpty = nodes != nil || options.nodeCount != nil || features != nil
    var readers: [EdgeListReader] = []
    for path in paths {
      readers.append(
        try PreprocessError.reading { () throws(IngestError) in
          try EdgeListReader.open(path, options: readerOptions)
        })
    }
    try checkColumns(readers)
    let featureReader = try features.map { (path: String) throws(PreprocessError) in
      try PreprocessError.reading { () throws(IngestError) in try FeatureReader.open(path) }
    }
    var typedReaders: [String: FeatureReader] = [:]
    for (type, path) in typedFeatures {
      typedReaders[type] = try PreprocessError.reading { () throws(IngestError) in
        try FeatureReader.open(path)
      }
    }
    return InputFiles(
      edges: readers, nodes: nodes, labels: options.labels, features: featureReader,
      typedFeatures: typedReaders, idKind: kind)
  }

  /// What all ids are: words, if the first row of any file has one, else integers.
  private static func decideKind(
    paths: [String], nodes: String?, options: PreprocessOptions
  ) throws(PreprocessError) -> RawIDKind {
    switch options.ids {
    case .integer: return .integer
    case .string: return .string
    case .auto: break
    }
    if options.nodeCount != nil { return .integer }
    var readerOptions = readerOptions(options)
    readerOptions.allowsEmpty = true
    if let nodes {
      let kind = try PreprocessError.reading { () throws(IngestError) in
        try NodeTable.idKind(nodes)
      }
      if kind == .string { return .string }
    }
    for path in paths {
      let reader = try PreprocessError.reading { () throws(IngestError) in
        try EdgeListReader.open(path, options: readerOptions)
      }
      if reader.idKind == .string { return .string }
    }
    return .integer
  }

  private static func readerOptions(_ options: PreprocessOptions) -> EdgeListReader.Options {
    var result = EdgeListReader.Options()
    result.format = options.format
    result.mapping = options.columns
    result.ids = options.ids
    return result
  }

  /// All files that have edges have the same columns.
  private static func checkColumns(_ readers: [EdgeListReader]) throws(PreprocessError) {
    guard let first = readers.first else { return }
    let expected = first.columns.map(\.name)
    for reader in readers.dropFirst() {
      let found = reader.columns.map(\.name)
      guard found == expected else {
        throw .columnsDiffer(
          file: reader.path, found: found, first: first.path, expected: expected)
      }
    }
  }

  /// Finds out what the values of columns without a role are, over all files together.
  mutating func inferColumnTypes(
    pool: ThreadPool, cancellation: Cancellation
  ) throws(PreprocessError) {
    var evidence: [String: TypeEvidence] = [:]
    for reader in edges {
      let found = try PreprocessError.reading { () throws(IngestError) in
        try reader.columnEvidence(pool: pool, cancellation: cancellation)
      }
      for (name, item) in found { evidence[name, default: TypeEvidence()].join(item) }
    }
    for index in edges.indices {
      for column in edges[index].columns where column.type == nil {
        edges[index].setType(evidence[column.name]?.type ?? .number, ofColumn: column.name)
      }
    }
  }
}
