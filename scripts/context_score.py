#!/usr/bin/env python3
"""How second questions were taken, as Markdown: context_score.py EXPECTED.tsv PRINTED.tsv [--details]

EXPECTED as in sip-tests/understanding/context, PRINTED by `allo-mairie understand --tsv EXPECTED.tsv`.
"""
import tables

expected, printed, details = tables.read()

KINDS = [
    ("follow", "a further question about the open subject"),
    ("away", "another subject"),
    ("same", "the same once more"),
    ("none", "what no topic tells"),
    ("ack", "a sign of having understood"),
]
counts = {kind: dict(right=0, service=0, asked=0, wrong=0, other=0) for kind, _ in KINDS}
for (opened, sentence, wanted), found in zip(expected, printed):
    _, service, slug, decision, sure = found[:5]
    own = opened.split("/")[0]
    kind = wanted if wanted in ("same", "none", "ack") else "follow" if wanted.split("/")[0] == own else "away"
    topic = f"{service}/{slug}"
    if wanted in ("none", "ack"):
        # Telling the open topic again is no harm where nothing more is known.
        is_right = decision == "refuse" or (wanted == "none" and topic == opened)
        is_service = is_right
    else:
        goal = opened if wanted == "same" else wanted
        is_right = topic == goal
        is_service = service == goal.split("/")[0]
    if decision in ("confirm", "offer"):
        what = "asked"
    elif decision == "refuse" and wanted not in ("none", "ack"):
        what = "other"
    elif decision == "operator":
        what = "other"
    else:
        what = "right" if is_right else "service" if is_service else "wrong"
    counts[kind][what] += 1
    if details and what not in ("right",):
        print(f"{what}\t{opened}\t{sentence}\t{wanted}\t{topic} {decision} {sure}")
print("| what is said | sentences | right | another topic of the service | asked back | nothing, or an agent | wrong |")
print("|---|---|---|---|---|---|---|")
for kind, title in KINDS:
    c = counts[kind]
    n = sum(c.values())
    if n:
        print(f"| {title} | {n} | {c['right']} ({100 * c['right'] / n:.0f} %) | {c['service']} | {c['asked']} | {c['other']} | {c['wrong']} ({100 * c['wrong'] / n:.0f} %) |")
