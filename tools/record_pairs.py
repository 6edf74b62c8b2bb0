#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records tests/data/published/pair_*: tiny random pairwise models as they are published, with the score tables that
their authors' formulas give (written out here) on transformers' backbones.

Usage: tools/record_pairs.py [OUT [NAME ...]]     (needs torch, transformers, tokenizers, safetensors)

A score is the mean over both orders: (T - T') / 2 of logits for PairRM, the log-odds of the mean probability for a
pairwise language model.
"""
import itertools
import math
import pathlib
import random
import sys

import torch
import transformers

from record_published import (CHAT, DEBERTA, DECODER, DECODER_TOKENS, ENCODER_TOKENS, SEED, WORDS, chat_rows, fill,
                              make_tokenizer, plain_rows, save)

MARKS = ["<|source|>", "<|candidate1|>", "<|candidate2|>"]
QUESTION_WORDS = ["[CONTEXT]", "[RESPONSE", "A]", "B]", "<turn>", "user", "assistant", "system", "A", "B"]


def with_scores(rows, score):
    """score(row, first, second): what both orders together say of the first."""
    result = []
    for row in rows:
        table = [[0.0 if i == j else score(row, a, b) for j, b in enumerate(row["responses"])]
                 for i, a in enumerate(row["responses"])]
        assert all(abs(table[i][j] + table[j][i]) < 1e-9 for i, j in itertools.product(range(len(table)), repeat=2))
        result.append(dict(row, scores=table))
    return result


class PairRM(torch.nn.Module):
    """States at the three marks; f([prompt, candidate]) of both candidates, two outputs each, averaged."""

    def __init__(self, config, outputs):
        super().__init__()
        self.pretrained_model = transformers.DebertaV2Model(config)
        size = config.hidden_size
        self.head_layer = torch.nn.Sequential(torch.nn.Dropout(0.1), torch.nn.Linear(2 * size, size), torch.nn.Tanh(),
                                              torch.nn.Dropout(0.1), torch.nn.Linear(size, outputs))

    def forward(self, ids, marks):
        states = self.pretrained_model(input_ids=torch.tensor([ids])).last_hidden_state[0].double()
        source, first, second = (states[ids.index(m)] for m in marks)
        head = self.head_layer.double()
        return float((head(torch.cat([source, first])) - head(torch.cat([source, second]))).mean())


def record_pair_rm(name, out, draw, generator):
    tokens = ENCODER_TOKENS + MARKS
    outputs = 2
    tokenizer = make_tokenizer(tokens, "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", cls_token="[CLS]",
                               sep_token="[SEP]")
    config = transformers.DebertaV2Config(**dict(DEBERTA, vocab_size=len(tokens + WORDS)))
    config._attn_implementation = "eager"
    model = fill(PairRM(config, outputs), generator)
    marks = tokenizer.convert_tokens_to_ids(MARKS)

    def logit(row, first, second):
        texts = [row.get("prompt") or row["messages"][0]["content"], first, second]
        with torch.no_grad():
            return model(sum((tokenizer.encode(m + t) for m, t in zip(MARKS, texts)), []), marks)

    rows = plain_rows(draw)
    rows.append(dict(messages=[dict(role="user", content="w3 w4")], responses=["w5 w6", "w7", "w5"]))
    records = dict(as_it_stands=(None, with_scores(rows, lambda r, a, b: (logit(r, a, b) - logit(r, b, a)) / 2)))
    saved = config.to_dict()
    saved.update(architectures=["DebertaV2PairRM"], n_tasks=outputs, drop_out=0.05, sep_token_id=3, cand_prefix_id=0,
                 source_prefix_id=marks[0], cand1_prefix_id=marks[1], cand2_prefix_id=marks[2])
    model.head_layer.float()
    save(out / name, saved, model.state_dict(), tokenizer, records)


def record_pair_lm(name, out, draw, generator):
    """The question of RLHFlow's pair-preference-model in one user turn, without BOS; logits of "A" and "B" at its end."""
    words = DECODER_TOKENS + QUESTION_WORDS
    tokenizer = make_tokenizer(words, "<s> $A", "<s> $A $B", CHAT, bos_token="<s>", eos_token="</s>")
    config = transformers.LlamaConfig(**dict(DECODER, vocab_size=len(words + WORDS), max_position_embeddings=256))
    config._attn_implementation = "eager"
    model = fill(transformers.LlamaForCausalLM(config), generator)
    answers = tokenizer.convert_tokens_to_ids(["A", "B"])

    def probability(row, first, second, header):
        turns = row.get("messages") or [dict(role="user", content=row["prompt"])]
        context = "\n" + "".join(f"\n<turn> {m['role']}\n {m['content']}" for m in turns) + "\n"
        question = f"[CONTEXT] {context} [RESPONSE A] {first} [RESPONSE B] {second} \n"
        text = tokenizer.apply_chat_template([dict(role="user", content=question)], tokenize=False,
                                             add_generation_prompt=header).replace(tokenizer.bos_token, "")
        ids = tokenizer.encode(text, add_special_tokens=False)
        with torch.no_grad():
            a, b = model(input_ids=torch.tensor([ids])).logits[0, -1, answers].double().tolist()
        return 1 / (1 + math.exp(b - a))

    def score(header):
        def of(row, first, second):
            p = (probability(row, first, second, header) + 1 - probability(row, second, first, header)) / 2
            return math.log(p / (1 - p))
        return of

    rows = chat_rows(draw)
    answer = ["--head", "pair_lm", "--tau", "1", "--bos", "none", "--pairwise", "answer"]
    records = dict(rlhflow=(["--preset", "rlhflow_pair"], with_scores(rows, score(False))),
                   answer=(answer, with_scores(rows, score(True))))
    saved = config.to_dict()
    saved["architectures"] = ["LlamaForCausalLM"]
    save(out / name, saved, model.state_dict(), tokenizer, records)


CASES = {"pair_rm": record_pair_rm, "pair_lm": record_pair_lm}

if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/published")
    for case in sys.argv[2:] or CASES:
        torch.manual_seed(SEED)
        CASES[case](case, target, random.Random(SEED), torch.Generator().manual_seed(SEED))
        print(case)
