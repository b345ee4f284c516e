#!/usr/bin/env python3
"""Scores what `allo-mairie understand --tsv` printed against the test sentences; prints Markdown.

usage: understanding_score.py EXPECTED.tsv PRINTED.tsv [--details]

EXPECTED has the header `sentence service decision` (services that are all acceptable separated by `|`, `-` for none);
PRINTED has one line a sentence, in the same order: sentence, service, topic, decision, confidence, further candidates.
"""
import collections
import sys

details = "--details" in sys.argv
expected_path, printed_path = [a for a in sys.argv[1:] if not a.startswith("--")][:2]
with open(expected_path, encoding="utf-8") as f:
    lines = [line.rstrip("\n").split("\t") for line in f if line.strip()]
assert lines[0][:3] == ["sentence", "service", "decision"], f"{expected_path}: header expected"
expected = [(line[0].strip(), set(line[1].split("|")), line[2]) for line in lines[1:] if line[0].strip()]
with open(printed_path, encoding="utf-8") as f:
    printed = [line.rstrip("\n").split("\t") for line in f]
if len(expected) != len(printed):
    sys.exit(f"{len(expected)} sentences expected, {len(printed)} lines printed: they must pair line by line")


def share(part, whole):
    return f"{part}/{whole} = {100 * part / whole:.1f} %" if whole else "–"


class Count:
    def __init__(self):
        self.all = self.first = self.three = self.answered = self.wrong = self.asked = self.refused = 0
        self.to_answer = self.answered_right = 0


total, by_service, confusions = Count(), collections.defaultdict(Count), collections.Counter()
elsewhere = collections.Counter()
emergencies = collections.Counter()
false_alarms = others = 0
people, people_found, people_service = 0, 0, 0
worst = []
for (sentence, services, decision), line in zip(expected, printed):
    service, got = line[1], line[3]
    ranked = [service] if service != "-" else []
    for candidate in line[5:]:
        name = candidate.split("/")[0]
        if name not in ranked:
            ranked.append(name)
    if decision == "emergency":
        emergencies[got == "emergency"] += 1
        if got != "emergency":
            worst.append(("missed emergency", sentence, services, line))
        continue
    others += 1
    if got == "emergency":
        false_alarms += 1
        worst.append(("false alarm", sentence, services, line))
    if decision == "refuse":
        elsewhere[got] += 1
        if got not in ("refuse",):
            worst.append(("not refused", sentence, services, line))
        continue
    if decision == "operator":
        people += 1
        people_found += got == "operator"
        people_service += got == "operator" and service in services
        if got != "operator" or service not in services:
            worst.append(("operator", sentence, services, line))
        continue
    for count in (total, by_service[sorted(services)[0] if len(services) == 1 else "several"]):
        count.all += 1
        first = bool(ranked) and ranked[0] in services and got != "emergency"
        count.first += first
        count.three += bool(services & set(ranked[:3])) and got != "emergency"
        count.to_answer += decision == "answer"
        count.answered_right += decision == "answer" and got == "answer" and service in services
        count.answered += got == "answer" and service in services
        count.wrong += (got == "answer" and service not in services) or got == "emergency"
        count.asked += got in ("confirm", "offer")
        count.refused += got == "refuse"
    if not first:
        confusions[("|".join(sorted(services)), ranked[0] if ranked else "-")] += 1
    if not first or got in ("refuse", "operator", "emergency"):
        worst.append(("service" if not first else got, sentence, services, line))

print(f"| of {total.all} sentences about a service | |\n|---|---|")
print(f"| service found first | {share(total.first, total.all)} |")
print(f"| in the first three | {share(total.three, total.all)} |")
print(f"| answered directly and right, of those to be answered | {share(total.answered_right, total.to_answer)} |")
print(f"| answered wrong | {share(total.wrong, total.all)} |")
print(f"| asked back | {share(total.asked, total.all)} |")
print(f"| refused | {share(total.refused, total.all)} |")
refusals = sum(elsewhere.values())
print(f"| out of scope: answered | {share(elsewhere['answer'], refusals)} |")
print(f"| out of scope: asked back | {share(elsewhere['confirm'] + elsewhere['offer'], refusals)} |")
print(f"| emergencies found | {share(emergencies[True], sum(emergencies.values()))} |")
print(f"| false alarms | {share(false_alarms, others)} |")
print(f"| a person asked for: found | {share(people_found, people)} |")
print(f"| a person asked for: with the service | {share(people_service, people)} |")
print("\n| service | sentences | first | first three | answered right | answered wrong |\n|---|---|---|---|---|---|")
for service, count in sorted(by_service.items()):
    print(
        f"| {service} | {count.all} | {100 * count.first / count.all:.0f} % | {100 * count.three / count.all:.0f} % "
        f"| {100 * count.answered / count.all:.0f} % | {100 * count.wrong / count.all:.0f} % |"
    )
print("\nMost frequent confusions (meant → found): " + "; ".join(
    f"{meant} → {found} ({n})" for (meant, found), n in confusions.most_common(12)) + ".")
if details:
    print()
    for kind, sentence, services, line in sorted(worst, key=lambda w: w[0]):
        print(f"- {kind}: {sentence} [{'|'.join(sorted(services))}] → {' '.join(line[1:5])}  {' '.join(line[5:8])}")
