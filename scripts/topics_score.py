#!/usr/bin/env python3
"""How first questions found their topic, as Markdown: topics_score.py EXPECTED.tsv PRINTED.tsv [--details]

EXPECTED as in sip-tests/understanding/topics, PRINTED by `allo-mairie understand --tsv EXPECTED.tsv`.
"""
import tables

expected, printed, details = tables.read()

TITLES = {True: "what a follow-up answers", False: "what a topic answers"}
WHATS = ("right", "led", "asked", "wrong", "other")
counts = {kind: dict.fromkeys(WHATS, 0) for kind in TITLES}
for (sentence, wanted), found in zip(expected, printed):
    _, service, slug, decision, sure = found[:5]
    names = [name.split("/") for name in wanted.split("|")]
    # A topic is named by its service and its own name, whatever it follows.
    is_right = (service, slug.split("/")[-1]) in {(name[0], name[-1]) for name in names}
    is_parent = (service, slug) in {(name[0], name[1]) for name in names if len(name) == 3}
    if decision in ("confirm", "offer"):
        what = "asked"
    elif decision == "answer":
        what = "right" if is_right else "led" if is_parent else "wrong"
    else:
        what = "other"
    counts[len(names[0]) == 3][what] += 1
    if details and what not in ("right", "asked"):
        print(f"{what}\t{sentence}\t{wanted}\t{service}/{slug} {decision} {sure}")
print("| a first question about | sentences | right answer at once | the topic that leads to it | asked back | nothing, an agent, an alarm | wrong answer |")
print("|---|---|---|---|---|---|---|")
for kind, title in TITLES.items():
    c = counts[kind]
    n = sum(c.values())
    if n:
        share = lambda what: f"{c[what]} ({100 * c[what] / n:.0f} %)"
        print(f"| {title} | {n} | {share('right')} | {c['led']} | {c['asked']} | {c['other']} | {share('wrong')} |")
