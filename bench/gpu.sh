#!/usr/bin/env bash
# Measures this program on a GPU against PyTorch and trains rows of the document's table, within 9 minutes.
#
#   bench/gpu.sh [options of gpu.py]
#
# The machine needs python3 with torch 2.11.0 and CUDA: no network, no cargo, no libtorch of its own. It
# takes a binary that was built elsewhere (target/release/resnet-tui, or the one RESNET_TUI names) and the
# folder with the official files that RESNET_DATA names; without one, generated images.
# Results lie in target/gpu (RESNET_BENCH_OUTPUT), written as they come; table.md is whole at any time.
# RESNET_BENCH_DEVICE=cpu goes through every part in a few tiny steps, to try the script without a GPU.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
python="${PYTHON:-python3}"

# The program finds libtorch, and through it CUDA, in Python's own torch. That one comes first: the path
# within the binary is that of the machine that built it.
libraries="$("$python" -c 'import pathlib, torch; print(pathlib.Path(torch.__file__).parent / "lib")')"
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export RESNET_BENCH_STARTED="${RESNET_BENCH_STARTED:-$(date +%s)}"
exec "$python" "$here/gpu.py" "$@"
