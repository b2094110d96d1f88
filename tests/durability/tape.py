"""A tape of what a real program asked of the disk: strace's log of every write, flush, rename and removal in one home, as values.

Only calls that change files are kept, each with the lines where it began and ended: a flush promises what had ended before it began,
and only from its own end on. What the program answered on standard output lies on the same tape, in the same order.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "openat,lseek,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,ftruncate,truncate,unlink,unlinkat,rename,renameat,renameat2,"
    "mkdir,mkdirat,rmdir,link,linkat,fallocate,copy_file_range,sendfile"
)
FORGETFUL = ("-shm",)  # shared memory of the WAL: built afresh after every cut, never flushed
STARTED = re.compile(r"^(\d+) +(\w+)\((.*)$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
RESULT = re.compile(r"^(.*)\)\s+= (-?\d+)(?:<[^>]*>)?(?: .*)?$")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
HANDLE = re.compile(r"^(\d+)<((?:\\x[0-9a-f]{2})*)>")


class Unmodelled(Exception):
    """The program used a call on its home that this tape cannot play back."""


@dataclass(frozen=True, slots=True)
class Op:
    """One change. `kind`: create, write, truncate, sync, sync_folder, rename, unlink, mkdir. `file`: which file, whatever its name
    is now; `path`: its name then; `to`: the new name or, of sync_folder, the folder; `begin`, `end`: lines of the log."""

    kind: str
    begin: int
    end: int
    file: int = 0
    path: str = ""
    to: str = ""
    offset: int = 0
    data: bytes = b""


@dataclass
class Tape:
    """`first`: the files as they were before, by name; `ops` by the line they ended at; `answers`: (line, what was written out)."""

    first: dict[str, bytes]
    ops: list[Op] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    lines: int = 0


def tracer() -> str | None:
    """strace, where it is there and may trace; else None."""
    path = shutil.which("strace")
    if path is None or subprocess.run([path, "-o", os.devnull, "true"], capture_output=True, check=False).returncode:
        return None
    return path


def wrap(log: Path, strace: str = "strace") -> list[str]:
    """The words to run a program under so that `read` understands its log."""
    return [strace, "-f", "-y", "-xx", "-s", "1048576", "--seccomp-bpf", "-e", "signal=none", "-e", f"trace={CALLS}", "-o", str(log)]


def snapshot(home: Path) -> dict[str, bytes]:
    """The files of a home by name."""
    return {str(path.relative_to(home)): path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}


def raw(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


class _Reader:
    def __init__(self, home: Path, tape: Tape) -> None:
        self.home, self.tape = os.fspath(home.resolve()) + "/", tape
        self.files: dict[str, int] = {name: number for number, name in enumerate(tape.first, 1)}
        self.next = len(self.files) + 1
        self.at: dict[tuple[str, int], int] = {}  # (path, handle) -> offset
        self.append: set[tuple[str, int]] = set()
        self.sizes: dict[int, int] = {self.files[name]: len(data) for name, data in tape.first.items()}
        self.makers: dict[str, Callable[[str, int, int, int], None]] = {
            "openat": self.openat, "lseek": self.lseek, "write": self.write, "pwrite64": self.pwrite64, "fsync": self.fsync,
            "fdatasync": self.fsync, "ftruncate": self.ftruncate, "unlink": self.unlink, "unlinkat": self.unlink, "rename": self.rename,
            "renameat": self.rename, "renameat2": self.rename, "mkdir": self.mkdir, "mkdirat": self.mkdir,
        }  # fmt: skip

    def inside(self, path: str) -> str | None:
        """The name within the home, or None for files that are none of its own."""
        if not path.startswith(self.home) or path.endswith(FORGETFUL):
            return None
        return path[len(self.home) :]

    def call(self, name: str, args: str, result: int, begin: int, end: int) -> None:
        if result < 0 and name != "write":
            return
        made = self.makers.get(name)
        if made is not None:
            made(args, result, begin, end)
        elif any(self.inside(os.fsdecode(raw(text))) for text in (*STRING.findall(args), *re.findall(r"<((?:\\x[0-9a-f]{2})+)>", args))):
            raise Unmodelled(name)

    def handle(self, args: str) -> tuple[int, str]:
        found = HANDLE.match(args)
        return (int(found[1]), os.fsdecode(raw(found[2]))) if found else (-1, "")

    def openat(self, args: str, result: int, begin: int, end: int) -> None:
        name = self.inside(os.fsdecode(raw(STRING.findall(args)[0])))
        if name is None or "O_DIRECTORY" in args:
            return
        flags = args.rsplit('"', 1)[1]
        if name not in self.files and "O_CREAT" in flags:
            self.files[name], self.next = self.next, self.next + 1
            self.sizes[self.files[name]] = 0
            self.tape.ops.append(Op("create", begin, end, self.files[name], name))
        elif "O_TRUNC" in flags and name in self.files:
            self.sizes[self.files[name]] = 0
            self.tape.ops.append(Op("truncate", begin, end, self.files[name], name))
        key = (name, result)
        self.at[key] = 0
        (self.append.add if "O_APPEND" in flags else self.append.discard)(key)

    def lseek(self, args: str, result: int, _begin: int, _end: int) -> None:
        number, path = self.handle(args)
        if (name := self.inside(path)) is not None:
            self.at[name, number] = result

    def write(self, args: str, result: int, begin: int, end: int) -> None:
        number, path = self.handle(args)
        if number == 1 and result > 0:
            self.tape.answers.append((end, raw(STRING.findall(args)[0])[:result]))
        name = self.inside(path)
        if name is not None and result > 0:
            key, file = (name, number), self.files[name]
            offset = self.sizes[file] if key in self.append else self.at.get(key, 0)
            self.changed(file, name, offset, raw(STRING.findall(args)[0])[:result], begin, end)
            self.at[key] = offset + result

    def pwrite64(self, args: str, result: int, begin: int, end: int) -> None:
        _number, path = self.handle(args)
        if (name := self.inside(path)) is not None:
            self.changed(self.files[name], name, int(args.rsplit(", ", 1)[1]), raw(STRING.findall(args)[0])[:result], begin, end)

    def changed(self, file: int, name: str, offset: int, data: bytes, begin: int, end: int) -> None:
        self.sizes[file] = max(self.sizes[file], offset + len(data))
        self.tape.ops.append(Op("write", begin, end, file, name, offset=offset, data=data))

    def fsync(self, args: str, _result: int, begin: int, end: int) -> None:
        _number, path = self.handle(args)
        if path + "/" == self.home or (self.inside(path) is not None and self.inside(path) not in self.files):
            self.tape.ops.append(Op("sync_folder", begin, end, to=path[len(self.home) :]))
        elif (name := self.inside(path)) is not None:
            self.tape.ops.append(Op("sync", begin, end, self.files[name], name))

    def ftruncate(self, args: str, _result: int, begin: int, end: int) -> None:
        _number, path = self.handle(args)
        if (name := self.inside(path)) is not None:
            size = int(args.rsplit(", ", 1)[1])
            self.sizes[self.files[name]] = size
            self.tape.ops.append(Op("truncate", begin, end, self.files[name], name, offset=size))

    def unlink(self, args: str, _result: int, begin: int, end: int) -> None:
        name = self.inside(os.fsdecode(raw(STRING.findall(args)[0])))
        if name is not None and name in self.files:
            self.tape.ops.append(Op("unlink", begin, end, self.files.pop(name), name))

    def rename(self, args: str, _result: int, begin: int, end: int) -> None:
        old, new = (self.inside(os.fsdecode(raw(text))) for text in STRING.findall(args))
        if old is not None and new is not None:
            self.files[new] = self.files.pop(old)
            self.tape.ops.append(Op("rename", begin, end, self.files[new], old, new))
        elif old is not None or new is not None:
            raise Unmodelled("rename across the home's border")

    def mkdir(self, args: str, _result: int, begin: int, end: int) -> None:
        name = self.inside(os.fsdecode(raw(STRING.findall(args)[0])))
        if name is not None:
            self.tape.ops.append(Op("mkdir", begin, end, path=name))


def read(log: Path, home: Path, first: dict[str, bytes]) -> Tape:
    """The tape of one run. `first`: the home before it (`snapshot`). Raises Unmodelled."""
    tape = Tape(first)
    reader = _Reader(home, tape)
    open_calls: dict[str, tuple[str, str, int]] = {}
    with log.open(encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            tape.lines = number
            text, begin = line.rstrip("\n"), number
            if resumed := RESUMED.match(text):
                name, args, begin = open_calls.pop(resumed[1], (resumed[2], "", number))
                rest = args + resumed[3]
            elif started := STARTED.match(text):
                name, rest = started[2], started[3]
                if rest.endswith("<unfinished ...>"):
                    open_calls[started[1]] = (name, rest.removesuffix("<unfinished ...>").rstrip(), number)
                    continue
            else:
                continue
            if ended := RESULT.match(rest):
                reader.call(name, ended[1], int(ended[2]), begin, number)
    return tape


def record(home: Path, command: Sequence[str], lines: bytes, log: Path, environment: dict[str, str], cwd: Path) -> Tape:
    """Runs a program to its end under strace and reads its tape. Raises RuntimeError where strace may not trace."""
    strace = tracer()
    if strace is None:
        raise RuntimeError("no strace, or tracing is refused")
    first = snapshot(home)
    words = [*wrap(log, strace), *command]
    done = subprocess.run(words, input=lines, capture_output=True, cwd=cwd, env=environment, timeout=300, check=False)
    tape = read(log, home, first)
    if not tape.answers or b"Traceback" in done.stderr:
        raise RuntimeError(done.stderr.decode("utf-8", "replace")[-600:])
    return tape
