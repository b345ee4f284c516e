"""What was expected beside what was printed, for the scripts that score: EXPECTED.tsv PRINTED.tsv [--details]"""
import sys


def _lines(path):
    with open(path, encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f if line.strip()]


def read():
    """The lines of both tables, as many of each, and whether details are wanted."""
    expected_path, printed_path = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    expected, printed = _lines(expected_path)[1:], _lines(printed_path)
    assert len(expected) == len(printed), (len(expected), len(printed))
    return expected, printed, "--details" in sys.argv
