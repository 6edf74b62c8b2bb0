#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seconds per training step of the demo's model, written plainly in PyTorch: every plan is a row of the batch with the
prompt in front of it, attention by scaled_dot_product_attention, all pairs of a group by one product, Muon and AdamW.

Usage: bench/torch_step.py ROWS.jsonl STEPS THREADS     (needs torch)
"""
import json
import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

D, HEADS, INNER, LAYERS, PLANES, GROUP, THETA = 32, 2, 64, 2, 16, 128, 100.0


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.RMSNorm(D, eps=1e-6), nn.RMSNorm(D, eps=1e-6)
        self.q, self.k, self.v, self.o = (nn.Linear(D, D, bias=False) for _ in range(4))
        self.gate, self.up, self.down = nn.Linear(D, INNER, bias=False), nn.Linear(D, INNER, bias=False), nn.Linear(INNER, D, bias=False)

    def forward(self, x, cos, sin):
        b, t, _ = x.shape
        y = self.norm1(x)
        q, k, v = (f(y).view(b, t, HEADS, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, is_causal=True)
        x = x + self.o(y.transpose(1, 2).reshape(b, t, D))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Gpm(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.embed = nn.Embedding(vocab, D)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm, self.head = nn.RMSNorm(D, eps=1e-6), nn.Linear(D, 2 * PLANES, bias=False)

    def forward(self, ids, cos, sin):
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, cos, sin)
        v = F.normalize(self.head(self.norm(x[:, -1])), dim=-1)
        u = v[:, 0::2] @ v[:, 1::2].T
        return u - u.T


def orthogonalise(g):
    x = g.T if g.shape[0] > g.shape[1] else g
    x = x / x.norm().clamp_min(1e-12)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.775 * a + 2.0315 * a @ a) @ x
    return x.T if g.shape[0] > g.shape[1] else x


def main(path, steps, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    row = json.loads(open(path).readline())
    vocab = {}
    code = lambda text: [vocab.setdefault(w, len(vocab) + 3) for w in text.split()]
    prompt = [1] + code(row["prompt"])
    ids = torch.tensor([prompt + code(r) + [2] for r in row["responses"]])
    n = len(ids)
    table = torch.full((n, n), 0.5)
    i, j = torch.triu_indices(n, n, 1)
    table[i, j] = torch.tensor([{"W": 1.0, "L": 0.0, "T": 0.5}[c] for c in row["outcomes"]])
    model = Gpm(max(vocab.values()) + 1)
    matrices = [p for name, p in model.named_parameters() if p.dim() == 2 and "blocks" in name]
    rest = [p for name, p in model.named_parameters() if not (p.dim() == 2 and "blocks" in name)]
    adamw = torch.optim.AdamW(rest, lr=6e-3, betas=(0.9, 0.99), weight_decay=0, fused=True)
    momentum = [torch.zeros_like(p) for p in matrices]
    size = D // HEADS
    angles = torch.arange(ids.shape[1])[:, None] * THETA ** (-torch.arange(0, size, 2) / size)
    cos, sin = angles.cos(), angles.sin()
    left, right = torch.triu_indices(GROUP, GROUP, 1)

    def step():
        chosen = torch.randperm(n)[:GROUP].sort().values
        scores = model(ids[chosen], cos, sin)[left, right] / 0.1
        labels = table[chosen[left], chosen[right]]
        F.binary_cross_entropy_with_logits(scores, labels).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()
        with torch.no_grad():
            for p, m in zip(matrices, momentum):
                m.lerp_(p.grad, 0.05)
                p.sub_(orthogonalise(p.grad.lerp(m, 0.95)), alpha=6e-3 * 0.2 * math.sqrt(max(p.shape)))
        model.zero_grad(set_to_none=True)

    for _ in range(20):
        step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    print((time.perf_counter() - start) / steps)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
