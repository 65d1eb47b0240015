#!/usr/bin/env python3
"""Reads an edge file into a graph in memory with a peer: ingest.py METHOD EDGES [--nodes N].

METHOD
    dgl-text     pandas.read_csv of tab-separated pairs, then DGL's CSC
    dgl-binary   numpy.fromfile of u32 pairs, then DGL's CSC

The file comes from the page cache after a first run. `seconds` leaves imports out.
"""
import argparse
import itertools
import os
import time

parser = argparse.ArgumentParser()
parser.add_argument("method", choices=["dgl-text", "dgl-binary"])
parser.add_argument("edges")
parser.add_argument("--nodes", type=int)
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
os.environ["DGLBACKEND"] = "pytorch"

import dgl
import numpy as np
import pandas as pd
import torch

from measure import emit, load, peak_bytes

torch.set_num_threads(arguments.threads)
base, began = peak_bytes(), time.perf_counter()
if arguments.method == "dgl-text":
    with open(arguments.edges) as lines:
        comments = sum(1 for _ in itertools.takewhile(lambda line: line.startswith("#"), lines))
    pairs = pd.read_csv(
        arguments.edges, sep="\t", header=None, skiprows=comments, dtype=np.int32
    ).to_numpy()
else:
    pairs = load(arguments.edges).view(np.int32)
read = time.perf_counter() - began
ends = [torch.from_numpy(np.ascontiguousarray(pairs[:, column])) for column in (0, 1)]
del pairs
graph = dgl.graph(tuple(ends), num_nodes=arguments.nodes).formats(["csc"])
graph.create_formats_()
took = time.perf_counter() - began
emit(
    bench="ingest", method=arguments.method, edges=graph.num_edges(), nodes=graph.num_nodes(),
    threads=arguments.threads, seconds=took, readSeconds=read,
    edgesPerSecond=graph.num_edges() / took, peakBytes=peak_bytes(), importedBytes=base,
)
