#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the convincingness pairs (UKPConvArg1Strict) and harmless-base into groups that `rondo` takes.

usage: prepare.py arguments DATA_DIR OUT_DIR
       prepare.py harmless DATA_DIR OUT_DIR

arguments: a group is a topic: the prompt is its title and its stance, the responses are its arguments, a comparison is a
pair. Two splits into train and test topics: topics/ draws 8 of the 32 topics, titles/ draws 4 of the 16 titles, each with
its two stances. Beside them, longer.json: how often the longer argument of a test pair wins.
harmless: 70/30 by prompt, drawn by seed; a prompt is the human's last turn before the transcripts part, and answers end after
500 characters.
"""
import gzip
import io
import json
import os
import random
import sys
import tarfile
from pathlib import Path

SPLIT_SEED = 0
TEST_TOPICS = 8
TEST_TITLES = 4
TRAIN_SHARE = 0.7
HUMAN = "\n\nHuman:"
ANSWER = "\n\nAssistant:"
# One answer in sixteen is longer; MiniLM was made for 256 tokens, and the prompt needs its share.
ANSWER_CHARACTERS = 500
# Pairs of the topics split, as the data set's users report them: a changed file or order shows here.
TOPICS_PAIRS = {"train": 8698, "test": 2952}


def read_jsonl(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_topics(folder):
    """The 32 topics, ordered by file name: title, stance, argument texts by id, pairs (winner id, loser id)."""
    heads, ids = {}, {}
    for row in read_jsonl(folder / "arguments.jsonl.gz"):
        heads[row["topic"]] = {"title": row["title"], "stance": row["stance"]}
        ids.setdefault(row["topic"], set()).add(row["id"])
    topics = []
    with tarfile.open(folder / "UKPConvArg1Strict-CSV.tar.gz") as archive:
        members = sorted((m for m in archive.getmembers() if m.isfile()), key=lambda m: m.name)
        for member in members:
            texts, pairs = read_pairs(archive.extractfile(member))
            # File names are cut and one is spelt otherwise than its topic, so the argument ids say which topic it is.
            name = max(ids, key=lambda topic: len(ids[topic] & texts.keys()))
            topics.append({**heads[name], "texts": texts, "pairs": pairs})
    return topics


def read_pairs(file):
    texts, pairs = {}, []
    for line in io.TextIOWrapper(file, encoding="utf-8"):
        if line.startswith("#"):
            continue
        ids, label, *sides = line.rstrip("\n").split("\t")
        left, right = ids.split("_")
        for name, text in zip((left, right), sides, strict=True):
            texts[name] = " ".join(text.replace("<br/>", " ").split())
        pairs.append((left, right) if label == "a1" else (right, left))
    return texts, pairs


def as_group(topic):
    index = {name: i for i, name in enumerate(topic["texts"])}
    return {
        "prompt": f"{topic['title']} {topic['stance']}",
        "responses": list(topic["texts"].values()),
        "comparisons": [{"i": index[winner], "j": index[loser]} for winner, loser in topic["pairs"]],
    }


def longer_wins(topics):
    """Share of pairs whose winner has more characters; equal lengths count half. Also per topic, for intervals."""
    shares = []
    for topic in topics:
        texts = topic["texts"]
        gaps = [len(texts[winner]) - len(texts[loser]) for winner, loser in topic["pairs"]]
        shares.append([sum(1.0 if gap > 0 else 0.5 if gap == 0 else 0.0 for gap in gaps), len(gaps)])
    return {"accuracy": sum(s for s, _ in shares) / sum(n for _, n in shares), "topics": shares}


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_split(folder, topics, is_test):
    folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    for part, wanted in (("train", False), ("test", True)):
        chosen = [topic for topic, test in zip(topics, is_test, strict=True) if test == wanted]
        write_lines(folder / f"{part}.jsonl", [as_group(topic) for topic in chosen])
        counts[part] = {
            "topics": len(chosen),
            "arguments": sum(len(topic["texts"]) for topic in chosen),
            "texts": sum(len(set(topic["texts"].values())) for topic in chosen),
            "pairs": sum(len(topic["pairs"]) for topic in chosen),
        }
        if wanted:
            (folder / "longer.json").write_text(json.dumps(longer_wins(chosen)) + "\n", encoding="utf-8")
    (folder / "counts.json").write_text(json.dumps(counts) + "\n", encoding="utf-8")
    print(f"{folder.name}: " + "; ".join(f"{part} {n}" for part, n in counts.items()), file=sys.stderr)
    return counts


def arguments(data, out):
    topics = read_topics(data)
    drawn = random.Random(SPLIT_SEED).sample(range(len(topics)), TEST_TOPICS)
    counts = write_split(out / "topics", topics, [i in drawn for i in range(len(topics))])
    pairs = {part: n["pairs"] for part, n in counts.items()}
    if pairs != TOPICS_PAIRS:
        raise SystemExit(f"prepare.py: {data}: pairs {pairs}, expected {TOPICS_PAIRS}; are these the Strict files?")
    titles = sorted({topic["title"] for topic in topics})
    held_out = random.Random(SPLIT_SEED).sample(titles, TEST_TITLES)
    write_split(out / "titles", topics, [topic["title"] in held_out for topic in topics])


def common_prompt(row):
    """What both transcripts begin with, up to the last "Assistant:" in it."""
    shared = os.path.commonprefix([row["chosen"], row["rejected"]])
    return shared[: shared.rindex(ANSWER) + len(ANSWER)]


def last_turn(prompt):
    """The last that the human said; the turns before it made MiniLM no better (docs/results.md)."""
    return prompt[prompt.rfind(HUMAN) :].strip() + " "


def as_pair(prompt, row):
    def answer(text):
        words = " ".join(text[len(prompt) :].split())
        return words if len(words) <= ANSWER_CHARACTERS else words[:ANSWER_CHARACTERS].rpartition(" ")[0]

    return {"prompt": last_turn(prompt), "chosen": answer(row["chosen"]), "rejected": answer(row["rejected"])}


def harmless(data, out):
    by_prompt = {}
    for row in read_jsonl(data / "harmless-base.test.jsonl.gz"):
        pair = as_pair(common_prompt(row), row)
        by_prompt.setdefault(pair["prompt"], []).append(pair)
    prompts = list(by_prompt)
    random.Random(SPLIT_SEED).shuffle(prompts)
    cut = round(len(prompts) * TRAIN_SHARE)
    out.mkdir(parents=True, exist_ok=True)
    counts = {}
    for part, chosen in (("train", prompts[:cut]), ("test", prompts[cut:])):
        rows = [row for prompt in chosen for row in by_prompt[prompt] if row["chosen"] != row["rejected"]]
        write_lines(out / f"{part}.jsonl", rows)
        counts[part] = {"prompts": len(chosen), "pairs": len(rows)}
    (out / "counts.json").write_text(json.dumps(counts) + "\n", encoding="utf-8")
    print("harmless: " + "; ".join(f"{part} {n}" for part, n in counts.items()), file=sys.stderr)


def main():
    verbs = {"arguments": arguments, "harmless": harmless}
    if len(sys.argv) != 4 or sys.argv[1] not in verbs:
        raise SystemExit(__doc__)
    verbs[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))


if __name__ == "__main__":
    main()
