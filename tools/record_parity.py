#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records tests/data/parity/: tiny random models of each family with the hidden states, rewards and gradients that
transformers computes for them.

Usage: tools/record_parity.py [OUT [NAME ...]]     (needs torch, transformers, safetensors)

Sequences share prompts, so that a packed forest is compared with one sequence at a time.
"""
import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file

SEED = 20261124

BASE = dict(vocab_size=48, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24,
            max_position_embeddings=128, num_labels=1, pad_token_id=0)

LLAMA3 = dict(rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=32)
YARN = dict(rope_type="yarn", rope_theta=100.0, factor=4.0, beta_fast=8.0, original_max_position_embeddings=32)
GQA = dict(BASE, num_key_value_heads=2)
HEAD8 = dict(GQA, head_dim=8)
TURNS = dict(full_attention=dict(rope_type="linear", rope_theta=500.0, factor=2.0),
             sliding_attention=dict(rope_type="default", rope_theta=50.0))
MODERN = dict(rope_parameters=dict(full_attention=dict(rope_type="default", rope_theta=500.0),
                                   sliding_attention=dict(rope_type="default", rope_theta=50.0)),
              bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3)
GPT2 = dict(vocab_size=48, n_embd=16, n_layer=2, n_head=4, n_positions=64, num_labels=1, pad_token_id=0)
NEOX = dict(BASE, rope_parameters=dict(rope_type="default", rope_theta=100.0, partial_rotary_factor=0.5))

# Each family with what is special about it switched on: windows shorter than the texts, caps that bite, partial rotation.
MODELS = {
    "llama_untied": (transformers.LlamaConfig, dict(BASE, num_key_value_heads=4, tie_word_embeddings=False)),
    "llama_tied_gqa": (transformers.LlamaConfig, dict(GQA, tie_word_embeddings=True, head_dim=8)),
    "llama_rope_llama3": (transformers.LlamaConfig, dict(GQA, tie_word_embeddings=False, rope_parameters=LLAMA3)),
    "llama_rope_linear": (transformers.LlamaConfig, dict(BASE, num_key_value_heads=1, tie_word_embeddings=False, rope_parameters=dict(
        rope_type="linear", rope_theta=100.0, factor=2.0))),
    "llama_rope_yarn": (transformers.LlamaConfig, dict(GQA, head_dim=16, attention_bias=True, mlp_bias=True, rope_parameters=YARN)),
    "mistral": (transformers.MistralConfig, dict(HEAD8, sliding_window=5)),
    "qwen2": (transformers.Qwen2Config, dict(GQA, tie_word_embeddings=True)),
    "qwen2_window": (transformers.Qwen2Config, dict(GQA, use_sliding_window=True, sliding_window=6, max_window_layers=1)),
    "qwen3": (transformers.Qwen3Config, dict(HEAD8, tie_word_embeddings=False)),
    "gemma": (transformers.GemmaConfig, dict(BASE, num_key_value_heads=1, head_dim=8)),
    "gemma2": (transformers.Gemma2Config, dict(HEAD8, sliding_window=5, query_pre_attn_scalar=4, attn_logit_softcapping=1.5)),
    "gemma3": (transformers.Gemma3TextConfig, dict(HEAD8, sliding_window=5, query_pre_attn_scalar=12, rope_parameters=TURNS,
                                                   layer_types=["sliding_attention", "full_attention"])),
    "phi3": (transformers.Phi3Config, dict(GQA, sliding_window=7)),
    "phi3_partial": (transformers.Phi3Config, dict(BASE, num_attention_heads=2, num_key_value_heads=1, rope_parameters=dict(
        rope_type="default", rope_theta=100.0, partial_rotary_factor=0.5))),
    "gpt2": (transformers.GPT2Config, dict(GPT2, n_inner=24)),
    "gpt2_scaled_by_layer": (transformers.GPT2Config, dict(GPT2, scale_attn_by_inverse_layer_idx=True)),
    "gpt_neox": (transformers.GPTNeoXConfig, NEOX),
    "gpt_neox_serial": (transformers.GPTNeoXConfig, dict(NEOX, use_parallel_residual=False, attention_bias=False)),
    "olmo2": (transformers.Olmo2Config, GQA),
    "bert": (transformers.BertConfig, dict(BASE, max_position_embeddings=64)),
    "roberta": (transformers.RobertaConfig, dict(BASE, max_position_embeddings=64, type_vocab_size=1, pad_token_id=1)),
    "distilbert": (transformers.DistilBertConfig, dict(vocab_size=48, dim=16, n_layers=2, n_heads=4, hidden_dim=24,
                                                       max_position_embeddings=64, num_labels=1, pad_token_id=0)),
    "modernbert": (transformers.ModernBertConfig, dict(BASE, **MODERN, num_hidden_layers=3, local_attention=6,
                                                       global_attn_every_n_layers=2)),
    "modernbert_biases": (transformers.ModernBertConfig, dict(
        BASE, **MODERN, local_attention=5, norm_bias=True, attention_bias=True, mlp_bias=True,
        layer_types=["sliding_attention", "full_attention"])),
    "deberta_v2": (transformers.DebertaV2Config, dict(
        BASE, relative_attention=True, position_buckets=6, max_relative_positions=24, pos_att_type="p2c|c2p",
        norm_rel_ebd="layer_norm", share_att_key=True, position_biased_input=False, type_vocab_size=0)),
    "deberta_v2_unshared": (transformers.DebertaV2Config, dict(
        BASE, relative_attention=True, max_relative_positions=10, max_position_embeddings=64, pos_att_type=["p2c", "c2p"],
        type_vocab_size=2)),
}
# The families' own sequence classifiers: layers of their own between the first token's state and the output.
MODELS |= {f"{name}_classifier": MODELS[name] for name in ("bert", "roberta", "distilbert", "modernbert", "deberta_v2")}
ENCODERS = ("bert", "roberta", "distilbert", "modernbert", "deberta-v2")


def sequences(generator):
    """Two groups: a prompt of 9 tokens with three responses, a prompt of 1 with two; one response is long.

    Tokens 0 and 1 are padding of some family."""
    def draw(n):
        return torch.randint(2, BASE["vocab_size"], (n,), generator=generator).tolist()

    groups, prompt_lengths = [], (9, 1)
    for prompt_length, lengths in zip(prompt_lengths, ((4, 7, 4), (40, 2))):
        prompt = draw(prompt_length)
        groups.append([prompt + draw(n) for n in lengths])
    return groups, prompt_lengths


class Encoder(torch.nn.Module):
    """A bare encoder with a head of one output."""

    def __init__(self, config):
        super().__init__()
        self.base_model = transformers.AutoModel.from_config(config)
        self.config = config
        self.score = torch.nn.Linear(config.hidden_size, 1, bias=False)


def has_types(model):
    return getattr(model.config, "type_vocab_size", 0) > 1


def run(model, groups, prompt_lengths):
    hidden, rewards = [], []
    for group, prompt_length in zip(groups, prompt_lengths):
        for ids in group:
            types = torch.tensor([[int(k >= prompt_length) for k in range(len(ids))]])
            more = dict(token_type_ids=types) if has_types(model) else {}
            states = model.base_model(input_ids=torch.tensor([ids]), **more).last_hidden_state[0]
            hidden.append(states)
            rewards.append(model.score(states[-1])[0] if hasattr(model, "score") else
                           model(input_ids=torch.tensor([ids]), **more).logits[0, 0])
    return hidden, torch.stack(rewards)


def loss_of(rewards, groups):
    total, first = 0.0, 0
    for group in groups:
        for i in range(len(group)):
            for j in range(i + 1, len(group)):
                total = total - torch.nn.functional.logsigmoid(rewards[first + i] - rewards[first + j])
        first += len(group)
    return total


def record(name, out):
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    config_class, values = MODELS[name]
    config = config_class(**values)
    config._attn_implementation = "eager"
    is_classifier = name.endswith("_classifier")
    is_encoder = config.model_type in ENCODERS and not is_classifier
    make = Encoder if is_encoder else transformers.AutoModelForSequenceClassification.from_config
    model = make(config).float().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            # Larger than the usual initial weights, so that a mistake shows; vectors around their own initial values.
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(noise * 0.3 if parameter.dim() > 1 else parameter + noise * 0.1)
    groups, prompt_lengths = sequences(generator)
    hidden, rewards = run(model, groups, prompt_lengths)
    loss_of(rewards, groups).backward()

    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    saved = model.config.to_dict()
    saved["architectures"] = [type(model.base_model if is_encoder else model).__name__]
    if is_encoder:
        saved["rondo"] = dict(head=dict(kind="bt", tau=1.0, ties=False))
    (folder / "config.json").write_text(json.dumps(saved, indent=1, sort_keys=True) + "\n")
    # Encoders are saved bare, without the prefix that the names of gradients have.
    weights = {k.removeprefix("base_model."): v.contiguous() for k, v in model.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    prefix = f"{model.base_model.base_model_prefix}."
    expected = {"grad." + k.replace("base_model.", prefix): v.grad.clone()
                for k, v in model.named_parameters() if v.grad is not None}
    expected["rewards"] = rewards.detach()
    expected["hidden"] = torch.cat(hidden).detach()
    half = model.bfloat16()
    with torch.no_grad():
        hidden16, rewards16 = run(half, groups, prompt_lengths)
    expected["rewards_bf16"] = rewards16.float()
    expected["hidden_bf16"] = torch.cat(hidden16).float()
    save_file({k: v.contiguous() for k, v in expected.items()}, folder / "expected.safetensors")
    (folder / "case.json").write_text(json.dumps(dict(
        seed=SEED, torch=torch.__version__, transformers=transformers.__version__, groups=groups,
        prompt_lengths=prompt_lengths if has_types(model) else None, reads_first=is_classifier)) + "\n")
    print(name, "rewards", [round(r, 4) for r in rewards.tolist()])


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/parity")
    for model_name in sys.argv[2:] or MODELS:
        record(model_name, target)
