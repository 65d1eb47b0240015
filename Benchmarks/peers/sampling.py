"""Neighbour sampling rate of DGL and GraphBolt on an edge file.

    python sampling.py dgl|graphbolt|graphbolt-labor EDGES.u32 [--nodes N] [--threads 2] [--batches 60]
        [--undirected] [--features FEATURES.npy]

Fan-outs 15, 10, 5 in hop order (both take the reverse list), 1,024 random seeds a mini-batch, uniform
without replacement or LABOR, in memory, once without and, with --features, once with the feature rows
of the input nodes. One pass warms up; three are measured. --undirected adds the reverse of every edge. DGL gets 64-bit ids:
its fused sampler loses edges of a 32-bit graph from the second mini-batch on.
"""
import argparse
import os
import time

parser = argparse.ArgumentParser()
parser.add_argument("sampler", choices=["dgl", "graphbolt", "graphbolt-labor"])
parser.add_argument("edges")
parser.add_argument("--nodes", type=int)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--batches", type=int, default=60)
parser.add_argument("--undirected", action="store_true")
parser.add_argument("--features")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(options.threads)
os.environ.setdefault("DGLBACKEND", "pytorch")

import numpy as np
import torch

from measure import emit, load, peak_bytes

FANOUTS, SIZE, RUNS = [15, 10, 5], 1024, 3


def csc(edges, nodes):
    """In-edges by destination, duplicates kept."""
    order = np.argsort(edges[:, 1], kind="stable")
    indptr = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(edges[:, 1], minlength=nodes), out=indptr[1:])
    return torch.from_numpy(indptr), torch.from_numpy(edges[order, 0].astype(np.int64))


def dgl_pass(indptr, indices, nodes, seeds, features):
    import dgl

    graph = dgl.graph(("csc", (indptr, indices, torch.empty(0, dtype=torch.int64))), num_nodes=nodes)
    if features is not None:
        graph.ndata["feat"] = features
    sampler = dgl.dataloading.NeighborSampler(
        FANOUTS[::-1], prefetch_node_feats=["feat"] if features is not None else None)
    batches = dgl.dataloading.DataLoader(
        graph, torch.from_numpy(seeds.astype(np.int64)), sampler, batch_size=SIZE, num_workers=0)

    def run():
        edges = inputs = 0
        for nodes, _, blocks in batches:
            edges += sum(block.num_edges() for block in blocks)
            inputs += len(nodes)
            assert features is None or len(blocks[0].srcdata["feat"]) == len(nodes)
        return edges, inputs

    return run


def graphbolt_pass(indptr, indices, nodes, seeds, features):
    import dgl.graphbolt as gb

    graph = gb.fused_csc_sampling_graph(indptr, indices.int())
    items = gb.ItemSet(torch.from_numpy(seeds.astype(np.int32)), names="seed_nodes")
    pipe = gb.ItemSampler(items, batch_size=SIZE, shuffle=False)
    labor = options.sampler == "graphbolt-labor"
    pipe = (pipe.sample_layer_neighbor if labor else pipe.sample_neighbor)(graph, FANOUTS[::-1])
    if features is not None:
        store = gb.BasicFeatureStore({("node", None, "feat"): gb.TorchBasedFeature(features)})
        pipe = pipe.fetch_feature(store, node_feature_keys=["feat"])

    def run():
        edges = inputs = 0
        for batch in pipe:
            edges += sum(len(hop.sampled_csc.indices) for hop in batch.sampled_subgraphs)
            inputs += len(batch.input_nodes)
            assert features is None or len(batch.node_features["feat"]) == len(batch.input_nodes)
        return edges, inputs

    return run


def main():
    torch.set_num_threads(options.threads)
    edges = load(options.edges)
    if options.undirected:
        edges = np.concatenate([edges, edges[:, ::-1]])
    nodes = options.nodes or int(edges.max()) + 1
    # Seeds that have in-edges, as a graph without isolated nodes has them.
    candidates = np.unique(edges[:, 1])
    seeds = np.random.default_rng(7).choice(candidates, options.batches * SIZE)
    indptr, indices = csc(edges, nodes)
    del edges
    make = dgl_pass if options.sampler == "dgl" else graphbolt_pass
    tables = [None]
    if options.features:
        tables.append(torch.from_numpy(np.load(options.features)))
    for features in tables:
        run = make(indptr, indices, nodes, seeds, features)
        run()
        rates = []
        for _ in range(RUNS):
            start = time.perf_counter()
            kept, inputs = run()
            rates.append(options.batches / (time.perf_counter() - start))
        rates.sort()
        emit(sampler=options.sampler, edges=options.edges, threads=options.threads,
             features=features is not None, batchesPerSecond=rates[RUNS // 2],
             edgesPerSecond=rates[RUNS // 2] * kept / options.batches,
             best=rates[-1] * kept / options.batches, edgesPerBatch=kept / options.batches,
             inputsPerBatch=inputs / options.batches, peakBytes=peak_bytes())


main()
