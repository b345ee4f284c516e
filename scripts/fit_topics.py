#!/usr/bin/env python3
"""Fits which topic of a service a first question is about (src/understanding/topic.rs), and prints the constants.

usage: fit_topics.py PROGRAM DIALPLAN EXPECTED.tsv… [--held-out EXPECTED.tsv…]

EXPECTED as in sip-tests/understanding/topics: sentence, topics (`service/topic`, or `service/topic/follow-up`, several by `|`). What
follows --held-out is scored only. Needs numpy.
"""
import numpy as np

from conditional_logit import arguments, belief, fit, found, printed, rows

program, dialplan, paths, held_out = arguments()


def load(path):
    """Per sentence of which the right service was found: sentence, expected, topics, findings, which are right."""
    table = rows(path)
    names, ways = found(program, dialplan, path, len(table))
    loaded = []
    for (sentence, expected), candidates in zip(table, ways):
        # A topic is named by its service and its own name, whatever it follows.
        wanted = {f"{name.split('/')[0]}/{name.split('/')[-1]}" for name in expected.split("|")}
        topics = [f"{topic.split('/')[0]}/{topic.split('/')[-1]}" for topic, _ in candidates]
        right = np.array([topic in wanted for topic in topics])
        if right.any():
            loaded.append((sentence, expected, topics, np.array([values for _, values in candidates]), right))
    return names, loaded, len(table)


def score(title, data, beliefs):
    print(title)
    print("  sure of   right / wrong of follow-ups; of topics")
    for sure in (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        count = {True: [0, 0, 0], False: [0, 0, 0]}
        for (_, expected, _, _, right), p in zip(data, beliefs):
            tally = count[expected.split("|")[0].count("/") == 2]
            tally[2] += 1
            if p.max() >= sure:
                tally[0 if right[p.argmax()] else 1] += 1
        shown = ["{} / {} of {}".format(*count[kind]) for kind in (True, False)]
        print(f"  {sure:.1f}  {shown[0]}; {shown[1]}")


names, data = None, []
for path in paths:
    names, more, _ = load(path)
    data += more
folds = np.arange(len(data)) % 5
beliefs = [None] * len(data)
for fold in range(5):
    w = fit([d[3:] for d, f in zip(data, folds) if f != fold], len(names))
    for i in np.flatnonzero(folds == fold):
        beliefs[i] = belief(w, data[i][3])
score(f"{len(data)} sentences whose service was found, in parts not fitted on", data, beliefs)
w = fit([d[3:] for d in data], len(names))
print("names:", ", ".join(names))
print("weights:", printed(w))
for path in held_out:
    _, held, total = load(path)
    score(f"{path}, held out: {len(held)} of {total} whose service was found", held, [belief(w, d[3]) for d in held])
