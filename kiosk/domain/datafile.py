"""Data files that people write: trust lists (JSON), rule sets and forms (YAML). What is wrong is named by its line.

Bounded before anything is built: size, nesting, no aliases (a "billion laughs" needs them), no tags of Python. Nothing is kept of a
file with a mistake: whoever asked goes on with what it had.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

LARGEST = 4 * 1024 * 1024  # characters; the EU's whole list has under half of that
DEEPEST = 12
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where the package brings it: the form is read at each start
HALVES = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")

Path = tuple[str | int, ...]


class Mistake(ValueError):
    """A file that is not taken. `path`: where in it, as keys and places; `line`: from 1, 0 when it has none; `what`: what was found."""

    def __init__(self, what: str, path: Path = (), line: int = 0) -> None:
        super().__init__(what)
        self.what, self.path, self.line = what, path, line

    def __str__(self) -> str:
        where = ".".join(str(step) for step in self.path)
        return ": ".join(part for part in (f"dòng/line {self.line}" if self.line else "", where, self.what) if part)


class Source:
    """A file's text, parsed: `content`, and the line of any place in it."""

    def __init__(self, text: str) -> None:
        """Raises Mistake."""
        if len(text) > LARGEST:
            raise Mistake(f"> {LARGEST >> 20} MiB")
        self._text = text
        self._root: yaml.Node | None = None
        self.content: Any = _json(text) if text.lstrip()[:1] in ("{", "[") else self._yaml()

    def _yaml(self) -> Any:
        root = self._nodes()
        try:
            return yaml.SafeLoader("").construct_document(root) if root is not None else None
        except (yaml.MarkedYAMLError, ValueError) as error:
            raise _yaml_mistake(error) from error

    def _nodes(self) -> yaml.Node | None:
        if self._root is None:
            try:
                _bounded(self._text)
                self._root = yaml.compose(self._text, LOADER)
            except (yaml.YAMLError, ValueError) as error:
                raise error if isinstance(error, Mistake) else _yaml_mistake(error) from error
        return self._root

    def line(self, path: Path) -> int:
        """The line of the deepest step of `path` that is there; 0 when the file has no lines to speak of."""
        try:
            if self._root is None:
                # JSON may be indented with tabs and write an emoji as two halves; YAML may not
                self._text = HALVES.sub(" ", self._text.replace("\t", " "))
            node = self._nodes()
        except Mistake:
            return 0
        line = 1
        for step in path:
            found = next((pair for pair in _children(node) if pair[0] == step), None)
            if found is None:
                break
            line, node = found[1], found[2]
        return line

    def mistake(self, what: str, *path: str | int) -> Mistake:
        return Mistake(what, path, self.line(path))


def _bounded(text: str) -> None:
    """Raises Mistake for an alias, and for more nesting than a composer that calls itself would bear."""
    depth = 0
    for event in yaml.parse(text, LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise Mistake("alias", line=line)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise Mistake("nesting", line=line)


def _children(node: yaml.Node | None) -> Iterator[tuple[str | int, int, yaml.Node]]:
    """(key or place, line, node) of what stands under a node."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield place, value.start_mark.line + 1, value


def _json(text: str) -> Any:
    depth = 0
    try:
        content = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise Mistake(error.msg, line=error.lineno) from error
    except Mistake:
        raise
    except RecursionError as error:
        raise Mistake("nesting") from error
    except ValueError as error:  # an integer of more digits than Python reads
        raise Mistake("number") from error
    todo = [content]
    while todo:
        depth += 1
        if depth > DEEPEST:
            raise Mistake("nesting")
        todo = [inner for one in todo for inner in _inner(one)]
    return content


def _inner(one: object) -> list[object]:
    values = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return [value for value in values if isinstance(value, dict | list)]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that stands twice is a slip that would go unseen: the last one would win."""
    out = dict(pairs)
    if len(out) != len(pairs):
        twice = next(key for key, _ in pairs if [k for k, _ in pairs].count(key) > 1)
        raise Mistake(f"{twice[:40]!r} × 2")
    return out


def _yaml_mistake(error: Exception) -> Mistake:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = str(getattr(error, "problem", None) or error).splitlines()[0][:100]
    return Mistake(what, line=mark.line + 1 if mark else 0)


def text_of(source: Source, content: Mapping[str, Any], key: str, *path: str | int, limit: int = 200) -> str:
    """A text under `key`. Raises Mistake."""
    value = content.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > limit:
        raise source.mistake(f"{key}?" if key not in content else f"{key}: {str(value)[:40]!r}", *path, key)
    return value


def mappings(source: Source, content: object, *path: str | int) -> list[dict[str, Any]]:
    """A list of mappings. Raises Mistake."""
    if not isinstance(content, list):
        raise source.mistake("[…]?", *path)
    for place, one in enumerate(content):
        if not isinstance(one, dict):
            raise source.mistake("{…}?", *path, place)
    return content
