"""A whole statement of a nest of loops, rewritten for all passes at once."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.advice.nodes import root
from perfkit.analyse.advice.ranges import CannotError
from perfkit.analyse.advice.values import Seen, Value
from perfkit.analyse.advice.vectorise import Vectoriser
from perfkit.analyse.syntax import names

if TYPE_CHECKING:
    from perfkit.analyse.advice.loops import Loop
    from perfkit.analyse.advice.view import Site, View

_MOST_LOOPS = 3


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A statement without its loops.

    Attributes
    ----------
    loops
        Those that it does without.
    """

    text: str
    loops: tuple[Loop, ...]
    with_: Vectoriser


def rewrite(view: View, site: Site) -> Rewritten | None:
    """Rewrite a statement, without as many of its loops as can be done without.

    Parameters
    ----------
    site
        A simple statement, an ``if``, or the element of a comprehension.

    Returns
    -------
    Rewritten or None
        None if whole arrays do not do what it does, or it is not known.
    """
    chain: list[Loop] = []
    for loop in reversed(site.loops):
        if not loop.takes_items or len(chain) == _MOST_LOOPS:
            break
        chain.insert(0, loop)
    while chain:
        # An array's axes may stand in the order of the loops, or in the other.
        for order in (chain, chain[::-1]) if len(chain) > 1 else (chain,):
            try:
                made = _Statement(Vectoriser(view, order), site)
                return Rewritten(made.text(), tuple(chain), made.by)
            except CannotError:
                continue
        chain.pop(0)
    return None


class _Statement:
    """One statement, and the loops that it is rewritten without."""

    def __init__(self, by: Vectoriser, site: Site) -> None:
        self.by = by
        self._site = site
        self._n = len(by.loops)
        self._tests = [one for one in site.conditions if one[2] > len(site.loops) - self._n]
        inner = [one for one in self._tests if one[2] == len(site.loops)]
        if len(self._tests) > 1 or len(inner) != len(self._tests):
            raise CannotError

    def text(self) -> str:  # noqa: PLR0911  one case a line
        """Return the statement without its loops; CannotError if that cannot be."""
        node = self._site.node
        match node:
            case ast.Assign(targets=[ast.Subscript() as target], value=value):
                return self._store(target, value)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                return self._extreme(name, value) or self._assignment(name, value)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                return self._sum(name, op, value)
            case ast.AugAssign(target=ast.Subscript() as target, op=op, value=value):
                return self._sum_into(target, op, value)
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value])
            ):
                return self._append(name, value)
            case ast.If(test=test):
                return _source(self._plain(test))
            case ast.Return(value=ast.expr() as value):
                return f"return {_source(self._plain(value))}"
            case ast.expr():
                return _source(self._plain(node))
        raise CannotError

    def _plain(self, node: ast.expr) -> Value:
        """Return an expression that stands under no condition and has the loops' axes."""
        if self._tests:
            raise CannotError
        return self._many(node)

    def _many(self, node: ast.expr) -> Value:
        """Return an expression that has the loops' axes, and something of an array in it."""
        found = self.by.value(node)
        if not found.many or found.base is None:
            raise CannotError  # nothing of an array is in it: counting alone is no reason for one
        return found

    def _condition(self, value: Value) -> tuple[Value, Value]:
        """Return what decides whether the statement runs, for all passes, aligned with a value."""
        test, is_else, _ = self._tests[0]
        found = self._decided(test.test)
        if is_else:
            found = self.by.negated(found)
        first, second = self.by.aligned(found, value)
        return first, second

    def _decided(self, test: ast.expr) -> Value:
        """Return a condition; what it does belongs to its own line, not to those that it decides on."""
        seen, self.by.seen = self.by.seen, Seen()
        found = self._many(test)
        seen.names |= self.by.seen.names
        for base, axes in self.by.seen.bases.items():
            seen.bases.setdefault(base, set()).update(axes)
        seen.half |= self.by.seen.half
        self.by.seen = seen
        return found

    def _assignment(self, name: str, value: ast.expr) -> str:
        """Rewrite ``name = ...``."""
        made = self._plain(value)
        if self.by.view.is_kind(ast.Name(name), "list", "dict"):
            raise CannotError
        stores = [
            one
            for one in self.by.outermost.body
            if isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Store)
        ]
        if len(stores) != 1 or name in names(value):
            raise CannotError
        self.by.seen.names.add(name)
        return f"{name} = {_source(made)}"

    def _extreme(self, name: str, value: ast.expr) -> str:
        """Rewrite ``x = max(x, ...)``; empty if the assignment is none."""
        match value:
            case ast.Call(func=ast.Name(id="max" | "min" as which), args=[ast.Name(id=one), other]) if (
                one == name
            ):
                pass
            case ast.Call(func=ast.Name(id="max" | "min" as which), args=[other, ast.Name(id=one)]) if (
                one == name
            ):
                pass
            case _:
                return ""
        if self._tests:
            raise CannotError
        depth = self._reset(name)
        made = self.by.halved(self._many(other))
        return f"{name} = {_reduced(made, which, depth, self._n)}"

    def _reset(self, name: str) -> frozenset[int]:
        """Return the axes of the loops in which a sum begins anew; it may not be read within them all."""
        depths: list[frozenset[int]] = []
        for site in self.by.view.sites:
            if (
                not isinstance(site.node, ast.Name)
                or site.node.id != name
                or site.statement is self._site.node
            ):
                continue
            if site.statement is self._site.statement:
                continue
            inside = frozenset(axis for axis, loop in enumerate(self.by.loops) if loop in site.loops)
            if isinstance(site.node.ctx, ast.Store) and isinstance(
                site.statement, ast.Assign | ast.AnnAssign
            ):
                depths.append(inside)
            elif isinstance(site.node.ctx, ast.Store) or len(inside) == self._n:
                raise CannotError
        if not depths:
            raise CannotError
        deepest = max(depths, key=len)
        if len(deepest) >= self._n:
            raise CannotError
        return deepest

    def _sum(self, name: str, op: ast.operator, value: ast.expr) -> str:
        """Rewrite ``name += ...``."""
        if not isinstance(op, ast.Add | ast.Sub | ast.Mult):
            raise CannotError
        if self.by.view.is_kind(ast.Name(name), "str", "list", "tuple"):
            raise CannotError
        depth = self._reset(name)
        made = self.by.value(value)
        how = "prod" if isinstance(op, ast.Mult) else "sum"
        if self._tests:
            text = self._conditional_sum(made, how, depth)
        else:
            if not made.many or made.base is None or (how == "prod" and self.by.halved(made) is not made):
                raise CannotError
            if not depth and self._n > 1 and made.trailing is None:
                text = self._sum_of_half(made) or _reduced(made, how, depth, self._n)
            else:
                text = _reduced(self.by.halved(made), how, depth, self._n)
        sign = "-=" if isinstance(op, ast.Sub) else "*=" if isinstance(op, ast.Mult) else "+="
        return f"{name} {sign} {text}" if not depth else f"{name} = {text}"

    def _sum_of_half(self, made: Value) -> str:
        """Return the sum over half of all pairs, whatever a pair's value is; empty if it is all of them."""
        half = next((one.half for one in self.by.ranges if one is not None and one.half is not None), None)
        if half is None or made.base is None:
            return ""
        if self._n != 2:  # noqa: PLR2004
            raise CannotError
        library = self.by.library(tensor=made.tensor)
        pairs = f"{library}.triu_indices(len({ast.unparse(made.base)}), {half})"
        whole = ast.Subscript(made.node, ast.parse(pairs, mode="eval").body)
        self.by.seen.half = True
        return f"{ast.unparse(ast.fix_missing_locations(whole))}.sum(axis=0)"

    def _conditional_sum(self, made: Value, how: str, depth: frozenset[int]) -> str:
        """Rewrite ``name += ...`` under a condition."""
        if how != "sum":
            raise CannotError
        test, made = self._condition(made)
        if test.trailing not in (0, None):
            raise CannotError
        self.by.seen.arithmetic = True
        library = self.by.library(tensor=test.tensor or made.tensor)
        if isinstance(made.node, ast.Constant) and made.node.value == 1:
            if not test.boolean:
                raise CannotError
            whole = self.by.halved(Value(test.node, many=True, trailing=0, tensor=test.tensor))
            if not depth and not test.tensor:
                return f"{library}.count_nonzero({_source(whole)})"
            return _reduced(whole, how, depth, self._n)
        if not made.many and not test.many:
            raise CannotError
        call = ast.Call(
            ast.Attribute(ast.Name(library), "where"), [test.node, made.node, ast.Constant(0)], []
        )
        chosen = Value(call, many=True, trailing=made.trailing, tensor=test.tensor or made.tensor)
        return _reduced(self.by.halved(chosen), how, depth, self._n)

    def _target(self, target: ast.Subscript) -> tuple[list[int | None], ast.expr]:
        """Return by which loops' variables an item is chosen, and what of the array all passes choose."""
        kind = self.by.view.kind(target.value)
        if kind is None or not kind.is_array or names(target.value) & self.by.outermost.stored:
            raise CannotError
        parts = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
        axes: list[int | None] = []
        made: list[ast.expr] = []
        for part in parts:
            counted = self.by.counted(part, target.value, len(made))
            if counted is not None:
                if any(
                    isinstance(one, ast.Slice) for one, axis in zip(made, axes, strict=True) if axis is None
                ):
                    raise CannotError  # the loop's axis would come first
                axes.append(counted[0])
                made.append(counted[1])
            elif names(part) & self.by.outermost.stored:
                raise CannotError
            else:
                axes.append(None)
                made.append(part)
        known = [one for one in axes if one is not None]
        if known != sorted(set(known)) or not known:
            raise CannotError
        while made and isinstance(made[-1], ast.Slice) and made[-1].lower is None and made[-1].upper is None:
            made.pop()
        if not made:
            return axes, target.value
        index: ast.expr = made[0] if len(made) == 1 else ast.Tuple(made)
        return axes, ast.Subscript(target.value, index)

    def _store(self, target: ast.Subscript, value: ast.expr) -> str:
        """Rewrite ``array[i] = ...``."""
        axes, whole = self._target(target)
        known = [one for one in axes if one is not None]
        if len(known) != self._n:
            raise CannotError
        if root(target.value) in names(value) and not self._reads_as_stored(target, value):
            raise CannotError
        self.by.seen.bases.setdefault(ast.unparse(target.value), set()).add(tuple(known))
        made = self.by.value(value)
        if not self._tests:
            if not made.many:
                raise CannotError
            return f"{ast.unparse(whole)} = {_source(self._half_stored(target, made))}"
        if any(one is not None and one.half is not None for one in self.by.ranges):
            raise CannotError
        test, made = self._condition(made)
        tensor = test.tensor or made.tensor
        library = self.by.library(tensor=tensor)
        other = self._other_branch(target)
        otherwise = _source(other) if other is not None else ast.unparse(whole)
        call = f"{library}.where({_source(test)}, {_source(made)}, {otherwise})"
        if self._tests[0][1] and other is not None:
            plain = self._decided(self._tests[0][0].test)
            call = f"{library}.where({_source(plain)}, {_source(other)}, {_source(made)})"
        return f"{ast.unparse(whole)} = {call}"

    def _half_stored(self, target: ast.Subscript, made: Value) -> Value:
        """Return what half of all pairs store: the others keep their zeros."""
        half = self.by.halved(made)
        if half is not made:
            given = [value for _, value in self.by.view.assigned(root(target.value))]
            zeros = [
                one for one in given if self.by.view.module.called(one).rpartition(".")[2].startswith("zeros")
            ]
            if not given or len(zeros) != len(given):
                raise CannotError
        return half

    def _reads_as_stored(self, target: ast.Subscript, value: ast.expr) -> bool:
        """Whether a statement reads the array that it writes only at the place that it writes."""
        reads = [
            one
            for one in ast.walk(value)
            if isinstance(one, ast.Subscript) and root(one) == root(target.value)
        ]
        base = [one for one in ast.walk(value) if isinstance(one, ast.Name) and one.id == root(target.value)]
        return len(base) == len(reads) and all(ast.unparse(one) == ast.unparse(target) for one in reads)

    def _other_branch(self, target: ast.Subscript) -> Value | None:
        """Return what the other branch of the ``if`` stores at the same place."""
        test, is_else, _ = self._tests[0]
        branch = test.body if is_else else test.orelse
        for statement in branch:
            match statement:
                case ast.Assign(targets=[ast.Subscript() as one], value=value) if ast.unparse(
                    one
                ) == ast.unparse(target):
                    return self.by.value(value)
        return None

    def _sum_into(self, target: ast.Subscript, op: ast.operator, value: ast.expr) -> str:
        """Rewrite ``array[i] += ...``."""
        if not isinstance(op, ast.Add | ast.Sub | ast.Mult | ast.Div) or self._tests:
            raise CannotError
        made = self.by.value(value)
        sign = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/="}[type(op)]
        try:
            axes, whole = self._target(target)
        except CannotError:
            return self._scattered(target, sign, made)
        if root(target.value) in names(value):
            raise CannotError
        known = [one for one in axes if one is not None]
        missing = [axis for axis in range(self._n) if axis not in known]
        self.by.seen.bases.setdefault(ast.unparse(target.value), set()).add(tuple(known))
        if not missing:
            if not made.many:
                raise CannotError
            return f"{ast.unparse(whole)} {sign} {_source(made)}"
        if sign not in ("+=", "-=") or not made.many:
            raise CannotError
        made = self.by.halved(made)
        axis: ast.expr = (
            ast.Constant(missing[0])
            if len(missing) == 1
            else ast.Tuple([ast.Constant(one) for one in missing])
        )
        word = "dim" if made.tensor else "axis"
        total = ast.Call(ast.Attribute(made.node, "sum"), [], [ast.keyword(word, axis)])
        return f"{ast.unparse(whole)} {sign} {ast.unparse(ast.fix_missing_locations(total))}"

    def _scattered(self, target: ast.Subscript, sign: str, made: Value) -> str:
        """Rewrite a sum at places that are looked up: ``counts[labels[i]] += 1``."""
        kind = self.by.view.kind(target.value)
        if kind is None or kind.name != "array" or sign != "+=" or isinstance(target.slice, ast.Tuple):
            raise CannotError
        if names(target.value) & self.by.outermost.stored or self._n != 1:
            raise CannotError
        at = self._many(target.slice)
        if at.trailing not in (0, None) or (made.many and made.trailing not in (0, None)):
            raise CannotError
        self.by.seen.arithmetic = True
        base = ast.unparse(target.value)
        library = self.by.library(tensor=False)
        if isinstance(made.node, ast.Constant) and made.node.value == 1:
            return f"{base} += {library}.bincount({_source(at)}, minlength=len({base}))"
        return f"{library}.add.at({base}, {_source(at)}, {_source(made)})"

    def _append(self, name: str, value: ast.expr) -> str:
        """Rewrite ``items.append(...)``."""
        if not self.by.view.is_kind(ast.Name(name), "list") or name in names(value):
            raise CannotError
        if self._n != 1:
            raise CannotError
        inside = any(
            isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Store)
            for one in self.by.outermost.body
        )
        if isinstance(value, ast.List | ast.Tuple) and not inside and not self._tests:
            parts = [self.by.value(one) for one in value.elts]
            if not parts or any(not one.many or one.trailing != 0 or one.batch for one in parts):
                raise CannotError
            library = self.by.library(tensor=parts[0].tensor)
            listed = ", ".join(_source(one) for one in parts)
            return f"{name} = {library}.stack([{listed}], {'dim' if parts[0].tensor else 'axis'}=1)"
        made = self._many(value)
        if self._tests:
            test, is_else, _ = self._tests[0]
            found = self._decided(test.test)
            if is_else or found.trailing not in (0, None) or not found.boolean:
                raise CannotError
            return f"{name} = {_source(made)}[{_source(found)}]"
        return _source(made) if inside else f"{name} = {_source(made)}"


def _reduced(made: Value, how: str, kept: frozenset[int], n: int) -> str:
    """Return the text of a sum, product or extreme over the loops, but for those axes."""
    if not made.many:
        raise CannotError
    call = ast.Call(ast.Attribute(made.node, how), [], [])
    axes = [axis for axis in range(n) if axis not in kept]
    if kept or made.trailing != 0:
        axis: ast.expr = (
            ast.Constant(axes[0]) if len(axes) == 1 else ast.Tuple([ast.Constant(one) for one in axes])
        )
        if made.tensor and how in ("max", "min"):
            how = f"a{how}"
            call = ast.Call(ast.Attribute(made.node, how), [], [])
        call.keywords = [ast.keyword("dim" if made.tensor else "axis", axis)]
    return ast.unparse(ast.fix_missing_locations(call))


def _source(made: Value) -> str:
    """Return a value's source."""
    return ast.unparse(ast.fix_missing_locations(made.node))
