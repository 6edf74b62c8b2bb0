#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that every verb reads a row as the same tokens, and that they are those of transformers.

Usage: RONDO_BINARY=... tools/check_conversations.py [ROWS [WORK_DIR]]     (default 2000 rows; ends with 77 where
transformers cannot be imported)

Rows are made from a seed: tools with nested keys in odd orders, as lists and as JSON text, null fields, system columns,
content in parts, calls of tools with arguments, prompts as texts, lists and heads of whole conversations. The ids of
`tokenizer.apply_chat_template` are compared with `rank`, `train --dry-run`, `align --data --dry-run`,
`align --prompts --dry-run`, `template` and `tokenize --explain`; `eval`, `score` and `generate`, which show no ids of
prompts, by the numbers that transformers makes of those ids with the same weights.
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
    import tokenizers
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
except ImportError as missing:
    print(f"skipped: {missing}: pip install torch transformers, and name that python by RONDO_PYTHON")
    sys.exit(77)

SOURCE = pathlib.Path(__file__).resolve().parent.parent
RONDO = os.environ.get("RONDO_BINARY", str(SOURCE / "build/release/rondo"))
SEED = 11
TOLERANCE = 1e-4  # of a difference of rewards, float32
GENERATED = 200  # prompts that are answered, greedily
NEW_TOKENS = 4
WORDS = "sea boat rain seven port list coast late \u00e9 \u96e8 limit where 'tide' \"high\" {x} a\nb <b> &".split(" ")
TEMPLATE = """{{- bos_token -}}
{%- if tools %}<tools>{% for tool in tools %}{{ tool | tojson }};{% endfor %}</tools>{% endif -%}
{%- for m in messages -%}
<{{ m.role }}{% if m.name is defined %} {{ m.name }}{% endif %}>
{%- if m.content is string %}{{ m.content }}
{%- elif m.content is not defined %}(none)
{%- else %}{% for part in m.content %}
{%- if part.type == 'text' %}{{ part.text }}{% else %}{{ part | tojson }}{% endif %}{% endfor %}
{%- endif -%}
{%- if m.tool_calls is defined %}{% for call in m.tool_calls -%}
[{{ call.function.name }} {{ call.function.arguments | tojson }}]{% endfor %}{% endif -%}
</{{ m.role }}>
{%- endfor -%}
{%- if add_generation_prompt %}<assistant>{% endif -%}"""


def rondo(*arguments):
    done = subprocess.run([RONDO, *map(str, arguments), "--threads", "2", "--quiet"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"rondo {' '.join(map(str, arguments))}: {done.stderr or done.stdout}")
    return done.stdout


def lines(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]


class Maker:
    """One row and what it means: messages before the answers, answers, tools, template arguments."""

    def __init__(self, seed):
        self.draw = random.Random(seed)

    def text(self):
        return " ".join(self.draw.choice(WORDS) for _ in range(self.draw.randint(1, 6)))

    def shuffled(self, mapping):
        keys = list(mapping)
        self.draw.shuffle(keys)
        return {key: mapping[key] for key in keys}

    def value(self, depth=0):
        kind = self.draw.randrange(8 if depth < 2 else 5)
        if kind == 0:
            return None
        if kind == 1:
            return self.draw.choice([True, False, 0, -7, 12345678901, 0.5, 2.25])
        if kind in (5, 6):
            return self.shuffled({self.draw.choice("zyxwabc") + str(n): self.value(depth + 1) for n in range(3)})
        if kind == 7:
            return [self.value(depth + 1) for _ in range(2)]
        return self.text()

    def tool(self):
        properties = {f"{self.draw.choice('zmab')}{n}": self.shuffled(
            {"type": "string", "description": self.text(), "default": self.value()}) for n in range(3)}
        parameters = self.shuffled({"type": "object", "properties": properties, "required": list(properties)[:1]})
        function = self.shuffled({"name": "f", "description": self.text(), "parameters": parameters})
        return self.shuffled({"type": "function", "function": function})

    def content(self):
        if self.draw.random() < .7:
            return self.text()
        parts = [{"type": "text", "text": self.text()}, self.shuffled({"type": "image", "url": "x", "size": 3}),
                 self.shuffled({"text": self.text(), "type": "text"})]
        return parts[:self.draw.randint(1, 3)]

    def message(self, role, content=None):
        message = {"role": role, "content": self.content() if content is None else content}
        if self.draw.random() < .2:
            message["name"] = self.draw.choice(["Ann", None])  # a null key is not there
        if role == "assistant" and self.draw.random() < .3:
            message["tool_calls"] = [self.shuffled({"id": "c1", "type": "function", "function": self.shuffled(
                {"name": "f", "arguments": self.shuffled({"where": self.value(), "limit": 3, "coast": self.text()})})})]
        if "tool_calls" in message and self.draw.random() < .5:
            message["content"] = None
        return self.shuffled(message)

    def history(self):
        turns = [self.message("user")]
        for _ in range(self.draw.randrange(3)):
            turns += [self.message("assistant"), self.message("user")]
        if self.draw.random() < .2:
            turns.insert(-1, self.message("tool"))
        return turns

    def answers(self, plain):
        made = []
        for _ in range(2 if not plain else self.draw.randint(2, 3)):
            turn = {"role": "assistant", "content": self.text()} if plain else self.message("assistant")
            while any(turn == other for other in made):
                turn = dict(turn, content=self.text())
            made.append(turn)
        return made

    def row(self, number):
        turns, extra = self.history(), {}
        plain = self.draw.random() < .4
        answers = self.answers(plain)
        if self.draw.random() < .5:
            tools = [self.tool() for _ in range(self.draw.randint(1, 2))]
            extra["tools"] = json.dumps(tools) if self.draw.random() < .5 else tools
        else:
            tools = None
        system = None
        shape = self.draw.choice(["messages", "prompt_list", "pair_lists", "whole", "whole_and_text", "plain"])
        if self.draw.random() < .4:
            system = {"role": "system", "content": self.text()}
            if self.draw.random() < .6:
                extra["system"] = system["content"]
            else:
                turns, system = [system] + turns, None
        if self.draw.random() < .3:
            extra["unread"] = self.value()
        label = {"chosen": answers[0], "rejected": answers[1]}
        texts = [a["content"] for a in answers] if plain else answers
        group = {"responses": texts, "comparisons": [{"i": 0, "j": 1}]}
        if shape == "plain":
            user = self.text()
            turns = [{"role": "user", "content": user}]
            row = {"prompt": user, **group}
        elif shape == "messages":
            row = {"messages": turns, **group}
        elif shape == "prompt_list":
            row = {"prompt": turns, "chosen": [label["chosen"]], "rejected": [label["rejected"]]}
        elif shape == "pair_lists":
            row = {"prompt": turns, **{key: turns + [value] for key, value in label.items()}}
        else:
            row = {key: turns + [value] for key, value in label.items()}
            if shape == "whole_and_text" and isinstance(turns[-1].get("content"), str):
                row["prompt"] = turns[-1]["content"]
        if "chosen" in row:
            answers = answers[:2]
        if system:
            turns = [system] + turns
        row = self.shuffled({**row, **extra, "id": f"r{number}"})
        return row, {"turns": turns, "answers": answers, "tools": tools}


def make_models(folder, texts):
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(texts, tokenizers.trainers.BpeTrainer(
        vocab_size=600, special_tokens=["<s>", "</s>", "<pad>"], initial_alphabet=alphabet))
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>",
                                                     pad_token="<pad>", chat_template=TEMPLATE)
    torch.manual_seed(SEED)
    config = transformers.LlamaConfig(vocab_size=600, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                                      num_key_value_heads=2, intermediate_size=64, max_position_embeddings=8192,
                                      pad_token_id=2, bos_token_id=0, eos_token_id=1, num_labels=1,
                                      initializer_range=.3)
    models = {}
    for name, cls in (("judge", transformers.LlamaForSequenceClassification), ("policy", transformers.LlamaForCausalLM)):
        models[name] = cls(config).eval()
        models[name].save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    return tokenizer, models


def rewards(judge, ids):
    with torch.no_grad():
        return [judge(input_ids=torch.tensor([one])).logits[0, 0].item() for one in ids]


def check(count, folder):
    maker = Maker(SEED)
    rows, meanings = zip(*(maker.row(number) for number in range(count)))
    (folder / "rows.jsonl").write_text("".join(json.dumps(row, ensure_ascii=n % 2 == 0) + "\n"
                                               for n, row in enumerate(rows)))
    tokenizer, models = make_models(folder, [json.dumps(row, ensure_ascii=False) for row in rows])

    def render(turns, tools, generation):
        return tokenizer.apply_chat_template(turns, tools=tools, tokenize=False, add_generation_prompt=generation)

    def ids(turns, tools, generation):
        text = render(turns, tools, generation)
        return text, tokenizer(text, add_special_tokens=False).input_ids

    whole = [[ids(m["turns"] + [answer], m["tools"], False) for answer in m["answers"]] for m in meanings]
    prompts = [ids(m["turns"], m["tools"], True) for m in meanings]
    expected = [[one for _, one in responses] for responses in whole]
    differences = {}

    def compare(name, found, wanted):
        assert len(found) == len(wanted), f"{name}: {len(found)} rows for {len(wanted)}"
        wrong = [number for number, pair in enumerate(zip(found, wanted)) if pair[0] != pair[1]]
        differences[name] = len(wrong)
        for number in wrong[:2]:
            print(f"{name}: row {number}: {json.dumps(found[number])[:300]} is not {json.dumps(wanted[number])[:300]}")

    data, judge, policy = folder / "rows.jsonl", folder / "judge", folder / "policy"
    replies = [json.loads(line) for line in rondo("rank", "--model", judge, "--data", data, "--with", "token_ids",
                                                  "rewards").splitlines()]
    compare("rank", [row["token_ids"] for row in replies], expected)
    compare("rank, order of rows", [row["id"] for row in replies], [row["id"] for row in rows])
    rondo("train", "--model", judge, "--data", data, "--out", folder / "run", "--steps", 1, "--dry-run", "--dump-ids",
          folder / "train.jsonl")
    compare("train", [row["token_ids"] for row in lines(folder / "train.jsonl")], expected)
    rondo("align", "--policy", policy, "--data", data, "--objective", "dpo", "--out", folder / "run", "--steps", 1,
          "--dry-run", "--dump-ids", folder / "align.jsonl")
    compare("align --data", [row["token_ids"] for row in lines(folder / "align.jsonl")], expected)
    rondo("align", "--policy", policy, "--judge", judge, "--prompts", data, "--out", folder / "run", "--iterations", 1,
          "--dry-run", "--dump-ids", folder / "prompts.jsonl")
    compare("align --prompts", [row["token_ids"][0] for row in lines(folder / "prompts.jsonl")],
            [one for _, one in prompts])

    values = [rewards(models["judge"], responses) for responses in expected]
    close = lambda a, b: abs(a - b) <= TOLERANCE
    rondo("eval", "--model", judge, "--data", data, "--dump", folder / "dump.jsonl")
    by_id = {row["id"]: row for row in lines(folder / "dump.jsonl")}
    compare("eval", [row["id"] in by_id and close(by_id[row["id"]]["score"], v[0] - v[1])
                     for row, v in zip(rows, values)], [True] * count)
    rondo("score", "--model", judge, "--data", data, "--out", folder / "scored.jsonl")
    compare("score", [all(map(close, row["rewards"], v)) for row, v in zip(lines(folder / "scored.jsonl"), values)],
            [True] * count)

    few = folder / "few.jsonl"
    few.write_text("".join(data.read_text().splitlines(keepends=True)[:GENERATED]))
    rondo("generate", "--model", policy, "--data", few, "--responses", 1, "--temperature", 0, "--max-new-tokens",
          NEW_TOKENS, "--with-ids", "--out", folder / "generated.jsonl")
    greedy = []
    for _, one in prompts[:GENERATED]:
        with torch.no_grad():
            out = models["policy"].generate(torch.tensor([one]), max_new_tokens=NEW_TOKENS, do_sample=False)
        greedy.append(out[0, len(one):].tolist())
    compare("generate", [row["response_ids"][0] for row in lines(folder / "generated.jsonl")], greedy)

    conversations = folder / "conversations.jsonl"
    # Word for word: `template` shows nulls, which apply_chat_template takes out before it renders.
    shown_turns = [[{k: v for k, v in turn.items() if v is not None} for turn in m["turns"]] for m in meanings]
    conversations.write_text("".join(json.dumps(dict(messages=turns, tools=m["tools"], add_generation_prompt=True))
                                     + "\n" for turns, m in zip(shown_turns, meanings)))
    rondo("template", "--model", judge, "--data", conversations, "--out", folder / "rendered.jsonl")
    compare("template", [row.get("text") for row in lines(folder / "rendered.jsonl")],
            [text for text, _ in prompts])
    explained = rondo("tokenize", "--model", judge, "--data", few, "--explain")
    shown = [json.loads(line.removeprefix("rendered: ")) for line in explained.splitlines()
             if line.startswith("rendered: ")]
    compare("tokenize --explain", shown, [text for responses in whole[:GENERATED] for text, _ in responses])

    for name, wrong in differences.items():
        print(f"{name:<22} {wrong} differences")
    return 1 if any(differences.values()) else 0


if __name__ == "__main__":
    with work_folder(sys.argv[1:]) as folder:
        code = check(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, folder)
        if code:
            sys.exit(code)
