#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what transformers' apply_chat_template(tokenize=True) gives for 200 made conversations per pair of template and
tokenizer, and the assistant masks of templates that have generation blocks, for tests/real/real_whole_path.cpp.

Conversations are made here (fixed seed) and stored with the answers; of the ids of each only their number and a digest.

usage: tools/record_whole_path.py SHARED/data tests/data/whole_path
"""

import datetime
import gzip
import hashlib
import json
import pathlib
import random
import shutil
import sys
import tempfile

import jinja2
import tokenizers
import transformers
import transformers.utils.chat_template_utils as chat_template_utils

SEED = 20250314
COUNT = 200
# tokenizer, template file ("" = the one of its tokenizer_config.json; "name" of a list of named ones after a colon)
PAIRS = [("deepseek-coder", ""), ("llama2", ""), ("llama3", ""), ("phi3", ""), ("t-deepseek-v3", ""), ("t-gemma", ""),
         ("t-mistral-first", ""), ("t-o200k", ""), ("t-qwen2", ""), ("t-qwen35", ""),
         ("deepseek-coder", "inline.deepseek-ai-deepseek-coder-33b-instruct.jinja"), ("llama3", "inline.Llama-3.jinja"),
         ("phi3", "inline.Phi-3-mini.jinja"), ("phi3", "microsoft-Phi-3.5-mini-instruct.jinja"),
         ("llama2", "retyped.llama-2-chat.jinja"), ("t-gemma", "google-gemma-2-2b-it.jinja"),
         ("t-deepseek-v3", "deepseek-ai-DeepSeek-V3.1.jinja"), ("t-o200k", "openai-gpt-oss-120b.jinja"),
         ("llama3", "trl.llama3_training.jinja"), ("phi3", "trl.phi3_training.jinja"),
         ("t-gemma", "trl.gemma_training.jinja"), ("t-deepseek-v3", "trl.deepseekv3_training.jinja"),
         ("t-o200k", "trl.gptoss_training.jinja")]
WORDS = ("the of and model prefers answer red castle seven don't it's we'll I'm ISN'T they've "
         "\u00fcber na\u00efve caf\u00e9 stra\u00dfe \u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440 \u03b3\u03b5\u03b9\u03b1 "
         "\u4f60\u597d \u4e16\u754c\u3002 \u3053\u3093\u306b\u3061\u306f \uc548\ub155 \u0645\u0631\u062d\u0628\u0627 "
         "\u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \U0001F600 \U0001F44D\U0001F3FD e\u0301 \ufb01 \u00bd \u2167 "
         "12345 3.14159 1,000 0x1F a_b x=y; <b> </b> [INST] <s> {\"k\": [1, null]} def f(x): return x**2 http://a.b/c?d=e "
         "--- *** ... ?! (a) \u201cq\u201d \u2014").split(" ")
SPACES = [" "] * 12 + ["  ", "\n", "\n\n", "\t", "   ", "\u00a0", "\u3000", "\r\n", ""]


class FixedClock(datetime.datetime):
    """What strftime_now of the templates sees."""

    @classmethod
    def now(cls, tz=None):
        return cls(2025, 3, 14, 15, 9, 26)


def text(rng):
    out = rng.choice(["", "", "", " ", "\n", "   "])
    for _ in range(rng.choice([0, 1, 3, 8, 20, 60])):
        out += rng.choice(WORDS) + rng.choice(SPACES)
    return out + rng.choice(["", ".", " ", "\n"])


def conversation(rng):
    messages = [{"role": "system", "content": text(rng)}] if rng.random() < 0.3 else []
    for _ in range(rng.randint(1, 3)):
        messages += [{"role": "user", "content": text(rng)}, {"role": "assistant", "content": text(rng)}]
    return messages if rng.random() < 0.7 else messages[:-1]


def load(data, name):
    folder = tempfile.mkdtemp()
    source = data / "tokenizers" / name
    shutil.copy(source / "tokenizer_config.json", folder)
    packed = source / "tokenizer.json.gz"
    content = gzip.open(packed).read() if packed.exists() else (source / "tokenizer.json").read_bytes()
    (pathlib.Path(folder) / "tokenizer.json").write_bytes(content)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    shutil.rmtree(folder)
    return tokenizer


def record(tokenizer, template, messages, has_blocks):
    arguments = {"add_generation_prompt": messages[-1]["role"] != "assistant", "chat_template": template}
    try:
        out = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True,
                                            return_assistant_tokens_mask=has_blocks, **arguments)
    except (jinja2.TemplateError, TypeError):
        return None
    row = [len(out["input_ids"]), hashlib.sha256(",".join(map(str, out["input_ids"])).encode()).hexdigest()[:16]]
    if has_blocks:
        row.append(hashlib.sha256("".join(map(str, out["assistant_masks"])).encode()).hexdigest()[:16])
    return row


def main():
    chat_template_utils.datetime = FixedClock
    data, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    rng = random.Random(SEED)
    conversations = [conversation(rng) for _ in range(COUNT)]
    pairs = []
    for name, file in PAIRS:
        tokenizer = load(data, name)
        template = (data / "chat_templates" / file).read_text(encoding="utf-8") if file else None
        has_blocks = template is not None and "endgeneration" in template
        rows = [record(tokenizer, template, messages, has_blocks) for messages in conversations]
        pairs.append({"tokenizer": name, "template": file, "rows": rows})
        print(name, file, sum(row is not None for row in rows), "rendered", file=sys.stderr)
    out.mkdir(parents=True, exist_ok=True)
    content = {"versions": {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__,
                            "jinja2": jinja2.__version__}, "seed": SEED, "conversations": conversations, "pairs": pairs}
    with gzip.GzipFile(out / "recorded.json.gz", "wb", mtime=0) as file:
        file.write(json.dumps(content, separators=(",", ":"), sort_keys=True).encode())


main()
