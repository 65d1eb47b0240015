"""What the scripts beside it share: reading edges, counting a cut, printing one JSON line a figure."""
import json
import resource
import warnings

import numpy as np

warnings.filterwarnings("ignore")


def load(path, mapped=False):
    """Edges of a u32 file: shape [E, 2], source and destination."""
    flat = np.memmap(path, "<u4", "r") if mapped else np.fromfile(path, "<u4")
    return flat.reshape(-1, 2)


def peak_bytes():
    """The highest resident size of this process so far, imports included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def emit(**figure):
    """Prints one line of JSON with five digits a number."""
    rounded = {k: float(f"{v:.5g}") if isinstance(v, float) else v for k, v in figure.items()}
    print(json.dumps(rounded), flush=True)


def quality(path, assignment, parts, rows=1 << 24):
    """`cutRatio`, `nodeImbalance` and `edgeImbalance` of an assignment, as `merestone inspect` has them.

    The ratio counts stored edges: duplicates each, self-loops among all but never among the cut.
    An edge belongs to the part of its destination. An imbalance is the largest part over the mean,
    minus 1.
    """
    edges, cut = load(path, mapped=True), 0
    owned = np.zeros(parts, np.int64)
    for first in range(0, len(edges), rows):
        ends = assignment[edges[first : first + rows]]
        cut += int((ends[:, 0] != ends[:, 1]).sum())
        owned += np.bincount(ends[:, 1], minlength=parts)
    nodes = np.bincount(assignment, minlength=parts)
    return {
        "cutRatio": cut / max(1, len(edges)),
        "nodeImbalance": float(nodes.max() / nodes.mean() - 1),
        "edgeImbalance": float(owned.max() / owned.mean() - 1) if len(edges) else 0.0,
    }
