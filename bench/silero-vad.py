#!/usr/bin/env python3
"""Where Silero VAD hears speech begin, for `make bench-vad`: the yardstick, no part of the product.

Reads the scenes (8 kHz WAV) that `line_voice make` has written, with the network of the PyPI package silero-vad, on one thread.
Prints "scene<TAB>start<TAB>end" in ms, one line a turn, and to the error output the processor time a second of sound takes.

A start: three windows of 32 ms in a row at 0.5 or more (96 ms, as long as our detector takes for its first frames), the end:
500 ms below 0.35, the hysteresis of the package's own iterator.

usage: silero-vad.py FOLDER > silero.tsv
"""

import pathlib
import sys
import time
import wave

import numpy
import onnxruntime

WINDOW, CONTEXT, RATE = 256, 32, 8000
THRESHOLD, RELEASE = 0.5, 0.35
ONSET_WINDOWS, END_WINDOWS = 3, 16


def model() -> onnxruntime.InferenceSession:
    # Found without importing the package, which wants torch.
    paths = (pathlib.Path(p) / "silero_vad/data/silero_vad.onnx" for p in sys.path)
    path = next(p for p in paths if p.exists())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def probabilities(session: onnxruntime.InferenceSession, samples: numpy.ndarray):
    state = numpy.zeros((2, 1, 128), numpy.float32)
    context = numpy.zeros(CONTEXT, numpy.float32)
    rate = numpy.array(RATE, numpy.int64)
    for at in range(0, len(samples) - WINDOW + 1, WINDOW):
        window = samples[at : at + WINDOW]
        feed = {"input": numpy.concatenate([context, window])[None], "state": state, "sr": rate}
        output, state = session.run(None, feed)
        context = window[-CONTEXT:]
        yield float(output[0, 0])


def turns(values) -> list[list[int]]:
    found, run, quiet, speaking = [], 0, 0, False
    number = 0
    for number, value in enumerate(values):
        run = run + 1 if value >= THRESHOLD else 0
        quiet = quiet + 1 if value < RELEASE else 0
        if not speaking and run == ONSET_WINDOWS:
            speaking = True
            found.append([(number + 1) * WINDOW * 1000 // RATE])
        elif speaking and quiet == END_WINDOWS:
            speaking = False
            found[-1].append((number + 1) * WINDOW * 1000 // RATE)
    if speaking:
        found[-1].append((number + 1) * WINDOW * 1000 // RATE)
    return found


def main() -> None:
    session = model()
    seconds = 0.0
    begun = time.process_time()
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.wav")):
        with wave.open(str(path)) as file:
            assert file.getframerate() == RATE
            samples = numpy.frombuffer(file.readframes(file.getnframes()), numpy.int16)
        seconds += len(samples) / RATE
        for start, end in turns(probabilities(session, samples.astype(numpy.float32) / 32768)):
            print(path.stem, start, end, sep="\t")
    print(f"silero: {(time.process_time() - begun) / seconds * 1000:.2f} ms a second of sound", file=sys.stderr)


if __name__ == "__main__":
    main()
