"""The parts of the page's script under test."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "Sources" / "CPage" / "script"
FIXTURES = ROOT / "Tests" / "HyperoQueryTests" / "Fixtures"

#: The files of the filter with those that they use, in the order in which the page has them.
FILTER = [
    "format", "scales", "column", "data", "lexer", "dialects", "literals", "pattern", "like", "names", "mistakes", "parser", "conditions", "binder",
    "filter",
]


def stripped(text):
    """Returns a script as the page has it: without indentation and without lines that are comments."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def html(names):
    """Returns a page with some files of the script, whose names are visible to evaluations."""
    texts = [(SCRIPTS / f"{name}.js").read_text(encoding="utf-8") for name in names]
    declared = [name for text in texts for name in re.findall(r"^(?:const|class) (\w+)", text, re.MULTILINE)]
    script = "\n".join(map(stripped, texts))
    return (
        '<!doctype html><meta charset="utf-8"><title>test</title><script type="module">\n'
        f"{script}\nObject.assign(globalThis, {{ {', '.join(declared)} }});</script>")
