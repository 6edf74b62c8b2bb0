#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Bradley-Terry model of word counts, the control of the harmlessness part: r = w . log(1 + counts of the answer's words).

usage: bag_of_words.py TRAIN.jsonl TEST.jsonl OUT.json     rows {prompt, chosen, rejected}; OUT: right, 0, .5 or 1 per test row

Logistic regression on the difference of the two answers at length 1, by stochastic gradient descent.
"""
import json
import math
import random
import re
import sys
from collections import Counter

EPOCHS = 20
RATE = 0.5  # falls to 0 over the epochs


def difference(row):
    chosen, rejected = (Counter(re.findall(r"[a-z']+", row[side].lower())) for side in ("chosen", "rejected"))
    gaps = {word: math.log1p(chosen[word]) - math.log1p(rejected[word]) for word in chosen.keys() | rejected.keys()}
    length = math.sqrt(sum(gap * gap for gap in gaps.values())) or 1.0
    return {word: gap / length for word, gap in sorted(gaps.items()) if gap}


def score(weights, gaps):
    return sum(weights.get(word, 0.0) * gap for word, gap in gaps.items())


def fit(rows):
    draw, weights = random.Random(0), {}
    for epoch in range(EPOCHS):
        draw.shuffle(rows)
        for gaps in rows:
            step = RATE * (1 - epoch / EPOCHS) / (1 + math.exp(score(weights, gaps)))
            for word, gap in gaps.items():
                weights[word] = weights.get(word, 0.0) + step * gap
    return weights


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    train, test = ([difference(json.loads(line)) for line in open(path, encoding="utf-8")] for path in sys.argv[1:3])
    weights = fit(train)
    scores = [score(weights, gaps) for gaps in test]
    with open(sys.argv[3], "w", encoding="utf-8") as out:
        json.dump({"right": [1.0 if s > 0 else 0.5 if s == 0 else 0.0 for s in scores]}, out)


if __name__ == "__main__":
    main()
