#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mixed documents of 1 to 4 KB for the tokenizer benchmark, separated by a zero byte.

Half is what the data files of a folder hold (every string of 40 characters or more, in random order), half is made:
words of eight scripts with the frequencies of a natural language, numbers, code, emoji. The same seed gives the same
file.

usage: make_texts.py FOLDER OUT [MEGABYTES]
"""

import gzip
import json
import pathlib
import random
import sys

SEED = 20250314
SHORTEST = 40
DOCUMENT_BYTES = (1000, 4000)
SCRIPTS = {
    "latin": "etaoinshrdlucmfwypvbgkqjxz\u00e9\u00fc\u00f1\u00e7\u00e5",
    "cyrillic": "\u043e\u0435\u0430\u0438\u043d\u0442\u0441\u0440\u0432\u043b\u043a\u043c\u0434\u043f\u0443\u044f\u044b\u044c",
    "greek": "\u03b1\u03bf\u03b9\u03b5\u03c4\u03c3\u03bd\u03b7\u03c5\u03c1\u03c0\u03ba\u03bb\u03bc\u03ac\u03af\u03cc",
    "arabic": "\u0627\u0644\u064a\u0645\u0648\u0646\u0631\u062a\u0628\u0629\u0639\u062f\u0633\u0641\u0647\u0643",
    "devanagari": "\u0915\u0930\u0928\u0924\u0938\u0932\u092e\u0939\u093e\u0940\u094b\u0947\u093f\u094d\u092f\u0926",
    "hangul": "".join(chr(0xAC00 + 28 * i) for i in range(0, 390, 5)),
    "han": "".join(chr(0x4E00 + 7 * i) for i in range(1200)),
    "kana": "".join(chr(c) for c in range(0x3042, 0x3094)) + "".join(chr(c) for c in range(0x30A2, 0x30F4)),
}
EMOJI = "\U0001F600\U0001F680\U0001F389\u2764\ufe0f\U0001F44D\U0001F3FD"
CODE = ["for (int i = 0; i < n; ++i) {\n    sum += a[i];\n}\n", "def f(x, y=None):\n\treturn x if y is None else x + y\n",
        "SELECT id, name FROM users WHERE age >= 21;\n", "{\"key\": [1, 2.5, null], \"b\": \"\\u00e9\"}\n",
        "    // https://example.org/a?b=1&c=%20\r\n", "<div class=\"x\">it's &amp; that</div>\n\n\n"]


def strings_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings_of(item)


def strings_in(path):
    text = gzip.open(path, "rt", encoding="utf-8", errors="replace").read() if path.suffix == ".gz" \
        else path.read_text(encoding="utf-8", errors="replace")
    name = path.name.removesuffix(".gz")
    if name.endswith(".jsonl"):
        for line in text.splitlines():
            yield from strings_of(json.loads(line))
    elif name.endswith(".json"):
        yield from strings_of(json.loads(text))
    elif name.endswith((".txt", ".md", ".csv", ".jinja")):
        yield from text.split("\n\n")


def real_texts(folder):
    found = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name.startswith("tokenizer"):
            continue
        try:
            found.update((s, None) for s in strings_in(path) if len(s) >= SHORTEST and "\0" not in s)
        except (ValueError, OSError):
            continue
    return list(found)


class Words:
    """Words of one script; the n-th has a frequency like 1 / n."""

    def __init__(self, letters, rng, count=30000):
        longest = 3 if len(letters) > 100 else 9
        self.words = ["".join(rng.choices(letters, k=rng.randint(1, longest))) for _ in range(count)]
        total, self.weights = 0.0, []
        for n in range(count):
            total += 1.0 / (n + 2)
            self.weights.append(total)
        self.space = "" if len(letters) > 100 else " "

    def paragraph(self, rng):
        words = rng.choices(self.words, cum_weights=self.weights, k=rng.randint(20, 120))
        parts = []
        for i, word in enumerate(words):
            parts.append(word.capitalize() if i == 0 else word)
            parts.append(rng.choice([", ", ". ", "; ", " - "]) if rng.random() < 0.1 else self.space)
        return "".join(parts).strip() + rng.choice([".", "!", "?", "\n", "\n\n"])


def made_paragraph(scripts, rng):
    kind = rng.random()
    if kind < 0.1:
        return "".join(rng.choices(CODE, k=rng.randint(2, 6)))
    if kind < 0.15:
        return " ".join(f"{rng.random() * 10 ** rng.randint(0, 9):.{rng.randint(0, 4)}f}" for _ in range(20)) + "\n"
    if kind < 0.18:
        return "".join(rng.choices(EMOJI, k=10)) + " "
    return rng.choice(scripts).paragraph(rng)


def documents(folder, rng):
    texts = real_texts(folder)
    scripts = [Words(letters, rng) for letters in SCRIPTS.values()]
    while True:
        rng.shuffle(texts)
        parts, size, wanted = [], 0, rng.randint(*DOCUMENT_BYTES)
        for text in texts:
            # Long texts are cut, or they would be most of the file.
            parts.append(text[:DOCUMENT_BYTES[1]])
            size += len(parts[-1].encode())
            if size < wanted:
                continue
            yield "\n".join(parts)
            made, size = [], 0
            while size < wanted:
                made.append(made_paragraph(scripts, rng))
                size += len(made[-1].encode())
            yield "".join(made)
            parts, size, wanted = [], 0, rng.randint(*DOCUMENT_BYTES)


def main():
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    wanted = int(float(sys.argv[3] if len(sys.argv) > 3 else 100) * 1e6)
    rng, written = random.Random(SEED), 0
    with out.open("wb") as file:
        for document in documents(folder, rng):
            file.write(document.encode("utf-8", "replace") + b"\0")
            written += len(document.encode("utf-8", "replace")) + 1
            if written >= wanted:
                break


main()
