"""Techniques: each is recognised where it was used, and claimed nowhere else."""

from __future__ import annotations

import textwrap

import pytest

from perfkit.analyse.techniques import RECOGNISERS, recognise

# For each technique: the code before, and after.
CASES = {
    "loop replaced by array operations": (
        """
        def roughness(data):
            worst = 0.0
            for i in range(len(data)):
                for j in range(data.shape[1] - 1):
                    worst = max(worst, abs(data[i, j]))
            return worst
        """,
        """
        def roughness(data):
            return np.abs(data).max()
        """,
    ),
    "loop over pairs replaced by a matrix product or distance routine": (
        """
        def gram(x):
            out = np.zeros((len(x), len(x)))
            for i in range(len(x)):
                for j in range(len(x)):
                    out[i, j] = sum_of(x[i] * x[j])
            return out
        """,
        """
        def gram(x):
            return x @ x.T
        """,
    ),
    "one batched call instead of one call per item": (
        """
        def spectra(images):
            return [np.linalg.norm(np.fft.fft2(image)) for image in images]
        """,
        """
        def spectra(images):
            return np.linalg.norm(np.fft.fft2(images), axis=(1, 2))
        """,
    ),
    "all rows at once instead of one at a time": (
        """
        def evaluate(model, x):
            return [model(x[i : i + 1]) for i in range(len(x))]
        """,
        """
        def evaluate(model, x):
            return x @ model.weights
        """,
    ),
    "tensor operation instead of .item() per element": (
        """
        def positive_part(x, out):
            for i in range(len(x)):
                if x[i].item() > 0:
                    out[i] = x[i]
            return out
        """,
        """
        def positive_part(x, out):
            return torch.where(x > 0, x, out)
        """,
    ),
    "slices or broadcasting instead of element indexing": (
        """
        def steps(x):
            return [x[i + 1] - x[i] for i in range(len(x) - 1)]
        """,
        """
        def steps(x):
            return x[1:] - x[:-1]
        """,
    ),
    "real Fourier transform instead of a complex one": (
        """
        def power(x):
            return np.abs(np.fft.fft(x)) ** 2
        """,
        """
        def power(x):
            return np.abs(scipy.fft.rfft(x)) ** 2
        """,
    ),
    "selection instead of a full sort or median": (
        """
        def best(x, k):
            return np.sort(x)[:k]
        """,
        """
        def best(x, k):
            return np.partition(x, k)[:k]
        """,
    ),
    "random numbers drawn at once": (
        """
        def noisy(rows, rng):
            return [row + rng.normal() for row in rows]
        """,
        """
        def noisy(rows, rng):
            return rows + rng.normal(size=len(rows))
        """,
    ),
    "hand-written gradient instead of automatic differentiation": (
        """
        def fit(model, batches):
            for batch in batches:
                loss = model(batch)
                loss.backward()
        """,
        """
        def fit(model, batches):
            for batch in batches:
                error = model(batch)
                model.weights += batch.T @ error
        """,
    ),
    "optimiser step written out": (
        """
        def fit(model, batches):
            optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
            for batch in batches:
                model(batch)
                optimiser.step()
        """,
        """
        def fit(model, batches):
            for batch in batches:
                model.weights -= 0.1 * model(batch)
        """,
    ),
    "grouping by sorting or counting": (
        """
        def count(keys):
            counts = {}
            for key in keys:
                counts[key] = counts.get(key, 0) + 1
            return counts
        """,
        """
        def count(keys):
            return np.unique(keys, return_counts=True)
        """,
    ),
    "lookup instead of a scan through a list": (
        """
        def distinct(names):
            found = []
            for name in names:
                if name not in found:
                    found.append(name)
            return found
        """,
        """
        def distinct(names):
            return list(dict.fromkeys(names))
        """,
    ),
    "text parsed in bulk instead of line by line": (
        """
        def parse(lines):
            numbers = []
            for line in lines:
                numbers.append(float(line.split(",")[1]))
            return numbers
        """,
        """
        def parse(lines):
            return np.loadtxt(lines, delimiter=",", usecols=1)
        """,
    ),
    "array filled in place instead of a list grown by append": (
        """
        def squares(rows):
            out = []
            for row in rows:
                out.append(row * row)
            return np.array(out)
        """,
        """
        def squares(rows):
            out = np.empty(rows.shape)
            out[:] = rows * rows
            return out
        """,
    ),
    "memory reused instead of allocated anew": (
        """
        def decay(x, n_steps):
            for _ in range(n_steps):
                x = np.exp(x)
            return x
        """,
        """
        def decay(x, n_steps):
            for _ in range(n_steps):
                np.exp(x, out=x)
            return x
        """,
    ),
    "fewer passes over the data": (
        """
        def summary(rows):
            low = [row.low for row in rows]
            high = [row.high for row in rows]
            names = [row.name for row in rows]
            return low, high, names
        """,
        """
        def summary(rows):
            return zip(*[(row.low, row.high, row.name) for row in rows])
        """,
    ),
    "work split over several threads": (
        """
        def hashes(files):
            return [digest(file) for file in files]
        """,
        """
        def hashes(files):
            with ThreadPoolExecutor() as pool:
                return list(pool.map(digest, files))
        """,
    ),
}


def names(before: str, after: str) -> set[str]:
    return {one.name for one in recognise([before], [after])}


def test_every_technique_has_a_case():
    assert set(CASES) == {name for name, _ in RECOGNISERS}


@pytest.mark.parametrize("name", CASES)
def test_recognises(name):
    before, after = CASES[name]
    (found,) = [one for one in recognise([before], [after]) if one.name == name]
    function = textwrap.dedent(before).split("def ")[1].split("(")[0]
    assert function in found.evidence
    assert found.evidence.endswith(".")


@pytest.mark.parametrize("name", CASES)
def test_claims_nothing_of_unchanged_code(name):
    before, after = CASES[name]
    assert names(before, before) == set()
    assert names(after, after) == set()


@pytest.mark.parametrize("name", CASES)
def test_claims_nothing_of_the_way_back(name):
    before, after = CASES[name]
    assert names(after, before) == set()


@pytest.mark.parametrize("name", CASES)
def test_not_while_the_slow_way_is_still_there(name):
    before, after = CASES[name]
    kept = [after, before.replace("def ", "def kept_")]
    assert name == "work split over several threads" or name not in {
        one.name for one in recognise([before], kept)
    }


@pytest.mark.parametrize("name", CASES)
def test_not_when_the_fast_way_was_there_before(name):
    before, after = CASES[name]
    had = [before, after.replace("def ", "def had_")]
    found = {one.name for one in recognise(had, [after])}
    assert name == "fewer passes over the data" or name not in found


@pytest.mark.parametrize("name", CASES)
def test_not_when_only_the_slow_way_went(name):
    before, _ = CASES[name]
    assert names(before, "def other():\n    return None\n") == set()


@pytest.mark.parametrize("broken", ["def f(:", "", "x = (", "\x00"])
def test_unparsable_or_empty_sources_give_nothing(broken):
    before, after = CASES["loop replaced by array operations"]
    assert names(broken, after) == set()
    assert names(before, broken) == set()
    assert recognise([], []) == ()


def test_a_loop_over_blocks_takes_no_single_items():
    before, _ = CASES["one batched call instead of one call per item"]
    after = """
    def spectra(images):
        out = np.empty(len(images))
        for rows in blocks(len(images)):
            out[rows] = np.linalg.norm(np.fft.fft2(images[rows]), axis=(1, 2))
        return out
    """
    assert "one batched call instead of one call per item" in names(before, after)


def test_a_reduction_without_an_axis_is_no_batch():
    before = "def means(rows):\n    return [np.mean(row) for row in rows]\n"
    after = "def means(rows):\n    return np.mean(rows)\n"
    assert names(before, after) == set()
    assert names(before, after.replace("(rows)\n", "(rows, axis=1)\n")) != set()


def test_a_helper_that_a_loop_calls_is_part_of_the_loop():
    helper = "def number(line):\n    return float(line.split(',')[1])\n"
    loop = "def parse(lines):\n    return [number(line) for line in lines]\n"
    after = "def parse(lines):\n    return np.loadtxt(lines)\n"
    (found,) = recognise([loop, helper], [after])
    assert found.name == "text parsed in bulk instead of line by line"
    assert "number" in found.evidence


def test_partition_of_text_is_no_selection():
    before = "def f(names):\n    return sorted(names)\n"
    assert names(before, "def f(names):\n    return names.partition(' ')\n") == set()


def test_in_a_set_is_no_scan():
    before, after = CASES["lookup instead of a scan through a list"]
    assert names(before.replace("found = []", "found = set()").replace("append", "add"), after) == set()


def test_groups_picked_by_a_scan_for_each():
    before = """
    def sizes(keys, groups):
        return [len([i for i in range(len(keys)) if keys[i] == group]) for group in groups]
    """
    (found,) = recognise([before], ["def sizes(keys, groups):\n    return np.bincount(keys)\n"])
    assert "keys[i] == group" in found.evidence
