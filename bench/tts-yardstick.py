#!/usr/bin/env python3
"""Speaks the sentences of `voice_bench make` with the Python piper package, from the very model our own voice is.

Writes one WAV a sentence into FOLDER/piper and prints the delays and the real-time factor as rows of the table that
`voice_bench make` prints. The text is given as it is written: piper leaves numbers, hours and acronyms to espeak-ng.

usage: tts-yardstick.py FOLDER MODEL.onnx
"""

import pathlib
import sys
import time
import wave

from piper import PiperVoice, SynthesisConfig


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)]


def main() -> None:
    folder, model = map(pathlib.Path, sys.argv[1:3])
    voice = PiperVoice.load(model)
    config = SynthesisConfig(speaker_id=0)
    list(voice.synthesize("bonjour", config))
    out = folder / "piper"
    out.mkdir(exist_ok=True)
    factors, wholes = [], []
    for row in (folder / "sentences.tsv").read_text(encoding="utf-8").splitlines():
        name, text, _ = row.split("\t")
        started = time.perf_counter()
        chunks = list(voice.synthesize(text, config))
        taken = time.perf_counter() - started
        audio = b"".join(chunk.audio_int16_bytes for chunk in chunks)
        rate = chunks[0].sample_rate
        with wave.open(str(out / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(audio)
        wholes.append(taken)
        factors.append(taken / (len(audio) / 2 / rate))
    for what, values in (("real-time factor", factors), ("whole sentence, s", wholes)):
        print(f"| piper (Python): {what} | {quantile(values, 0.5):.2f} | {quantile(values, 0.95):.2f} |")


if __name__ == "__main__":
    main()
