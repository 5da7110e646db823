"""Words of a Dockerfile instruction: ``--flags``, JSON lists, ``NAME=value``.

The behaviour is that of BuildKit's ``frontend/dockerfile/parser/split_command.go`` and
``line_parsers.go``; it was compared with BuildKit's own parser on random input. Two
things are simpler: a blank beyond ASCII is one character here (BuildKit looks at bytes
when it reads flags), and it may stand before a flag.
"""

from __future__ import annotations

import re

# What Go's unicode.IsSpace accepts; str.isspace() differs (it takes U+001C to U+001F too).
SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
SPACE += "\u200a\u2028\u2029\u202f\u205f\u3000"

_WORD = re.compile(f"[^{SPACE}]+")
_PLAIN_FLAG = re.compile(f"--[^{SPACE}'\"\\\\`]+(?=[{SPACE}]|$)")
_BLANKS = re.compile(f"[{SPACE}]*")
_JSON_STRING = r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"'
_JSON_ITEM = re.compile(rf"[ \t\r\n]*({_JSON_STRING})[ \t\r\n]*([,\]])")
_JSON_EMPTY = re.compile(r"\[[ \t\r\n]*\]\Z")
_JSON_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_JSON_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATES = re.compile("([\ud800-\udbff])([\udc00-\udfff])|[\ud800-\udfff]")


def json_list(text: str) -> tuple[str, ...] | None:
    """Return the strings of a JSON list, or None when ``text`` is not a list of strings."""
    text = text.strip(SPACE)
    if not text.startswith("["):
        return None
    if _JSON_EMPTY.match(text):
        return ()
    items = []
    at = 1
    while match := _JSON_ITEM.match(text, at):
        items.append(_json_text(match[1][1:-1]))
        at = match.end()
        if match[2] == "]":
            return tuple(items) if at == len(text) else None
    return None


def _json_text(body: str) -> str:
    if "\\" not in body:
        return body
    text = _JSON_ESCAPE.sub(
        lambda m: chr(int(m[1][1:], 16)) if len(m[1]) > 1 else _JSON_CONTROL.get(m[1], m[1]),
        body,
    )
    return _SURROGATES.sub(_join_surrogates, text)


def _join_surrogates(match: re.Match[str]) -> str:
    if match[1] is None:
        return "\ufffd"
    return chr(0x10000 + ((ord(match[1]) - 0xD800) << 10) + ord(match[2]) - 0xDC00)


def flags(args: str, escape: str) -> tuple[tuple[str, ...], int]:
    """Return the leading ``--flags`` of ``args`` and the offset where the rest begins."""
    found: list[str] = []
    at = 0
    while args.startswith("--", at):
        match = _PLAIN_FLAG.match(args, at)
        if match:
            word, end = match.group(), match.end()
        else:
            word, end = _quoted_flag(args, at, escape)
        blanks = _BLANKS.match(args, end)
        at = blanks.end() if blanks else end
        if word == "--":
            break
        found.append(word)
    return tuple(found), at


def _quoted_flag(args: str, at: int, escape: str) -> tuple[str, int]:
    """Read one flag that holds quotes or escapes (``extractBuilderFlags`` in BuildKit)."""
    parts: list[str] = []
    quote = ""
    while at < len(args):
        char = args[at]
        if not quote and char in SPACE:
            break
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif char == escape:
            at += 1
            parts.append(args[at : at + 1])
        else:
            parts.append(char)
        at += 1
    return "".join(parts), min(at, len(args))


def words(args: str, escape: str) -> list[str]:
    """Split ``NAME=value`` arguments at blanks outside quotes; quotes stay (``parseWords``)."""
    if "'" not in args and '"' not in args and escape not in args:
        return _WORD.findall(args)
    found: list[str] = []
    parts: list[str] = []
    quote = ""
    at = 0
    while at < len(args):
        char = args[at]
        if not quote and char in SPACE:
            if parts:
                found.append("".join(parts))
                parts.clear()
        elif char == escape and quote != "'":
            if at + 1 < len(args):
                at += 1
                parts.append(char + args[at])
        else:
            if char == quote:
                quote = ""
            elif not quote and char in "'\"":
                quote = char
            parts.append(char)
        at += 1
    if parts:
        found.append("".join(parts))
    return found
