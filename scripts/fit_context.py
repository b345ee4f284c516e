#!/usr/bin/env python3
"""Fits what decides whether a sentence goes on from the open topic (src/understanding/context.rs), and prints the constants.

usage: fit_context.py PROGRAM DIALPLAN EXPECTED.tsv… [--held-out EXPECTED.tsv…]

EXPECTED as in sip-tests/understanding/context: open, sentence, expected (a topic; "same": the open one; "none", "ack": nothing). A
conditional logit over the topics of the open service, another service, and nothing. Needs numpy. What follows --held-out is scored only.
"""
import numpy as np

from conditional_logit import arguments, belief, fit, found, printed, rows

program, dialplan, paths, held_out = arguments()


def load(path):
    """Per sentence: names of the ways (the last is nothing), findings, which are right."""
    table = rows(path)
    names, ways = found(program, dialplan, path, len(table))
    loaded = []
    for (opened, sentence, expected), own_ways in zip(table, ways):
        if not own_ways:
            continue
        topics = [topic for topic, _ in own_ways] + [None]
        wanted = opened if expected == "same" else expected
        own = set(topics)
        if wanted in ("none", "ack"):
            right = [topic is None for topic in topics]
        elif wanted in own:
            right = [topic == wanted for topic in topics]
        else:
            right = [topic == "-" for topic in topics]
        findings = np.array([values for _, values in own_ways] + [[0.0] * len(names)])
        loaded.append((sentence, opened, expected, topics, findings, np.array(right)))
    return names, loaded


def score(title, data, beliefs):
    print(title)
    print("  sure of  answered right / wrong, of follow-ups; taken from another subject; answered, of nothing; told again, of same")
    for sure in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        n = dict(follow=0, away=0, nothing=0, same=0)
        k = dict(right=0, wrong=0, stolen=0, invented=0, again=0)
        for (_, _, expected, topics, _, right), p in zip(data, beliefs):
            best = int(p.argmax())
            answers = topics[best] not in (None, "-") and p[best] >= sure
            kind = (
                "nothing" if expected in ("none", "ack") else "same" if expected == "same" else "away" if right[topics.index("-")] else "follow"
            )
            n[kind] += 1
            if answers:
                if kind == "follow":
                    k["right" if right[best] else "wrong"] += 1
                elif kind == "away":
                    k["stolen"] += 1
                elif kind == "nothing":
                    k["invented"] += 1
                elif right[best]:
                    k["again"] += 1
        part = lambda what, of: f"{k[what]}/{n[of]}"
        print(
            f"  {sure:.1f}  {part('right', 'follow')} / {part('wrong', 'follow')}  {part('stolen', 'away')}  {part('invented', 'nothing')}  {part('again', 'same')}"
        )


names, data = None, []
for path in paths:
    names, more = load(path)
    data += more
folds = np.arange(len(data)) % 5
beliefs = [None] * len(data)
for fold in range(5):
    w = fit([d[4:] for d, f in zip(data, folds) if f != fold], len(names))
    for i in np.flatnonzero(folds == fold):
        beliefs[i] = belief(w, data[i][4])
score(f"{len(data)} sentences, in parts not fitted on", data, beliefs)
w = fit([d[4:] for d in data], len(names))
print("names:", ", ".join(names))
print("weights:", printed(w))
for path in held_out:
    _, held = load(path)
    score(f"{path}, held out", held, [belief(w, d[4]) for d in held])
