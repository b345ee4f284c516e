"""A conditional logit: which of several ways is right, by what their findings weigh. Shared by the scripts that fit weights. Needs numpy."""
import subprocess
import sys

import numpy as np


def arguments():
    """PROGRAM DIALPLAN FILE… [--held-out FILE…]: the program, the dialplan, files to fit on, files only to score."""
    program, dialplan, *paths = sys.argv[1:]
    at = paths.index("--held-out") if "--held-out" in paths else len(paths)
    return program, dialplan, paths[:at], paths[at + 1 :]


def found(program, dialplan, path, sentences):
    """Names of the findings, and for each sentence its ways with their findings, as `understand --findings` prints them."""
    command = [program, "understand", dialplan, "--tsv", path, "--findings"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    ways = [[] for _ in range(sentences)]
    for line in printed[1:]:
        number, way, *values = line.split("\t")
        ways[int(number)].append((way, [float(value) for value in values]))
    return printed[0].split("\t")[2:], ways


def rows(path):
    """The lines of a table below its heading."""
    with open(path, encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f if line.strip()][1:]


def belief(w, findings):
    scores = findings @ w
    e = np.exp(scores - scores.max())
    return e / e.sum()


def fit(data, size, decay=4e-3):
    """`data`: findings of each sentence's ways, and which are right."""
    w, m, v = np.zeros(size), np.zeros(size), np.zeros(size)
    for t in range(1, 2501):
        g = decay * w
        for findings, right in data:
            p = belief(w, findings)
            q = p * right
            q /= q.sum() + 1e-12
            g = g + (p - q) @ findings / len(data)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


def printed(w):
    return "[" + ", ".join(f"{value:.2f}" for value in w) + "]"
