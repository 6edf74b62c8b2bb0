#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tokens a second that transformers samples, and seconds of a policy step as TRL takes it: every response is a padded row
with its prompt in front, log-probabilities by TRL's selective_log_softmax, GRPO's clipped surrogate, AdamW.

Usage: bench/align/torch_align.py POLICY SAMPLES.jsonl K NEW_TOKENS BATCH_GROUPS STEPS     (needs torch, transformers, trl)

SAMPLES are rows of `rondo align`: the prompts and responses that are trained on are those of the other side.
"""
import json
import sys
import time

import torch
import transformers
from tokenizers import Tokenizer
from trl.trainer.utils import selective_log_softmax

PAD = 0


def padded(rows, left):
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), PAD)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for i, row in enumerate(rows):
        at = slice(width - len(row), width) if left else slice(0, len(row))
        ids[i, at] = torch.tensor(row)
        mask[i, at] = 1
    return ids, mask


def sample(model, prompts, k, new_tokens, batch):
    """Tokens a second; prompts in batches as large as the training's."""
    tokens, start = 0, time.perf_counter()
    for first in range(0, len(prompts), batch):
        ids, mask = padded(prompts[first:first + batch], left=True)
        with torch.no_grad():
            out = model.generate(input_ids=ids, attention_mask=mask, do_sample=True, top_k=0, num_return_sequences=k,
                                 max_new_tokens=new_tokens, pad_token_id=PAD)
        tokens += int((out[:, ids.shape[1]:] != PAD).sum())
    return tokens / (time.perf_counter() - start)


def step(model, optimizer, prompts, responses, advantages):
    ids, mask = padded([p for p, group in zip(prompts, responses) for _ in group], left=True)
    answer, answer_mask = padded([r for group in responses for r in group], left=False)
    count = answer.shape[1]
    logits = model(input_ids=torch.cat([ids, answer], 1), attention_mask=torch.cat([mask, answer_mask], 1),
                   logits_to_keep=count + 1).logits[:, :-1]
    log_probs = selective_log_softmax(logits, answer)
    ratio = torch.exp(log_probs - log_probs.detach())
    surrogate = torch.min(ratio * advantages[:, None], ratio.clamp(0.8, 1.2) * advantages[:, None])
    loss = -((surrogate * answer_mask).sum(1) / answer_mask.sum(1)).mean()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


def main():
    folder, samples = sys.argv[1:3]
    k, new_tokens, batch, steps = map(int, sys.argv[3:])
    torch.set_num_threads(1)
    torch.manual_seed(1)
    transformers.utils.logging.disable_progress_bar()
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
    rows = [json.loads(line) for line in open(samples)]
    prompts = [tokenizer.encode(row["prompt"]).ids for row in rows]
    responses = [row["response_ids"] for row in rows]
    sample(model, prompts[:batch], k, 2, batch)
    speed = sample(model, prompts, k, new_tokens, batch)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    times = []
    for number in range(steps + 1):
        at = [(number * batch + i) % len(prompts) for i in range(batch)]
        advantages = torch.randn(batch * k)
        start = time.perf_counter()
        step(model, optimizer, [prompts[i] for i in at], [responses[i] for i in at], advantages)
        times.append(time.perf_counter() - start)
    # The first one warms up.
    print(f"{speed:.1f} {sum(times[1:]) / steps:.4f}")


main()
