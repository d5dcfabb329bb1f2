"""The project that a folder belongs to, its pipelines and their variants.

Names are looked up in ``[tool.perfkit]`` of pyproject.toml, then by convention: ``baselines/<pipeline>.py``
is variant ``baseline``, ``optimized/<pipeline>.py`` is variant ``optimized``.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import itertools
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from perfkit.catalog import words
from perfkit.errors import UsageError
from perfkit.model import (
    Parameters,
    Pipeline,
    Proof,
    StageMapping,
    Stochastic,
    Tolerance,
    Variant,
    VariantSettings,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perfkit.model import VariantKind

CONVENTION = {"baseline": "baselines", "optimized": "optimized"}
"""Which folder's modules are which variant."""


FEWEST_STOCHASTIC_RUNS = 10
FEWEST_SIZES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder with pipelines.

    Attributes
    ----------
    root
        The folder of pyproject.toml, or the current one.
    default
        The pipeline that is meant when none is named.
    """

    root: Path
    pipelines: dict[str, Pipeline]
    default: str | None = None

    def reports(self, pipeline: str) -> Path:
        """Return the folder of a pipeline's runs and reports."""
        return self.root / "reports" / pipeline

    def stored(self) -> list[str]:
        """Return the pipelines of which something is stored, configured or not."""
        folders = (self.root / "reports").glob("*/")
        return sorted(
            one.name for one in folders if (one / "runs").is_dir() or (one / "comparisons").is_dir()
        )


class _ToleranceTable(msgspec.Struct, forbid_unknown_fields=True):
    rtol: float
    reason: str
    dtype: str = ""


class _ProofTable(msgspec.Struct, forbid_unknown_fields=True):
    set: Parameters
    rtol: float
    reason: str


class _FusedTable(msgspec.Struct, forbid_unknown_fields=True):
    fused_into: str


class _StochasticTable(msgspec.Struct, forbid_unknown_fields=True):
    margin: float | str
    reason: str
    statistic: Literal["mean", "median", "std", "min", "max"] = "mean"
    of: str = ""
    runs: int = 60


class _VariantTable(msgspec.Struct, forbid_unknown_fields=True):
    script: str = ""
    module: str = ""
    callable: str = ""
    command: str = ""
    arguments: list[str] = []
    python: str = ""
    folder: str = ""
    stages: list[str] = []
    inputs: str = ""


class _PipelineTable(msgspec.Struct, forbid_unknown_fields=True):
    variants: dict[str, str | _VariantTable] = {}
    inputs: str = ""
    size: str | None = None
    target: float | None = None
    tolerances: dict[str, _ToleranceTable] = {}
    proofs: list[_ProofTable] = []
    stages: dict[str, str | list[str] | _FusedTable] = {}
    stochastic: dict[str, _StochasticTable] = {}
    declared: dict[str, str] = {}
    sizes: list[int] = []
    claims: dict[str, str] = {}
    keep_home: bool = False
    functions: dict[str, str] = {}


class _PerfkitTable(msgspec.Struct, forbid_unknown_fields=True):
    pipeline: str | None = None
    pipelines: dict[str, _PipelineTable] = {}


def open_project(start: Path) -> Project:
    """Find the project that a folder belongs to, and its pipelines.

    Parameters
    ----------
    start
        The folder from which to look upwards, first for a pyproject.toml with ``[tool.perfkit]``, then for
        a folder that holds ``baselines``.

    Raises
    ------
    UsageError
        If pyproject.toml cannot be read or its ``[tool.perfkit]`` is wrong.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            table = _read_table(file)
            if table is not None:
                return _project(folder, table)
    for folder in (start, *start.parents):
        if (folder / CONVENTION["baseline"]).is_dir():
            return _project(folder, _PerfkitTable())
    return _project(start, _PerfkitTable())


def _read_table(file: Path) -> _PerfkitTable | None:
    try:
        with file.open("rb") as handle:
            tool = tomllib.load(handle).get("tool", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    if "perfkit" not in tool:
        return None
    try:
        return msgspec.convert(tool["perfkit"], _PerfkitTable)
    except msgspec.ValidationError as error:
        what = str(error).replace("Object contains unknown field", "unknown key")
        where = what.replace("`$", "`tool.perfkit") if "`$" in what else f"{what} - at `tool.perfkit`"
        raise UsageError(f"{file}: {where}") from error


def _project(root: Path, table: _PerfkitTable) -> Project:
    # The baseline defines the pipeline: a module in optimized/ alone may be another's helper.
    baselines = (root / CONVENTION["baseline"]).glob("*.py")
    names = {file.stem for file in baselines if not file.name.startswith("_")}
    pipelines = {}
    for name in sorted({*names, *table.pipelines}):
        where = f"tool.perfkit.pipelines.{name}"
        settings = table.pipelines.get(name, _PipelineTable())
        for stage, tolerance in settings.tolerances.items():
            _check_tolerance(f"{where}.tolerances.{stage}", tolerance.rtol, tolerance.reason)
        for proof in settings.proofs:
            _check_tolerance(f"{where}.proofs", proof.rtol, proof.reason)
        if settings.target is not None and not settings.target > 0:
            raise UsageError(f"{where}.target is a speedup above 0, not {settings.target}")
        for stage, random in settings.stochastic.items():
            _check_stochastic(f"{where}.stochastic.{stage}", random)
        if settings.sizes:
            check_sizes(settings.sizes, f"{where}.sizes")
        for check, reason in settings.declared.items():
            if not reason.strip():
                raise UsageError(f"{where}.declared.{check}: give the reason, for the report")
        given, details, inputs = _variants(f"{where}.variants", settings.variants)
        pipelines[name] = Pipeline(
            name=name,
            variants={**_by_convention(root, name), **given},
            settings=details,
            inputs=settings.inputs or inputs,
            size=settings.size,
            target=settings.target,
            tolerances={
                stage: Tolerance(rtol=one.rtol, reason=one.reason, dtype=one.dtype)
                for stage, one in settings.tolerances.items()
            },
            proofs=tuple(
                Proof(parameters=one.set, rtol=one.rtol, reason=one.reason) for one in settings.proofs
            ),
            stages={stage: _mapping(one) for stage, one in settings.stages.items()},
            stochastic={
                stage: Stochastic(
                    statistic=one.statistic,
                    margin=_margin(one.margin),
                    relative=isinstance(one.margin, str),
                    reason=one.reason,
                    of=one.of,
                    runs=one.runs,
                )
                for stage, one in settings.stochastic.items()
            },
            declared=dict(settings.declared),
            sizes=tuple(settings.sizes),
            claims=dict(settings.claims),
            keep_home=settings.keep_home,
            functions=dict(settings.functions),
        )
    return Project(root=root, pipelines=pipelines, default=table.pipeline)


def _variants(
    where: str, tables: dict[str, str | _VariantTable]
) -> tuple[dict[str, str], dict[str, VariantSettings], str]:
    """Return the words of variants, what else is said of them, and what makes their inputs."""
    given: dict[str, str] = {}
    details: dict[str, VariantSettings] = {}
    inputs = ""
    for name, table in tables.items():
        if isinstance(table, str):
            given[name] = table.removeprefix(words.MODULE)
            if table.startswith(words.MODULE):
                details[name] = VariantSettings(kind="module")
            elif words.is_callable_word(table):
                details[name] = VariantSettings(kind="callable")
            continue
        kinds: dict[VariantKind, str] = {
            "script": table.script,
            "module": table.module,
            "callable": table.callable,
            "command": table.command,
        }
        said = [kind for kind, word in kinds.items() if word]
        if len(said) != 1:
            raise UsageError(f"{where}.{name}: say one of script, module, callable or command")
        given[name] = kinds[said[0]]
        if table.inputs and inputs and table.inputs != inputs:
            raise UsageError(f"{where}.{name}: inputs are the same for all variants of a pipeline")
        inputs = inputs or table.inputs
        details[name] = VariantSettings(
            kind=said[0],
            arguments=tuple(table.arguments),
            python=table.python,
            folder=table.folder,
            stages=tuple(table.stages),
        )
    return given, details, inputs


def _by_convention(root: Path, name: str) -> dict[str, str]:
    """Return the variants of a pipeline that lie where convention has them."""
    paths = {variant: f"{folder}/{name}.py" for variant, folder in CONVENTION.items()}
    return {variant: path for variant, path in paths.items() if (root / path).is_file()}


def _mapping(table: str | list[str] | _FusedTable) -> StageMapping:
    if isinstance(table, _FusedTable):
        return StageMapping(fused_into=table.fused_into)
    return StageMapping(contender=(table,) if isinstance(table, str) else tuple(table))


def _margin(given: float | str) -> float:
    """Return a margin as a number; a percentage as a share, and nothing readable as nan."""
    if not isinstance(given, str):
        return given
    try:
        return float(given.strip().removesuffix("%")) / 100 if given.strip().endswith("%") else math.nan
    except ValueError:
        return math.nan


def check_sizes(sizes: Sequence[int], where: str) -> None:
    """See that sizes are at least five, above 0 and growing.

    Raises
    ------
    UsageError
        If they are not; it names where they stand.
    """
    if any(one < 1 for one in sizes):
        raise UsageError(f"{where}: a size is a whole number above 0, not {min(sizes)}")
    for smaller, larger in itertools.pairwise(sizes):
        if larger <= smaller:
            raise UsageError(f"{where}: sizes grow, but {larger} stands after {smaller}")
    if len(sizes) < FEWEST_SIZES:
        raise UsageError(f"{where}: at least {FEWEST_SIZES} sizes show how a cost grows, not {len(sizes)}")


def _check_stochastic(where: str, table: _StochasticTable) -> None:
    if not _margin(table.margin) > 0:
        raise UsageError(
            f"{where}: margin is the largest difference that does not matter, above 0: a number in the "
            "statistic's own unit, or a share of the baseline's mean such as '2%'"
        )
    if not table.reason.strip():
        raise UsageError(f"{where}: give the reason for this margin, for the report")
    if table.runs < FEWEST_STOCHASTIC_RUNS:
        raise UsageError(f"{where}: at least {FEWEST_STOCHASTIC_RUNS} runs are needed, not {table.runs}")


def _check_tolerance(where: str, rtol: float, reason: str) -> None:
    if not 0 <= rtol < 1:
        raise UsageError(f"{where}: rtol is a relative tolerance from 0 to below 1, not {rtol}")
    if not reason.strip():
        raise UsageError(f"{where}: give the reason for this tolerance, for the report")


def find_pipeline(project: Project, name: str | None) -> Pipeline:
    """Return the pipeline of that name, or the only or default one.

    Raises
    ------
    UsageError
        If there is none of that name, none at all, or several and none is the default.
    """
    if name is None:
        name = project.default or (next(iter(project.pipelines)) if len(project.pipelines) == 1 else None)
    if name is None:
        if not project.pipelines:
            msg = (
                f"there is no pipeline in {project.root}: perfkit looks for baselines/NAME.py and "
                "optimized/NAME.py, and in [tool.perfkit.pipelines] of pyproject.toml"
            )
            raise UsageError(msg)
        raise UsageError(f"which pipeline? Add --pipeline with one of: {', '.join(project.pipelines)}")
    if name not in project.pipelines:
        raise UsageError(_unknown("pipeline", name, project.pipelines, f"in {project.root}"))
    return project.pipelines[name]


def find_stored(project: Project, name: str | None) -> Pipeline:
    """Return a pipeline of which something may be stored; one that no configuration knows has no variants.

    Raises
    ------
    UsageError
        As for `find_pipeline`.
    """
    stored = project.stored()
    if name is None and not project.pipelines and stored:
        if len(stored) > 1:
            raise UsageError(f"which pipeline? Add --pipeline with one of: {', '.join(stored)}")
        name = stored[0]
    if name is not None and name in stored and name not in project.pipelines:
        return Pipeline(name=name, variants={})
    if name is not None and name not in project.pipelines:
        known = [*project.pipelines, *(one for one in stored if one not in project.pipelines)]
        raise UsageError(_unknown("pipeline", name, known, f"in {project.root}"))
    return find_pipeline(project, name)


def find_variant(project: Project, pipeline: Pipeline, name: str) -> Variant:
    """Return the variant of that name, with the digest of its file as it is now.

    Raises
    ------
    UsageError
        If the pipeline has no such variant, or its file is missing or cannot be read.
    """
    if name not in pipeline.variants:
        raise UsageError(_unknown("variant", name, pipeline.variants, f"of pipeline {pipeline.name!r}"))
    path = pipeline.variants[name]
    if name in pipeline.settings:
        return _described(project, pipeline, name)
    try:
        source = (project.root / path).read_bytes()
    except OSError as error:
        raise UsageError(f"the file of variant {name!r}, {path}, cannot be read: {error.strerror}") from error
    return Variant(
        name=name, pipeline=pipeline.name, path=path, source_sha256=hashlib.sha256(source).hexdigest()
    )


def _described(project: Project, pipeline: Pipeline, name: str) -> Variant:
    """Return a variant that is more than a module with ``run``."""
    settings, word = pipeline.settings[name], pipeline.variants[name]
    folder = (project.root / settings.folder).resolve()
    if not folder.is_dir():
        raise UsageError(f"variant {name!r} runs in {settings.folder}, which is no folder")
    place = words.Place(
        name=name,
        pipeline=pipeline.name,
        root=project.root,
        folder=folder if settings.kind == "command" else project.root,
        lenient=bool(settings.python),
    )
    made = words.variant(word, settings.kind, place)
    points = tuple(words.point(one, made) for one in settings.stages)
    return dataclasses.replace(
        made, arguments=settings.arguments, python=settings.python, folder=str(folder), points=points
    )


def _unknown(what: str, name: str, known: Iterable[str], where: str) -> str:
    known = list(known)
    near = difflib.get_close_matches(name, known, n=2)
    hint = f"did you mean {' or '.join(repr(one) for one in near)}?" if near else ""
    there = f"there is {', '.join(known)}" if known else "there is none"
    return f"there is no {what} {name!r} {where}: {hint or there}"
