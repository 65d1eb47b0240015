#!/usr/bin/env python3
"""Partitions a graph with a peer: seconds, peak memory and quality.

    partition.py METHOD EDGES.u32 [--nodes N] [--parts 4] [--save ASSIGNMENT.npy] [--limit-gib 20]

METHOD
    pymetis          METIS on the symmetrised simple graph, nodes balanced
    pymetis-edges    the same with node weights 1 + in-degree, which balances stored edges
    dgl-metis        dgl.distributed.partition_graph with METIS, parts written to a folder
    dgl-random       the same with random assignment

--multiplicity gives METIS the number of parallel edges as edge weights (pymetis only): the cut is
then counted as merestone counts it. --limit-gib bounds the address space, so that a graph that is
too large fails and does not take the machine along. `seconds` covers all from the edge file to the
result, imports and the counting of the cut left out; `assignSeconds` the partitioner alone.
"""
import argparse
import contextlib
import os
import resource
import shutil
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("method", choices=["pymetis", "pymetis-edges", "dgl-metis", "dgl-random"])
parser.add_argument("edges")
parser.add_argument("--nodes", type=int)
parser.add_argument("--parts", type=int, default=4)
parser.add_argument("--save")
parser.add_argument("--multiplicity", action="store_true")
parser.add_argument("--limit-gib", type=float, default=20)
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
os.environ["DGLBACKEND"] = "pytorch"
limit = int(arguments.limit_gib * 2**30)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

import numpy as np

from measure import emit, load, peak_bytes, quality


def with_metis(edges, nodes):
    """One part a node, by METIS itself."""
    import pymetis
    import scipy.sparse as sparse

    source, destination = edges[:, 0].astype(np.int32), edges[:, 1].astype(np.int32)
    proper = source != destination
    source, destination = source[proper], destination[proper]
    ends = (np.concatenate([source, destination]), np.concatenate([destination, source]))
    matrix = sparse.coo_matrix((np.ones(len(ends[0]), np.int32), ends), shape=(nodes, nodes))
    del source, destination, ends
    matrix = matrix.tocsr()
    weights = None
    if arguments.method == "pymetis-edges":
        weights = 1 + np.bincount(edges[:, 1], minlength=nodes)
    began = time.perf_counter()
    _, parts = pymetis.part_graph(
        arguments.parts,
        xadj=matrix.indptr,
        adjncy=matrix.indices,
        vweights=weights,
        eweights=matrix.data if arguments.multiplicity else None,
    )
    return np.asarray(parts, np.uint16), time.perf_counter() - began, {}


def with_dgl(edges, nodes):
    """One part a node, by DGL, with everything that it writes."""
    graph = dgl.graph(tuple(torch.from_numpy(edges.T.astype(np.int64))), num_nodes=nodes)
    folder = tempfile.mkdtemp(dir=os.environ.get("TMPDIR"))
    began = time.perf_counter()
    try:
        old, _ = dgl.distributed.partition_graph(
            graph, "graph", arguments.parts, folder, part_method=arguments.method[4:],
            num_hops=1, return_mapping=True,
        )
        took = time.perf_counter() - began
        book = dgl.distributed.load_partition_book(f"{folder}/graph.json", 0)[0]
        parts = np.empty(nodes, np.uint16)
        parts[old.numpy()] = book.nid2partid(torch.arange(nodes)).numpy()
        written = sum(os.path.getsize(os.path.join(r, f)) for r, _, fs in os.walk(folder) for f in fs)
        return parts, took, {"writtenBytes": written}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


figure = {
    "bench": "partition",
    "method": arguments.method + ("-multiplicity" if arguments.multiplicity else ""),
    "graph": os.path.basename(os.path.dirname(os.path.abspath(arguments.edges))),
    "parts": arguments.parts,
    "threads": arguments.threads,
}
try:
    if arguments.method.startswith("dgl"):
        import dgl
        import dgl.distributed
        import torch

        torch.set_num_threads(arguments.threads)
    began = time.perf_counter()
    edges = load(arguments.edges)
    nodes = arguments.nodes or int(edges.max()) + 1
    figure |= {"nodes": nodes, "edges": len(edges)}
    run = with_dgl if arguments.method.startswith("dgl") else with_metis
    with contextlib.redirect_stdout(sys.stderr):  # DGL reports as it goes
        parts, assigning, more = run(edges, nodes)
    figure |= {"seconds": time.perf_counter() - began, "assignSeconds": assigning} | more
    figure["peakBytes"] = peak_bytes()
    if arguments.save:
        np.save(arguments.save, parts)
    figure |= quality(arguments.edges, parts, arguments.parts)
except (MemoryError, RuntimeError) as error:
    figure |= {"failed": f"{type(error).__name__}: {str(error)[:160]}", "peakBytes": peak_bytes()}
emit(**figure)
