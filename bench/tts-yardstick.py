#!/usr/bin/env python3
"""Speaks the sentences of `voice_bench make` with the Python piper package, from the very model our own voice is.

The text is given as it is written: piper leaves numbers, hours and acronyms to espeak-ng.

usage: tts-yardstick.py FOLDER MODEL.onnx
"""

import pathlib
import sys

from piper import PiperVoice, SynthesisConfig

from tts_peer import speak_all


def main() -> None:
    folder, model = map(pathlib.Path, sys.argv[1:3])
    voice = PiperVoice.load(model)
    config = SynthesisConfig(speaker_id=0)

    def speak(text: str) -> tuple[bytes, int]:
        chunks = list(voice.synthesize(text, config))
        return b"".join(chunk.audio_int16_bytes for chunk in chunks), chunks[0].sample_rate

    speak_all(folder, "piper", "piper (Python)", speak)


if __name__ == "__main__":
    main()
