"""The plan of a verification: which inputs both sides are tried on, before anything is run. Pure."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from perfkit.model import Trial
from perfkit.verify.edges import EDGES, ODD_TEXT, ONE_OTHER

if TYPE_CHECKING:
    from perfkit.model import Parameters, Proof, TrialKind

SMALLEST_FULL = 32
"""Sizes below this are not divided further; larger ones are tried instead."""

_SMALL, _DRAWN_FROM, _DRAWN_TO, _EDGE = 40, 50, 20, 56  # divisors of the full size
_TELLING = 16  # items that a small input has at least, where the full one allows it: fewer say little
_CHEAP_S = 2.0  # a baseline that takes longer is not run again at its full size


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be run on each side.

    Attributes
    ----------
    baseline, contender
        Their trials, the main one first.
    alike
        By a trial of the contender alone: the baseline's trial with the same input.
    proofs
        By trial: the proof that it is.
    sizes
        By trial: the value of the parameter that scales the input.
    full_size
        Of the main trial, if such a parameter is known.
    nearby
        The trial at a size near the full one, if any.
    fed, decoy
        The trials for the differential pass: whose input is fed, and whose results are planted; None if the
        baseline cannot be run again cheaply.
    untried
        What is left out, and why, one sentence each.
    """

    baseline: tuple[Trial, ...]
    contender: tuple[Trial, ...]
    alike: dict[str, str] = field(default_factory=dict)
    proofs: dict[str, Proof] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    full_size: int | None = None
    nearby: str = ""
    fed: Trial | None = None
    decoy: Trial | None = None
    untried: tuple[str, ...] = ()


def plan(
    *,
    seed: int,
    overrides: Parameters,
    parameters: Parameters,
    size: str | None,
    proofs: tuple[Proof, ...] = (),
    baseline_s: float | None = None,
    own_inputs: bool = False,
    drawn: random.Random,
) -> Plan:
    """Lay down the trials of a verification.

    Parameters
    ----------
    seed
        Of the main trial.
    overrides, parameters
        What the user set for ``make_inputs``, and all its parameters with their values.
    size
        The parameter that scales the input; None if none is known.
    proofs
        Further parameters to verify with, at the full size.
    baseline_s
        Seconds that the baseline's ``run`` takes, if that is known.
    own_inputs
        Whether the sides make their inputs themselves, as scripts do: from arguments, if from anything.
    drawn
        Draws the size and the seeds that no contender can know beforehand.
    """
    main = Trial(name="main", kind="main", seed=seed, parameters=overrides)
    by_name = {_proof_name(proof, index): proof for index, proof in enumerate(proofs)}
    first = (
        main,
        *(
            Trial(name=name, kind="proof", seed=seed, parameters={**overrides, **proof.parameters})
            for name, proof in by_name.items()
        ),
    )
    full = parameters.get(size) if size is not None else None
    if own_inputs:
        return _of_arguments(main, size if type(full) is int and full > 0 else None, full, drawn)
    if size is None or type(full) is not int or full < 1:
        return _without_sizes(first, by_name, overrides, baseline_s=baseline_s, drawn=drawn)
    return _with_sizes(first, by_name, overrides, size=size, full=full, drawn=drawn)


def _of_arguments(main: Trial, size: str | None, full: object, drawn: random.Random) -> Plan:
    """Lay down the trials of scripts, whose inputs cannot be changed from outside but by their arguments."""
    untried = [
        "Edge inputs, and the same objects with other content: a script makes its inputs itself.",
        "Results planted where a thief would look: a script is not called beside another.",
    ]
    trials = [main]
    sizes: dict[str, int] = {}
    if size is None or type(full) is not int:
        untried.insert(
            0,
            "Other inputs: nothing in the arguments stands for a size (write {n} for it, and give its "
            "value with --set n=500).",
        )
    else:
        sizes = _sizes_of_arguments(size, full, drawn)
        edges = {f"empty input ({size}=0)": 0, f"single item ({size}=1)": 1}
        for name, n in (sizes | edges).items():
            trials.append(
                Trial(
                    name=name,
                    kind="edge" if name in edges else "size",
                    seed=drawn.randrange(2**31),
                    parameters={**main.parameters, size: n},
                    optional_after_s=_CHEAP_S if n > full else None,
                )
            )
        sizes |= edges
        sizes["main"] = full
    return Plan(
        baseline=tuple(trials),
        contender=tuple(trials),
        sizes=sizes,
        full_size=full if sizes and type(full) is int else None,
        fed=trials[1] if sizes else main,
        untried=tuple(untried),
    )


def _sizes_of_arguments(size: str, full: int, drawn: random.Random) -> dict[str, int]:
    """Return by the trial's name sizes of which two are smaller, where there is room, and one is larger."""
    small = max(full // _SMALL, min(full // 3, _TELLING))
    third = full // 3 - drawn.randrange(max(1, full // 12))
    larger = full + drawn.randrange(1, max(2, full // 4))
    smaller = {n for n in (small, third) if 1 < n < full}
    return {f"{size}={n}": n for n in sorted(smaller)} | {f"{size}={larger}, larger": larger}


def _proof_name(proof: Proof, index: int) -> str:
    settings = ", ".join(f"{name}={value!r}" for name, value in proof.parameters.items())
    return settings or f"proof {index + 1}"


def _with_sizes(
    first: tuple[Trial, ...],
    proofs: dict[str, Proof],
    overrides: Parameters,
    *,
    size: str,
    full: int,
    drawn: random.Random,
) -> Plan:
    if full >= SMALLEST_FULL:
        small = max(full // _SMALL, min(full // 3, _TELLING))
        lowest = max(2, full // _DRAWN_FROM)
        highest = max(full // _DRAWN_TO, min(full // 4, _TELLING))
        another = drawn.choice([n for n in range(lowest, highest + 1) if n != small])
        edge = max(full // _EDGE, min(full // 4, _TELLING // 2))
    else:
        small, edge = full + 1, full
        another = full + drawn.randrange(2, 8)
    more = drawn.randrange(1, max(2, full // 4))
    near = max(1, full - drawn.randrange(1, max(2, full // 50)))
    seeds = [drawn.randrange(2**31) for _ in range(5)]

    def at(name: str, n: int, nth: int, kind: TrialKind, **options: Any) -> Trial:
        optional = _CHEAP_S if n >= full and kind != "edge" else None
        return Trial(
            name=name,
            kind=kind,
            seed=seeds[nth],
            parameters={**overrides, size: n},
            optional_after_s=optional,
            **options,
        )

    one = at(f"{size}={small}", small, 0, "size")
    other = at(f"{size}={small}, another seed", small, 1, "size")
    onto = at(f"{one.name} in objects that held another input", small, 0, "repeat", onto=other.name)
    again = at(f"{one.name} a second time", small, 0, "repeat")
    changed = at(f"{one.name}, {ONE_OTHER}", small, 0, "size", edge=ONE_OTHER)
    larger = at(f"{size}={full + more}, larger", full + more, 2, "size")
    random_size = at(f"{size}={another}, drawn", another, 2, "size")
    nearby = at(f"{size}={near}", near, 3, "repeat")
    changed_full = dataclasses.replace(
        first[0], name=f"main, {ONE_OTHER}", kind="size", edge=ONE_OTHER, optional_after_s=_CHEAP_S
    )
    # Whether a small input meets a shortcut is a matter of luck; at the full size it is not.
    odd_full = dataclasses.replace(changed_full, name=f"main, {ODD_TEXT}", kind="edge", edge=ODD_TEXT)
    edges = [
        at(f"empty input ({size}=0)", 0, 4, "edge"),
        at(f"single item ({size}=1)", 1, 4, "edge"),
        *(at(name, edge, 4, "edge", edge=name) for name in EDGES),
        odd_full,
    ]
    trials = (*first, one, other, onto, again, changed, changed_full, random_size, nearby, larger, *edges)
    return Plan(
        baseline=(*first, one, other, changed, changed_full, random_size, larger, *edges),
        contender=trials,
        alike={onto.name: one.name, again.name: one.name},
        proofs=proofs,
        sizes={trial.name: _size(trial, size, full) for trial in trials},
        full_size=full,
        nearby=nearby.name,
        fed=one,
        decoy=other,
    )


def _size(trial: Trial, size: str, full: int) -> int:
    found = trial.parameters.get(size, full)
    return found if type(found) is int else full


def _without_sizes(
    first: tuple[Trial, ...],
    proofs: dict[str, Proof],
    overrides: Parameters,
    *,
    baseline_s: float | None,
    drawn: random.Random,
) -> Plan:
    untried = (
        "Other sizes, empty inputs and single items: it is not known which parameter of make_inputs scales "
        "the input (size = ... in the configuration says it).",
    )
    if baseline_s is not None and baseline_s > _CHEAP_S:
        more = (
            f"Other seeds, edge inputs and the differential pass: the baseline takes {baseline_s:.0f} s, and "
            "without a size it cannot be run on a smaller input.",
        )
        return Plan(baseline=first, contender=first, proofs=proofs, untried=(*untried, *more))
    seeds = [drawn.randrange(2**31) for _ in range(3)]

    def at(name: str, nth: int, kind: TrialKind, **options: Any) -> Trial:
        return Trial(
            name=name,
            kind=kind,
            seed=seeds[nth],
            parameters=overrides,
            optional_after_s=_CHEAP_S,
            **options,
        )

    one, other = at("a second seed", 0, "size"), at("a third seed", 1, "size")
    onto = at(f"{one.name} in objects that held another input", 0, "repeat", onto=other.name)
    again = at(f"{one.name} a second time", 0, "repeat")
    changed = at(f"{one.name}, {ONE_OTHER}", 0, "size", edge=ONE_OTHER)
    edges = [at(name, 2, "edge", edge=name) for name in EDGES]
    return Plan(
        baseline=(*first, one, other, changed, *edges),
        contender=(*first, one, other, onto, again, changed, *edges),
        alike={onto.name: one.name, again.name: one.name},
        proofs=proofs,
        fed=one,
        decoy=other,
        untried=untried,
    )
