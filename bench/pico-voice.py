#!/usr/bin/env python3
"""Says one French sentence (standard input) with SVOX Pico, as a WAV at 16 kHz (standard output): another synthetic caller.

The package py-nanotts (PyPI) brings Pico and its voices. For `--voice-program` of the test telephones.
"""

import io
import sys
import wave

import py_nanotts


def main() -> None:
    samples = py_nanotts.NanoTTS().speak(sys.stdin.read().strip(), voice="fr-FR")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples)
    sys.stdout.buffer.write(out.getvalue())


if __name__ == "__main__":
    main()
