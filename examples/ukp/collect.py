#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Brings a run of examples/ukp/run together: the figures (metrics.json) and the page that `rondo report` draws (page.json).

usage: collect.py RUN_DIR SECONDS SEED ...

RUN_DIR/SPLIT/sS.jsonl holds what `rondo eval --dump` wrote of the models of seed S, RUN_DIR/SPLIT/HEAD-sS the runs.
Where they were made: RUN_DIR/harmless with the same; RUN_DIR/epoch and RUN_DIR/pairwise.json, one epoch by groups and one by
padded pairs (bench/pairwise_epoch.py).

Every figure is the mean over seeds. Its interval holds what another draw of test topics would change (percentile
bootstrap of topics, 95 %) and what other seeds would (Student's t), added in squares. Differences of two models are
paired: both are judged on the same draw. Beside them stands the interval over pairs, as if pairs were independent, which
they are not: an argument is in twenty of them.
"""
import json
import math
import random
import sys
from itertools import combinations
from pathlib import Path

HEADS = {"bt": "BT", "gpm": "GPM, 2k = 8", "hrc": "HRC, 2k = 8"}
SPLITS = {"topics": "topics held out", "titles": "titles held out"}
FIGURES = ("accuracy", "log_loss")
RESAMPLES = 2000
TAIL = 0.025
# The 0.975 quantiles of Student's t for 1, 2, ... degrees of freedom.
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
# Hashed bag of words, 70/30: a figure that came with the data, on another draw of the split.
GIVEN_BAG_OF_WORDS = 0.656


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def read_jsonl(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def judged(row):
    """(right, log-loss) of one comparison that left wins; an even score is half right."""
    probability = row["probability"] if row["p"] > 0.5 else 1 - row["probability"]
    right = 1.0 if probability > 0.5 else 0.5 if probability == 0.5 else 0.0
    return right, -math.log(max(probability, 1e-12))


def mean(values):
    return sum(values) / len(values)


def quantile(ordered, share):
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def bootstrap(sums):
    """Bounds of sum / count over draws of the units of `sums`, a list of (sum, count)."""
    draw = random.Random(1)
    means = []
    for _ in range(RESAMPLES):
        drawn = draw.choices(sums, k=len(sums))
        means.append(sum(s for s, _ in drawn) / sum(n for _, n in drawn))
    means.sort()
    return quantile(means, TAIL), quantile(means, 1 - TAIL)


def half_width_over_seeds(values):
    if len(values) < 2:
        return 0.0
    centre = mean(values)
    variance = sum((v - centre) ** 2 for v in values) / (len(values) - 1)
    return STUDENT[min(len(values) - 2, len(STUDENT) - 1)] * math.sqrt(variance / len(values))


def by_unit(groups, values):
    """(sum, count) of the values of each group."""
    sums = {}
    for group, value in zip(groups, values, strict=True):
        total, count = sums.get(group, (0.0, 0))
        sums[group] = (total + value, count + 1)
    return list(sums.values())


def figure(groups, by_seed):
    """Mean, bounds and the seeds' own values; by_seed: one list of values of all comparisons per seed."""
    seeds = [mean(values) for values in by_seed]
    centre, over_seeds = mean(seeds), half_width_over_seeds(seeds)
    averaged = [mean(values) for values in zip(*by_seed, strict=True)]
    low, high = bootstrap(by_unit(groups, averaged))
    result = {"low": centre - math.hypot(centre - low, over_seeds), "high": centre + math.hypot(high - centre, over_seeds)}
    return centre, result, seeds, averaged


class Judgements:
    """What the models of one split said of every test comparison."""

    def __init__(self, folder, heads, seeds):
        self.folder, self.heads, self.seeds = folder, heads, seeds
        self.groups = []
        self.values = {name: {head: [] for head in heads} for name in FIGURES}
        for seed in seeds:
            rows = read_jsonl(folder / f"s{seed}.jsonl")
            count = len(rows) // len(heads)
            for k, head in enumerate(heads):
                part = rows[k * count : (k + 1) * count]
                if Path(part[0]["model"]).name != f"{head}-s{seed}":
                    raise SystemExit(f"collect.py: {folder}/s{seed}.jsonl: {part[0]['model']} where {head} should be")
                self.groups = [row["group"] for row in part]
                for name, values in zip(FIGURES, zip(*map(judged, part)), strict=True):
                    self.values[name][head].append(list(values))

    def model(self, head):
        result = {}
        for name in FIGURES:
            centre, bounds, seeds, _ = figure(self.groups, self.values[name][head])
            result |= {name: centre, f"{name}_low": bounds["low"], f"{name}_high": bounds["high"], f"{name}_seeds": seeds}
        logs = [read_jsonl(self.folder / f"{head}-s{seed}" / "metrics.jsonl") for seed in self.seeds]
        result["train_seconds"] = mean([max(row.get("seconds", 0) for row in log) for log in logs])
        return result

    def difference(self, first, second):
        result = {"first": first, "second": second}
        for name in FIGURES:
            by_seed = [
                [a - b for a, b in zip(left, right, strict=True)]
                for left, right in zip(self.values[name][first], self.values[name][second], strict=True)
            ]
            centre, bounds, seeds, averaged = figure(self.groups, by_seed)
            pairs_low, pairs_high = bootstrap([(value, 1) for value in averaged])
            result |= {name: centre, f"{name}_low": bounds["low"], f"{name}_high": bounds["high"]}
            result |= {f"{name}_pairs_low": pairs_low, f"{name}_pairs_high": pairs_high, f"{name}_seeds": seeds}
            result[f"{name}_differs"] = not bounds["low"] <= 0 <= bounds["high"]
        return result


def collect_split(folder, seeds):
    judgements = Judgements(folder, list(HEADS), seeds)
    longer = read_json(folder / "longer.json")
    low, high = bootstrap([tuple(topic) for topic in longer["topics"]])
    counts = read_json(folder / "counts.json")
    counts["test"]["cyclic_triads"] = read_json(folder / f"eval-s{seeds[0]}.json")["models"][0]["cyclic_triads"]
    return {
        "counts": counts,
        "baselines": {"longer_wins": {"accuracy": longer["accuracy"], "accuracy_low": low, "accuracy_high": high}},
        "models": {head: judgements.model(head) for head in HEADS},
        "differences": [judgements.difference(second, first) for first, second in combinations(HEADS, 2)],
    }


def collect_harmless(folder, seeds):
    judgements = Judgements(folder, ["bt"], seeds)
    bag = read_json(folder / "bag_of_words.json")
    low, high = bootstrap([(right, 1) for right in bag["right"]])
    model = judgements.model("bt")
    by_seed = [[a - b for a, b in zip(values, bag["right"], strict=True)] for values in judgements.values["accuracy"]["bt"]]
    centre, bounds, _, _ = figure(judgements.groups, by_seed)
    return {
        "counts": read_json(folder / "counts.json"),
        "baselines": {
            "bag_of_words": {"accuracy": mean(bag["right"]), "accuracy_low": low, "accuracy_high": high},
            "bag_of_words_given": {"accuracy": GIVEN_BAG_OF_WORDS, "note": "not measured here; another draw of the split"},
        },
        "models": {"bt": model},
        "bt_minus_bag_of_words": {"accuracy": centre, "accuracy_low": bounds["low"], "accuracy_high": bounds["high"]},
    }


def collect_epoch(run):
    by_groups = read_jsonl(run / "epoch" / "metrics.jsonl")
    epoch = read_json(run / "pairwise.json")
    epoch |= {
        "group_forwards": read_json(run / "topics" / "counts.json")["train"]["texts"],
        "group_seconds": max(row.get("seconds", 0) for row in by_groups),
        "group_tokens": sum(row.get("tokens", 0) for row in by_groups),
    }
    epoch["forward_ratio"] = epoch["pairwise_forwards"] / epoch["group_forwards"]
    epoch["time_ratio"] = epoch["pairwise_seconds"] / epoch["group_seconds"]
    return epoch


def number(value, digits=3):
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def interval(entry, name="accuracy"):
    return f"{number(entry[name])} ({number(entry[name + '_low'])} to {number(entry[name + '_high'])})"


def points(entry, low, high):
    return f"{100 * entry['accuracy']:+.1f} ({100 * entry[low]:+.1f} to {100 * entry[high]:+.1f})"


def split_blocks(title, split):
    test = split["counts"]["test"]
    rows = [["the longer argument wins", interval(split["baselines"]["longer_wins"]), "", ""]]
    for head, model in split["models"].items():
        seeds = ", ".join(number(value) for value in model["accuracy_seeds"])
        rows.append([HEADS[head], interval(model), interval(model, "log_loss"), seeds])
    differences = []
    for entry in split["differences"]:
        names = f"{HEADS[entry['first']].split(',')[0]} minus {HEADS[entry['second']].split(',')[0]}"
        differences.append(
            [names, points(entry, "accuracy_low", "accuracy_high"), points(entry, "accuracy_pairs_low", "accuracy_pairs_high"),
             interval(entry, "log_loss"), "differ" if entry["accuracy_differs"] else "cannot be told apart"]
        )
    return [
        {"heading": f"{title[0].upper()}{title[1:]}"},
        {"table": {"caption": f"{test['pairs']:,} pairs of {test['topics']} topics that no model saw.",
                   "columns": ["model", "accuracy", "log-loss", "accuracy of each seed"], "rows": rows}},
        {"table": {"caption": "Paired differences: accuracy in points, over topics and over pairs; log-loss over topics.",
                   "columns": ["models", "accuracy, over topics", "accuracy, over pairs", "log-loss", "in accuracy they"],
                   "rows": differences}},
        finding(title, split),
    ]


def sentences(split, name, above, below, noun):
    """One for each two models whose paired interval of a figure leaves 0 out."""
    for d in split["differences"]:
        if d[f"{name}_differs"]:
            first, second = (HEADS[d[side]].split(",")[0] for side in ("first", "second"))
            yield f"{first} is {above if d[name] > 0 else below} {noun} than {second}. "


def finding(title, split):
    """What the paired differences allow to say, and why a cyclic model has little to win here."""
    told = [
        *sentences(split, "accuracy", "more", "less", "accurate"),
        *sentences(split, "log_loss", "higher", "lower", "in log-loss"),
    ]
    text = f"{title[0].upper()}{title[1:]}: "
    if not any(d["accuracy_differs"] for d in split["differences"]):
        text += "the three models cannot be told apart in accuracy, every paired interval holds 0. "
    text += "".join(told)
    cyclic = split["counts"]["test"]["cyclic_triads"]
    text += f"The test pairs hold {cyclic} cyclic triads." if cyclic else (
        "The test pairs hold no cyclic triad, so a model of cycles has none to find.")
    return {"finding": {"text": text, "tone": "plain" if told else "caution"}}


def curve_block(folder, seeds):
    lines = []
    for head in HEADS:
        rows = [row for row in read_jsonl(folder / f"{head}-s{seeds[0]}" / "metrics.jsonl") if "loss" in row]
        lines.append({"name": HEADS[head], "x": [row["step"] for row in rows], "y": [row["loss"] for row in rows]})
    caption = f"Training loss of seed {seeds[0]}: a step is a topic."
    return {"plot": {"caption": caption, "x": "step", "y": "loss", "lines": lines}}


def harmless_blocks(part):
    base, model, gap = part["baselines"], part["models"]["bt"], part["bt_minus_bag_of_words"]
    return [
        {"heading": "Harmlessness"},
        {"table": {"caption": f"harmless-base, {part['counts']['test']['pairs']:,} pairs of held-out prompts.",
                   "columns": ["model", "accuracy", "log-loss"],
                   "rows": [["bag of words, the same split", interval(base["bag_of_words"]), ""],
                            ["bag of words, as given with the data", number(GIVEN_BAG_OF_WORDS), ""],
                            ["BT from MiniLM", interval(model), interval(model, "log_loss")]]}},
        {"text": f"BT minus the bag of words, paired: {points(gap, 'accuracy_low', 'accuracy_high')} points."},
    ]


def epoch_blocks(epoch):
    share = epoch["pairwise_share_timed"]
    timed = "timed whole" if share >= 1 else f"scaled from {share:.0%} of its batches"
    rows = [["by groups (rondo train)", f"{epoch['group_forwards']:,}", f"{epoch['group_seconds']:.1f}"],
            ["by padded pairs (transformers)", f"{epoch['pairwise_forwards']:,}", f"{epoch['pairwise_seconds']:.1f}"],
            ["ratio", number(epoch["forward_ratio"], 1), number(epoch["time_ratio"], 1)]]
    return [
        {"heading": "One epoch by groups, one by pairs"},
        {"table": {"caption": f"The same comparisons and model, threads: {epoch['threads']}; the pairwise epoch is {timed}.",
                   "columns": ["trainer", "arguments through the model", "seconds"], "rows": rows}},
    ]


def page(run, metrics):
    lead = (
        "People said which of two arguments for a stance convinces them more (UKPConvArg1Strict, Habernal and Gurevych 2016). "
        "MiniLM reads title, stance and argument; a topic is one group, whose arguments are each read once an epoch. Test "
        "topics were never trained on. Means over the seeds, intervals over topics and seeds, 95 %."
    )
    blocks = [{"text": lead}]
    for name, title in SPLITS.items():
        blocks += split_blocks(title, metrics["splits"][name])
    blocks.append(curve_block(run / "topics", metrics["seeds"]))
    if "harmless" in metrics:
        blocks += harmless_blocks(metrics["harmless"])
    if "epoch" in metrics:
        blocks += epoch_blocks(metrics["epoch"])
    blocks.append({"facts": {"seeds": str(metrics["seeds"]), "seconds in all": str(round(metrics["seconds"]))}})
    return {"title": "Which argument convinces?", "blocks": blocks}


def main():
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    run, seconds, seeds = Path(sys.argv[1]), float(sys.argv[2]), [int(seed) for seed in sys.argv[3:]]
    metrics = {"splits": {name: collect_split(run / name, seeds) for name in SPLITS}}
    if (run / "harmless" / f"s{seeds[-1]}.jsonl").exists():
        metrics["harmless"] = collect_harmless(run / "harmless", seeds)
    if (run / "pairwise.json").exists():
        metrics["epoch"] = collect_epoch(run)
    metrics |= {"seconds": seconds, "seeds": seeds}
    (run / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    (run / "page.json").write_text(json.dumps(page(run, metrics), ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
