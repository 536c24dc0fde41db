"""What can be seen of an expression without a parser: which metrics it reads, and how far back."""

import re

_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
_COMMENT = re.compile(r"#.*")
_MATCHERS = re.compile(r"\{[^{}]*\}")
_LABELS = re.compile(
    r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)", re.IGNORECASE)
# Whole, and not followed by a parenthesis, as functions are.
_NAME = re.compile(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?![\w:])(?!\s*\()")
_DURATION = re.compile(r"(\d+)(ms|[smhdwy])")
_RANGE = re.compile(r"\[\s*([0-9a-z]+)\s*(?::[^\]]*)?\]")
_OFFSET = re.compile(r"\boffset\s+([0-9][0-9a-z]*)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_OWN = re.compile(r"memleak_|process_|scrape_|up$")


def _bare(expression):
    return _COMMENT.sub("", _STRING.sub('""', expression))


def names(expression):
    """All names that stand where a metric's does."""
    text = _LABELS.sub(" ", _MATCHERS.sub(" ", _bare(expression)))
    text = re.sub(r"\[[^\]]*\]", " ", text)
    return set(_NAME.findall(text))


def recorded(expression):
    return {name for name in names(expression) if ":" in name}


def scraped(expression):
    """What comes from the exporter, or from the scrape itself."""
    return {name for name in names(expression) if ":" not in name and _OWN.match(name)}


def seconds(duration):
    return sum(int(number) * _SECONDS[unit] for number, unit in _DURATION.findall(duration))


def reach(expression):
    """How far back it may look, in seconds: its longest range and its longest offset."""
    text = _bare(expression)
    return sum(max(map(seconds, found), default=0)
               for found in (_RANGE.findall(text), _OFFSET.findall(text)))
