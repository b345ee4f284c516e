"""What the peers of our voice share: every sentence of `voice_bench make` spoken and timed.

Writes one WAV a sentence into FOLDER/NAME and prints the delays and the real-time factor as rows of the table that `voice_bench make`
prints.
"""

import pathlib
import time
import wave
from collections.abc import Callable


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)]


def speak_all(folder: pathlib.Path, name: str, title: str, speak: Callable[[str], tuple[bytes, int]]) -> None:
    """`speak`: a text to 16-bit samples and their rate. What it does at its first sentence only is not measured."""
    speak("bonjour")
    out = folder / name
    out.mkdir(exist_ok=True)
    factors, wholes = [], []
    for row in (folder / "sentences.tsv").read_text(encoding="utf-8").splitlines():
        file_name, text, _ = row.split("\t")
        started = time.perf_counter()
        audio, rate = speak(text)
        taken = time.perf_counter() - started
        with wave.open(str(out / file_name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(audio)
        wholes.append(taken)
        factors.append(taken / (len(audio) / 2 / rate))
    for what, values in (("real-time factor", factors), ("whole sentence, s", wholes)):
        print(f"| {title}: {what} | {quantile(values, 0.5):.2f} | {quantile(values, 0.95):.2f} |")
