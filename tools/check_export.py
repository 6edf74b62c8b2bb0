#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that transformers loads what `rondo export` writes, to the same rewards: 200 texts for each family, in float32.

Usage: RONDO_BINARY=... tools/check_export.py [WORK_DIR]     ends with 77 where transformers cannot be imported

Decoders are scored in padded batches, because transformers finds the last token by the padding id.
"""
import json
import os
import pathlib
import random
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sources import work_folder  # noqa: E402

try:
    import torch
    import transformers
except ImportError as missing:
    print(f"skipped: {missing}: pip install torch transformers, and name that python by RONDO_PYTHON")
    sys.exit(77)

TOLERANCE = 1e-5
SOURCE = pathlib.Path(__file__).resolve().parent.parent
RONDO = os.environ.get("RONDO_BINARY", str(SOURCE / "build/release/rondo"))
PUBLISHED = SOURCE / "tests/data/published"
DECODERS = ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3", "gpt2", "gpt_neox", "olmo2")
ENCODERS = ("bert", "roberta", "distilbert", "deberta_v2")
WORDS = [f"w{i}" for i in range(60)]


def rondo(*arguments):
    done = subprocess.run([RONDO, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"rondo {' '.join(map(str, arguments))}: {done.stderr or done.stdout}")
    return done.stdout + done.stderr


def write_rows(path, words, chat):
    draw = random.Random(1)
    text = lambda low, high: " ".join(draw.choice(words) for _ in range(draw.randint(low, high)))
    rows = [dict(prompt=text(1, 12) + ("" if chat else " "), responses=[text(1, 20) for _ in range(4)],
                 comparisons=[dict(i=0, j=1)]) for _ in range(50)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def token_ids(tokenizer, row, response, is_encoder):
    if is_encoder:
        return tokenizer(row["prompt"], response).input_ids
    if tokenizer.chat_template:
        turns = [dict(role="user", content=row["prompt"]), dict(role="assistant", content=response)]
        return tokenizer(tokenizer.apply_chat_template(turns, tokenize=False), add_special_tokens=False).input_ids
    return tokenizer(row["prompt"] + response).input_ids + [tokenizer.eos_token_id]


def load(folder):
    model, info = transformers.AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    problems = {k: sorted(v) for k, v in info.items() if v and k != "error_msgs"}
    assert not problems, f"{folder}: {problems}"
    return model.eval()


def padded(batch, pad):
    longest = max(map(len, batch))
    ids = torch.tensor([ids + [pad] * (longest - len(ids)) for ids in batch])
    mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in batch])
    return dict(input_ids=ids, attention_mask=mask)


def their_rewards(model, tokenizer, rows, is_encoder):
    rewards = []
    with torch.no_grad():
        for row in rows:
            ids = [token_ids(tokenizer, row, r, is_encoder) for r in row["responses"]]
            if not is_encoder:
                rewards.append(model(**padded(ids, model.config.pad_token_id)).logits[:, 0].tolist())
                continue
            types = getattr(model.config, "type_vocab_size", 0) > 1
            inputs = [tokenizer(row["prompt"], r, return_tensors="pt", return_token_type_ids=types)
                      for r in row["responses"]]
            rewards.append([model(**one).logits[0, 0].item() for one in inputs])
    return rewards


def compare(name, model_dir, exported, rows_file, rows, is_encoder, tolerance=TOLERANCE):
    """Rewards of `rondo rank` on the model as it was, against transformers on what was exported."""
    ours = [json.loads(line) for line in
            rondo("rank", "--model", model_dir, "--data", rows_file, "--with", "rewards", "token_ids", "--quiet").splitlines()]
    # Not AutoTokenizer: for some families it rebuilds even a word tokenizer as the family's own.
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(exported)
    for row, mine in zip(rows, ours):
        ids = [token_ids(tokenizer, row, r, is_encoder) for r in row["responses"]]
        assert mine["token_ids"] == ids, f"{name}: other tokens: {mine['token_ids'][0]} and {ids[0]}"
    theirs = their_rewards(load(exported), tokenizer, rows, is_encoder)
    count = sum(len(r) for r in theirs)
    largest = max(abs(a - b) for mine, their in zip(ours, theirs) for a, b in zip(mine["rewards"], their))
    spread = max(max(r) for r in theirs) - min(min(r) for r in theirs)
    print(f"{name:<28} {count} texts, largest difference {largest:.2e}, rewards spread over {spread:.2f}")
    assert count == 200 and spread > 0.05 and largest <= tolerance, f"{name}: {largest} > {tolerance}"


def check_families(work):
    words = work / "words.txt"
    words.write_text("\n".join(WORDS) + "\n")
    rows = write_rows(work / "rows.jsonl", WORDS, chat=False)
    for family in DECODERS + ENCODERS:
        base, model, out = work / family / "base", work / family / "model", work / family / "out"
        # Large weights, so that a wrong pooled position or a forgotten layer shows.
        rondo("init", "--family", family, "--words", words, "--std", "0.2", "--out", base, "--quiet")
        rondo("train", "--model", base, "--head", "bt", "--data", work / "rows.jsonl", "--steps", "10", "--lr", "1e-2",
              "--out", model, "--quiet")
        rondo("export", "--model", model, "--out", out, "--quiet")
        compare(family, model, out, work / "rows.jsonl", rows, family in ENCODERS)
        if family in DECODERS:
            check_policy(family, base, work / family / "policy")
    return rows


def check_policy(family, base, out):
    rondo("export", "--model", base, "--out", out, "--quiet")
    _, info = transformers.AutoModelForCausalLM.from_pretrained(out, output_loading_info=True)
    assert not any(info[k] for k in ("missing_keys", "unexpected_keys", "mismatched_keys")), f"{family}: {info}"


def check_published(work):
    """A classifier of transformers through import or export and back into its class."""
    for name in ("llama", "bert", "modernbert", "llama_3_outputs"):
        is_encoder = "bert" in name
        model, out = PUBLISHED / name, work / f"published_{name}"
        if "outputs" in name:
            model = work / f"imported_{name}"
            rondo("import", "--from", PUBLISHED / name, "--output", "2", "--out", model, "--quiet")
        rows_file = work / f"{name}.jsonl"
        rows = write_rows(rows_file, [f"w{i}" for i in range(40)], chat=not is_encoder)
        rondo("export", "--model", model, "--out", out, "--quiet")
        compare(f"published {name}", model, out, rows_file, rows, is_encoder)


def check_shards_and_types(work, rows):
    model = work / "llama" / "model"
    for name, flags, tolerance in (("shards", ("--max-shard-size", "20KB"), TOLERANCE), ("bfloat16", ("--dtype", "bfloat16"), 0.03)):
        out = work / name
        rondo("export", "--model", model, "--out", out, "--quiet", *flags)
        assert (name != "shards") or len(list(out.glob("model-0*.safetensors"))) > 2
        compare(name, model, out, work / "rows.jsonl", rows, False, tolerance)


if __name__ == "__main__":
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    with work_folder(sys.argv) as folder:
        check_shards_and_types(folder, check_families(folder))
        check_published(folder)
