"""Values of libraries that perfkit does not import: recognised by the names of their classes.

A value of torch, pandas, polars, scipy or argparse exists only where that library is loaded, so its own
methods serve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from perfkit.verify.parts import Array, Exact, Node, Opaque, Part, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Rule: TypeAlias = Callable[[Any], Part]

_BITS = {1: "uint8", 2: "int16", 4: "int32", 8: "int64"}
_IMPLEMENTATION = frozenset({"foreach", "fused"})  # how an optimiser computes, not what


def rule_for(cls: type) -> Rule | None:
    """Return the rule for a class of a foreign library, by its package and name, if there is one."""
    return _RULES.get((str(cls.__module__).partition(".")[0], cls.__qualname__))


# ---------------------------------------------------------------- the standard library


def _namespace(namespace: Any) -> Part:
    """Describe what a script's arguments were read into."""
    parts = sorted(vars(namespace).items())
    names = [name for name, _ in parts]
    return Node([(f".{name}", one) for name, one in parts], (), text=", ".join(names), keys="\0".join(names))


# ---------------------------------------------------------------- torch


def _tensor(tensor: Any) -> Part:
    if tensor.device.type == "meta":
        return Opaque("a meta tensor has no data")
    note = "" if tensor.device.type == "cpu" else f" on {tensor.device}"
    note += " requiring grad" if tensor.requires_grad else ""
    dtype = str(tensor.dtype).removeprefix("torch.")
    shape = () if tensor.is_nested else tuple(tensor.shape)
    tensor = tensor.detach()
    if tensor.is_nested:
        rows = ((f"[{i}]", one) for i, one in enumerate(tensor.unbind()))
        return Node(rows, shape, dtype, "nested", note=note)
    layout = str(tensor.layout).removeprefix("torch.")
    if layout != "strided":
        return Node(_sparse_parts(tensor, layout), shape, dtype, layout, layout, note)
    if tensor.is_quantized:
        parts = ((".int_repr()", tensor.int_repr()), (".dequantize()", tensor.dequantize()))
        return Node(parts, shape, dtype, "quantized", note=note)
    return Array(_bits(tensor.cpu().resolve_conj().resolve_neg(), dtype), dtype, shape, note=note)


def _bits(tensor: Any, dtype: str) -> np.ndarray[Any, Any]:
    """Return a dense CPU tensor as an array; its bits as unsigned integers where NumPy lacks the dtype."""
    import torch  # loaded long since: this is one of its tensors

    if dtype == "complex32":
        tensor = tensor.to(torch.complex64)  # exact, and NumPy has it
    try:
        array: np.ndarray[Any, Any] = tensor.numpy()
    except TypeError:
        array = tensor.contiguous().view(getattr(torch, _BITS[tensor.element_size()])).numpy()
        array = array.view(f"u{array.itemsize}")
    return array


def _sparse_parts(tensor: Any, layout: str) -> Iterator[tuple[str, object]]:
    if layout == "sparse_coo":
        tensor = tensor.coalesce()
        names = ["indices", "values"]
    elif layout in {"sparse_csr", "sparse_bsr"}:
        names = ["crow_indices", "col_indices", "values"]
    else:
        names = ["ccol_indices", "row_indices", "values"]
    for name in names:
        yield f".{name}()", getattr(tensor, name)()


def _module(module: Any) -> Part:
    # A plain dictionary: the order of registration is no part of what was learnt.
    return Node(((".state_dict()", dict(module.state_dict())),), (), keys=f"training={module.training}")


def _optimiser(optimiser: Any) -> Part:
    state = dict(optimiser.state_dict())
    state["param_groups"] = [
        {key: value for key, value in group.items() if key not in _IMPLEMENTATION}
        for group in state["param_groups"]
    ]
    return Node(((".state_dict()", state),), ())


def _scheduler(scheduler: Any) -> Part:
    return Node(((".state_dict()", dict(scheduler.state_dict())),), ())


def _torch_generator(generator: Any) -> Part:
    return Node(((".get_state()", generator.get_state()),), (), keys=str(generator.device))


# ---------------------------------------------------------------- numpy.random


def _generator(generator: Any) -> Part:
    return Node(((".bit_generator", generator.bit_generator),), ())


def _bit_generator(source: Any) -> Part:
    return Node(((".state", source.state),), ())


def _random_state(state: Any) -> Part:
    return Node(((".get_state()", state.get_state(legacy=False)),), ())


# ---------------------------------------------------------------- scipy


def _sparse(matrix: Any) -> Part:
    if matrix.format in {"dok", "lil"}:
        compressed = matrix.tocsr()
        compressed.sort_indices()
    else:
        compressed = matrix
    names = [name for name in ("data", "indices", "indptr", "coords", "offsets") if hasattr(compressed, name)]
    parts = ((f".{name}", getattr(compressed, name)) for name in names)
    return Node(parts, tuple(matrix.shape), str(matrix.dtype), matrix.format, matrix.format)


# ---------------------------------------------------------------- pandas and polars


def _pandas_frame(frame: Any) -> Part:
    def parts() -> Iterator[tuple[str, object]]:
        yield ".index", frame.index
        yield ".columns", frame.columns
        for i in range(frame.shape[1]):
            yield f".iloc[:, {i}]", frame.iloc[:, i].array

    return Node(parts(), tuple(frame.shape), text="rows and columns")


def _pandas_series(series: Any) -> Part:
    parts = ((".index", series.index), (".name", series.name), (".array", series.array))
    return Node(parts, tuple(series.shape))


def _pandas_index(index: Any) -> Part:
    if index.nlevels > 1:
        levels = [(f".get_level_values({i})", index.get_level_values(i)) for i in range(index.nlevels)]
        return Node([*levels, (".names", list(index.names))], (len(index),))
    return Node(((".array", index.array), (".name", index.name)), (len(index),))


def _pandas_array(array: Any) -> Part:
    """Numbers as they are; else the values that are there, which are missing, and what stands for them."""
    if isinstance(array.dtype, np.dtype) and array.dtype.kind != "O":
        return Node(((".to_numpy()", array.to_numpy()),), (len(array),), str(array.dtype))
    missing = np.asarray(array.isna())
    stand_ins = [type_name(type(one)) for one in array[missing]]
    present = array[~missing]
    parts: list[tuple[str, object]] = [(".isna()", missing), (".missing", stand_ins)]
    if hasattr(array, "codes"):
        parts += [(".codes", array.codes), (".categories", array.categories), (".ordered", array.ordered)]
    else:
        parts.append((".dropna()", np.asarray(present)))
    return Node(parts, (len(array),), str(array.dtype))


def _polars_frame(frame: Any) -> Part:
    names = list(frame.columns)
    parts = [(f"[{name!r}]", frame.get_column(name)) for name in names]
    return Node([(".columns", names), *parts], tuple(frame.shape), text="rows and columns")


def _polars_series(series: Any) -> Part:
    present = series.drop_nulls().to_numpy()
    parts = ((".name", series.name), (".is_null()", series.is_null().to_numpy()), (".drop_nulls()", present))
    return Node(parts, (len(series),), str(series.dtype))


def _by_str(value: Any) -> Part:
    return Exact(str(value))


def _lazy_frame(_: Any) -> Part:
    return Opaque("lazy: a query that has not been run")


_RULES: dict[tuple[str, str], Rule] = {
    ("argparse", "Namespace"): _namespace,
    ("torch", "Tensor"): _tensor,
    ("torch", "Module"): _module,
    ("torch", "Optimizer"): _optimiser,
    ("torch", "LRScheduler"): _scheduler,
    ("torch", "Generator"): _torch_generator,
    ("torch", "dtype"): _by_str,
    ("torch", "device"): _by_str,
    ("torch", "layout"): _by_str,
    ("numpy", "Generator"): _generator,
    ("numpy", "BitGenerator"): _bit_generator,
    ("numpy", "RandomState"): _random_state,
    ("scipy", "_spbase"): _sparse,
    ("scipy", "spmatrix"): _sparse,
    ("pandas", "DataFrame"): _pandas_frame,
    ("pandas", "Series"): _pandas_series,
    ("pandas", "Index"): _pandas_index,
    ("pandas", "ExtensionArray"): _pandas_array,
    ("pandas", "NAType"): _by_str,
    ("polars", "DataFrame"): _polars_frame,
    ("polars", "Series"): _polars_series,
    ("polars", "LazyFrame"): _lazy_frame,
}
