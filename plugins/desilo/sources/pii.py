"""Personal data is hashed before it leaves the source: normalise, then SHA-256 in lower-case hex.

E-mail and phone follow the form the ad platforms match on (trimmed lower-case e-mail, E.164 phone
with plus), so that a hash in the lake can be sent back to them and compared with theirs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson

_HASHED = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_NOT_DIGIT = re.compile(r"\D")
# What may be somebody's address or number inside a text that could not be parsed.
_LOOKS_PERSONAL = re.compile(r"[^\s\"',;:<>|\\]+@[^\s\"',;:<>|\\]+|\+?\d[\d\s().-]{6,}\d")


def normalise_email(text: str) -> str:
    """Trimmed and lower-cased; nothing else, so that it matches what the platforms hash."""
    return text.strip().lower()


def normalise_phone(text: str, country_code: str = "") -> str:
    """E.164 with plus. A national number (one leading 0) needs ``country_code`` ("49")."""
    stripped = text.strip()
    digits = _NOT_DIGIT.sub("", stripped)
    if not digits:
        return ""
    if stripped.startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if country_code and digits.startswith("0"):
        return f"+{country_code}{digits[1:]}"
    return f"+{digits}"


def hash_value(kind: str, value: Any, country_code: str = "") -> Any:
    """Hash one e-mail or phone; lists element by element; empty and absent become None.

    The kind ``id`` is for identifiers that some apps make of the e-mail address: those that hold
    an ``@`` are hashed as e-mail, all others stay what they are.

    A value that already is 64 hexadecimal digits is a hash and only lower-cased. Something with no
    content left after normalising (a phone without digits) is hashed as it is: it must not land.
    """
    if value is None:
        return None
    if kind == "id":
        return hash_value("email", value) if isinstance(value, str) and "@" in value else value
    if isinstance(value, list):
        return [hash_value(kind, item, country_code) for item in value]
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    trimmed = text.strip()
    if not trimmed:
        return None
    if _HASHED.fullmatch(trimmed):
        return trimmed.lower()
    normalised = normalise_email(text) if kind == "email" else normalise_phone(text, country_code)
    return hashlib.sha256((normalised or trimmed).encode()).hexdigest()


def hash_paths(record: dict[str, Any], paths: Mapping[str, str], country_code: str = "") -> bool:
    """Hash the values at dotted ``paths`` in place; True when something was there to hash."""
    touched = False
    for path, kind in paths.items():
        *parents, leaf = path.split(".")
        node: Any = record
        for name in parents:
            node = node.get(name) if isinstance(node, dict) else None
        if isinstance(node, dict) and leaf in node:
            node[leaf] = hash_value(kind, node[leaf], country_code)
            touched = True
    return touched


def mask(text: str) -> str:
    """Blank out what looks like an e-mail address or a phone number in an unparsable text."""
    return _LOOKS_PERSONAL.sub("[masked]", text)
