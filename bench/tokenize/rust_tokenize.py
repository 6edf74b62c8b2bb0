#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same measurement as tokenize_bench.cpp by the tokenizers library (Rust).

encode_batch_fast is its fastest call: no character offsets are computed. Documents go in blocks, so that the results of
100 MB are not held at once as Python objects; only the encoding calls are timed.

usage: rust_tokenize.py TOKENIZER.json[.gz] TEXTS THREADS [MEGABYTES]
"""

import array
import gzip
import hashlib
import json
import os
import resource
import sys
import time

tokenizer_file, texts, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
most = int(float(sys.argv[4]) * 1e6) if len(sys.argv) > 4 else -1
os.environ["TOKENIZERS_PARALLELISM"] = "false" if threads == 1 else "true"
os.environ["RAYON_NUM_THREADS"] = str(threads)

import tokenizers  # noqa: E402

BLOCK = 2000


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


opener = gzip.open if tokenizer_file.endswith(".gz") else open
with opener(tokenizer_file, "rb") as file:
    tokenizer = tokenizers.Tokenizer.from_str(file.read().decode())
tokenizer.no_truncation()
tokenizer.no_padding()
with open(texts, "rb") as file:
    everything = file.read()
documents, begin = [], 0
while begin < (len(everything) if most < 0 else min(most, len(everything))):
    end = everything.find(b"\0", begin)
    end = len(everything) if end < 0 else end
    documents.append(everything[begin:end].decode())
    begin = end + 1
wall = processor = 0.0
tokens = 0
digest = hashlib.sha256()
for first in range(0, len(documents), BLOCK):
    block = documents[first:first + BLOCK]
    start, used = time.perf_counter(), processor_seconds()
    encodings = tokenizer.encode_batch_fast(block, add_special_tokens=False)
    wall += time.perf_counter() - start
    processor += processor_seconds() - used
    for encoding in encodings:
        ids = encoding.ids
        tokens += len(ids)
        digest.update(array.array("i", ids).tobytes())
print(json.dumps({"bytes": sum(len(d.encode()) for d in documents), "documents": len(documents), "tokens": tokens,
                  "wall": round(wall, 3), "processor": round(processor, 3), "digest": digest.hexdigest(),
                  "version": tokenizers.__version__}))
