"""Web addresses: whose host is it? moh.py and location.py hold the hosts; here an address is taken apart without trusting it."""

import re
from urllib.parse import urlsplit

_BARE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[/?#:].*)?", re.IGNORECASE)


def host_of(text: str) -> str:
    """The host that a browser would go to, lower case, or "" when `text` is no web address. "tokhaiyte.vn/x" counts as one;
    "https://tokhaiyte.vn@evil.example/" is evil.example."""
    if re.match(r"https?://", text, re.IGNORECASE):
        address = text.replace("\\", "/")  # as browsers do
    elif _BARE.fullmatch(text) and re.search(r"[a-z]", text.split("/")[0], re.IGNORECASE):
        address = "https://" + text
    else:
        return ""
    try:
        return (urlsplit(address).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def within(host: str, domains: frozenset[str]) -> bool:
    """Is `host` one of the domains or a name under one?"""
    return any(host == d or host.endswith("." + d) for d in domains)


def is_address(text: str) -> bool:
    return bool(re.match(r"https?:", text, re.IGNORECASE)) or bool(host_of(text))


def readable(label: str) -> str:
    """A host's label as people see it: punycode undone where it can be."""
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
