import Merestone

let graph = try Graph(at: CommandLine.arguments[1])
print("\(graph.nodeCount) nodes, \(graph.edgeCount) edges")

// Two hops around one node: 10 of its in-neighbours, 5 of each of theirs.
let subgraph = try graph.sample([.integer(35)], fanouts: [10, 5])
for edge in subgraph.blocks[0].edges {
  print("\(edge.source) -> \(edge.destination)")
}

// Mini-batches of training nodes with their features, made ahead on another thread.
let batches = try graph.batches(
  of: graph.nodes(of: .train), size: 64, fanouts: [10, 5], features: "features", shuffled: true)
while let batch = try batches.next() {
  let labels = try graph.integers(of: "label", for: batch.seeds)
  let rows = batch.features
  print("\(labels.count) seeds reach \(rows.count) nodes, \(rows.values.count) features")
}
