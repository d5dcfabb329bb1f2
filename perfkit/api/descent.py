"""The way of a search through the history: along first parents, and down into the branch of a merge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from perfkit.analyse.bisection import Allowance, Search, questions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.model import BisectionAnswer, BisectionQuestion, Commit

_BASE_AND_TIPS = 2
"""Answers that a merge may take: the branch's tip, and where it began."""


class History(Protocol):
    """What a search wants to know of a repository."""

    def line(self, good: str, bad: str) -> Sequence[Commit]:
        """Return the commits after one and up to another, along first parents, the oldest first."""

    def commit(self, whole: str) -> Commit:
        """Return a commit by its whole name."""

    def is_ancestor(self, old: str, new: str) -> bool:
        """Say whether one is the other's ancestor, or the same."""

    def merge_base(self, one: str, other: str) -> str:
        """Return where two parted."""


class Descent:
    """Looks for the first slow commit.

    Parameters
    ----------
    history
        Of the repository.
    good, bad
        The ends, which are known to be what they are called.
    ask
        Says of a commit whether it is good or slow: the kind of question, the commit, and how often the
        answer may be wrong.

    Attributes
    ----------
    suspects
        Where it may be, as far as is known.
    candidates
        Commits that were searched, those of branches included.
    notes
        What the reader should know, a sentence each.
    """

    def __init__(
        self,
        history: History,
        good: Commit,
        bad: Commit,
        ask: Callable[[BisectionQuestion, Commit, float], BisectionAnswer],
    ) -> None:
        self._history = history
        self._good, self._bad = good, bad
        self._ask = ask
        self._allowance = Allowance()
        self._known: dict[str, tuple[Commit, BisectionAnswer]] = {
            good.tree: (good, "good"),
            bad.tree: (bad, "slow"),
        }
        self.suspects: tuple[Commit, ...] = ()
        self.candidates = 0
        self.notes: list[str] = []

    def search(self) -> tuple[tuple[Commit, ...], Commit | None]:
        """Search between the ends.

        Returns
        -------
        tuple
            The suspects, the oldest first; and if it is one, the commit with which to compare it.
        """
        return self._along(self._history.line(self._good.id, self._bad.id), self._good)

    def _along(self, line: Sequence[Commit], before: Commit) -> tuple[tuple[Commit, ...], Commit | None]:
        """Search a line whose last commit is slow, and that before it good."""
        self.candidates += len(line)
        search = Search(len(line))
        self._allowance.plan(questions(len(line)) + _BASE_AND_TIPS)
        while True:
            self.suspects = tuple(line[at] for at in search.suspects)
            at = search.next()
            if at is None:
                break
            search.tell(at, self._answer("search", line[at]))
        if len(self.suspects) > 1:
            return self.suspects, None
        culprit = self.suspects[0]
        last_good = before if search.last_good < 0 else line[search.last_good]
        if len(culprit.parents) > 1:
            deeper = self._into(culprit, last_good)
            if deeper is not None:
                return deeper
        if last_good.id in culprit.parents or not culprit.parents:
            return self.suspects, last_good
        return self.suspects, self._history.commit(culprit.parents[0])

    def _into(self, merge: Commit, last_good: Commit) -> tuple[tuple[Commit, ...], Commit | None] | None:
        """Search the branch that a merge brought in, if it is slow by itself; None if it is the merge."""
        open_ = []
        for whole in merge.parents:
            if self._history.is_ancestor(whole, last_good.id):
                continue
            tip = self._history.commit(whole)
            said = self._answer("branch", tip)
            if said in {"undecided", "skipped"}:
                open_.append(tip.short)
            if said != "slow":
                continue
            base = self._history.commit(self._history.merge_base(last_good.id, tip.id))
            if base.id not in {self._good.id, last_good.id}:
                first = self._answer("branch", base)
                if first != "good":
                    how = (
                        "was slow already where it began"
                        if first == "slow"
                        else "began where nothing is known"
                    )
                    self.notes.append(f"The branch that {merge.short} merges {how}, at {base.short}.")
                    continue
            line = self._history.line(base.id, tip.id)
            if line:
                return self._along(line, base)
        if open_:
            self.notes.append(
                f"Whether the merge {merge.short} itself or what it merges is slower is not known: "
                f"{' and '.join(open_)} could not be judged."
            )
        return None

    def _answer(self, kind: BisectionQuestion, commit: Commit) -> BisectionAnswer:
        """Ask, unless a commit with the same files has been asked."""
        if commit.tree in self._known:
            other, said = self._known[commit.tree]
            if other.id != commit.id:
                self.notes.append(f"{commit.short} has the same files as {other.short}: not measured again.")
            return said
        said = self._ask(kind, commit, self._allowance.take())
        if said == "skipped":
            self._allowance.give_back()
        elif said != "undecided":
            self._known[commit.tree] = commit, said
        return said
