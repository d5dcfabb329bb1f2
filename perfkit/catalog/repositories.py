"""The repository of a folder, and what a word means in it: a commit, or two of them."""

from __future__ import annotations

import difflib
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.catalog.git import GitError, git
from perfkit.errors import UsageError
from perfkit.model import ChangedFile, Commit

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIELDS = "%H%x00%h%x00%T%x00%P%x00%an%x00%aI%x00%s"
_READABLY = ("-z", "--reverse", "--no-show-signature", "--no-color", "--encoding=UTF-8")
_RANGE = re.compile(r"(?P<left>.*?)(?P<dots>\.{2,3})(?P<right>[^.].*|)")
_NUMSTAT = 3
_SHALLOW = "this is a shallow clone, which may lack it: `git fetch --unshallow` gets the rest of the history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A git repository with a working tree.

    Attributes
    ----------
    root
        The top folder of the working tree.
    common
        Its git folder, which it shares with its other worktrees.
    """

    root: Path
    common: Path

    @property
    def id(self) -> str:
        """What its folders in the cache are called: its name, and a digest of where it lies."""
        name = self.common.parent.name if self.common.name == ".git" else self.common.stem
        digest = hashlib.sha256(str(self.common).encode(errors="surrogateescape")).hexdigest()[:12]
        return f"{re.sub(r'[^A-Za-z0-9_-]', '-', name)[:40]}-{digest}"

    def relative(self, file: Path) -> str | None:
        """Return the path of a file below the root, with forward slashes; None if it lies elsewhere."""
        file = file.resolve()
        return file.relative_to(self.root).as_posix() if file.is_relative_to(self.root) else None


def find(folder: Path) -> Repository:
    """Find the repository that a folder belongs to.

    Raises
    ------
    UsageError
        If it belongs to none, git is not installed, or git will not have it (another owner's, damaged).
    """
    try:
        top = git(folder, "rev-parse", "--show-toplevel").removesuffix("\n")
        common = git(folder, "rev-parse", "--git-common-dir").removesuffix("\n")
    except GitError as error:
        if "not a git repository" in error.said:
            msg = f"{folder} is in no git repository: revisions can be compared only in one"
            raise UsageError(msg) from error
        if "must be run in a work tree" in error.said:
            msg = f"{folder} is in a bare git repository, which has no working tree: clone it and go there"
            raise UsageError(msg) from error
        hint = ""
        if "dubious ownership" in error.said:
            hint = f"; if you trust it: git config --global --add safe.directory {folder}"
        raise UsageError(f"git cannot read the repository of {folder}: {error}{hint}") from error
    return Repository(root=Path(top).resolve(), common=(folder / common).resolve())


# ---------------------------------------------------------------- words


def is_revision(repository: Repository, word: str) -> bool:
    """Say whether a word is a revision, or a range of two: ``main``, ``HEAD~3``, ``v1.2..feature``."""
    return _commit(repository, word) is not None or _ends(repository, word) is not None


def is_range(repository: Repository, word: str) -> bool:
    """Say whether a word is a range of two revisions: ``v1.2..feature``, ``main...feature``."""
    return _commit(repository, word) is None and _ends(repository, word) is not None


def resolve(repository: Repository, word: str) -> str:
    """Return the whole name of the commit that a word means.

    Raises
    ------
    UsageError
        If there is no such commit, or several.
    """
    found = _commit(repository, word)
    if found is None:
        raise UsageError(_unknown(repository, word))
    return found


def resolve_range(repository: Repository, word: str) -> tuple[str, str]:
    """Return the two commits that a range means, the older first.

    ``A..B`` means A and B; ``A...B`` the commit where the two parted, and B: what B alone has changed. A side
    that is left out is HEAD.

    Raises
    ------
    UsageError
        If it is no range, one of its ends does not exist, or the two have no commit in common.
    """
    split = _split(word)
    if split is None:
        raise UsageError(f"{word!r} is no range of revisions: write OLD..NEW")
    left, dots, right = split
    old, new = resolve(repository, left), resolve(repository, right)
    return (merge_base(repository, old, new, word), new) if dots == "..." else (old, new)


def merge_base(repository: Repository, one: str, other: str, word: str = "") -> str:
    """Return the commit where two parted.

    Parameters
    ----------
    word
        What the user called the two, for the error.

    Raises
    ------
    UsageError
        If they have no commit in common.
    """
    try:
        return git(repository.root, "merge-base", one, other).split()[0]
    except GitError as error:
        why = f": {_SHALLOW}" if _is_shallow(repository) else ""
        raise UsageError(f"the two ends of {word or 'the range'} have no commit in common{why}") from error


def _split(word: str) -> tuple[str, str, str] | None:
    found = _RANGE.fullmatch(word)
    if found is None or (not found["left"] and not found["right"]):
        return None
    return found["left"] or "HEAD", found["dots"], found["right"] or "HEAD"


def _ends(repository: Repository, word: str) -> tuple[str, str] | None:
    split = _split(word)
    if split is None:
        return None
    ends = [_commit(repository, one) for one in (split[0], split[2])]
    return None if ends[0] is None or ends[1] is None else (ends[0], ends[1])


def _commit(repository: Repository, word: str) -> str | None:
    if not word or word.startswith(("-", "^")) or "\0" in word:
        return None
    try:
        # In two steps: of a word such as ":/text" all that follows is a part.
        found = git(repository.root, "rev-parse", "--verify", "--quiet", word).strip()
        return git(repository.root, "rev-parse", "--verify", "--quiet", found + "^{commit}").strip()
    except GitError:
        return None


def _unknown(repository: Repository, word: str) -> str:
    """Say why a word is no commit."""
    here = f"in {repository.root}"
    if _commit(repository, "HEAD") is None and not _references(repository):
        return f"there is no revision {word!r} {here}: it has no commit yet"
    base = re.split(r"[~^@:]", word, maxsplit=1)[0]
    near = _near(base or word, _references(repository))
    is_base = base != word and bool(base) and _commit(repository, base) is not None
    if kind := _kind(repository, word):
        why = kind
    elif near and not is_base:
        why = f"did you mean {' or '.join(repr(one) for one in near)}?"
    elif _is_shallow(repository):
        why = _SHALLOW
    elif is_base:
        why = f"{base!r} is there, but not what is asked of it"
    else:
        return f"there is no revision {word!r} {here}"
    return f"there is no revision {word!r} {here}: {why}"


def _kind(repository: Repository, word: str) -> str:
    """Say what a word means that is no commit; empty if it means nothing."""
    if not word or word.startswith("-"):
        return ""
    try:
        return f"it is a {git(repository.root, 'cat-file', '-t', word).strip()}, and no commit"
    except GitError as error:
        ambiguous = "ambiguous" in error.said
        return "several objects' names begin so, write more of the one that you mean" if ambiguous else ""


def _near(word: str, known: Sequence[str]) -> list[str]:
    """Return the references that a word may have meant: a remote's branch of that name, others alike."""
    remote = [one for one in known if one.endswith(f"/{word}")]
    lower = {one.lower(): one for one in reversed(known)}
    alike = difflib.get_close_matches(word.lower(), lower, n=2)
    return list(dict.fromkeys([*remote, *(lower[one] for one in alike)]))[:2]


def _references(repository: Repository) -> list[str]:
    return git(repository.root, "for-each-ref", "--format=%(refname:short)").splitlines()


def _is_shallow(repository: Repository) -> bool:
    return git(repository.root, "rev-parse", "--is-shallow-repository").strip() == "true"


# ---------------------------------------------------------------- commits


def commits(repository: Repository, *arguments: str) -> tuple[Commit, ...]:
    """Return commits, the oldest first.

    Parameters
    ----------
    arguments
        Which, as ``git log`` has it: ``-1 HEAD``, ``--first-parent good..bad``.

    Raises
    ------
    UsageError
        If git refuses.
    """
    try:
        text = git(repository.root, "log", *_READABLY, f"--format={_FIELDS}", *arguments)
    except GitError as error:
        raise UsageError(f"git cannot read the history in {repository.root}: {error}") from error
    fields = text.encode(errors="surrogateescape").decode(errors="replace").split("\0")
    found = []
    for at in range(0, len(fields) - 6, 7):
        whole, short, tree, parents, author, date, subject = fields[at : at + 7]
        found.append(
            Commit(
                id=whole,
                short=short,
                tree=tree,
                parents=tuple(parents.split()),
                author=author,
                date=date,
                subject=subject,
            )
        )
    return tuple(found)


def commit(repository: Repository, whole: str) -> Commit:
    """Return one commit by its whole name; UsageError if it is not there."""
    return commits(repository, "-1", whole)[0]


def is_ancestor(repository: Repository, old: str, new: str) -> bool:
    """Say whether a commit is another's ancestor, or the same."""
    try:
        git(repository.root, "merge-base", "--is-ancestor", old, new)
    except GitError:
        return False
    return True


def line(repository: Repository, good: str, bad: str) -> tuple[Commit, ...]:
    """Return the commits after one and up to another, along first parents: each merge is one step.

    Parameters
    ----------
    good
        An ancestor of `bad`; commits that do not have it among their ancestors are no part of the line.

    Returns
    -------
    tuple of Commit
        The oldest first, `bad` last; empty if the two are the same.
    """
    return commits(repository, "--first-parent", "--ancestry-path", f"{good}..{bad}")


def changed(repository: Repository, of: Commit) -> tuple[ChangedFile, ...]:
    """Return the files that a commit changed, against its first parent."""
    against = of.parents[:1] or ("--root",)
    text = git(repository.root, "diff-tree", "-r", "-z", "--no-renames", "--numstat", *against, of.id)
    found = []
    for one in filter(None, text.split("\0")):
        parts = one.split("\t", 2)
        if len(parts) == _NUMSTAT:  # --root names the commit first
            added, removed, path = parts
            found.append(ChangedFile(path=path, added=_lines(added), removed=_lines(removed)))
    return tuple(found)


def _lines(text: str) -> int | None:
    return None if text == "-" else int(text)
