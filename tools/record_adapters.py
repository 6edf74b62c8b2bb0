#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records tests/data/adapters/: LoRA adapters as PEFT saves them on tiny random reward models, with the rewards that PEFT
gives for a few texts.

Usage: tools/record_adapters.py [OUT [NAME ...]]     (needs torch, transformers, tokenizers, safetensors, peft)

A folder NAME is what `PeftModel.save_pretrained` writes and record.json, which `rondo verify` compares. The base is a
folder of tests/data/published, or a language model without a reward in base_NAME.
"""
import json
import pathlib
import random
import sys

import peft
import torch
import transformers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from record_published import (DECODER, SEED, chat_rows, decoder_tokenizer, fill, outputs_of, plain_rows,  # noqa: E402
                              rewards)

PUBLISHED = pathlib.Path(__file__).resolve().parent.parent / "tests/data/published"

# name: folder of tests/data/published, settings
ON_PUBLISHED = {
    "llama": ("llama", dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])),
    "llama_rslora": ("llama", dict(r=4, lora_alpha=3, target_modules="all-linear", use_rslora=True, lora_dropout=0.1)),
    "llama_pattern": ("llama", dict(r=2, lora_alpha=5,
                                    target_modules=r".*layers\.1\.(self_attn\.[qk]_proj|mlp\.down_proj)")),
    "gpt2": ("gpt2", dict(r=4, lora_alpha=8, target_modules=["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True)),
    "gpt_neox": ("gpt_neox", dict(r=4, lora_alpha=8, target_modules=["query_key_value", "dense"])),
    "bert": ("bert", dict(r=4, lora_alpha=8, target_modules=["query", "value"])),
    "bert_pooler": ("bert", dict(r=4, lora_alpha=8, target_modules="all-linear")),
    "roberta": ("roberta", dict(r=4, lora_alpha=8, target_modules=["query", "key", "output.dense"])),
    "deberta_v2": ("deberta_v2", dict(r=4, lora_alpha=8, target_modules=["query_proj", "key_proj", "value_proj"])),
    "modernbert": ("modernbert", dict(r=4, lora_alpha=8, target_modules=["Wqkv", "Wo", "Wi"])),
}
# name: config of a language model, settings
ON_LANGUAGE_MODELS = {
    "qwen2": (lambda: transformers.Qwen2Config(**DECODER, num_key_value_heads=2),
              dict(r=4, lora_alpha=8, target_modules="all-linear")),
    "phi3": (lambda: transformers.Phi3Config(**DECODER), dict(r=4, lora_alpha=8, target_modules=["qkv_proj", "gate_up_proj"])),
}


def base_of(name, out, generator):
    """Folder of the base and its path as adapter_config.json shall have it."""
    if name in ON_PUBLISHED:
        folder = PUBLISHED / ON_PUBLISHED[name][0]
        return folder, f"../../published/{folder.name}"
    folder = out / f"base_{name}"
    config = ON_LANGUAGE_MODELS[name][0]()
    fill(transformers.AutoModelForCausalLM.from_config(config), generator).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    decoder_tokenizer().save_pretrained(folder)
    return folder, f"../base_{name}"


def randomise(model, generator):
    """B begins as zero, which would hide every mistake; the head begins small."""
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "lora_" in key or "modules_to_save" in key:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)


def record(name, out, draw, generator):
    folder, path = base_of(name, out, generator)
    settings = (ON_PUBLISHED if name in ON_PUBLISHED else ON_LANGUAGE_MODELS)[name][1]
    base = transformers.AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1,
                                                                           attn_implementation="eager")
    model = peft.get_peft_model(base, peft.LoraConfig(task_type="SEQ_CLS", **settings))
    randomise(model, generator)
    model.eval()
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    rows = chat_rows(draw) if tokenizer.chat_template else plain_rows(draw)
    target = out / name
    model.save_pretrained(target)
    (target / "README.md").unlink(missing_ok=True)
    config = json.loads((target / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = path
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    (target / "adapter_config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    scored = rewards(rows, lambda row, r: outputs_of(model, tokenizer, row, r)[0])
    without = None
    with model.disable_adapter():
        without = rewards(rows, lambda row, r: outputs_of(model, tokenizer, row, r)[0])
    # An adapter that changes nothing would prove nothing.
    assert max(abs(a - b) for s, w in zip(scored, without) for a, b in zip(s["rewards"], w["rewards"])) > 0.05, name
    versions = dict(seed=SEED, torch=torch.__version__, transformers=transformers.__version__, peft=peft.__version__)
    (target / "record.json").write_text(json.dumps(dict(versions, rows=scored), indent=1) + "\n")


if __name__ == "__main__":
    transformers.utils.logging.set_verbosity_error()
    target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/adapters")
    target.mkdir(parents=True, exist_ok=True)
    for case in sys.argv[2:] or [*ON_PUBLISHED, *ON_LANGUAGE_MODELS]:
        torch.manual_seed(SEED)
        record(case, target, random.Random(SEED), torch.Generator().manual_seed(SEED))
        print(case)
