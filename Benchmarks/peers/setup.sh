#!/usr/bin/env bash
# Makes the Python environment of the peers: setup.sh FOLDER (default: Benchmarks/peers/.venv).
# The versions are those whose figures the README shows; DGL 2.1.0 wants this torch and torchdata.
set -euo pipefail
folder=${1:-$(dirname "$0")/.venv}
python3.11 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check \
  'numpy==1.26.4' 'scipy==1.13.1' 'pandas==2.2.3' 'pymetis==2023.1.1' \
  'torch==2.2.1' 'torchdata==0.7.1' 'dgl==2.1.0' \
  'pyyaml' 'pydantic' 'psutil'
echo "peers are in $folder"
