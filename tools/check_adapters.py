#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that PEFT loads the adapters that `rondo train --lora-rank` and `rondo export` write, to the same rewards: 200
texts for each family, in float32.

Usage: RONDO_BINARY=... tools/check_adapters.py [WORK_DIR]     ends with 77 where transformers or peft are missing
"""
import json
import pathlib
import sys
import warnings

try:
    import peft
    import transformers
except ImportError as missing:
    print(f"skipped: {missing}: pip install torch transformers peft, and name that python by RONDO_PYTHON")
    sys.exit(77)

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from check_export import PUBLISHED, TOLERANCE, WORDS, rondo, their_rewards, write_rows  # noqa: E402
from sources import work_folder  # noqa: E402

# family: flags of the run
DECODERS = {
    "llama": [], "mistral": ["--lora-targets", "q_proj", "v_proj"], "qwen2": ["--lora-rslora"],
    "qwen3": ["--lora-pattern", r".*\.(q|down)_proj"], "gemma3": [], "phi3": ["--lora-targets", "qkv_proj", "gate_up_proj"],
    "gpt2": [], "gpt_neox": ["--lora-alpha", "3"], "olmo2": ["--lora-dropout", "0.2"],
}
# The folders of tests/data/published whose classifiers transformers has.
ENCODERS = ("bert", "roberta", "distilbert", "deberta_v2", "modernbert")


def load(base, adapter):
    model = transformers.AutoModelForSequenceClassification.from_pretrained(base, num_labels=1)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        model = peft.PeftModel.from_pretrained(model, adapter)
    unfit = [str(w.message) for w in seen if "missing" in str(w.message) or "unexpected" in str(w.message)]
    assert not unfit, f"{adapter}: {unfit}"
    model.config.pad_token_id = json.loads((adapter / "config.json").read_text()).get("pad_token_id")
    return model.eval()


def compare(name, base, adapter, rows_file, rows, is_encoder):
    ours = [json.loads(line)["rewards"] for line in
            rondo("rank", "--model", adapter, "--data", rows_file, "--with", "rewards", "--quiet").splitlines()]
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(adapter)
    theirs = their_rewards(load(base, adapter), tokenizer, rows, is_encoder)
    largest = max(abs(a - b) for mine, their in zip(ours, theirs) for a, b in zip(mine, their))
    spread = max(max(r) for r in theirs) - min(min(r) for r in theirs)
    print(f"{name:<12} {sum(map(len, theirs))} texts, largest difference {largest:.2e}, rewards spread over {spread:.2f}")
    assert spread > 0.05 and largest <= TOLERANCE, f"{name}: {largest} > {TOLERANCE}"


def check(name, base, work, flags, is_encoder):
    model, out = work / name / "model", work / name / "out"
    words = [f"w{i}" for i in range(40)] if is_encoder else WORDS
    rows_file = work / f"{name}.jsonl"
    rows = write_rows(rows_file, words, chat=False)
    rondo("train", "--model", base, "--data", rows_file, "--steps", "10", "--lr", "1e-2", "--lora-rank", "4", "--no-report",
          "--out", model, "--quiet", *flags)
    rondo("export", "--model", model, "--out", out, "--quiet")
    compare(name, base, out, rows_file, rows, is_encoder)


if __name__ == "__main__":
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    with work_folder(sys.argv) as folder:
        (folder / "words.txt").write_text("\n".join(WORDS) + "\n")
        for family, more in DECODERS.items():
            base_folder = folder / family / "base"
            rondo("init", "--family", family, "--words", folder / "words.txt", "--std", "0.2", "--out", base_folder, "--quiet")
            check(family, base_folder, folder, ["--head", "bt", *more], False)
        for family in ENCODERS:
            check(family, PUBLISHED / family, folder, [], True)
