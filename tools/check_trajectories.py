#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains tiny models for twenty steps in rondo and in torch, and compares the losses step by step.

The other side knows nothing of ours but the weights, the token ids and the learning rate of each step: transformers'
LlamaModel in float64 on one sequence after the other, the scores and losses as their papers write them, AdamW and
clipping as torch has them. Every step takes all rows, so that no order of data is shared.

usage: tools/check_trajectories.py WORK_DIR      (RONDO_BINARY names the program; skipped, 77, without transformers)
"""

import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sources import work_folder  # noqa: E402

try:
    import torch
    import transformers
    from safetensors.torch import load_file
except ImportError as error:
    print(f"skipped: {error}; RONDO_PYTHON names a python with torch and transformers")
    sys.exit(77)

STEPS = 20
TOLERANCE = 2e-6  # float32 here, float64 there, after twenty steps; 3e-7 was seen
RONDO = os.environ.get("RONDO_BINARY", "build/release/rondo")
ROWS = [{"prompt": prompt, "responses": ["a b", "b c c", "c"],
         "comparisons": [{"i": 0, "j": 1}, {"i": 1, "j": 2, "p": 0.8}, {"i": 2, "j": 0, "weight": 2}]}
        for prompt in ("a ", "b ", "c ", "d a ", "a a ")]
HEADS = {"bt": ["--head", "bt"], "gpm": ["--head", "gpm", "--planes", "2"],
         "gpm-softmax": ["--head", "gpm", "--planes", "2", "--gate", "softmax"]}


def rondo(*arguments):
    subprocess.run([RONDO, *arguments, "--quiet", "--threads", "1"], check=True, stdout=subprocess.DEVNULL)


def train(work, out, head, *more):
    rondo("train", "--model", str(work / "base"), *HEADS[head], "--data", str(work / "rows.jsonl"), "--batch-groups",
          str(len(ROWS)), "--no-report", "--out", str(work / out), *more)


def prompt_length(sequences):
    """Tokens that all responses begin with: here the prompt, whose last token the gate reads."""
    shortest = min(map(len, sequences))
    return next(k for k in range(shortest + 1) if k == shortest or len({s[k] for s in sequences}) > 1)


def losses(work, head, rates):
    initial = {name: value.double() for name, value in load_file(work / f"{head}-start/model.safetensors").items()}
    config = transformers.LlamaConfig.from_pretrained(work / f"{head}-start", attn_implementation="eager")
    model = transformers.LlamaModel(config).double()
    model.load_state_dict({name.removeprefix("model."): value for name, value in initial.items()
                           if name.startswith("model.")})
    weights = {name: torch.nn.Parameter(value) for name, value in initial.items() if not name.startswith("model.")}
    parameters = [*model.parameters(), *weights.values()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0)
    groups = [json.loads(line)["token_ids"] for line in (work / f"{head}-ids.jsonl").read_text().splitlines()]
    tau = 1.0 if head == "bt" else 0.1
    result = []
    for rate in rates:
        total, weight = 0, 0
        for row, sequences in zip(ROWS, groups):
            states = [model(input_ids=torch.tensor([ids])).last_hidden_state[0] for ids in sequences]
            pooled = torch.stack([state[-1] for state in states])
            if head == "bt":
                rewards = pooled @ weights["score.weight"][0]
                table = rewards[:, None] - rewards[None, :]
            else:
                v = pooled @ weights["value_head.weight"].T
                v = v / v.norm(dim=1, keepdim=True)
                even, odd = v[:, 0::2], v[:, 1::2]
                gate = torch.ones(even.shape[1], dtype=v.dtype)
                if "prompt_head.weight" in weights:
                    at_prompt = states[0][prompt_length(sequences) - 1]
                    gate = torch.softmax(weights["prompt_head.weight"] @ at_prompt, 0)
                table = (gate * even) @ odd.T - (gate * odd) @ even.T
            for c in row["comparisons"]:
                z = table[c["i"], c["j"]] / tau
                p, w = c.get("p", 1.0), c.get("weight", 1.0)
                total = total - w * (p * torch.nn.functional.logsigmoid(z) +
                                     (1 - p) * torch.nn.functional.logsigmoid(-z))
                weight += w
        loss = total / weight
        result.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        norm = torch.sqrt(sum((p.grad ** 2).sum() for p in parameters))
        for p in parameters:
            p.grad *= min(1.0, 1.0 / norm)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
    return result


def compare(work):
    (work / "words.txt").write_text("a\nb\nc\nd\n")
    (work / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    rondo("init", "--layers", "2", "--hidden", "32", "--heads", "4", "--kv-heads", "2", "--std", "0", "--words",
          str(work / "words.txt"), "--out", str(work / "base"))
    failed = False
    for head in HEADS:
        train(work, f"{head}-start", head, "--steps", "1", "--lr", "0")
        train(work, f"{head}-run", head, "--steps", str(STEPS), "--lr", "1e-3")
        rondo("rank", "--model", str(work / f"{head}-start"), "--data", str(work / "rows.jsonl"), "--with", "token_ids",
              "--out", str(work / f"{head}-ids.jsonl"))
        metrics = [json.loads(line) for line in (work / f"{head}-run/metrics.jsonl").read_text().splitlines()]
        ours, theirs = [m["loss"] for m in metrics], losses(work, head, [m["lr"] for m in metrics])
        largest = max(abs(a - b) for a, b in zip(ours, theirs))
        print(f"{head}: {len(ours)} steps, loss {ours[0]:.6f} to {ours[-1]:.6f}, largest difference {largest:.2e}")
        failed = failed or len(ours) != STEPS or not largest <= TOLERANCE or not ours[-1] < ours[0]
    assert not failed



with work_folder(sys.argv) as folder:
    compare(folder)
