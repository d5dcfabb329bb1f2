"""From one element, row or pair at a time to whole arrays: the same statement without its loops.

The rewriting is also the recogniser: a loop over an array is called one that whole arrays could do only if
each step of the statement is one that whole arrays do, and nothing is carried from pass to pass but sums,
products and extremes.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from perfkit.analyse.advice import ranges, value_calls
from perfkit.analyse.advice.loops import source_of
from perfkit.analyse.advice.nodes import root
from perfkit.analyse.advice.ranges import CannotError
from perfkit.analyse.advice.values import Seen, Value, indexed, own_axes, same
from perfkit.analyse.syntax import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.advice.kind import Kind
    from perfkit.analyse.advice.loops import Loop
    from perfkit.analyse.advice.ranges import Range
    from perfkit.analyse.advice.view import Site, View


class Vectoriser:
    """Rewrites the statements of a nest of loops.

    Parameters
    ----------
    view
        The function.
    loops
        The loops to do without, one around the other, in the order of the axes that they become.
    busy
        Names that are being worked out.
    """

    def __init__(self, view: View, loops: Sequence[Loop], busy: frozenset[str] = frozenset()) -> None:
        self.view = view
        self.loops = loops
        self.ranges: list[Range | None] = [ranges.of(loop, view) for loop in loops]
        self.seen = Seen()
        self._derived: dict[str, Value] = {}
        self._busy = busy
        for loop in loops:
            if loop.leaves_early or any(isinstance(one, ast.Continue) for one in loop.body):
                raise CannotError
        # The outermost holds the others, whichever comes first.
        self.outermost = max(loops, key=lambda one: len(one.body))
        self.stored = self.outermost.stored
        self.changed = self.outermost.changed

    # ------------------------------------------------------------ values

    def value(self, node: ast.expr) -> Value:  # noqa: PLR0911, PLR0912  one case a line
        """Return an expression for all passes.

        Raises
        ------
        CannotError
            If whole arrays do not do this, or it is not known.
        """
        match node:
            case ast.Constant():
                return Value(node)
            case ast.Name():
                return self._name(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self._subscript(node)
            case ast.BinOp(op=ast.MatMult()):
                return value_calls.product(self, node.left, node.right)
            case ast.BinOp():
                self.seen.arithmetic = True
                left, right = self.aligned(self.value(node.left), self.value(node.right))
                return self.joined(ast.BinOp(left.node, node.op, right.node), left, right)
            case ast.UnaryOp():
                one = self.value(node.operand)
                if isinstance(node.op, ast.Not) and one.many:
                    return self.negated(one)
                return replace(one, node=ast.UnaryOp(node.op, one.node))
            case ast.Compare(ops=[op], comparators=[other]) if not isinstance(
                op, ast.In | ast.NotIn | ast.Is | ast.IsNot
            ):
                self.seen.arithmetic = True
                left, right = self.aligned(self.value(node.left), self.value(other))
                made = self.joined(ast.Compare(left.node, [op], [right.node]), left, right)
                return replace(made, boolean=True)
            case ast.BoolOp(values=values):
                both = ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr()
                found = [self.value(one) for one in values]
                if not any(one.many for one in found):
                    return Value(node)
                if not all(one.boolean for one in found):
                    raise CannotError  # `x or y` of numbers chooses one of them
                made = found[0]
                for one in found[1:]:
                    made = self.joined(ast.BinOp(made.node, both, one.node), made, one)
                return replace(made, boolean=True)
            case ast.IfExp(test=test, body=body, orelse=other):
                parts = [self.value(one) for one in (test, body, other)]
                return self._where(*parts)
            case ast.Call():
                return value_calls.of_call(self, node)
        raise CannotError

    def negated(self, one: Value) -> Value:
        """Return what is true where a value is not; CannotError if it may be any number."""
        if not one.boolean:
            raise CannotError
        return replace(one, node=ast.UnaryOp(ast.Invert(), one.node))

    def _where(self, test: Value, body: Value, other: Value) -> Value:
        """Return ``np.where(...)``."""
        if not test.many:
            raise CannotError
        parts = self.aligned(test, body, other)
        library = self.library(tensor=any(one.tensor for one in parts))
        call = ast.Call(ast.Attribute(ast.Name(library), "where"), [one.node for one in parts], [])
        return self.joined(call, *parts)

    def library(self, *, tensor: bool) -> str:
        """Return by which name NumPy, or torch, is called in this file."""
        wanted = "torch" if tensor else "numpy"
        by_name = {value: key for key, value in self.view.module.imports.items()}
        return by_name.get(wanted, "torch" if tensor else "np")

    def joined(self, node: ast.expr, *parts: Value) -> Value:
        """Return an expression made of those parts."""
        many = any(one.many for one in parts)
        known = [one.trailing for one in parts]
        return Value(
            node,
            many=many,
            trailing=None if None in known else max(one for one in known if one is not None),
            batch=any(one.batch for one in parts),
            tensor=any(one.tensor for one in parts),
            base=next((one.base for one in parts if one.base is not None), None),
            least=max(one.least for one in parts),
        )

    def aligned(self, *parts: Value) -> list[Value]:
        """Give values with fewer axes of their own the axes that they lack, so that the loops' axes meet."""
        many = [one for one in parts if one.many and not one.batch]
        vague = [one for one in many if one.trailing is None]
        for one in parts:
            # An array that is the same on each pass meets a pass's value of which the axes are not known.
            if (
                not one.many
                and vague
                and (one.trailing is None or one.trailing > min(two.least for two in vague))
            ):
                raise CannotError
        wide = max((one.trailing or 0 for one in parts), default=0)
        if vague and any(one.trailing for one in many):
            raise CannotError
        if len(vague) > 1 and len(vague) == len(many):
            self.seen.alike |= {ast.unparse(one.base) for one in vague if one.base is not None}
        if any(one.trailing is None for one in parts) and any(one.trailing == 0 for one in many):
            unknown = [one for one in parts if one.trailing is None]
            if all(not isinstance(one.node, ast.Constant) for one in many):
                self.seen.assumes |= {ast.unparse(one.node) for one in unknown if one.many}
            wide = max(wide, 1)
        made = []
        for one in parts:
            lacks = wide - (one.trailing if one.trailing is not None else wide)
            if one.many and not one.batch and lacks > 0:
                index = [ast.Slice()] * len(self.loops) + [ast.Constant(None)] * lacks
                one = replace(one, node=indexed(one.node, index), trailing=wide)  # noqa: PLW2901
            made.append(one)
        return made

    # ------------------------------------------------------------ names and items

    def _name(self, node: ast.Name) -> Value:
        """Return a name for all passes."""
        name = node.id
        for axis, (loop, counted) in enumerate(zip(self.loops, self.ranges, strict=True)):
            if name not in loop.targets:
                continue
            if counted is not None and counted.variable == name:
                if len(self.loops) > 1 or not isinstance(loop.iterable, ast.Call):
                    raise CannotError
                if not (isinstance(loop.iterable.func, ast.Name) and loop.iterable.func.id == "range"):
                    raise CannotError
                library = self.library(tensor=False)
                counts = ast.Call(ast.Attribute(ast.Name(library), "arange"), loop.iterable.args, [])
                return Value(counts, many=True)
            return self._item(node, loop, axis)
        if name in self.stored:
            return self._from_before(name)
        kind = self.view.kind(node)
        if name in self.changed or (
            kind is not None and kind.name in ("list", "dict", "set", "rng", "object")
        ):
            raise CannotError
        return same(node, kind)

    def _item(self, node: ast.Name, loop: Loop, axis: int) -> Value:
        """Return all items that a loop's variable goes through."""
        kind = self.view.kind(node)
        if loop.kind == "caller":
            known = kind is not None and (kind.is_array or kind.name == "number")
            if node.id not in loop.rows or kind is None or not known:
                raise CannotError
            self._base(node.id, (axis,))
            return Value(node, many=True, trailing=own_axes(kind), tensor=kind.name == "tensor", base=node)
        source = source_of(node.id, loop)
        whole_kind = self.view.kind(source)
        if source is None or whole_kind is None or not whole_kind.is_array or names(source) & self.stored:
            raise CannotError
        if names(source) & self.changed:
            raise CannotError
        self._base(ast.unparse(source), (axis,))
        trailing = None if whole_kind.ndim is None else whole_kind.ndim - 1
        index = [ast.Slice() if one == axis else ast.Constant(None) for one in range(len(self.loops))]
        made = source if len(self.loops) == 1 else indexed(source, index)
        return Value(made, many=True, trailing=trailing, tensor=whole_kind.name == "tensor", base=source)

    def _from_before(self, name: str) -> Value:
        """Return a name that an earlier statement of the loops assigns."""
        if name in self._busy:
            raise CannotError  # it depends on itself: carried from pass to pass
        if name not in self._derived:
            sites = [
                site
                for site in self.view.sites
                if isinstance(site.node, ast.Name)
                and site.node.id == name
                and isinstance(site.node.ctx, ast.Store)
                and self.outermost in site.loops
            ]
            if len(sites) != 1 or not isinstance(sites[0].statement, ast.Assign):
                raise CannotError
            site, statement = sites[0], sites[0].statement
            if len(statement.targets) != 1 or statement.targets[0] is not site.node:
                raise CannotError
            if any(depth > len(site.loops) - self._depth(site) for _, _, depth in site.conditions):
                raise CannotError
            around = [loop for loop in self.loops if loop in site.loops]
            # What makes it what it is belongs to its own line, and to the loops around that.
            own = Vectoriser(self.view, around, self._busy | {name})
            inner = own.value(statement.value)
            self.seen.half |= own.seen.half
            made: ast.expr = ast.Name(name)
            if len(around) < len(self.loops) and inner.many:
                has = [loop in around for loop in self.loops]
                made = indexed(made, [ast.Slice() if one else ast.Constant(None) for one in has])
            self._derived[name] = replace(
                inner, node=made, base=None if inner.base is None else ast.Name(name)
            )
        self.seen.names.add(name)
        return self._derived[name]

    def _depth(self, site: Site) -> int:
        """Return how many of the loops are around a site."""
        return sum(loop in site.loops for loop in self.loops)

    def _field(self, row: ast.expr, name: str) -> Value | None:
        """Return the column of a data frame, if `row` is one of its rows in turn."""
        for loop in self.loops:
            frame = rows_of(loop, row)
            if frame is not None and not names(frame) & (self.stored | self.changed):
                self.seen.frame = True
                self._base(ast.unparse(frame), (self.loops.index(loop),))
                column = ast.Subscript(frame, ast.Constant(name))
                return Value(column, many=True, base=column)
        return None

    def _attribute(self, node: ast.Attribute) -> Value:
        """Return ``value.attr`` for all passes."""
        if (column := self._field(node.value, node.attr)) is not None:
            return column
        if self.view.module.dotted(node):
            return Value(node)
        if names(node) & (self.stored | self.changed):
            if node.attr == "data":
                return self.value(node.value)
            raise CannotError
        return same(node, self.view.kind(node))

    def _subscript(self, node: ast.Subscript) -> Value:
        """Return ``value[index]`` for all passes."""
        base = node.value
        name = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if isinstance(name, str) and (column := self._field(base, name)) is not None:
            return column
        kind = self.view.kind(base)
        if not names(node) & self.stored:
            holds = kind is not None and kind.name in ("list", "dict", "set")
            if names(base) & self.changed or (holds and not isinstance(node.slice, ast.Constant)):
                raise CannotError
            return same(node, self.view.kind(node))
        if names(base) & self.stored:
            return self._part(self.value(base), node.slice)
        if kind is None or not kind.is_array:
            raise CannotError
        self._check_stores(node)
        return self._taken(base, node.slice, kind)

    def _part(self, whole: Value, index: ast.expr) -> Value:
        """Return the same part of each pass's value."""
        if not whole.many or whole.batch or names(index) & self.stored:
            raise CannotError
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        made = indexed(whole.node, [*[ast.Slice()] * len(self.loops), *parts])
        numbers = [isinstance(one, ast.Constant) and isinstance(one.value, int) for one in parts]
        known = whole.trailing is not None and all(numbers)
        return replace(whole, node=made, trailing=(whole.trailing or 0) - len(parts) if known else None)

    def _taken(self, base: ast.expr, index: ast.expr, kind: Kind) -> Value:
        """Return what the loops take from an array, all at once."""
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        made: list[ast.expr] = []
        axes: list[int] = []
        slices = 0
        for part in parts:
            if isinstance(part, ast.Attribute) or (isinstance(part, ast.Constant) and part.value is ...):
                raise CannotError  # np.newaxis, or axes that are not counted
            if self._single_row(part) and len(parts) == 1:
                self.seen.batch = True
                self._base(ast.unparse(base), (0,))
                return Value(
                    base, many=True, trailing=None, batch=True, tensor=kind.name == "tensor", base=base
                )
            found = self.counted(part, base, len(made))
            if found is not None:
                axis, made_slice = found
                if axes and axis <= axes[-1]:
                    raise CannotError
                if slices:
                    return self._column(base, parts, kind)
                made += [ast.Constant(None)] * len(
                    [one for one in range(axis) if one not in axes and _after(axes, one)]
                )
                axes.append(axis)
                made.append(made_slice)
            elif isinstance(part, ast.Slice):
                if names(part) & self.stored:
                    raise CannotError
                slices += 1
                made.append(part)
            elif names(part) & self.stored:
                return self._gathered(base, parts, kind)
            else:
                made.append(part)
        if not axes:
            raise CannotError
        lacking = [ast.Constant(None)] * (len(self.loops) - 1 - axes[-1])
        at = len(made) - slices
        made[at:at] = lacking
        self._base(ast.unparse(base), tuple(axes))
        trailing = None if kind.ndim is None else kind.ndim - len(parts) + slices
        if kind.ndim is None and len(parts) > 1 and not slices:
            trailing = 0
        tensor = kind.name == "tensor"
        self.seen.tensor |= tensor
        return Value(indexed(base, made), many=True, trailing=trailing, tensor=tensor, base=base)

    def _gathered(self, base: ast.expr, parts: list[ast.expr], kind: Kind) -> Value:
        """Return an array's items at places that were worked out before, or looked up."""
        if len(parts) != 1 or kind.name != "array":
            raise CannotError
        at = self.value(parts[0])
        if not at.many or at.trailing not in (0, None):
            raise CannotError
        self.seen.names |= names(parts[0]) & self.stored
        trailing = None if kind.ndim is None else kind.ndim - 1
        return Value(indexed(base, [at.node]), many=True, trailing=trailing, base=at.base)

    def _column(self, base: ast.expr, parts: list[ast.expr], kind: Kind) -> Value:
        """Return ``x[:, j]`` for all columns: the transposed array."""
        match parts:
            case [ast.Slice(lower=None, upper=None, step=None), part] if len(self.loops) == 1:
                found = self.counted(part, base, 1)
                if found is not None and found[1].lower is None and found[1].upper is None:
                    self._base(ast.unparse(base), (0,))
                    turned = ast.Attribute(base, "T")
                    return Value(turned, many=True, trailing=1, tensor=kind.name == "tensor", base=turned)
        raise CannotError

    def counted(self, part: ast.expr, base: ast.expr, at: int) -> tuple[int, ast.Slice] | None:
        """Return which loop's variable an index is, plus or minus a number, and the slice that it becomes.

        Parameters
        ----------
        part
            An index.
        base, at
            The array, and which of its axes is indexed.
        """
        shift = 0
        match part:
            case ast.BinOp(
                left=ast.Name() as left, op=ast.Add() | ast.Sub() as op, right=ast.Constant(value=int(n))
            ):
                part, shift = left, n if isinstance(op, ast.Add) else -n
        if not isinstance(part, ast.Name):
            return None
        for axis, counted in enumerate(self.ranges):
            if counted is not None and counted.variable == part.id:
                self.seen.half |= counted.half is not None
                return axis, counted.slice(shift, whole=ranges.is_length(counted.length, base, at, self.view))
        return None

    def _single_row(self, part: ast.expr) -> bool:
        """Whether an index is ``i : i + 1``."""
        match part:
            case ast.Slice(
                lower=ast.Name(id=lower),
                upper=ast.BinOp(left=ast.Name(id=upper), op=ast.Add(), right=ast.Constant(value=1)),
            ):
                counted = self.ranges[0]
                return (
                    lower == upper
                    and len(self.loops) == 1
                    and counted is not None
                    and counted.variable == lower
                )
        return False

    def _check_stores(self, node: ast.Subscript) -> None:
        """See that no pass reads what another has written."""
        base = root(node)
        for one in self.outermost.body:
            match one:
                case ast.Subscript(ctx=ast.Store()) if root(one) == base:
                    if ast.unparse(one.slice) != ast.unparse(node.slice):
                        raise CannotError
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if (
                    name == base and name in self.changed
                ):
                    raise CannotError

    def halved(self, made: Value) -> Value:
        """Return a value without the pairs that the loops leave out."""
        half = next((one.half for one in self.ranges if one is not None and one.half is not None), None)
        if half is None:
            return made
        in_order = self.loops[0] is self.outermost
        if len(self.loops) != 2 or made.trailing != 0 or not in_order:  # noqa: PLR2004
            raise CannotError
        self.seen.half = True
        library = self.library(tensor=made.tensor)
        call = ast.Call(ast.Attribute(ast.Name(library), "triu"), [made.node, ast.Constant(half)], [])
        return replace(made, node=call)

    def _base(self, text: str, axes: tuple[int, ...]) -> None:
        """Note that an array is indexed by those loops."""
        self.seen.bases.setdefault(text, set()).add(axes)


def rows_of(loop: Loop, row: ast.expr) -> ast.expr | None:
    """Return the data frame over whose rows a loop runs with ``iterrows`` or ``itertuples``."""
    match loop.iterable, loop.target:
        case (
            ast.Call(func=ast.Attribute(value=frame, attr="iterrows")),
            ast.Tuple(elts=[_, ast.Name(id=name)]),
        ) if isinstance(row, ast.Name) and row.id == name:
            return frame
        case ast.Call(func=ast.Attribute(value=frame, attr="itertuples")), ast.Name(id=name) if (
            isinstance(row, ast.Name) and row.id == name
        ):
            return frame
    return None


def _after(axes: list[int], one: int) -> bool:
    """Whether an axis comes after those that are there."""
    return not axes or one > axes[-1]
