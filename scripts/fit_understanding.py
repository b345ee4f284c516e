#!/usr/bin/env python3
"""Fits what the judges' findings weigh (src/understanding/weights.rs, SOMEBODY_ASKED of second_ear.rs), and prints the constants.

usage: fit_understanding.py PROGRAM DIALPLAN EXPECTED.tsv… [--sentences FILE]

EXPECTED as in sip-tests/understanding. First a conditional logit: which service. Then a logistic regression: whether the first
service is the right one; and one whether somebody is asked for. Give it no file that is to stay held out. Needs numpy.
"""
import subprocess
import sys
import tempfile

import numpy as np

arguments = sys.argv[1:]
extra = []
if "--sentences" in arguments:
    at = arguments.index("--sentences")
    extra = ["--sentences", arguments[at + 1]]
    del arguments[at : at + 2]
program, dialplan, *paths = arguments

rows = []
for path in paths:
    with open(path, encoding="utf-8") as f:
        rows += [line.rstrip("\n").split("\t") for line in f if line.strip()][1:]
rows = [row for row in rows if row[2] != "emergency"]
with tempfile.NamedTemporaryFile("w", suffix=".tsv", encoding="utf-8") as f:
    f.write("sentence\n" + "".join(row[0] + "\n" for row in rows))
    f.flush()
    command = [program, "understand", dialplan, "--tsv", f.name, "--findings", *extra]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
KINDS = 5
names = printed[0].split("\t")[2 + KINDS :]
found = [[] for _ in rows]
kinds = np.zeros((len(rows), KINDS))
for line in printed[1:]:
    number, service, *values = line.split("\t")
    values = [float(value) for value in values]
    kinds[int(number)] = values[:KINDS]
    found[int(number)].append((service, values[KINDS:]))
# One array: sentences × groups × findings.
X = np.array([[values for _, values in groups] for groups in found])
services = np.array([[service for service, _ in groups] for groups in found])
right = np.array([[s in row[1].split("|") for s in groups] for groups, row in zip(services, rows)])
has = right.any(axis=1)


# Whether somebody is asked for, by both likenesses to such calls; the rest is about services.
asked = np.array([row[2] == "operator" for row in rows])
likeness = np.log(kinds[:, [1, 3]] + 1e-3)
rows = [row for row, is_asked in zip(rows, asked) if not is_asked]
X, services, right, has, kinds = (values[~asked] for values in (X, services, right, has, kinds))


def softmax(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def descend(gradient, size, steps=4000, rate=0.05):
    """Adam."""
    w, m, v = np.zeros(size), np.zeros(size), np.zeros(size)
    for t in range(1, steps + 1):
        g = gradient(w)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w -= rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


def fit_choice(which):
    A, good = X[which], right[which]

    def gradient(w):
        p = softmax(A @ w)
        q = p * good
        q /= q.sum(axis=1, keepdims=True) + 1e-12
        return np.einsum("ng,ngf->f", p - q, A) / len(A) + 2e-3 * w

    return descend(gradient, X.shape[2])


def evidence(w):
    p = softmax(X @ w)
    best = p.argmax(axis=1)
    at = np.arange(len(X))
    F = np.concatenate([X[at, best], p[at, best][:, None], np.log(kinds[:, [2, 4]] + 1e-3)], axis=1)
    return F, right[at, best], p


def fit_confidence(F, good, which):
    A = np.concatenate([F[which], np.ones((which.sum(), 1))], axis=1)

    def gradient(w):
        p = 1 / (1 + np.exp(-A @ w))
        return A.T @ (p - good[which]) / len(A) + 2e-3 * np.append(w[:-1], 0)

    return descend(gradient, A.shape[1])


def sure(F, w):
    return 1 / (1 + np.exp(-(F @ w[:-1] + w[-1])))


# In five parts: each scored with weights fitted on the others.
folds = np.arange(len(rows)) % 5
firsts, threes, confidence = [], [], np.zeros(len(rows))
good_all = np.zeros(len(rows), bool)
for fold in range(5):
    train, test = folds != fold, folds == fold
    w = fit_choice(train & has)
    F, good, p = evidence(w)
    c = fit_confidence(F, good, train)
    confidence[test] = sure(F[test], c)
    good_all[test] = good[test]
    for i in np.flatnonzero(test & has):
        ranked = list(dict.fromkeys(services[i][j] for j in np.argsort(-p[i])))
        wanted = set(rows[i][1].split("|"))
        firsts.append(ranked[0] in wanted)
        threes.append(bool(wanted & set(ranked[:3])))
print(f"{len(rows)} sentences, {has.sum()} about a service; scored on parts not fitted on:")
print(f"  first {np.mean(firsts):.3f}, in three {np.mean(threes):.3f}")
to_answer = np.array([row[2] == "answer" for row in rows])
outside = np.array([row[2] == "refuse" for row in rows])
print("  threshold: answered right of those to be answered, wrong of those about a service, of out-of-scope")
for threshold in (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8):
    yes = confidence >= threshold
    print(
        f"  {threshold:.2f}: {np.mean((yes & good_all)[to_answer]):.3f} {np.mean((yes & ~good_all)[has]):.3f} "
        f"{np.mean(yes[outside]):.3f}"
    )
w = fit_choice(has)
F, good, _ = evidence(w)
c = fit_confidence(F, good, np.ones(len(rows), bool))
show = lambda values: "[" + ", ".join(f"{value:.2f}" for value in values) + "]"
print("names:", ", ".join(names))
print("choice:", show(w))
print(f"confidence: base {c[-1]:.2f}, weights {show(c[: len(names)])}, share {c[-4]:.2f}, elsewhere {show(c[-3:-1])}")
A = np.concatenate([likeness, np.ones((len(asked), 1))], axis=1)
w = descend(lambda w: A.T @ (1 / (1 + np.exp(-A @ w)) - asked) / len(A), 3)
print(f"somebody: base {w[2]:.2f}, words {w[0]:.2f}, meaning {w[1]:.2f}")
believed = 1 / (1 + np.exp(-A @ w))
for threshold in (0.6, 0.7, 0.75, 0.8, 0.9):
    yes = believed >= threshold
    print(f"  {threshold:.2f}: found {(yes & asked).sum()} of {asked.sum()}, falsely {(yes & ~asked).sum()} of {(~asked).sum()}")
