#!/usr/bin/env python3
"""Turns a text edge list into u32 pairs: edges.py EDGES.tsv[.gz] OUT.u32 [--shuffle SEED].

Integer ids are numbered in ascending order; with --shuffle the numbers are permuted, so that no
order of the source helps anybody. Further columns are left out.
"""
import argparse

import numpy as np
import pandas as pd

from measure import emit

parser = argparse.ArgumentParser()
parser.add_argument("edges")
parser.add_argument("output")
parser.add_argument("--shuffle", type=int)
arguments = parser.parse_args()
table = pd.read_csv(
    arguments.edges, sep="\t", header=None, comment="#", usecols=[0, 1], dtype=np.uint64
)
ids, numbers = np.unique(table.to_numpy(), return_inverse=True)
numbers = numbers.reshape(-1, 2)
if arguments.shuffle is not None:
    numbers = np.random.default_rng(arguments.shuffle).permutation(len(ids))[numbers]
numbers.astype("<u4").tofile(arguments.output)
emit(bench="edges", file=arguments.output, nodes=len(ids), edges=len(numbers))
