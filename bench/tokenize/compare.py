#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One line of the tokenizer benchmark from the measurements on standard input: the best of each side, and their ratio.

usage: compare.py NAME THREADS
"""

import json
import sys

name, threads = sys.argv[1], sys.argv[2]
seconds, digests, size = {"ours": [], "rust": []}, set(), 0
for line in sys.stdin:
    who, _, measured = line.partition(" ")
    row = json.loads(measured)
    seconds[who].append(row["processor" if threads == "1" else "wall"])
    digests.add((row["tokens"], row["digest"]))
    size = row["bytes"] / 1e6
ours, rust = min(seconds["ours"]), min(seconds["rust"])
print(f"{name:14} {threads} thread(s): rondo {size / ours:6.1f} MB/s, tokenizers {size / rust:6.1f} MB/s, "
      f"ratio {rust / ours:5.2f}, {'ids equal' if len(digests) == 1 else 'IDS DIFFER'}", flush=True)
sys.exit(0 if len(digests) == 1 else 1)
