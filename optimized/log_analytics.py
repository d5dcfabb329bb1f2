"""Analyse a web server's access log: the baseline's figures, from the log's bytes as one NumPy array.

Every line has the same number of separators, so that one search finds where all fields begin and end;
digits are then gathered and added up column by column, and names are told apart by a 64-bit key.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from perfkit import stage

QUANTILES = {"p50": 0.50, "p90": 0.90, "p99": 0.99}
N_FIELDS = 11
USER, STAMP, REQUEST, STATUS, SIZE, LATENCY = 2, 3, 6, 8, 9, 10
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
LATENCY_DECIMALS = 3
LINES_A_BLOCK = 5000  # their bytes and what is made of them stay in the cache, in memory that is used again

Columns = dict[str, NDArray[Any]]
Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]


class Inputs(Protocol):
    """What the baseline's ``make_inputs`` returns."""

    lines: list[str]
    gap_s: int
    k: int


# ---------------------------------------------------------------- reading bytes


def gather(text: Bytes, starts: Integers, ends: Integers) -> NDArray[np.str_]:
    """Return the strings between `starts` and `ends`, shape ``(n,)``."""
    lengths = ends - starts
    width = int(lengths.max())
    characters = sliding_window_view(text, width)[starts]
    characters *= np.arange(width) < lengths[:, None]
    strings: NDArray[np.str_] = characters.astype(np.uint32).view(f"U{width}")[:, 0]
    return strings


def integers(text: Bytes, starts: Integers, ends: Integers) -> Integers:
    """Return the decimal numbers between `starts` and `ends`, shape ``(n,)``."""
    lengths = ends - starts
    values = np.zeros(len(starts), dtype=np.int64)
    for place in range(int(lengths.max())):
        digits = text[ends - 1 - place].astype(np.int64) - ord("0")
        values += np.where(place < lengths, digits * 10**place, 0)
    return values


def times(text: Bytes, starts: Integers) -> Integers:
    """Return the seconds since 1970 of stamps ``[28/Feb/2025:06:00:00`` that begin at `starts`."""
    stamps = sliding_window_view(text, len("[28/Feb/2025:06:00:00"))[starts]
    digits = stamps - np.uint8(ord("0"))

    def number(first: int, last: int) -> Integers:
        value = np.zeros(len(digits), dtype=np.int64)
        for place in range(first, last):
            value = value * 10 + digits[:, place]
        return value

    letters = stamps[:, 4:7] @ np.array([1 << 16, 1 << 8, 1])
    keys = np.array([int.from_bytes(name.encode()) for name in MONTHS])
    in_order = np.argsort(keys)
    month = in_order[np.searchsorted(keys, letters, sorter=in_order)]
    months = (number(8, 12) - 1970) * 12 + month
    midnight: Integers = months.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)
    seconds = (number(13, 15) * 60 + number(16, 18)) * 60 + number(19, 21)
    return midnight + (number(1, 3) - 1) * 86_400 + seconds


def parse_block(lines: list[str]) -> Columns:
    """Split some lines into columns, as `parse` returns them."""
    # The spare bytes at the end let `gather` read a full width from any line.
    longest = max(map(len, lines))
    text = np.frombuffer(("\n".join(lines) + "\n" + " " * longest).encode("ascii"), dtype=np.uint8)
    # Blanks and line ends are the only bytes that low.
    ends = np.flatnonzero(text <= ord(" "))[: len(lines) * N_FIELDS].reshape(-1, N_FIELDS)
    starts = ends + 1

    request_ends = ends[:, REQUEST].copy()
    queries = np.flatnonzero(text == ord("?"))
    request_ends[np.searchsorted(ends[:, -1], queries)[::-1]] = queries[::-1]  # a line's first one wins

    no_size = text[starts[:, SIZE - 1]] == ord("-")
    point = ends[:, LATENCY] - LATENCY_DECIMALS - 1
    whole = integers(text, starts[:, LATENCY - 1], point)
    decimals = integers(text, point + 1, ends[:, LATENCY])
    return {
        "user": gather(text, starts[:, USER - 1], ends[:, USER]),
        "time": times(text, starts[:, STAMP - 1]),
        "endpoint": gather(text, starts[:, REQUEST - 1], request_ends),
        "status": integers(text, starts[:, STATUS - 1], ends[:, STATUS]),
        "size": np.where(no_size, 0, integers(text, starts[:, SIZE - 1], ends[:, SIZE])),
        "latency": (whole * 1000 + decimals) / 1000,  # rounded once, as float() rounds the decimal number
    }


@stage("parse")
def parse(lines: list[str]) -> Columns:
    """Split the lines into columns.

    Returns
    -------
    dict
        ``user`` and ``endpoint`` (without its query), strings; ``time`` (seconds since 1970), ``status`` and
        ``size`` (bytes, 0 where the log has a dash), int64; ``latency`` (milliseconds), float64. Each has the
        shape ``(n,)``.
    """
    blocks = [parse_block(lines[i : i + LINES_A_BLOCK]) for i in range(0, len(lines), LINES_A_BLOCK)]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


# ---------------------------------------------------------------- the analysis


class Names(NamedTuple):
    """A column of names as numbers: the distinct names, where each is first seen, and each line's."""

    names: NDArray[np.str_]
    first: Integers
    codes: Integers


def factorise(column: NDArray[np.str_]) -> Names:
    """Give the distinct names of a column numbers, in no particular order."""
    characters = np.ascontiguousarray(column).view(np.uint32).reshape(len(column), -1)
    # A sum with odd random factors, modulo 2^64: cheap to sort, and all but surely another for another name.
    factors = np.random.default_rng(0).integers(2**63, size=characters.shape[1], dtype=np.uint64) * 2 + 1
    keys = characters.astype(np.uint64) @ factors
    _, first, codes = np.unique(keys, return_index=True, return_inverse=True)
    names = column[first]
    if not np.array_equal(names[codes], column):
        names, first, codes = np.unique(column, return_index=True, return_inverse=True)
    return Names(names, first, codes)


@stage("group_by_user")
def group_by_user(columns: Columns) -> dict[str, Integers]:
    """Gather each user's lines, users in the order of their first line, lines in the order of time.

    Returns
    -------
    dict
        ``rows``, the lines' numbers, shape ``(n,)``, and ``counts``, each user's lines, shape ``(users,)``.
    """
    users = factorise(columns["user"])
    first_line = users.first[users.codes]
    counts = np.bincount(users.codes)[np.argsort(users.first)]
    return {"rows": np.lexsort((columns["time"], first_line)), "counts": counts}


@stage("sessionise")
def sessionise(columns: Columns, gap_s: int) -> dict[str, Integers]:
    """Find the sessions: a user's lines without a pause longer than `gap_s` seconds between them.

    Returns
    -------
    dict
        ``session``, each line's session, shape ``(n,)``; each session's ``hits`` and ``duration_s``, shape
        ``(sessions,)``. Integers.
    """
    grouped = group_by_user(columns)
    rows = grouped["rows"]
    time = columns["time"][rows]
    begins = np.empty(len(time), dtype=bool)
    begins[1:] = np.diff(time) > gap_s
    begins[np.cumsum(grouped["counts"]) - grouped["counts"]] = True
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(time)) - 1
    session = np.empty(len(time), dtype=np.int64)
    session[rows] = np.cumsum(begins) - 1
    return {"session": session, "hits": last - first + 1, "duration_s": time[last] - time[first]}


@stage("endpoint_percentiles")
def endpoint_percentiles(columns: Columns) -> Columns:
    """Return the ``endpoint`` names in order, and the ``p50``, ``p90``, ``p99`` of the latency of each."""
    endpoints = factorise(columns["endpoint"])
    counts = np.bincount(endpoints.codes)
    start = np.cumsum(counts) - counts
    values = columns["latency"][np.argsort(endpoints.codes, kind="stable")]
    for first, count in zip(start, counts, strict=True):
        values[first : first + count].sort()
    table: Columns = {"endpoint": np.array(sorted(endpoints.names.tolist()))}
    by_name = np.argsort(endpoints.names)
    for label, quantile in QUANTILES.items():
        position = quantile * (counts - 1)
        below = position.astype(np.int64)
        low = values[start + below]
        high = values[start + np.minimum(below + 1, counts - 1)]
        table[label] = (low + (high - low) * (position - below))[by_name]
    return table


def busiest(names: NDArray[np.str_], totals: Integers, k: int) -> tuple[NDArray[np.str_], Integers]:
    """Return the `k` greatest totals and their names, equal ones in the names' order."""
    best = np.lexsort((names, -totals))[:k]
    return np.array(names[best].tolist()), totals[best]


@stage("top_k")
def top_k(columns: Columns, k: int) -> Columns:
    """Return the ``endpoint`` names with most ``hits``, the ``user`` names with most ``bytes``, ``(k,)``."""
    endpoints = factorise(columns["endpoint"])
    users = factorise(columns["user"])
    # Sums of sizes stay far below 2^53, up to which bincount's float64 adds whole numbers exactly.
    sizes = np.bincount(users.codes, weights=columns["size"]).astype(np.int64)
    endpoint_names, hits = busiest(endpoints.names, np.bincount(endpoints.codes), k)
    user_names, user_bytes = busiest(users.names, sizes, k)
    return {"endpoint": endpoint_names, "hits": hits, "user": user_names, "bytes": user_bytes}


def run(inputs: Inputs) -> dict[str, Any]:
    """Analyse the log.

    Parameters
    ----------
    inputs
        From the baseline's ``make_inputs``.

    Returns
    -------
    dict
        ``sessions``, how many there are (int); ``slowest_p99_ms``, the slowest endpoint's 99th percentile
        (float); ``busiest_endpoint_hits`` (int).
    """
    columns = parse(inputs.lines)
    sessions = sessionise(columns, inputs.gap_s)
    percentiles = endpoint_percentiles(columns)
    top = top_k(columns, inputs.k)
    return {
        "sessions": len(sessions["hits"]),
        "slowest_p99_ms": float(percentiles["p99"].max()),
        "busiest_endpoint_hits": int(top["hits"][0]),
    }
