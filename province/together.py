"""Group commit: what many callers want written at the same moment goes into one transaction, and each gets its own answer.

A COMMIT costs a flush of the disk, however much it carries. Whoever comes first writes for all who wait; nobody waits for company.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
MOST = 200  # pieces in one transaction


class _Piece(Generic[T, R]):
    """One caller's work. `done` once a transaction with it was committed, or failed with `error`."""

    __slots__ = ("answer", "done", "error", "work")

    def __init__(self, work: T) -> None:
        self.work, self.done = work, False
        self.answer: R | None = None
        self.error: BaseException | None = None


class Together(Generic[T, R]):
    """`write`: files all pieces in one transaction and returns an answer for each, in their order. Safe for threads."""

    def __init__(self, write: Callable[[Sequence[T]], Sequence[R]], most: int = MOST) -> None:
        self._write, self._most = write, most
        self._waiting: list[_Piece[T, R]] = []
        self._list, self._turn = Lock(), Lock()

    def do(self, work: T) -> R:
        """The answer, after COMMIT. Raises what the writing raised: then nothing of this transaction is there."""
        mine: _Piece[T, R] = _Piece(work)
        with self._list:
            self._waiting.append(mine)
        while not mine.done:
            with self._turn:
                if not mine.done:
                    self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.answer  # type: ignore[return-value]

    def _lead(self) -> None:
        with self._list:
            taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            answers = self._write([piece.work for piece in taken])
            for piece, answer in zip(taken, answers, strict=True):
                piece.answer = answer
        except BaseException as error:
            for piece in taken:
                piece.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            for piece in taken:
                piece.done = True
