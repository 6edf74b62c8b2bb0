#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records tests/data/generation/: tiny random language models with the tokens that transformers' greedy search finds, and
with log-probabilities of given responses and their gradients.

Usage: tools/record_generation.py [OUT [NAME ...]]     (needs torch, transformers, safetensors)
"""
import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file

from record_parity import BASE, MODELS, SEED

NAMES = ["llama_untied", "llama_tied_gqa", "mistral", "qwen2_window", "qwen3", "gemma2", "gemma3", "phi3", "gpt2", "gpt_neox", "olmo2"]
NEW_TOKENS = 14
RESPONSES = 3


def draw(n, generator):
    return torch.randint(2, BASE["vocab_size"], (n,), generator=generator).tolist()


def greedy(model, prompt):
    ids = torch.tensor([prompt])
    out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=NEW_TOKENS, eos_token_id=None,
                         pad_token_id=0)
    return out[0, len(prompt):].tolist()


def log_prob(model, prompt, response):
    logits = model(input_ids=torch.tensor([prompt + response])).logits[0]
    steps = torch.log_softmax(logits[len(prompt) - 1:-1], -1)
    return steps.gather(1, torch.tensor(response).unsqueeze(1)).sum()


def published(name, key):
    """The name that checkpoints have; transformers 5 renames the head of GPT-NeoX while it loads."""
    return "embed_out.weight" if name == "gpt_neox" and key == "lm_head.weight" else key


def record(name, out):
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    config_class, values = MODELS[name]
    config = config_class(**{k: v for k, v in values.items() if k != "num_labels"})
    config._attn_implementation = "eager"
    model = transformers.AutoModelForCausalLM.from_config(config).float().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(noise * 0.3 if parameter.dim() > 1 else parameter + noise * 0.1)
    prompts = [draw(1 + i % 17, generator) for i in range(200 if name.startswith("llama") else 20)]
    continued = [greedy(model, prompt) for prompt in prompts]
    groups, total = [], 0
    for length in (5, 1):
        prompt = draw(length, generator)
        responses = [draw(2 + 3 * k, generator) for k in range(RESPONSES)]
        weights = torch.randn(RESPONSES, generator=generator)
        values = [log_prob(model, prompt, response) for response in responses]
        total = total + sum(w * v for w, v in zip(weights, values))
        groups.append(dict(prompt=prompt, responses=responses, weights=weights.tolist(), log_probs=[v.item() for v in values]))
    total.backward()

    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    saved = model.config.to_dict()
    saved["architectures"] = [type(model).__name__]
    (folder / "config.json").write_text(json.dumps(saved, indent=1, sort_keys=True) + "\n")
    tied = config.tie_word_embeddings
    state = {published(name, k): v.contiguous() for k, v in model.state_dict().items() if not (tied and k == "lm_head.weight")}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    save_file({published(name, k): v.grad.contiguous() for k, v in model.named_parameters()}, folder / "gradients.safetensors")
    (folder / "case.json").write_text(json.dumps(dict(
        seed=SEED, torch=torch.__version__, transformers=transformers.__version__, prompts=prompts, greedy=continued, groups=groups)) + "\n")
    print(name, len(prompts), "prompts; tokens of the first:", continued[0])


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/generation")
    for model_name in sys.argv[2:] or NAMES:
        record(model_name, target)
