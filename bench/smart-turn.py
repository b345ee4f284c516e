#!/usr/bin/env python3
"""Whether Smart Turn v3.2 (PyPI pipecat-ai: a network that hears sound alone) thinks that a caller has finished, at each pause of the
recorded clips: the yardstick, no part of the product.

Reads the WAVs of `line_turns cut FOLDER` (the pauses are told apart by their length: the last one of a clip is its end), prints a
Markdown table by kind of answer and pauses, and to the error output the time of one verdict.

usage: smart-turn.py FOLDER
"""

import collections
import csv
import pathlib
import statistics
import sys
import time
import wave

import numpy
import onnxruntime
import soxr

RATE, SECONDS = 16_000, 8
COMPLETE = 0.5


def package() -> pathlib.Path:
    # Found without importing the package, which wants many others.
    paths = (pathlib.Path(path) / "pipecat/audio/turn/smart_turn" for path in sys.path)
    return next(path for path in paths if path.exists())


def samples_of(path: pathlib.Path) -> numpy.ndarray:
    with wave.open(str(path)) as file:
        data = numpy.frombuffer(file.readframes(file.getnframes()), numpy.int16).astype(numpy.float32) / 32_768
        sound = soxr.resample(data, file.getframerate(), RATE)[-RATE * SECONDS :]
    return numpy.pad(sound, (RATE * SECONDS - len(sound), 0))


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    smart_turn = package()
    sys.path.insert(0, str(smart_turn))
    from _whisper_features import compute_whisper_log_mel_features

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(smart_turn / "data/smart-turn-v3.2-cpu.onnx", options)
    pauses = collections.defaultdict(list)
    with open(folder / "transcripts.tsv", encoding="utf-8", newline="") as file:
        for name, kind, clip, gaps, length in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            pauses[kind, gaps, clip].append((int(length), name))
    times = []

    def finished(name: str) -> bool:
        sound = samples_of(folder / name)
        started = time.perf_counter()
        features = compute_whisper_log_mel_features(sound, do_normalize=True)
        (probability,) = session.run(None, {"input_features": features[None]})[0].ravel()[:1]
        times.append(time.perf_counter() - started)
        return probability > COMPLETE

    # Of each kind: pauses within and how many are taken for the end; ends and how many are not.
    table = collections.defaultdict(lambda: [0, 0, 0, 0])
    for (kind, gaps, _), found in pauses.items():
        *within, end = [name for _, name in sorted(found)]
        row = table[kind, gaps]
        row[0] += len(within)
        row[1] += sum(map(finished, within))
        row[2] += 1
        row[3] += not finished(end)
    print("| Smart Turn v3.2 | pauses, ms | pauses within | taken for the end | ends | not taken for one |\n|---|---|---|---|---|---|")
    for (kind, gaps), row in sorted(table.items()):
        print(f"| {kind} | {'as recorded' if gaps == '0' else gaps} | " + " | ".join(map(str, row)) + " |")
    print(f"One verdict: {1_000 * statistics.median(times):.0f} ms (p50, one thread, NumPy's features).", file=sys.stderr)


if __name__ == "__main__":
    main()
