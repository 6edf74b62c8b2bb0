#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seconds of one epoch of Bradley-Terry as pairwise trainers take it: every comparison is two padded sequences.

usage: pairwise_epoch.py MODEL ROWS.jsonl THREADS [EVERY]      ends with 77 where transformers cannot be imported

An encoder of transformers with mean pooling and a linear reward, AdamW, 16 pairs a step, sorted by length so that little is
padded, dropout off as in rondo. Every EVERY-th step is timed, over all lengths alike, and the sum is scaled. Prints one JSON
object.
"""
import json
import sys
import time

try:
    import torch
    import transformers
except ImportError as missing:
    print(f"skipped: {missing}: pip install torch transformers, and name that python by RONDO_PYTHON", file=sys.stderr)
    sys.exit(77)

PAIRS = 16
WARM_UP_STEPS = 2


def read_pairs(path, tokenizer):
    pairs = []
    for line in open(path, encoding="utf-8"):
        row = json.loads(line)
        texts = row["responses"]
        ids = [tokenizer(row["prompt"], text, truncation=True, max_length=512) for text in texts]
        pairs += [(ids[c["i"]], ids[c["j"]]) for c in row["comparisons"]]
    return sorted(pairs, key=lambda pair: max(len(side["input_ids"]) for side in pair))


def main():
    model_dir, rows, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    every = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    tokenizer = transformers.AutoTokenizer.from_pretrained(model_dir)
    encoder = transformers.AutoModel.from_pretrained(model_dir, add_pooling_layer=False)
    for module in encoder.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    reward = torch.nn.Linear(encoder.config.hidden_size, 1, bias=False)
    optimizer = torch.optim.AdamW(
        [{"params": encoder.parameters(), "lr": 5e-5}, {"params": reward.parameters(), "lr": 1e-3}],
        weight_decay=0.01,
        fused=True,
    )
    pairs = read_pairs(rows, tokenizer)

    def step(batch):
        sides = [side for pair in batch for side in pair]
        inputs = tokenizer.pad(sides, return_tensors="pt")
        states = encoder(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1)
        rewards = reward((states * mask).sum(1) / mask.sum(1)).squeeze(-1)
        loss = -torch.nn.functional.logsigmoid(rewards[0::2] - rewards[1::2]).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*encoder.parameters(), *reward.parameters()], 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return inputs["input_ids"].numel()

    batches = [pairs[k : k + PAIRS] for k in range(0, len(pairs), PAIRS)]
    timed = batches[every // 2 :: every] or batches
    for batch in timed[:WARM_UP_STEPS]:
        step(batch)
    begin = time.perf_counter()
    tokens = sum(step(batch) for batch in timed)
    seconds = time.perf_counter() - begin
    share = sum(map(len, timed)) / len(pairs)
    print(json.dumps({"threads": threads, "pairwise_forwards": 2 * len(pairs), "pairwise_seconds": seconds / share,
                      "pairwise_share_timed": share, "pairwise_tokens": tokens / share, "pairwise_batch_pairs": PAIRS}))


if __name__ == "__main__":
    main()
