#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records tests/data/published/: tiny random reward models as their trainers save them, with the rewards or scores that
transformers (for GPM: the published formulas, written out here) gives for a few texts.

Usage: tools/record_published.py [OUT [NAME ...]]     (needs torch, transformers, tokenizers, safetensors)

A folder is a model directory and one record_*.json for each way to read it: {"import": flags of `rondo import` or null,
"rows": what `rondo verify` compares}.
"""
import json
import math
import pathlib
import random
import sys

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors

SEED = 20261124
WORDS = [f"w{i}" for i in range(40)]
BASE = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24, max_position_embeddings=96)
CHAT = ("{{ bos_token }}{% for m in messages %}<|{{ m.role }}|> {{ m.content }} <|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}")
DECODER_TOKENS = ["<pad>", "<unk>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
ENCODER_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def make_tokenizer(special, pattern, pair, chat=None, **names):
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(special + WORDS)}, unk_token=special[1]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in special])
    ids = [(t, i) for i, t in enumerate(special) if t in pattern]
    tokenizer.post_processor = processors.TemplateProcessing(single=pattern, pair=pair, special_tokens=ids)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=special[0], unk_token=special[1],
                                                **names)
    fast.chat_template = chat
    return fast


def decoder_tokenizer(chat=CHAT):
    return make_tokenizer(DECODER_TOKENS, "<s> $A", "<s> $A $B", chat, bos_token="<s>", eos_token="</s>")


def encoder_tokenizer(types=True):
    second = "$B:1 [SEP]:1" if types else "[SEP]:0 $B:0 [SEP]:0"
    return make_tokenizer(ENCODER_TOKENS, "[CLS] $A [SEP]", "[CLS] $A [SEP] " + second, cls_token="[CLS]", sep_token="[SEP]")


def fill(model, generator):
    """Larger than the usual initial weights, so that a mistake shows; vectors around their own initial values."""
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(noise * 0.3 if parameter.dim() > 1 else parameter + noise * 0.1)
    return model.float().eval()


def sentence(draw, low, high):
    return " ".join(draw.choice(WORDS) for _ in range(draw.randint(low, high)))


def plain_rows(draw):
    """Prompts end in a blank: prompt and response are joined as they stand."""
    return [dict(prompt=sentence(draw, 1, 9) + " ", responses=[sentence(draw, 1, 12) for _ in range(3)]) for _ in range(4)]


def chat_rows(draw):
    rows = [dict(prompt=sentence(draw, 1, 9), responses=[sentence(draw, 1, 12) for _ in range(3)]) for _ in range(3)]
    turns = [("system", 4), ("user", 6), ("assistant", 3), ("user", 5)]
    for first in (0, 1):
        rows.append(dict(messages=[dict(role=r, content=sentence(draw, n, n)) for r, n in turns[first:]],
                         responses=[sentence(draw, 1, 12) for _ in range(3)]))
    return rows


def conversation(row, response):
    messages = row.get("messages") or [dict(role="user", content=row["prompt"])]
    return messages + [dict(role="assistant", content=response)]


def decoder_ids(tokenizer, row, response):
    if tokenizer.chat_template:
        text = tokenizer.apply_chat_template(conversation(row, response), tokenize=False)
        ids = tokenizer(text, add_special_tokens=False).input_ids
        # Skywork's recipe, BOS cut off the text and added again, gives the same.
        assert tokenizer(text.removeprefix(tokenizer.bos_token)).input_ids == ids
        return ids
    return tokenizer(row["prompt"] + response).input_ids + [tokenizer.eos_token_id]


def outputs_of(model, tokenizer, row, response):
    """All outputs of a ...ForSequenceClassification for one text."""
    with torch.no_grad():
        if model.config.model_type in ENCODERS:
            has_types = getattr(model.config, "type_vocab_size", 0) > 1
            return model(**tokenizer(row["prompt"], response, return_tensors="pt",
                                     return_token_type_ids=has_types)).logits[0]
        return model(input_ids=torch.tensor([decoder_ids(tokenizer, row, response)])).logits[0]


def rewards(rows, score):
    return [dict(row, rewards=[float(score(row, r)) for r in row["responses"]]) for row in rows]


def save(folder, config, weights, tokenizer, records):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    tokenizer.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    save_file({k: v.contiguous() for k, v in weights.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    for name, (flags, rows) in records.items():
        record = dict(seed=SEED, torch=torch.__version__, transformers=transformers.__version__, rows=rows)
        record["import"] = flags
        (folder / f"record_{name}.json").write_text(json.dumps(record, indent=1) + "\n")


ENCODERS = ("bert", "roberta", "xlm-roberta", "distilbert", "modernbert", "deberta-v2")
ENCODER = dict(BASE, vocab_size=len(ENCODER_TOKENS + WORDS), pad_token_id=0)
DECODER = dict(BASE, vocab_size=len(DECODER_TOKENS + WORDS), pad_token_id=0, bos_token_id=2, eos_token_id=3)
GPT2 = dict(vocab_size=DECODER["vocab_size"], n_embd=16, n_layer=2, n_head=4, n_positions=96, pad_token_id=0,
            bos_token_id=2, eos_token_id=3)
MODERN = dict(ENCODER, num_hidden_layers=3, local_attention=6, global_attn_every_n_layers=2, cls_token_id=2, sep_token_id=3,
              bos_token_id=2, eos_token_id=3)
DEBERTA = dict(ENCODER, relative_attention=True, position_buckets=6, max_relative_positions=24, pos_att_type=["p2c", "c2p"],
               norm_rel_ebd="layer_norm", share_att_key=True, position_biased_input=False, type_vocab_size=0)
NEOX_ROPE = dict(rope_type="default", rope_theta=100.0, partial_rotary_factor=0.5)
DISTIL = dict(vocab_size=ENCODER["vocab_size"], dim=16, n_layers=2, n_heads=4, hidden_dim=24, max_position_embeddings=96,
              pad_token_id=0)

# name: config, outputs, tokenizer
CLASSIFIERS = {
    "llama": (transformers.LlamaConfig(**DECODER, num_key_value_heads=2), 1, decoder_tokenizer),
    "llama_3_outputs": (transformers.LlamaConfig(**DECODER, num_key_value_heads=2), 3, decoder_tokenizer),
    "gpt2": (transformers.GPT2Config(**GPT2), 1, lambda: decoder_tokenizer(None)),
    "gpt_neox": (transformers.GPTNeoXConfig(**DECODER, rope_parameters=NEOX_ROPE), 1, lambda: decoder_tokenizer(None)),
    "bert": (transformers.BertConfig(**ENCODER), 1, encoder_tokenizer),
    "bert_3_outputs": (transformers.BertConfig(**ENCODER), 3, encoder_tokenizer),
    "roberta": (transformers.RobertaConfig(**ENCODER, type_vocab_size=1), 1, lambda: encoder_tokenizer(False)),
    "xlm_roberta": (transformers.XLMRobertaConfig(**ENCODER, type_vocab_size=1), 1, lambda: encoder_tokenizer(False)),
    "distilbert": (transformers.DistilBertConfig(**DISTIL), 1, encoder_tokenizer),
    "deberta_v2": (transformers.DebertaV2Config(**DEBERTA), 1, encoder_tokenizer),
    "deberta_v2_tanh": (transformers.DebertaV2Config(**DEBERTA, pooler_hidden_act="tanh"), 1, encoder_tokenizer),
    "modernbert": (transformers.ModernBertConfig(**MODERN), 1, encoder_tokenizer),
    "modernbert_mean": (transformers.ModernBertConfig(**MODERN, classifier_pooling="mean", classifier_bias=True,
                                                      norm_bias=True, classifier_activation="relu"), 1, encoder_tokenizer),
}


def record_classifier(name, out, draw, generator):
    config, labels, tokenizer_of = CLASSIFIERS[name]
    config.num_labels = labels
    config._attn_implementation = "eager"
    tokenizer = tokenizer_of()
    model = fill(transformers.AutoModelForSequenceClassification.from_config(config), generator)
    rows = chat_rows(draw) if tokenizer.chat_template else plain_rows(draw)

    def combined(weights):
        return rewards(rows, lambda row, r: outputs_of(model, tokenizer, row, r).double() @ torch.tensor(weights).double())

    if labels == 1:
        records = dict(as_it_stands=(None, combined([1.0])))
    else:
        records = dict(output=(["--output", "1"], combined([0.0, 1.0, 0.0])),
                       weights=(["--head", "bt", "--output-weights", "0.5,-1,2"], combined([0.5, -1.0, 2.0])))
    saved = model.config.to_dict()
    saved["architectures"] = [type(model).__name__]
    saved["num_labels"] = labels
    save(out / name, saved, model.state_dict(), tokenizer, records)


def record_trainer(name, out, draw, generator):
    """A decoder with a linear map as OpenRLHF and TRL store it: names, classes and scales of their own."""
    config = transformers.LlamaConfig(**DECODER)
    config._attn_implementation = "eager"
    model = fill(transformers.LlamaForCausalLM(config), generator)
    weight = torch.randn(1, 16, generator=generator) * 0.3
    bias = torch.randn(1, generator=generator)
    tokenizer = decoder_tokenizer()

    def openrlhf_ids(row, response):
        text = tokenizer.apply_chat_template(conversation(row, response), tokenize=False).rstrip("\n")
        if not text.endswith(tokenizer.eos_token):
            text += " " + tokenizer.eos_token
        return tokenizer(text, add_special_tokens=False).input_ids[:-1] + [tokenizer.eos_token_id]

    def reward(row, response, ids_of=lambda row, response: decoder_ids(tokenizer, row, response)):
        with torch.no_grad():
            ids = torch.tensor([ids_of(row, response)])
            state = model.model(input_ids=ids).last_hidden_state[0, -1]
            return (weight @ state)[0] + (bias[0] if name == "trl_value_head" else 0)

    rows = chat_rows(draw)
    saved, weights = config.to_dict(), model.state_dict()
    if name == "trl_value_head":
        saved["architectures"] = ["LlamaForCausalLM"]
        weights.update({"v_head.summary.weight": weight, "v_head.summary.bias": bias})
        records = dict(reward=(["--head", "bt"], rewards(rows, reward)))
    else:
        mean, std = 0.75, 2.5
        saved.update(architectures=["RewardModel"], mean=mean, std=std)
        del weights["lm_head.weight"]
        weights["value_head.weight"] = weight
        records = dict(as_it_stands=(None, rewards(rows, reward)),
                       text_recipe=(["--preset", "openrlhf"], rewards(rows, lambda row, r: reward(row, r, openrlhf_ids))),
                       normalized=(["--head", "bt", "--normalize-rewards"],
                                   rewards(rows, lambda row, r: (reward(row, r) - mean) / std)))
    save(out / name, saved, weights, tokenizer, records)


def gpm_scores(v, gate):
    """s(i, j) = v_i R' v_j with the 2 x 2 blocks [[0, -g], [g, 0]] of R, as the published code multiplies it."""
    size = v.shape[1]
    block = torch.zeros(size, size, dtype=v.dtype)
    for k in range(size // 2):
        block[2 * k, 2 * k + 1], block[2 * k + 1, 2 * k] = -gate[k], gate[k]
    return v @ block.T @ v.T


def record_gpm(name, out, draw, generator):
    """Published General Preference Models: text rendered, tokenised again with special tokens (two BOS), the last token
    overwritten by EOS; the gate read where the first message alone would end."""
    config = transformers.LlamaConfig(**DECODER)
    config._attn_implementation = "eager"
    model = fill(transformers.LlamaForCausalLM(config), generator)
    value = torch.randn(6, 16, generator=generator) * 0.3
    prompt = torch.randn(3, 16, generator=generator) * 0.5
    tokenizer = decoder_tokenizer()
    rows = chat_rows(draw)
    gated = name == "gpm_gated"

    def state_of(row, response):
        ids = tokenizer(tokenizer.apply_chat_template(conversation(row, response), tokenize=False)).input_ids
        assert ids[:2] == [tokenizer.bos_token_id] * 2
        first = tokenizer.apply_chat_template(conversation(row, response)[:1], tokenize=False)
        gate_at = len(tokenizer(first).input_ids) - 1
        ids[-1] = tokenizer.eos_token_id
        with torch.no_grad():
            states = model.model(input_ids=torch.tensor([ids])).last_hidden_state[0].double()
        return states[-1], states[gate_at]

    def table(row, norm, gate):
        states = [state_of(row, r) for r in row["responses"]]
        v = torch.stack([value.double() @ last for last, _ in states])
        if norm == "unit":
            v = v / v.norm(dim=1, keepdim=True)
        z = prompt.double() @ states[0][1]
        lambdas = dict(none=torch.ones(3).double(), softmax=torch.softmax(z, 0),
                       scaled=3 * torch.softmax(z / math.sqrt(16), 0))[gate]
        return gpm_scores(v, lambdas).tolist()

    records = {}
    for norm in ("unit", "none"):
        for gate in ("softmax", "scaled") if gated else ("none",):
            flags = ["--preset", "gpm", "--norm", norm]
            flags += dict(none=[], softmax=[], scaled=["--gate", "softmax_k", "--scaled-gate"])[gate]
            records[f"{norm}_{gate}"] = (flags, [dict(row, scores=table(row, norm, gate)) for row in rows])
    weights = model.state_dict()
    weights["value_head.weight"] = value
    if gated:
        weights["prompt_head.weight"] = prompt
    saved = config.to_dict()
    saved["architectures"] = ["CustomRewardModel" if gated else "LlamaForCausalLM"]
    save(out / name, saved, weights, tokenizer, records)


CASES = {**{name: record_classifier for name in CLASSIFIERS},
         "openrlhf": record_trainer, "trl_value_head": record_trainer, "gpm": record_gpm, "gpm_gated": record_gpm}

if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/published")
    for case in sys.argv[2:] or CASES:
        torch.manual_seed(SEED)
        CASES[case](case, target, random.Random(SEED), torch.Generator().manual_seed(SEED))
        print(case)
