"""Analyse a web server's access log: sessions, latencies of each endpoint, the busiest endpoints and users.

This is the script as it was first written, in plain Python, one line of the log at a time.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfkit import stage

TIME_FORMAT = "%d/%b/%Y:%H:%M:%S %z"
QUANTILES = {"p50": 0.50, "p90": 0.90, "p99": 0.99}
LINES_A_USER = 500  # on average: a longer log has more users
METHODS = ["GET", "GET", "GET", "GET", "POST", "PUT"]
STATUSES = [200, 200, 200, 200, 200, 200, 204, 304, 404, 500]
ENDPOINTS = [
    f"/{area}{path}"
    for area in ("shop", "account", "api/v1", "api/v2")
    for path in ("", "/search", "/items", "/orders", "/cart", "/login", "/reviews", "/export/monthly")
]


# ---------------------------------------------------------------- inputs


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a run works on.

    Attributes
    ----------
    lines
        An access log: Common Log Format followed by the response time in milliseconds.
    gap_s
        A pause longer than this, in seconds, ends a user's session.
    k
        How many of the busiest endpoints and users to name.
    """

    lines: list[str]
    gap_s: int
    k: int


def make_inputs(seed: int, *, n_lines: int = 200_000, gap_s: int = 1800, k: int = 10) -> Inputs:
    """Draw two days of an access log, nearly in the order of time, as servers write it.

    Parameters
    ----------
    seed
        Decides the log.
    n_lines
        How many lines, at least 1. There is a user for every 500 of them.
    gap_s, k
        See `Inputs`.

    Returns
    -------
    Inputs
        The same for the same arguments.

    Raises
    ------
    ValueError
        When a setting is out of range.
    """
    if n_lines < 1:
        raise ValueError(f"n_lines must be at least 1, not {n_lines}.")
    if gap_s < 0:
        raise ValueError(f"gap_s must not be negative, not {gap_s}.")
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}.")

    rng = np.random.default_rng(seed)
    n_users = max(5, n_lines // LINES_A_USER)
    users = rng.permutation(10 * n_users)[:n_users][rng.integers(n_users, size=n_lines)]
    endpoints = (rng.beta(1.0, 3.0, n_lines) * len(ENDPOINTS)).astype(int)
    # A line is written when its request ends, so that neighbours may be a few seconds out of order.
    seconds = np.sort(rng.integers(2 * 86_400, size=n_lines)) - rng.integers(4, size=n_lines)
    times = (np.datetime64("2025-02-28T06:00:00") + seconds).astype(datetime)
    latencies = rng.lognormal(3.0 + 0.05 * endpoints, 0.9)
    sizes = rng.lognormal(8.0, 1.5, n_lines).astype(int)
    statuses = np.array(STATUSES)[rng.integers(len(STATUSES), size=n_lines)]
    methods = rng.integers(len(METHODS), size=n_lines)
    pages = rng.integers(1, 40, size=n_lines)
    hosts = rng.integers(1, 255, size=(n_lines, 2))
    stamps = [time.strftime("%d/%b/%Y:%H:%M:%S +0000") for time in times.tolist()]
    lines = [
        f"10.0.{host[0]}.{host[1]} - u{user} [{stamp}] "
        f'"{METHODS[method]} {ENDPOINTS[endpoint]}{f"?page={page}" if page % 3 == 0 else ""} HTTP/1.1" '
        f"{status} {'-' if status in (204, 304) else size} {latency:.3f}"
        for host, user, stamp, method, endpoint, page, status, size, latency in zip(
            hosts.tolist(),
            users.tolist(),
            stamps,
            methods.tolist(),
            endpoints.tolist(),
            pages.tolist(),
            statuses.tolist(),
            sizes.tolist(),
            latencies.tolist(),
            strict=True,
        )
    ]
    return Inputs(lines=lines, gap_s=gap_s, k=k)


# ---------------------------------------------------------------- the analysis

Columns = dict[str, NDArray[Any]]


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
    users = []
    times = []
    endpoints = []
    statuses = []
    sizes = []
    latencies = []
    for line in lines:
        fields = line.split(" ")
        users.append(fields[2])
        stamp = (fields[3] + " " + fields[4]).strip("[]")
        times.append(int(datetime.strptime(stamp, TIME_FORMAT).timestamp()))
        endpoints.append(fields[6].split("?")[0])
        statuses.append(int(fields[8]))
        sizes.append(0 if fields[9] == "-" else int(fields[9]))
        latencies.append(float(fields[10]))
    return {
        "user": np.array(users),
        "time": np.array(times),
        "endpoint": np.array(endpoints),
        "status": np.array(statuses),
        "size": np.array(sizes),
        "latency": np.array(latencies),
    }


def distinct(names: list[str]) -> list[str]:
    """Return the names that occur, in the order of their first occurrence."""
    found: list[str] = []
    for name in names:
        if name not in found:
            found.append(name)
    return found


@stage("group_by_user")
def group_by_user(columns: Columns) -> dict[str, NDArray[np.int64]]:
    """Gather each user's lines, users in the order of their first line, lines in the order of time.

    Returns
    -------
    dict
        ``rows``, the lines' numbers, shape ``(n,)``, and ``counts``, each user's lines, shape ``(users,)``.
    """
    users = columns["user"].tolist()
    times = columns["time"].tolist()
    rows = []
    counts = []
    for user in distinct(users):
        own = [i for i in range(len(users)) if users[i] == user]
        own.sort(key=lambda i: times[i])
        rows.extend(own)
        counts.append(len(own))
    return {"rows": np.array(rows), "counts": np.array(counts)}


@stage("sessionise")
def sessionise(columns: Columns, gap_s: int) -> dict[str, NDArray[np.int64]]:
    """Find the sessions: a user's lines without a pause longer than `gap_s` seconds between them.

    Returns
    -------
    dict
        ``session``, each line's session, shape ``(n,)``; each session's ``hits`` and ``duration_s``, shape
        ``(sessions,)``. Integers.
    """
    grouped = group_by_user(columns)
    times = columns["time"].tolist()
    rows = grouped["rows"].tolist()
    session = [0] * len(times)
    hits: list[int] = []
    durations: list[int] = []
    first = 0
    for count in grouped["counts"].tolist():
        previous = None
        for row in rows[first : first + count]:
            if previous is None or times[row] - previous > gap_s:
                hits.append(0)
                durations.append(0)
            else:
                durations[-1] += times[row] - previous
            hits[-1] += 1
            session[row] = len(hits) - 1
            previous = times[row]
        first += count
    return {"session": np.array(session), "hits": np.array(hits), "duration_s": np.array(durations)}


def percentile(values: list[float], quantile: float) -> float:
    """Interpolate linearly between the two values around the quantile."""
    values = sorted(values)
    position = quantile * (len(values) - 1)
    below = int(position)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (position - below)


@stage("endpoint_percentiles")
def endpoint_percentiles(columns: Columns) -> Columns:
    """Return the ``endpoint`` names in order, and the ``p50``, ``p90``, ``p99`` of the latency of each."""
    endpoints = columns["endpoint"].tolist()
    latencies = columns["latency"].tolist()
    names = sorted(distinct(endpoints))
    table: dict[str, list[float]] = {label: [] for label in QUANTILES}
    for name in names:
        values = [latencies[i] for i in range(len(endpoints)) if endpoints[i] == name]
        for label, quantile in QUANTILES.items():
            table[label].append(percentile(values, quantile))
    return {"endpoint": np.array(names), **{label: np.array(column) for label, column in table.items()}}


def busiest(names: list[str], amounts: list[int], k: int) -> tuple[list[str], list[int]]:
    """Add up the amounts of each name; return the `k` greatest sums, equal ones in the names' order."""
    found = distinct(names)
    totals = [0] * len(found)
    for name, amount in zip(names, amounts, strict=True):
        totals[found.index(name)] += amount
    top_names: list[str] = []
    top_totals: list[int] = []
    while found and len(top_names) < k:
        best = 0
        for i in range(len(found)):
            if totals[i] > totals[best] or (totals[i] == totals[best] and found[i] < found[best]):
                best = i
        top_names.append(found.pop(best))
        top_totals.append(totals.pop(best))
    return top_names, top_totals


@stage("top_k")
def top_k(columns: Columns, k: int) -> Columns:
    """Return the ``endpoint`` names with most ``hits``, the ``user`` names with most ``bytes``, ``(k,)``."""
    endpoints = columns["endpoint"].tolist()
    endpoint_names, hits = busiest(endpoints, [1] * len(endpoints), k)
    user_names, sizes = busiest(columns["user"].tolist(), columns["size"].tolist(), k)
    return {
        "endpoint": np.array(endpoint_names),
        "hits": np.array(hits),
        "user": np.array(user_names),
        "bytes": np.array(sizes),
    }


def run(inputs: Inputs) -> dict[str, Any]:
    """Analyse the log.

    Parameters
    ----------
    inputs
        From `make_inputs`.

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
