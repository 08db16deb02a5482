"""The messages of hypero-query in the words of Python: its options as parameters, and its commands as calls."""

from __future__ import annotations

import json
import re

_FLAGS = {"unranked": "unranked=True", "ascending": "ascending=True", "descending": "ascending=False", "lenient": "lenient=True"}
#: The parameters of options with a value. The number of partitions has no parameter.
_PARAMETERS = {
    "version": "version", "by": "by", "best-of": "best_of", "status": "status", "limit": "limit", "redis": "redis",
    "namespace": "namespace", "where": "where"}
#: A word of a shell, as the program quotes it, without the full stop of a sentence.
_WORD = r"(?:'(?:[^']|'\\'')*'|[\w=-](?:[\w.=-]*[\w=-])?)"
_OPTION = rf" --(?:({'|'.join(_FLAGS)})|({'|'.join(_PARAMETERS)})[= ]({_WORD}))"
_OPTIONS = rf"(?: --(?:(?:{'|'.join(_FLAGS)})|(?:{'|'.join(_PARAMETERS)})[= ]{_WORD}))*"
_PART = re.compile(
    rf"hypero-query (?P<query>rank|experiments|show)(?P<before>{_OPTIONS})(?: (?:-- )?(?P<subject>{_WORD}))?(?P<after>{_OPTIONS})"
    r"|hypero-query (?P<plain>batteries|dead|status)\b"
    r"|'--(?P<described>[a-z-]+) <\w+>'"
    # Names of the user stay as they are.
    r"|(?<!\w)'[^']*'"
    rf"|--(?P<stated>{'|'.join(_PARAMETERS)})[= ](?!(?:and|or|must|needs)\b)(?P<value>{_WORD})"
    r"|--(?P<option>[a-z-]+)")


def messages(output: str) -> list[str]:
    """Returns the messages on standard error, without the name and the usage of the program."""
    found: list[str] = []
    for line in output.split("\n"):
        if line.startswith("hypero-query: "):
            found.append(line.removeprefix("hypero-query: ").removeprefix("note: "))
        elif line.startswith('{"error":'):
            # Of a filter, whose message has names of the user.
            error = json.loads(line)["error"]
            return [*found, f"{error['message']}. {error['hint']}" if error["hint"] else error["message"]]
        elif line and not line.startswith(("Usage: ", "Help: ", "  See 'hypero-query")):
            # Of a program that ended before it could write its name.
            found[-1:] = [f"{found[-1]}\n{line}" if found else line]
    return [_PART.sub(_in_python, message) for message in found]


def _in_python(match: re.Match[str]) -> str:
    if match["query"]:
        arguments = [repr(_unquoted(match["subject"]))] if match["subject"] else []
        for flag, option, word in re.findall(_OPTION, match["before"] + match["after"]):
            arguments.append(_FLAGS[flag] if flag else _stated(option, word))
        return f"hypero.{match['query']}" + (f"({', '.join(arguments)})" if arguments else "")
    if match["plain"]:
        return f"hypero.{match['plain']}()"
    if match["described"]:
        return _parameter(match["described"])
    if match["stated"]:
        return _stated(match["stated"], match["value"])
    return _parameter(match["option"]) if match["option"] else match[0]


def _parameter(option: str) -> str:
    if option == "partitions":
        return "HYPERO_PARTITIONS"
    return _FLAGS.get(option) or f"{_PARAMETERS.get(option, option.replace('-', '_'))}="


def _stated(option: str, word: str) -> str:
    value = _unquoted(word)
    return f"{_PARAMETERS[option]}={value if option in ('version', 'limit') else repr(value)}"


def _unquoted(word: str) -> str:
    return word[1:-1].replace("'\\''", "'") if word.startswith("'") else word
