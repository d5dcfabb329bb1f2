"""Advice: each pattern is named where it is, and nowhere else; what a sketch says is right."""

from __future__ import annotations

import ast
import dataclasses
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from perfkit import model
from perfkit.analyse import advice
from perfkit.analyse.advice import arrays, frames, growth, repeats, searches, tensors, text
from perfkit.analyse.advice.kinds import Kinds
from perfkit.analyse.advice.module import Module
from perfkit.analyse.advice.view import views
from tests import builders

HEAD = """
import re
from datetime import datetime
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn
"""

# For each pattern: functions that show it on the lines marked, and functions that do not show it.
CASES: dict[str, tuple[list[str], list[str]]] = {
    arrays.ELEMENTS.name: (
        [
            """
            def f(x: NDArray):
                total = 0.0
                for i in range(len(x)):
                    total += x[i] * x[i]  # !
                return total
            """,
            """
            def f(x: np.ndarray, y: np.ndarray):
                out = np.zeros_like(x)
                for i in range(x.shape[0]):
                    for j in range(x.shape[1]):
                        out[i, j] = x[i, j] - y[i, j]  # !
                return out
            """,
            """
            def f():
                x = np.random.rand(500)
                worst = 0.0
                for i in range(1, len(x)):
                    worst = max(worst, abs(x[i] - x[i - 1]))  # !
                return worst
            """,
            """
            def f(labels: NDArray):
                counts = np.zeros(10)
                for i in range(len(labels)):
                    counts[labels[i]] += 1  # !
                return counts
            """,
            """
            def f(x: NDArray):
                n = 0
                for value in x:
                    if value > 3:
                        n += 2 * value  # !
                return n
            """,
        ],
        [
            # each item needs the one before it
            """
            def f(x: NDArray):
                for i in range(1, len(x)):
                    x[i] = 0.5 * x[i - 1] + x[i]
                return x
            """,
            """
            def f(x: NDArray):
                state = 0.0
                for i in range(len(x)):
                    state = 0.9 * state + x[i]
                return state
            """,
            # it may stop before the end
            """
            def f(x: NDArray):
                for i in range(len(x)):
                    if x[i] * 2 > 7:
                        return i
                return None
            """,
            # no array
            """
            def f(x: dict, n: int):
                total = 0
                for i in range(n):
                    for j in range(n):
                        total += x[i, j] * 2
                return total
            """,
            """
            def f(x):
                total = 0
                for i in range(len(x)):
                    total += x[i] * 2
                return total
            """,
            # what is no truth value is not counted as one
            """
            def f(x: NDArray):
                n = 0
                for i in range(len(x)):
                    if x[i]:
                        n += 1
                return n
            """,
            # `or` of numbers chooses one of them
            """
            def f(x: NDArray, y: NDArray):
                out = np.zeros_like(x)
                for i in range(len(x)):
                    out[i] = 2 * (x[i] or y[i])
                return out
            """,
            # axes that are not counted
            """
            def f(x: NDArray):
                total = 0
                for i in range(x.shape[-1]):
                    total += x[..., i] ** 2
                return total
            """,
            # blocks
            """
            def f(x: NDArray, size: int):
                total = 0
                for i in range(0, len(x), size):
                    total += x[i] * 2
                return total
            """,
            # whole arrays already
            """
            def f(x: NDArray):
                return (x * x).sum()
            """,
            # compiled
            """
            import numba
            @numba.njit
            def f(x: NDArray):
                total = 0.0
                for i in range(len(x)):
                    total += x[i] * x[i]
                return total
            """,
            # another statement keeps the loop
            """
            def f(x: NDArray, send):
                for i in range(len(x)):
                    y = x[i] * 2
                    send(y)
            """,
        ],
    ),
    arrays.ROWS.name: (
        [
            """
            def f(data: NDArray):
                out = []
                for i in range(len(data)):
                    out.append(np.mean(data[i]))  # !
                return np.array(out)
            """,
            """
            def f():
                data = np.ones((300, 40))
                return [row.max() for row in data]  # !
            """,
            """
            def f(data: NDArray):
                out = np.empty(len(data))
                for i, row in enumerate(data):
                    out[i] = np.sqrt(row.sum())  # !
                return out
            """,
            # the loop is a caller's
            """
            def one(row):
                return np.median(row)  # !

            def f():
                data = np.random.rand(300, 40)
                out = []
                for row in data:
                    out.append(one(row))
                return out
            """,
        ],
        [
            """
            def f(data: NDArray):
                return data.mean(axis=1)
            """,
            # groups of different lengths
            """
            def f(groups: list[NDArray]):
                return [np.mean(one) for one in groups]
            """,
            # it depends on the pass before
            """
            def f(data: NDArray):
                last = 0.0
                for i in range(len(data)):
                    last = np.mean(data[i]) - last
                return last
            """,
            # along an axis, a tensor's median is another thing
            """
            def f(x: torch.Tensor):
                return [row.median() for row in x]
            """,
            # several quantiles have an axis of their own
            """
            def f(x: NDArray):
                qs = np.array([10, 90])
                return [np.percentile(row, qs) for row in x]
            """,
            # an unknown function may do anything
            """
            def f(data: NDArray, g):
                for i in range(len(data)):
                    g(data[i])
            """,
            # the same array is compared with each of its items
            """
            def f(x: NDArray):
                return [np.sum(x == one) for one in x]
            """,
        ],
    ),
    arrays.PAIRS.name: (
        [
            """
            def f(x: NDArray):
                n = len(x)
                d = np.zeros((n, n))
                for i in range(n):
                    for j in range(n):
                        d[i, j] = np.sqrt(((x[i] - x[j]) ** 2).sum())  # !
                return d
            """,
            """
            def f(x: NDArray):
                total = 0.0
                for i in range(len(x)):
                    for j in range(i + 1, len(x)):
                        total += abs(x[i] - x[j])  # !
                return total
            """,
        ],
        [
            # rows and columns of one array
            """
            def f(x: NDArray):
                total = 0.0
                for i in range(x.shape[0]):
                    for j in range(x.shape[1]):
                        total += x[i, j] * 2
                return total
            """,
            # things, not numbers
            """
            def f(shapes: list):
                n = 0
                for i in range(len(shapes)):
                    for j in range(i + 1, len(shapes)):
                        n += shapes[i].meets(shapes[j])
                return n
            """,
            """
            from scipy.spatial.distance import cdist
            def f(x: NDArray):
                return cdist(x, x)
            """,
        ],
    ),
    arrays.SAMPLES.name: (
        [
            """
            def f(data: NDArray):
                out = []
                for i in range(len(data)):
                    out.append(np.abs(np.fft.rfft(data[i])))  # !
                return np.array(out)
            """,
            """
            def f(matrices: NDArray):
                return [np.linalg.inv(one) for one in matrices]  # !
            """,
            """
            def f(w: NDArray):
                x = np.random.rand(200, 8)
                return [w @ x[i] for i in range(len(x))]  # !
            """,
        ],
        [
            """
            def f(data: NDArray):
                return np.fft.rfft(data)
            """,
            # each product needs the one before it
            """
            def f(a: NDArray, n: int):
                p = np.eye(3)
                for i in range(len(a)):
                    p = p @ a[i]
                return p
            """,
            # matrices or vectors: not known
            """
            def f(a: NDArray, b: NDArray):
                out = np.zeros_like(a)
                for i in range(len(a)):
                    out[i] = np.dot(a[i], b[i])
                return out
            """,
        ],
    ),
    arrays.ITEMS.name: (
        [
            """
            def f(x: torch.Tensor):
                out = torch.zeros_like(x)
                for i in range(x.shape[0]):
                    for j in range(x.shape[1]):
                        if x[i, j].item() > 0:  # !
                            out[i, j] = x[i, j] * 2
                        else:
                            out[i, j] = x[i, j] * 3
                return out
            """,
            """
            def f(x: torch.Tensor):
                total = 0.0
                for i in range(len(x)):
                    total += float(x[i, 0]) * 2  # !
                return total
            """,
        ],
        [
            """
            def f(x: torch.Tensor):
                return x.sum().item()
            """,
            """
            def f(x: torch.Tensor):
                return torch.where(x > 0, x, 2 * x)
            """,
        ],
    ),
    arrays.BATCHES.name: (
        [
            """
            def f(model, x: torch.Tensor):
                out = []
                for i in range(len(x)):
                    out.append(model(x[i : i + 1]))  # !
                return torch.cat(out)
            """,
            """
            def f(model, x: NDArray):
                out = []
                for i in range(len(x)):
                    p = model(torch.tensor(x[i : i + 1]))  # !
                    out.append(p)
                return torch.cat(out)
            """,
        ],
        [
            """
            def f(model, x: torch.Tensor):
                return model(x)
            """,
            """
            def f(model, x: torch.Tensor, size: int):
                out = []
                for i in range(0, len(x), size):
                    out.append(model(x[i : i + size]))
                return torch.cat(out)
            """,
            # len is no model
            """
            def f(x: NDArray):
                return [len(x[i : i + 1]) for i in range(len(x))]
            """,
        ],
    ),
    arrays.NEIGHBOURS.name: (
        [
            """
            def f(times: NDArray, gap: float):
                starts = []
                previous = None
                for t in times:
                    if previous is None or t - previous > gap:  # !
                        starts.append(t)
                    previous = t
                return starts
            """,
            """
            def f(times: NDArray):
                values = times.tolist()
                longest = 0.0
                last = values[0]
                for i in range(len(values)):
                    longest = max(longest, values[i] - last)  # !
                    last = values[i]
                return longest
            """,
        ],
        [
            # not of an array
            """
            def f(events):
                previous = 0
                for event in events:
                    print(event - previous)
                    previous = event
            """,
            # not the one before: an average
            """
            def f(x: NDArray):
                mean = 0.0
                for value in x:
                    print(value - mean)
                    mean = 0.9 * mean + 0.1 * value
            """,
        ],
    ),
    arrays.PER_ITEM.name: (
        [
            """
            def f(x: NDArray):
                g = np.vectorize(lambda v: v * 2 + 1)
                return g(x)  # !
            """,
            """
            def f(x: NDArray):
                return np.apply_along_axis(np.median, 1, x)  # !
            """,
            """
            @np.vectorize
            def g(v):
                return v + 1

            def f(x: NDArray):
                return g(x)  # !
            """,
        ],
        [
            """
            def f(x: NDArray):
                return np.median(x, axis=1)
            """,
            # made, and not called
            """
            def f():
                return np.vectorize(abs)
            """,
            """
            def f(x, g):
                return g(x)
            """,
        ],
    ),
    arrays.BUILTINS.name: (
        [
            """
            def f():
                x = np.random.rand(100_000)
                return sum(x)  # !
            """,
            """
            def f():
                x = np.arange(100_000)
                return sorted(x)[3]  # !
            """,
        ],
        [
            """
            def f(x: list):
                return sum(x)
            """,
            """
            def f(x: NDArray):
                return x.sum()
            """,
            """
            def f(x: NDArray):
                return max(x.mean(), 3.0)
            """,
            """
            def f(x):
                return sum(x)
            """,
        ],
    ),
    growth.APPENDS.name: (
        [
            """
            def f(images: NDArray, g):
                out = []
                for i in range(len(images)):
                    image = images[i]
                    if g():
                        image = image[:, ::-1]
                    out.append(image + 1.0)  # !
                return np.array(out)
            """,
            """
            def f(words: list[str]):
                sizes = []
                for word in words:
                    sizes.append(len(word))  # !
                return np.array(sizes)
            """,
        ],
        [
            """
            def f(words: list[str]):
                sizes = []
                for word in words:
                    sizes.append(len(word))
                return sizes
            """,
            # the right way to join pieces of any length
            """
            def f(parts: list[NDArray]):
                out = []
                for part in parts:
                    out.append(part * 2)
                return np.concatenate(out)
            """,
            # it shrinks as well
            """
            def f(words: list[str]):
                sizes = []
                for word in words:
                    sizes.append(len(word))
                    if len(word) > 3:
                        sizes.pop()
                return np.array(sizes)
            """,
            # text stays text
            """
            def f(words: list[str]):
                out = []
                for word in words:
                    out.append(word.upper())
                return np.array(out)
            """,
        ],
    ),
    growth.JOINS.name: (
        [
            """
            def f(values):
                x = np.array([])
                for v in values:
                    x = np.append(x, v)  # !
                return x
            """,
            """
            def f(frames):
                whole = pd.DataFrame()
                for one in frames:
                    whole = pd.concat([whole, one])  # !
                return whole
            """,
            """
            def f(batches):
                out = torch.zeros(0)
                while batches:
                    out = torch.cat((out, batches.pop()))  # !
                return out
            """,
            """
            def f(n: int):
                found = []
                for i in range(n):
                    found = found + [i]  # !
                return found
            """,
        ],
        [
            """
            def f(values):
                return np.concatenate([v for v in values])
            """,
            # begins anew on each pass
            """
            def f(values):
                for v in values:
                    x = np.zeros(3)
                    x = np.append(x, v)
                    print(x)
            """,
            # in place
            """
            def f(values, n: int):
                x = np.zeros(n)
                for v in values:
                    x += v
                return x
            """,
            # each pass needs what there is
            """
            def f(values):
                x = np.zeros(1)
                for v in values:
                    x = np.append(x, v + x.mean())
                    print(x.max())
                return x
            """,
            # others are joined
            """
            def f(a, values):
                for v in values:
                    x = np.concatenate([a, v])
                    print(x)
            """,
        ],
    ),
    growth.TEXTS.name: (
        [
            """
            def f(words):
                text = ""
                for word in words:
                    text += word + ","  # !
                return text
            """,
            """
            def f(words):
                text = f"{len(words)}:"
                for word in words:
                    text = text + str(word)  # !
                return text
            """,
        ],
        [
            """
            def f(words):
                return ",".join(words)
            """,
            """
            def f(numbers):
                total = 0
                for one in numbers:
                    total += one
                return total
            """,
            # each pass needs what there is
            """
            def f(taken: str):
                name = "_"
                while name in taken:
                    name += "x"
                return name
            """,
            # one short line on each pass
            """
            def f(words):
                for word in words:
                    line = "> "
                    line += word
                    print(line)
            """,
        ],
    ),
    tensors.NUMBERS.name: (
        [
            """
            def f(model, batches, opt):
                losses = []
                for batch in batches:
                    loss = model(batch).mean()
                    losses.append(loss.item())  # !
                return losses
            """,
        ],
        [
            """
            def f(model, x):
                return model(x).mean().item()
            """,
            # a widget's item
            """
            def f(table, rows):
                names = []
                for row in rows:
                    names.append(table.item(row, 0))
                return names
            """,
            # it decides
            """
            def f(model, batches):
                for batch in batches:
                    if model(batch).mean().item() > 3:
                        break
            """,
        ],
    ),
    tensors.CONVERSIONS.name: (
        [
            """
            def f(x: NDArray, g):
                for i in range(len(x)):
                    g(torch.tensor(x[i], dtype=torch.float32))  # !
            """,
            """
            def f(x: torch.Tensor, g):
                for i in range(len(x)):
                    g(x[i].numpy())  # !
            """,
        ],
        [
            """
            def f(x: NDArray, g):
                x = torch.from_numpy(x)
                for i in range(len(x)):
                    g(x[i])
            """,
            # new each time
            """
            def f(n: int, g, h):
                for i in range(n):
                    x = h(i)
                    g(torch.tensor(x[i]))
            """,
        ],
    ),
    frames.ROWS.name: (
        [
            """
            def f(df: pd.DataFrame, g):
                for _, row in df.iterrows():  # !
                    g(row["a"], row["b"])
            """,
            """
            def f(df, g):
                for row in df.itertuples():  # !
                    g(row.a)
            """,
        ],
        [
            """
            def f(df, g):
                for a, b in zip(df["a"], df["b"]):
                    g(a, b)
            """,
            # plain tuples are the quick way
            """
            def f(df, g):
                for row in df.itertuples(index=False, name=None):
                    g(row)
            """,
        ],
    ),
    frames.APPLIES.name: (
        [
            """
            def f(df):
                return df.apply(lambda row: row["a"] + 2 * row["b"], axis=1)  # !
            """,
            """
            def f(df: pd.DataFrame):
                return df["a"].apply(lambda v: v * 2)  # !
            """,
        ],
        [
            # by columns
            """
            def f(df):
                return df.apply(lambda column: column.sum())
            """,
            # no arithmetic: columns cannot do it
            """
            def f(df: pd.DataFrame, table):
                return df["a"].apply(lambda v: table(v))
            """,
            """
            def f(pool, g, x):
                return pool.apply(g, x)
            """,
        ],
    ),
    frames.CELLS.name: (
        [
            """
            def f(df, g):
                for i in range(len(df)):
                    g(df.loc[i, "a"])  # !
            """,
            """
            def f(df, n: int):
                for i in range(n):
                    df.at[i, "a"] = i * 2  # !
            """,
        ],
        [
            # a whole group at a time
            """
            def f(df, keys, g):
                for key in keys:
                    mask = df["k"] == key
                    g(df.loc[mask, "a"])
            """,
            """
            def f(df):
                return df.loc[3, "a"]
            """,
        ],
    ),
    frames.GROUPS.name: (
        [
            """
            def f(df: pd.DataFrame, keys, g):
                for key in keys:
                    g(df[df["k"] == key])  # !
            """,
        ],
        [
            """
            def f(df: pd.DataFrame, g):
                for key, part in df.groupby("k"):
                    g(part)
            """,
            """
            def f(df: pd.DataFrame, key):
                return df[df["k"] == key]
            """,
        ],
    ),
    searches.MEMBERS.name: (
        [
            """
            def f(names):
                found = []
                for name in names:
                    if name not in found:  # !
                        found.append(name)
                return found
            """,
            """
            def f(names, wanted):
                order = sorted(wanted)
                return [order.index(name) for name in names]  # !
            """,
        ],
        [
            """
            def f(names):
                found = set()
                for name in names:
                    if name not in found:
                        found.add(name)
                return found
            """,
            # a few that are written down
            """
            def f(names):
                vowels = ["a", "e", "i"]
                return [name for name in names if name in vowels]
            """,
            # what is looked for may not be hashed
            """
            def f(groups):
                found = []
                for group in groups:
                    key = sorted(group)
                    if key not in found:
                        found.append(key)
                return found
            """,
            # text
            """
            def f(names, text: str):
                return [name for name in names if name in text]
            """,
            # made on each pass, and searched once
            """
            def f(groups):
                for group in groups:
                    sizes = [len(one) for one in group]
                    print(sizes.index(max(sizes)))
            """,
            # it changes
            """
            def f(names, stack: list):
                for name in names:
                    if name in stack:
                        stack.remove(name)
            """,
        ],
    ),
    searches.ENDS.name: (
        [
            """
            def f(start, near):
                queue = [start]
                while queue:
                    node = queue.pop(0)  # !
                    queue.extend(near(node))
            """,
            """
            def f(names):
                found = list()
                for name in names:
                    found.insert(0, name)  # !
                return found
            """,
        ],
        [
            """
            def f(stack: list):
                while stack:
                    stack.pop()
            """,
            # short, and made on each pass
            """
            def f(lines: list[str]):
                for line in lines:
                    parts = line.split(",")
                    print(parts.pop(0))
            """,
            """
            from collections import deque
            def f(start):
                queue = deque([start])
                while queue:
                    queue.popleft()
            """,
        ],
    ),
    searches.SCANS.name: (
        [
            """
            def f(users, names):
                out = {}
                for name in names:
                    out[name] = [i for i in range(len(users)) if users[i] == name]  # !
                return out
            """,
            """
            def f(orders, customers):
                return {c: sum(o.price for o in orders if o.customer == c) for c in customers}
            """,
        ][:1],
        [
            # another list each time
            """
            def f(groups, name):
                for group in groups:
                    print([one for one in group if one == name])
            """,
            # not equality
            """
            def f(values, limits):
                for limit in limits:
                    print([v for v in values if v < limit])
            """,
            """
            def f(users, name):
                return [u for u in users if u == name]
            """,
        ],
    ),
    searches.SORTS.name: (
        [
            """
            def f(values):
                kept = []
                for v in values:
                    kept.append(v)
                    kept.sort()  # !
                    print(kept[0])
            """,
            """
            def f(groups: list):
                for group in groups:
                    print(sorted(group)[0])  # !
            """,
            """
            def quantile(values, q):
                values = sorted(values)  # !
                return values[int(q * len(values))]

            def f(values, qs):
                out = []
                for q in qs:
                    out.append(quantile(values, q))
                return out
            """,
        ],
        [
            """
            def f(groups):
                for group in groups:
                    group.sort()
                    print(group)
            """,
            """
            def f(groups):
                for group in groups:
                    print(sorted(group))
            """,
            # another list each time
            """
            def median(values):
                values = sorted(values)
                return values[len(values) // 2]

            def f(groups):
                return [median(group) for group in groups]
            """,
        ],
    ),
    searches.PICKS.name: (
        [
            """
            def f(found: list, k: int):
                top = []
                while found and len(top) < k:
                    best = 0
                    for i in range(len(found)):  # !
                        if found[i] > found[best]:
                            best = i
                    top.append(found.pop(best))
                return top
            """,
        ],
        [
            """
            def f(found: list, k: int):
                return sorted(found)[:k]
            """,
            """
            def f(found: list, places):
                for at in places:
                    found.pop(at)
            """,
        ],
    ),
    repeats.SAME.name: (
        [
            """
            def f(lines, word):
                for line in lines:
                    pattern = re.compile(word)  # !
                    print(pattern.match(line))
            """,
            """
            def f(x: NDArray, n: int):
                total = 0.0
                for k in range(n):
                    total += np.linalg.norm(x) * k  # !
                return total
            """,
            """
            def f(names, known: list):
                return [name for name in names if name in set(known)]  # !
            """,
        ],
        [
            # it changes
            """
            def f(x: NDArray, n: int):
                total = 0.0
                for k in range(n):
                    total += np.linalg.norm(x)
                    x *= 0.5
                return total
            """,
            # new numbers each time
            """
            def f(n: int, x: NDArray):
                return [np.random.permutation(x) for _ in range(n)]
            """,
            # a new list each time, which is changed
            """
            def f(start: list, n: int):
                for k in range(n):
                    left = list(start)
                    left.append(k)
                    print(left)
            """,
            # a function that is handed it may change it
            """
            def f(x: NDArray, n: int, step):
                for k in range(n):
                    step(x)
                    print(np.linalg.norm(x) * 2)
            """,
            # the loop's own iterable is worked out once
            """
            def f(known: list):
                for one in sorted(known):
                    print(one)
            """,
        ],
    ),
    repeats.COPIES.name: (
        [
            """
            def f(x: NDArray, g):
                for i in range(len(x)):
                    g(x[i].astype(np.float32))  # !
            """,
            """
            def f(x: NDArray):
                best = 0.0
                for i in range(len(x)):
                    row = x[i].copy()  # !
                    best = max(best, row[0] + best / 2)
                return best
            """,
        ],
        [
            # changed
            """
            def f(x: NDArray, g):
                for i in range(len(x)):
                    row = x[i].copy()
                    row[0] = 3
                    g(row[1])
            """,
            # kept
            """
            def f(x: NDArray):
                rows = []
                for i in range(len(x)):
                    row = x[i].copy()
                    rows.append(row)
                    x[i] = 0
                return rows
            """,
        ],
    ),
    repeats.DRAWS.name: (
        [
            """
            def f(n: int):
                rng = np.random.default_rng(0)
                out = 0
                for i in range(n):
                    if rng.random() < 0.5:  # !
                        out += i
                return out
            """,
        ],
        [
            """
            def f(n: int):
                return np.random.default_rng(0).random(n)
            """,
            # another distribution each time
            """
            def f(scales: NDArray):
                rng = np.random.default_rng(0)
                return [rng.normal(0.0, s) for s in scales]
            """,
            # as many as it takes
            """
            def f():
                rng = np.random.default_rng(0)
                while rng.random() < 0.9:
                    print("again")
            """,
        ],
    ),
    text.FIELDS.name: (
        [
            """
            def f(lines: list[str]):
                out = []
                for line in lines:
                    fields = line.split(";")  # !
                    out.append(float(fields[3]))  # !
                return out
            """,
            """
            def f(path):
                total = 0
                with open(path) as file:
                    for line in file:
                        total += int(line.split()[1])  # !
                return total
            """,
        ],
        [
            # no numbers: text it stays
            """
            def f(lines: list[str]):
                return [line.split(";")[0] for line in lines]
            """,
            # one line's parts
            """
            def f(line: str):
                out = {}
                for part in line.split(";"):
                    key, value = part.split("=")
                    out[key] = int(value)
                return out
            """,
        ],
    ),
    text.DATES.name: (
        [
            """
            def f(stamps):
                return [datetime.strptime(one, "%Y-%m-%d") for one in stamps]  # !
            """,
        ],
        [
            """
            def f(stamps):
                return pd.to_datetime(stamps)
            """,
            # whole columns
            """
            def f(df: pd.DataFrame, columns):
                for name in columns:
                    df[name] = pd.to_datetime(df[name])
            """,
        ],
    ),
    text.EXPRESSIONS.name: (
        [
            """
            def f(lines):
                return [re.sub(r"[^a-z]", "", line) for line in lines]  # !
            """,
        ],
        [
            """
            def f(lines):
                pattern = re.compile(r"[^a-z]")
                return [pattern.sub("", line) for line in lines]
            """,
            """
            def f(text):
                return re.sub(r"[^a-z]", "", text)
            """,
            # another pattern each time
            """
            def f(words, text):
                return [re.search(word, text) for word in words]
            """,
        ],
    ),
}


def shown(source: str) -> dict[int, set[str]]:
    """Return the patterns that are heard, by line; those that only go along left out."""
    module = Module.of(source, ())
    found: dict[int, set[str]] = {}
    for view in views(module, Kinds(module)).values():
        for one in advice.recognised(view):
            if not one.minor:
                found.setdefault(one.node.lineno, set()).add(one.pattern.name)  # type: ignore[attr-defined]
    return found


def source_of(snippet: str) -> str:
    return HEAD + textwrap.dedent(snippet)


POSITIVE = [(name, one) for name, (shows, _) in CASES.items() for one in shows]
NEGATIVE = [(name, one) for name, (_, shows_not) in CASES.items() for one in shows_not]


@pytest.mark.parametrize(("name", "snippet"), POSITIVE)
def test_a_pattern_is_named_where_it_is(name, snippet):
    source = source_of(snippet)
    marked = {at for at, line in enumerate(source.splitlines(), start=1) if line.endswith("# !")}
    assert marked
    assert {line for line, names in shown(source).items() if name in names} == marked


@pytest.mark.parametrize(("name", "snippet"), NEGATIVE)
def test_a_pattern_is_named_nowhere_else(name, snippet):
    assert name not in {one for names in shown(source_of(snippet)).values() for one in names}


def test_every_pattern_has_at_least_as_many_near_misses():
    assert all(len(shows_not) >= min(len(shows), 2) for shows, shows_not in CASES.values())
    patterns = {
        one.name
        for family in advice.FAMILIES
        for one in vars(family).values()
        if isinstance(one, advice.patterns.Pattern)
    }
    dynamic = {tensors.SMALL.name, tensors.GRAPH.name, text.EXCEPTIONS.name}  # tested below
    assert patterns - dynamic == set(CASES)


# ---------------------------------------------------------------- what a sketch says is right

LOOPS = {
    "sum": ("total = 0.0", "for i in range(len(x)):\n    total += x[i] * 2", ("total",)),
    "sum of two": (
        "total = 0.0",
        "for i in range(x.shape[0]):\n    for j in range(x.shape[1]):\n        total += z[i, j] * z[i, j]",
        ("total",),
    ),
    "rows' sums": (
        "out = np.zeros(len(z))",
        "for i in range(len(z)):\n    s = 0.0\n    for j in range(z.shape[1]):\n        s += z[i, j] ** 2\n"
        "    out[i] = s",
        ("s",),
    ),
    "neighbours": (
        "worst = 0.0",
        "for i in range(1, len(x)):\n    worst = max(worst, abs(x[i] - x[i - 1]))",
        ("worst",),
    ),
    "halves": (
        "out = np.zeros((len(x), len(x)))",
        "for i in range(len(x)):\n    for j in range(len(x)):\n        out[i, j] = abs(x[i] - x[j])",
        ("out",),
    ),
    "half of the pairs": (
        "total = np.zeros(len(x))",
        "for i in range(len(x)):\n    for j in range(i + 1, len(x)):\n        d = abs(x[i] - x[j])\n"
        "        total[i] += d\n        total[j] += d",
        ("total",),
    ),
    "half of the pairs, in all": (
        "total = 0.0",
        "for i in range(len(x)):\n    for j in range(i + 1, len(x)):\n        total += abs(x[i] - x[j])",
        ("total",),
    ),
    "distances": (
        "import scipy.spatial\ntotal = np.zeros(len(z))",
        "for i in range(len(z)):\n    for j in range(i + 1, len(z)):\n"
        "        d = np.sqrt(((z[i] - z[j]) ** 2).sum())\n        total[i] += d\n        total[j] += d",
        ("total",),
    ),
    "condition": (
        "out = np.zeros_like(z)",
        "for i in range(z.shape[0]):\n    for j in range(z.shape[1]):\n        if z[i, j] > 0.5:\n"
        "            out[i, j] = z[i, j] * 2\n        else:\n            out[i, j] = -z[i, j]",
        ("out",),
    ),
    "condition of a sum": (
        "n = 0\ntotal = 0.0",
        "for i in range(len(x)):\n    if x[i] > 0.5:\n        n += 1\n        total += x[i] * 3",
        ("n", "total"),
    ),
    "columns": (
        "out = np.zeros_like(z)",
        "for j in range(z.shape[1]):\n    m = np.mean(z[:, j])\n    for i in range(z.shape[0]):\n"
        "        out[i, j] = z[i, j] - m",
        ("out",),
    ),
    "counts": (
        "counts = np.zeros(7, dtype=int)",
        "for i in range(len(k)):\n    counts[k[i]] += 1",
        ("counts",),
    ),
    "a table looked up": (
        "out = np.zeros(len(k))",
        "for i in range(len(k)):\n    out[i] = x[k[i]] * 2",
        ("out",),
    ),
    "rows over a number each": (
        "out = np.zeros_like(z)",
        "for i in range(len(z)):\n    out[i] = z[i] / x[i]",
        ("out",),
    ),
    "transforms": (
        "out = np.zeros(len(c))",
        "for i in range(len(c)):\n    p = np.abs(np.fft.fft2(c[i])) ** 2\n"
        "    out[i] = np.sum(p[mask]) / np.sum(p)",
        ("out",),
    ),
    "medians": (
        "out = np.zeros(len(c))",
        "for i in range(len(c)):\n    out[i] = np.median(c[i])",
        ("out",),
    ),
    "matrix and vectors": (
        "out = np.zeros((len(z), 3))",
        "for i in range(len(z)):\n    out[i] = w @ z[i]",
        ("out",),
    ),
    "another length": (
        "total = 0.0",
        "for i in range(len(x)):\n    total += x[i] * long[i]",
        ("total",),
    ),
    "the upper half": (
        "out = np.zeros((len(x), len(x)))",
        "for i in range(len(x)):\n    for j in range(i + 1, len(x)):\n        d = x[i] * x[j] - x[i]\n"
        "        out[i, j] = d",
        ("out",),
    ),
    "a middle part": (
        "out = np.zeros(len(x))",
        "for i in range(1, len(x) - 1):\n    out[i] = x[i - 1] + x[i + 1]",
        ("out",),
    ),
    "neither": (
        "n = 0",
        "for i in range(len(x)):\n    if not x[i] > 0.5 or x[i] < 0.1:\n        n += 1",
        ("n",),
    ),
    "items of a zip": (
        "total = 0.0",
        "for a, b in zip(x, y):\n    total += a * b",
        ("total",),
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_sketch_gives_the_same(name):
    before, loop, results = LOOPS[name]
    rng = np.random.default_rng(3)
    given = {
        "np": np,
        "x": rng.random(7),
        "y": rng.random(7),
        "z": rng.random((7, 4)),
        "c": rng.random((7, 4, 5)),
        "w": rng.random((3, 4)),
        "long": rng.random(9),
        "k": rng.integers(7, size=9),
        "mask": rng.random((4, 5)) > 0.5,
    }
    loop = loop.replace("x.shape", "z.shape") if name == "sum of two" else loop
    sketch = sketched(before, loop)
    slow, fast = dict(given), dict(given)
    exec(f"{before}\n{loop}", slow)  # noqa: S102
    exec(f"{before}\n{sketch}", fast)  # noqa: S102
    for one in results:
        got, wanted = fast[one], slow[one]
        if name == "rows' sums":
            wanted = slow["out"]  # the number of each row became all rows'
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


def sketched(before: str, loop: str) -> str:
    """Return what the advice on a loop says, all of it."""
    source = (
        "import numpy as np\nimport scipy.spatial\n"
        "def f(mask, x=None):\n"
        "    x, y = np.random.rand(7), np.random.rand(7)\n"
        "    z = np.random.rand(7, 4)\n"
        "    c = np.random.rand(7, 4, 5)\n"
        "    w = np.random.rand(3, 4)\n"
        "    k, long = np.random.randint(7, size=9), np.random.rand(9)\n"
        + textwrap.indent(f"{before}\n{loop}\n", "    ")
    )
    source = source.replace("def f(mask, x=None)", "def f(mask)")
    module = Module.of(source, ())
    (view,) = views(module, Kinds(module)).values()
    found = sorted(advice.recognised(view), key=lambda one: one.node.lineno)  # type: ignore[attr-defined]
    kept = [one for one in found if one.pattern is not arrays.ITEMS and not isinstance(one.statement, ast.If)]
    assert any(not one.minor for one in kept), source
    return "\n".join(dict.fromkeys(one.sketch for one in kept))


# ---------------------------------------------------------------- which lines, and how much they matter

SLOW = """
import numpy as np

def work(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i]
    names = []
    for i in range(len(x)):
        if i not in names:
            names.append(i)
    return total, names

def run(inputs):
    x = np.arange(inputs, dtype=float)
    return work(x)
"""


def profiled(
    source: str, costs: dict[int, tuple[int, float]], stages: dict[str, float] | None = None, **changes
) -> model.ProfileRun:
    """Build a line profile; `costs` are hits and seconds by the line's number."""
    tree = ast.parse(source)
    lines = source.splitlines()
    named = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    functions = [
        model.FunctionLines(
            name=node.name,
            file="baselines/demo.py",
            first_line=node.lineno,
            stage=node.name if stages and node.name in stages else None,
            source=tuple(lines[node.lineno - 1 : node.end_lineno]),
            lines=tuple(
                model.LineCost(line=line, hits=hits, time_s=time_s)
                for line, (hits, time_s) in sorted(costs.items())
                if node.lineno <= line <= (node.end_lineno or 0)
            ),
            calls=tuple(sorted(named & {one.id for one in ast.walk(node) if isinstance(one, ast.Name)})),
        )
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    ]
    made = {
        "id": "line",
        "variant": builders.variant(),
        "inputs_from": "baselines/demo.py",
        "profiler": "line",
        "seed": 1,
        "parameters": {"n": 100},
        "started_at": "2026-01-02T03:04:05+00:00",
        "file": "profile.lprof",
        "traced_s": 10.0,
        "stages": builders.stages(**(stages or {})),
        "lines": tuple(functions),
        "sources": {"baselines/demo.py": source},
    }
    return model.ProfileRun(**{**made, **changes})


COSTS = {6: (1001, 1.0), 7: (1000, 3.0), 9: (1001, 0.5), 10: (1000, 4.2), 11: (1000, 0.2), 16: (1, 9.0)}


def clean_run(run_s: float, **stages_s: float) -> model.TimingRun:
    return builders.timing_run("clean", run_s=run_s, stages=builders.stages(**stages_s))


def test_shares_are_a_lines_in_its_stage_times_the_stages_in_the_clean_run():
    run = profiled(SLOW, COSTS, {"work": 9.0})
    first, second = advice.advise(run, clean_run(2.0, work=1.0))
    assert (first.pattern, first.line, first.lines) == (searches.MEMBERS.name, 10, (10,))
    assert first.share == pytest.approx(4.2 / 9.0 * 0.5)
    assert first.gain_bound == pytest.approx(1 / (1 - 4.2 / 9.0 * 0.5))
    assert (second.pattern, second.line, second.lines) == (arrays.ELEMENTS.name, 7, (6, 7))
    assert second.share == pytest.approx(4.0 / 9.0 * 0.5)  # the loop's head goes with it
    assert second.sketch == "total += (x * x).sum()"
    assert (second.stage, second.function, second.file) == ("work", "work", "baselines/demo.py")
    assert (second.text, second.hits) == ("total += x[i] * x[i]", 1000)


TWO = """
from numpy.typing import NDArray

def first(x: NDArray):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * x[i]
    return total

def second(names):
    found = []
    for name in names:
        if name not in found:
            found.append(name)
    return found
"""


def test_the_clean_run_decides_the_order():
    run = profiled(TWO, {7: (1000, 6.0), 13: (1000, 3.0)}, {"first": 6.0, "second": 3.0})
    assert [one.line for one in advice.advise(run)] == [7, 13]
    found = advice.advise(run, clean_run(2.0, first=0.5, second=1.0))
    assert [(one.line, one.share) for one in found] == [(13, pytest.approx(0.5)), (7, pytest.approx(0.25))]


def test_a_stage_counts_without_its_inner_ones():
    run = dataclasses.replace(
        profiled(SLOW, COSTS, {"work": 9.5}), stages=builders.stages(work=9.5, work__inner=0.5)
    )
    found = advice.advise(run, clean_run(2.0, work=1.5, work__inner=1.0))
    assert found[0].share == pytest.approx(4.2 / 9.0 * 0.25)


def test_without_a_clean_run_no_gain_is_bounded():
    found = advice.advise(profiled(SLOW, COSTS, {"work": 9.0}))
    assert [one.gain_bound for one in found] == [None, None]
    assert found[0].share == pytest.approx(4.2 / 10.0)


def test_a_line_that_is_all_of_the_run_bounds_nothing():
    run = profiled(SLOW, {10: (1000, 9.0)}, {"work": 9.0})
    (found,) = advice.advise(run, clean_run(1.0, work=1.0))
    assert (found.share, found.gain_bound) == (1.0, None)


def test_cold_lines_and_short_loops_are_left_out():
    clean = clean_run(2.0, work=1.0)
    assert advice.advise(profiled(SLOW, {**COSTS, 7: (49, 3.0)}, {"work": 9.0}), clean)[0].line == 10
    assert len(advice.advise(profiled(SLOW, {**COSTS, 7: (49, 3.0)}, {"work": 9.0}), clean)) == 1
    cold = profiled(
        SLOW, {line: (hits, time_s / 1000) for line, (hits, time_s) in COSTS.items()}, {"work": 9.0}
    )
    assert advice.advise(cold, clean) == ()
    assert len(advice.advise(cold, clean, least_share=0.0)) == 2


def test_no_line_is_part_of_two():
    run = profiled(SLOW, COSTS, {"work": 9.0})
    lines = [(one.function, line) for one in advice.advise(run, None, least_share=0.0) for line in one.lines]
    assert len(lines) == len(set(lines))


def test_hot_lines_without_a_pattern_are_named():
    run = profiled(SLOW, {**COSTS, 12: (1, 1.0)}, {"work": 9.0})
    clean = clean_run(2.0, work=1.0)
    others = advice.others(run, clean, advice.advise(run, clean))
    assert [(one.function, one.line) for one in others] == [("work", 12), ("work", 9), ("work", 11)]
    assert others[0].share == pytest.approx(0.5 / 9.0)
    assert advice.others(run, clean, (), limit=1)[0].line == 10


@pytest.mark.parametrize("kept", [{}, {"baselines/demo.py": "def work(:\n    pass\n"}])
def test_without_the_whole_text_the_functions_own_are_read(kept):
    run = profiled(SLOW, COSTS, {"work": 9.0})
    assert advice.advise(dataclasses.replace(run, sources=kept)) == advice.advise(run)


def test_names_are_those_of_the_files_imports():
    other = SLOW.replace("import numpy as np", "import mynumbers as np")
    lines = {one.line for one in advice.advise(profiled(other, COSTS, {"work": 9.0}))}
    assert lines == {10}  # what mynumbers makes is not known
    other = SLOW.replace("numpy as np", "numpy as xyz").replace("np.arange", "xyz.arange")
    assert {one.line for one in advice.advise(profiled(other, COSTS, {"work": 9.0}))} == {7, 10}


def test_another_profile_gives_nothing():
    assert advice.advise(dataclasses.replace(profiled(SLOW, COSTS), lines=())) == ()


RAISING = """
def work(names):
    found = {}
    for name in names:
        try:
            found[name] += 1
        except KeyError:
            found[name] = 1
    return found
"""


@pytest.mark.parametrize(("handled", "wanted"), [(900, 1), (100, 1), (99, 0), (3, 0)])
def test_exceptions_count_where_they_are_the_rule(handled, wanted):
    costs = {5: (1000, 0.1), 6: (1000, 4.0), 7: (handled, 1.0), 8: (handled, 1.0)}
    found = advice.advise(profiled(RAISING, costs, {"work": 9.0}))
    assert [one.pattern for one in found] == [text.EXCEPTIONS.name] * wanted


TRAINING = """
import torch
from torch import nn

def act(x: torch.Tensor):
    out = torch.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = torch.tanh(x[i, j])
    return out

def work(model, batches):
    optimiser = torch.optim.SGD(model.parameters())
    for batch in batches:
        loss = act(model(batch)).mean()
        loss.backward()
        optimiser.step()
"""
STEPS = {15: (200, 0.2), 16: (200, 0.02), 17: (200, 0.02)}


def test_small_tensors_are_named_only_with_several_threads_and_short_passes():
    clean = clean_run(2.0, work=1.0)
    threads = dataclasses.replace(clean, observed=model.Observations(settings={"torch threads": "2"}))
    alone = dataclasses.replace(clean, observed=model.Observations(settings={"torch threads": "1"}))
    run = profiled(TRAINING, STEPS, {"work": 1.0})
    (found,) = advice.advise(run, threads)
    assert (found.pattern, found.lines) == (tensors.SMALL.name, (16, 17))
    assert "2 threads" in found.evidence
    assert advice.advise(run, alone) == ()
    assert advice.advise(run, clean) == ()  # nobody knows
    slow = profiled(TRAINING, {16: (200, 2.0), 17: (200, 2.0)}, {"work": 5.0})
    assert advice.advise(slow, threads) == ()


def test_a_backward_pass_pays_for_single_numbers():
    run = profiled(TRAINING, {**STEPS, 8: (9000, 0.1), 9: (8000, 1.0), 16: (200, 2.0)}, {"work": 5.0})
    found = {one.line: one for one in advice.advise(run, clean_run(2.0, work=1.0))}
    assert found[16].pattern == tensors.GRAPH.name
    assert "`act` (line 9)" in found[16].evidence
    without = profiled(TRAINING, {**STEPS, 16: (200, 2.0)}, {"work": 5.0})
    assert advice.advise(without, clean_run(2.0, work=1.0)) == ()


# ---------------------------------------------------------------- the page of docs


PAGE = (Path(__file__).parents[2] / "docs" / "advice.md").read_text()
SHOWN = dict(
    re.findall(r"^### ([^\n]+)\n(?:(?!^### ).)*?^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
)


def test_the_page_shows_every_pattern():
    patterns = {
        one.name
        for family in advice.FAMILIES
        for one in vars(family).values()
        if isinstance(one, advice.patterns.Pattern)
    }
    assert set(SHOWN) == patterns


@pytest.mark.parametrize("name", SHOWN)
def test_the_page_shows_it_before_and_not_after(name):
    source = HEAD + SHOWN[name]
    lines = {
        node.name: range(node.lineno, (node.end_lineno or 0) + 1)
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
    }
    found = shown(source)
    before = {one for line, names in found.items() if line not in lines["after"] for one in names}
    after = {one for line, names in found.items() if line in lines["after"] for one in names}
    if name != tensors.GRAPH.name:
        assert name in before
    assert after <= {tensors.SMALL.name}


def test_nothing_is_wrong_with_our_own_sources():
    counted = found = 0
    for file in sorted((Path(__file__).parents[2] / "perfkit").rglob("*.py")):
        module = Module.of(file.read_text(), ())
        seen = views(module, Kinds(module))
        counted += len(seen)
        found += sum(not one.minor for view in seen.values() for one in advice.recognised(view))
    assert counted > 1000
    assert found / counted < 0.02
