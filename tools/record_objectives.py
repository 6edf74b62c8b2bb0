#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records tests/data/objectives/trl.json: losses of TRL's own trainers on random logits, and their gradients.

The trainers' loss methods run as they are, on a stand-in for the model that returns recorded logits, one pair of
responses at a time. cDPO has left TRL's `sigmoid`; its `aot` with label smoothing is the same on one pair (a sort of one
number), and is what is recorded.

Usage: tools/record_objectives.py [OUT]     (needs torch, transformers, trl)
"""
import collections
import json
import pathlib
import sys
import types

import torch
import transformers
import trl
from trl.experimental.cpo import CPOTrainer

SEED = 20260404
VOCABULARY = 6
PROMPT = 2
LENGTHS = [(3, 5), (4, 4), (1, 6)]  # response tokens of chosen and rejected

# objective, what TRL calls it, its options under our names
CASES = [
    ("dpo", "sigmoid", {"beta": 0.1}),
    ("dpo", "sigmoid", {"beta": 1.3}),
    ("cdpo", "aot", {"beta": 0.4, "smoothing": 0.2}),
    ("robust_dpo", "robust", {"beta": 0.4, "smoothing": 0.2}),
    ("ipo", "ipo", {"beta": 0.3, "average": "length"}),
    ("hinge", "hinge", {"beta": 0.2}),
    ("sppo_hard", "sppo_hard", {"beta": 0.7}),
    ("simpo", "simpo", {"beta": 2.0, "gamma": 0.5}),
]


def draw_pair(lengths, generator):
    pair = []
    for length in lengths:
        ids = torch.randint(VOCABULARY, (PROMPT + length,), generator=generator)
        policy, reference = (torch.randn(PROMPT + length, VOCABULARY, generator=generator, dtype=torch.float64) * 2 for _ in range(2))
        pair.append({"ids": ids, "policy": policy.requires_grad_(True), "reference": reference})
    return pair


def padded(tensors):
    longest = max(t.shape[0] for t in tensors)
    return torch.stack([torch.cat([t, t.new_zeros(longest - t.shape[0], *t.shape[1:])]) for t in tensors])


class Logits:
    """Stands in for a model: returns what TRL asks of its forward pass, from given logits."""
    training = True

    def __init__(self, logits):
        self.logits = padded(logits)

    def __call__(self, input_ids, labels, **unused):
        log_probs = torch.log_softmax(self.logits[:, :-1], -1)
        targets = labels[:, 1:]
        chosen = log_probs.gather(-1, targets.clamp(min=0).unsqueeze(-1)).squeeze(-1) * (targets != -100)
        zeros = torch.zeros_like(chosen)
        return types.SimpleNamespace(log_probs=chosen, entropy=zeros, mean_logits=zeros, is_top1=zeros.bool())


def accelerator():
    return types.SimpleNamespace(device=torch.device("cpu"), gather=lambda x: x, gather_for_metrics=lambda x: x)


def dpo_loss(loss_type, options, pair):
    ids = padded([side["ids"] for side in pair])
    lengths = [side["ids"].shape[0] for side in pair]
    attention = torch.tensor([[int(t < n) for t in range(ids.shape[1])] for n in lengths])
    completion = attention.clone()
    completion[:, :PROMPT] = 0
    labels = ids.masked_fill(completion == 0, -100)
    reference = Logits([side["reference"] for side in pair])(ids, labels).log_probs.sum(1)
    model = Logits([side["policy"] for side in pair])
    trainer = types.SimpleNamespace(
        model=model, accelerator=accelerator(), aux_loss_enabled=False, ld_alpha=None, precompute_ref_logps=True,
        f_divergence_type="reverse_kl", loss_types=[loss_type], loss_weights=[1.0], beta=options["beta"],
        label_smoothing=options.get("smoothing", 0.0), use_weighting=False, _total_train_tokens=0, _tp_size=1,
        _metrics=collections.defaultdict(lambda: collections.defaultdict(list)))
    inputs = {"input_ids": ids, "attention_mask": attention, "completion_mask": completion,
              "ref_chosen_logps": reference[:1], "ref_rejected_logps": reference[1:]}
    return trl.DPOTrainer._compute_loss(trainer, model, inputs, return_outputs=False)


def cpo_loss(loss_type, options, pair):
    average = []
    for side in pair:
        labels = side["ids"].clone().unsqueeze(0)
        labels[:, :PROMPT] = -100
        average.append(CPOTrainer.get_batch_logps(side["policy"].unsqueeze(0), labels, average_log_prob=True))
    trainer = types.SimpleNamespace(accelerator=accelerator(), alpha=0.0, loss_type=loss_type, simpo_gamma=options["gamma"],
                                    beta=options["beta"], label_smoothing=0.0)
    return CPOTrainer.cpo_loss(trainer, *average)[0].mean()


def record(pair_index, pair, case):
    objective, loss_type, options = case
    for side in pair:
        side["policy"].grad = None
    loss = (cpo_loss if objective == "simpo" else dpo_loss)(loss_type, options, pair)
    loss.backward()
    return {"pair": pair_index, "objective": objective, "trl": loss_type, "options": options, "loss": loss.item(),
            "gradient": [side["policy"].grad.tolist() for side in pair]}


def main():
    generator = torch.Generator().manual_seed(SEED)
    pairs = [draw_pair(lengths, generator) for lengths in LENGTHS]
    recorded = {"trl": trl.__version__, "torch": torch.__version__, "transformers": transformers.__version__, "seed": SEED,
                "prompt_length": PROMPT,
                "pairs": [[{"ids": side["ids"].tolist(), "policy": side["policy"].tolist(), "reference": side["reference"].tolist()}
                           for side in pair] for pair in pairs],
                "cases": [record(n, pair, case) for n, pair in enumerate(pairs) for case in CASES]}
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/objectives/trl.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(recorded) + "\n")
    print(f"{out}: {len(recorded['cases'])} cases, TRL {trl.__version__}")


main()
