#!/usr/bin/env python3
"""Word error rates of `transcribe --score --json` by tool, and every sentence of ours that was misheard.

usage: tts-errors.py HEARD.json
"""

import json
import sys


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)
    print("| spoken by | sentences | words | word error rate | heard whole |\n|---|---|---|---|---|")
    for tier, score in report["tools"][0]["tiers"].items():
        exact = f"{score['exact']} ({100 * score['exact'] / score['utterances']:.0f} %)"
        print(f"| {tier} | {score['utterances']} | {score['words']} | {score['word_error_rate']:.3f} | {exact} |")
    print("\nMisheard of ours:")
    for row in report["utterances"]:
        if row["tier"] == "ours" and row["errors"]["allo-mairie"]:
            print(f"  {row['errors']['allo-mairie']} {row['path']}\n    said  {row['said']}\n    heard {row['heard']['allo-mairie']}")


if __name__ == "__main__":
    main()
