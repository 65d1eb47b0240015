#!/usr/bin/env python3
"""Counts the cut of any assignment: cut.py EDGES.u32 ASSIGNMENT.npy (one part number a node)."""
import sys

import numpy as np

from measure import emit, quality

assignment = np.load(sys.argv[2]).astype(np.uint16)
emit(**quality(sys.argv[1], assignment, int(assignment.max()) + 1))
