import Glibc
import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestoneStorage

/// Turns what a look at the input found into what every stage will take.
///
/// Seconds are those of threads that have the processors for themselves.
struct PredictionModel {
  let options: PreprocessOptions
  let inputs: InputFiles
  let sampled: EdgeSampler.Result
  let plan: MemoryPlan
  let speed: MachineSpeed

  private let nodes: Int
  private let edges: Int
  /// Of the edge files' pages, and of those that hold the edges once more.
  private let bits: Double
  private let packedBits: Double
  /// What `auto` stands for.
  private let ordering: NodeOrdering
  private let numbering: Numbering
  /// Bytes of node tables, features and columns of nodes in the graph.
  private let nodeRowBytes: Int
  private let tables: Int

  private enum Numbering { case identity, rank, dictionary }

  init(
    options: PreprocessOptions, inputs: InputFiles, sampled: EdgeSampler.Result, plan: MemoryPlan,
    speed: MachineSpeed, tableBytes: Int, tryingOrders pool: ThreadPool?,
    cancellation: Cancellation
  ) {
    self.options = options
    self.inputs = inputs
    self.plan = plan
    self.speed = speed
    let sample = sampled.sample
    var count = sample.nodes(ofEdges: sampled.edges)
    if let known = options.nodeCount ?? inputs.features?.rowCount { count = max(count, known) }
    // Headers may say anything: what no run could take is predicted as the most that one can.
    count = min(count, Int(UInt32.max))
    nodes = count
    var sampled = sampled
    sampled.edges = min(sampled.edges, 1 << 40)
    self.sampled = sampled
    var stored = sampled.edges
    if options.selfLoops == .drop, sample.edges > 0 {
      stored -= Int(
        Double(sampled.edges) * Double(sample.selfLoops) / Double(sample.edges))
    }
    // Edges of different relations are no duplicates of each other.
    let hasRelations = inputs.edges.contains { $0.columns.contains { $0.name == "relation" } }
    let lists = ListSample(
      sample, total: sampled.edges, nodes: count, options: options.partition,
      dropsDuplicates: options.duplicates != .keep && !hasRelations, tryingOrders: pool,
      cancellation: cancellation)
    edges = Int(Double(stored) * lists.storedPerEdge)
    ordering = lists.ordering
    bits = lists.bitsPerEdge(options.encoding.pageFormat)
    packedBits = options.encoding == .both ? lists.bitsPerEdge(.packed) : 0
    let range = Double(sample.largest) + 1
    let tableRoom = MemoryPlan.counterBytes(
      of: plan.buffers(beside: 0), options: options.partition)
    if inputs.idKind == .string || sample.largest >= UInt64(UInt32.max)
      || range * Double(DegreeTable.pageBytes) / Double(DegreeTable.pageIDs) > Double(tableRoom)
    {
      numbering = .dictionary
    } else {
      // The number of nodes is an estimate.
      numbering = range > Double(count) * 1.01 ? .rank : .identity
    }
    let width = inputs.features.map { min($0.width, 1 << 20) * $0.element.byteCount } ?? 0
    nodeRowBytes = width + (inputs.nodes == nil ? 0 : 8)
    tables = tableBytes
  }

  /// Bytes of a string id on average.
  private var idBytes: Double {
    guard inputs.idKind == .string, sampled.sample.edges > 0 else { return 8 }
    return Double(sampled.sample.wordBytes) / Double(2 * sampled.sample.edges)
  }

  private var needsGroups: Bool { options.isUndirected || options.duplicates != .keep }
  private var needsNeighbors: Bool { options.partition.needsNeighbors }

  func prediction() -> PreprocessPrediction {
    var result = PreprocessPrediction()
    result.nodes = nodes
    result.edges = edges
    result.sampledEdges = sampled.sample.edges
    result.bitsPerEdge = bits + packedBits
    result.stages = stages()
    result.leastMemoryBytes = MemoryPlan.least(
      nodes: nodes, edges: sampled.edges, tables: tables, options: options)
    result.peakMemoryBytes = result.stages.map(\.memoryBytes).max() ?? 0
    result.temporaryBytes = result.stages.map(\.temporaryBytes).max() ?? 0
    result.outputBytes = outputBytes
    result.seconds = result.stages.reduce(0) { $0 + $1.seconds }
    return result
  }

  // MARK: - Disk

  private var outputBytes: Int {
    let directory = 16.0 / 4096 * (options.encoding == .both ? 2 : 1)
    let pages = Double(edges) * ((bits + packedBits) / 8 + directory)
    let index = Double(nodes) * (0.75 + 24.0 / 512)
    let perID: Double =
      switch numbering {
      case .identity:
        // Nothing is renumbered.
        ordering == .input
          && (options.partition.partitioner == .range || options.partition.shards == 1) ? 0 : 8
      case .rank: 8
      case .dictionary: inputs.idKind == .string ? 7.75 + idBytes : 14.25
      }
    let reverse = options.storesReverse ? reverseBytes : 0
    return Int(
      reverse + indexBytes + pages + index + Double(edges * sampled.rowBytes) + Double(nodes)
        * (perID
          + Double(nodeRowBytes)) + 16_384)
  }

  /// The indexes of edge columns.
  private var indexBytes: Double { EdgeIndex.allCases.reduce(0) { $0 + bytes(of: $1) } }

  /// What threads hold of lists that they put in order, if there are long ones.
  private var orderBytes: Int {
    let shards = options.partition.shards
    return min(plan.threads, shards) * min(plan.orderPortion, max(1, edges / shards))
      * TimeSorting.bytesPerEdge
  }

  private func bytes(of index: EdgeIndex) -> Double {
    Double(inputs.count(of: index, options) * edges) * index.bytesPerEdge
  }

  private var edgeIDBits: Int { Int.bitWidth - max(edges, 1).leadingZeroBitCount }

  /// The out-edges, each with its id.
  private var reverseBytes: Double {
    Double(edges) * (bits / 8 + Double(edgeIDBits) / 8) + Double(nodes) * 0.8
  }

  /// Bytes of an edge on its way to its source's shard.
  private var reverseRecordBytes: Int { recordBytes + edgeIDBits / 8 + 1 }

  /// Bytes of an edge on its way to its shard, as ``RoutePlan`` packs it.
  private var recordBytes: Int {
    let sourceBits = Int.bitWidth - max(nodes - 1, 1).leadingZeroBitCount
    let bucketEdges = max(1 << 20, edges / 1024)
    let share = 4 * Double(bucketEdges) / Double(max(edges, 1))
    let perBucket = max(1, share >= 1 ? nodes : Int(Double(nodes) * share))
    let destinationBits = min(
      max(40 - sourceBits, 12), Int.bitWidth - perBucket.leadingZeroBitCount)
    return (sourceBits + destinationBits + 7) / 8
      + (sampled.rowBytes == 0 ? 0 : RoutePlan.sequenceBytes + sampled.rowBytes)
  }

  // MARK: - Stages

  private var neighborLimit: Int {
    NeighborSample.limit(edges: edges, partitioner: options.partition.partitioner)
  }

  /// Neighbours that are sampled for partitioning. Hubs lose most; fitted to graphs with a heavy tail
  /// of degrees.
  private var entries: Double {
    let limit = Double(neighborLimit)
    let mean = 2 * Double(edges) / max(Double(nodes), 1)
    return 2 * Double(edges) * max(0.1, 1 - 1.25 * mean / (mean + limit))
  }

  /// The same as the partitioner has them.
  private var partitionedEntries: Int {
    MemoryPlan.copies(edges: edges, options.partition.partitioner) * Int(entries)
  }

  /// What a random access to a table of 4 bytes a node costs.
  private func cost(_ cost: (cached: Double, doubling: Double)) -> Double {
    cost.cached + cost.doubling * log2(max(1, Double(nodes) * 4 / Double(8 << 20)))
  }

  /// What cutting and ordering costs.
  private var partitionWork: (cpu: Double, serial: Double) {
    let n = Double(nodes)
    var (cpu, serial) = (n * Cost.orderedNode, 0.0)
    switch options.partition.partitioner {
    case .range, .random: break
    case .ldg, .fennel:
      let passes = Double(options.partition.passes)
      cpu += entries * passes * cost(Cost.streamedNeighbor)
      serial += n * passes * Cost.placedNode
    case .multilevel:
      let work = Partition.multilevelWork(
        nodes: nodes, entries: partitionedEntries, shards: options.partition.shards)
      // A graph of so many bytes is visited without order where it has no clusters.
      let doublings = log2(max(1, Double(partitionedEntries) * 8 / Double(40 << 20)))
      serial +=
        Double(work) * (Cost.multilevelEntry.cached + Cost.multilevelEntry.doubling * doublings)
    }
    switch options.partition.ordering {
    case .input, .degree: break
    case .locality: serial += entries * Cost.clusteredNeighbor
    case .auto where edges > PartitionOptions.autoEdgeLimit: break
    case .auto: serial += entries * (Cost.clusteredNeighbor + Cost.comparedNeighbor)
    }
    return (cpu, serial)
  }

  private func stages() -> [PreprocessPrediction.Stage] {
    var stages: [PreprocessPrediction.Stage] = []
    // Temporary files that stay from here on.
    var kept = 0.0
    func add(
      _ name: String, cpu: Double, serial: Double = 0, io: Double, synced: Double = 0, memory: Int,
      peak: Double, stays: Double
    ) {
      let parallel = cpu / Double(plan.threads) + serial
      stages.append(
        .init(
          name: name,
          seconds: max(
            parallel / speed.factor, (io - speed.unwritten) / speed.writeRate,
            synced / speed.writeRate) + 0.01,
          memoryBytes: memory, temporaryBytes: Int(kept + max(peak, stays))))
      kept += stays
    }
    let (e, n) = (Double(sampled.edges), Double(nodes))
    let stored = Double(edges)
    let wide = inputs.idKind == .integer && sampled.sample.largest > UInt64(UInt32.max)
    let ends = inputs.idKind == .string ? 2 * (4 + idBytes) : wide ? 16 : 8
    let spool = Double(sampled.spooledEdges) * (ends + Double(sampled.spoolRowBytes))
    add(
      "read edges",
      cpu: Double(sampled.textBytes) * Cost.textByte + Double(sampled.spooledEdges) * Cost.spooled,
      io: spool, memory: memory(.read), peak: spool, stays: spool)
    let degreeFiles = n * (needsNeighbors ? 8 : 4)
    if numbering == .dictionary {
      let need = DictionaryPlan.temporaryBytes(
        edges: sampled.edges, listed: 0, distinct: nodes, meanBytes: idBytes,
        kind: inputs.idKind, memory: plan.buffers(beside: tables), threads: plan.threads)
      add(
        "number nodes", cpu: e * Cost.dictionaryEdge, serial: e * Cost.dictionarySerial,
        io: Double(need.peak),
        memory: memory(.dictionary), peak: Double(need.peak), stays: Double(need.kept))
      add(
        "count", cpu: e * cost(Cost.countedEdge), io: 0, memory: memory(.count), peak: 0,
        stays: needsGroups ? 0 : degreeFiles)
    } else {
      let words = numbering == .rank ? Double(sampled.sample.largest) / 8 : 0
      add(
        "number nodes", cpu: e * cost(Cost.countedEdge), io: 0, memory: memory(.count),
        peak: degreeFiles + words, stays: degreeFiles + words)
    }
    if needsGroups {
      let record = Double(GroupedEdges.recordBytes(rowBytes: sampled.rowBytes))
      let grouped = stored * record
      add(
        "group edges", cpu: e * (sampled.rowBytes == 0 ? Cost.groupedPair : Cost.groupedEdge),
        io: e * record + grouped,
        memory: memory(.group), peak: max(e * record, grouped) * 1.05, stays: grouped)
      add(
        "count", cpu: stored * cost(Cost.countedEdge), io: 0, memory: memory(.count), peak: 0,
        stays: numbering == .dictionary ? degreeFiles : 0)
    }
    if needsNeighbors {
      add(
        "neighbors", cpu: stored * cost(Cost.neighborEdge), serial: entries * Cost.neighborSorted,
        io: entries * 10, memory: memory(.neighbors), peak: entries * 4.4, stays: 0)
    }
    let work = partitionWork
    add(
      "partition", cpu: work.cpu, serial: work.serial, io: 0, memory: memory(.partition),
      peak: needsNeighbors ? entries * 4 + n * 4 : 0, stays: n * 4)
    let routed = stored * Double(recordBytes)
    add(
      "route", cpu: stored * (cost(Cost.routedEdge) + Cost.routedByte * Double(sampled.rowBytes)),
      io: routed, memory: memory(.route), peak: routed, stays: routed)
    add(
      "write edges", cpu: stored * (Cost.sortedEdge + Cost.sortedByte * Double(sampled.rowBytes)),
      serial: stored * (Cost.appendedEdge + (packedBits > 0 ? Cost.packedEdge : 0)),
      io: stored * ((bits + packedBits) / 8 + Double(sampled.rowBytes)),
      memory: memory(.write), peak: 0, stays: -routed)
    add(
      "nodes", cpu: n * Cost.mappedNode, io: n * (8 + 2 * idBytes), memory: memory(.nodes),
      peak: n * (numbering == .dictionary ? 16 + 2 * idBytes : 16), stays: 0)
    for index in EdgeIndex.allCases where inputs.count(of: index, options) > 0 {
      let cost = index == .weights ? Cost.weighedEdge : Cost.timedEdge
      add(
        index.stage, cpu: 0,
        serial: Double(inputs.count(of: index, options)) * stored * cost
          / Double(min(plan.threads, options.partition.shards)), io: bytes(of: index),
        memory: Self.program + tables + (index == .times ? orderBytes : 0), peak: 0, stays: 0)
    }
    if options.storesReverse {
      let record = stored * Double(reverseRecordBytes)
      add(
        "reverse", cpu: stored * Cost.reversed * (cost(Cost.routedEdge) + Cost.sortedEdge),
        serial: stored * Cost.appendedEdge, io: record + reverseBytes, memory: memory(.reverse),
        peak: record, stays: 0)
    }
    add(
      "finish", cpu: 0,
      serial: Cost.startAndEnd + Double(min(sampled.sample.edges, 1 << 22)) * Cost.sampledEdge,
      io: 0, synced: Double(outputBytes) * 0.5,
      memory: 0, peak: 0, stays: 0)
    return stages
  }

  // MARK: - Memory

  private enum Place {
    case read, dictionary, count, group, neighbors, partition, route, write, nodes, reverse
  }

  /// What a stage has resident at most, under the cap.
  private func memory(_ place: Place) -> Int {
    let n = nodes
    let chunk = min(max(sampled.edges, 1), PairFile.chunkEdges)
    let threads = plan.threads
    let used: Int
    switch place {
    case .read:
      used =
        sampled.spooledEdges == 0
        ? 0
        : min(
          plan.buffers(beside: 0, atMost: 256 << 20),
          min(sampled.textBytes * 8, (6 * threads + 2) * (8 << 20)))
    case .dictionary:
      used = min(
        plan.buffers(beside: tables),
        sampled.edges * 16 + n * Int(24 + 2 * idBytes) + (16 << 20))
    case .count:
      let range = numbering == .dictionary ? n : Int(sampled.sample.largest) + 1
      let pages = (range + DegreeTable.pageIDs - 1) / DegreeTable.pageIDs
      used =
        pages * DegreeTable.pageBytes + n * (needsNeighbors ? 8 : 4) + threads * chunk * 20
    case .group:
      let memory = plan.buffers(beside: 0, atMost: 1 << 30)
      let record = GroupedEdges.recordBytes(rowBytes: sampled.rowBytes)
      let buckets = GroupStage.buckets(
        edges: sampled.edges, recordBytes: record, memory: memory, threads: threads)
      // Edges without columns are there as records, as numbers and as what is stored of them; of the
      // others, the order of a bucket is a bound, of which about a third is in use at a time. Threads
      // are not all at their peak.
      let perEdge =
        2 * record
        + (sampled.rowBytes == 0
          ? record * edges / max(sampled.edges, 1) : EdgeGroup.workingBytes / 3)
      used =
        threads * (sampled.edges / buckets) * perEdge * 5 / 6
        + min(memory / 4, buckets * BucketFile.blockLimits.upperBound)
    case .neighbors:
      used =
        5 * n + (numbering == .rank ? 4 * (Int(sampled.sample.largest) + 1) : 0)
        + min(
          plan.buffers(beside: 15 * n, atMost: 1 << 30) / 2,
          groupBytes(
            records: edges * 12,
            buckets: n / NeighborStage.nodesPerBucket(limit: neighborLimit)))
        + threads * chunk * 20
    case .partition:
      var partition = options.partition
      let entries = needsNeighbors ? partitionedEntries : 0
      if partition.ordering == .auto, edges > PartitionOptions.autoEdgeLimit {
        partition.ordering = .degree
      }
      // What is the same for any size is an upper bound.
      used =
        4 * n
        + min(
          Partition.workingBytes(partition, nodes: n, entries: entries),
          partition.partitioner == .multilevel ? 64 * n + 19 * entries : 20 * n + 8 * entries)
    case .route:
      let buckets = max(1, max(edges >> 20, n >> 18))
      used =
        16 * n
        + min(
          plan.buffers(beside: 4 * n, atMost: 512 << 20),
          groupBytes(records: edges * recordBytes, buckets: buckets))
        + threads * chunk * (36 + recordBytes + 2 * sampled.rowBytes)
    case .write:
      used =
        8 * n
        + sorting(beside: 4 * n, isFasterThanAppending: false) {
          SortedRun.workingBytes(
            edges: $0, destinations: n, recordBytes: recordBytes, rowBytes: sampled.rowBytes)
        }
    case .reverse:
      used =
        4 * n
        + sorting(beside: 0, isFasterThanAppending: true) {
          ReverseRun.workingBytes(edges: $0, recordBytes: reverseRecordBytes)
        }
    case .nodes:
      used =
        12 * n
        + min(plan.buffers(beside: 8 * n, atMost: 1 << 30), n * 24, (threads * 64 + 16) << 20)
    }
    return min(plan.cap, Self.program + tables + used)
  }

  /// What records on their way to buckets take: a block of each thread for each bucket, as far as there
  /// is something in it, and those that wait to be written.
  ///
  /// - Parameter records: Bytes of all of them.
  private func groupBytes(records: Int, buckets: Int) -> Int {
    plan.threads * BucketGroups.batchBytes
      + min(records, plan.threads * buckets * BucketMemory.largestShare)
  }

  /// What sorting buckets takes that are `bytes` of so many edges.
  ///
  /// - Parameter isFasterThanAppending: Whether all places for buckets fill up with sorted ones; else
  ///   the fewer do, the fewer buckets there are.
  private func sorting(
    beside resident: Int, isFasterThanAppending: Bool, _ bytes: (Int) -> Int
  ) -> Int {
    let bucket = bytes(min(edges, max(1 << 20, edges / 1024)))
    let places = OrderedWork<AnyObject>.placesPerThread * plan.threads
    let filled = isFasterThanAppending ? places : places * 2 / 3
    return min(
      plan.buffers(beside: resident, atMost: plan.threads * (192 << 20)), filled * bucket,
      bytes(edges) / 5 * 4) + (8 << 20)
  }

  /// The program, its libraries and stacks, and what the sample of the input leaves behind.
  private static let program = 28 << 20

  /// Seconds of a thread, from two cores of AMD EPYCs (Zen 3 and, since edges are sorted by vectors, a
  /// later one with AVX-512), where ``MachineSpeed`` finds 1.
  private enum Cost {
    static let textByte = 2.0e-9
    static let spooled = 20e-9
    /// Beside tables that fit the caches, and more for each doubling of tables beyond them.
    static let countedEdge = (cached: 17e-9, doubling: 0.3e-9)
    static let dictionaryEdge = 60e-9
    static let dictionarySerial = 60e-9
    static let groupedPair = 130e-9
    static let groupedEdge = 250e-9
    static let neighborEdge = (cached: 32e-9, doubling: 6e-9)
    static let neighborSorted = 8e-9
    static let streamedNeighbor = (cached: 7.5e-9, doubling: 3.5e-9)
    static let placedNode = 40e-9
    static let orderedNode = 20e-9
    /// While a graph fits the caches, and more for each doubling beyond them.
    static let multilevelEntry = (cached: 65e-9, doubling: 75e-9)
    static let clusteredNeighbor = 50e-9
    static let comparedNeighbor = 45e-9
    static let routedEdge = (cached: 25e-9, doubling: 2.2e-9)
    static let routedByte = 3e-9
    static let sortedEdge = 20e-9
    static let sortedByte = 16e-9
    static let appendedEdge = 7e-9
    static let packedEdge = 2e-9
    /// An out-edge, with its id, over an in-edge.
    static let reversed = 2.4
    static let weighedEdge = 3e-9
    static let timedEdge = 30e-9
    static let mappedNode = 150e-9
    /// The prediction itself.
    static let sampledEdge = 100e-9
    /// Of a run of any size: waiting for the disk, the last checks.
    static let startAndEnd = 0.2
  }
}
