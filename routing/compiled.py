"""Inner loops as machine code: Numba compiles them once, later starts load them from its cache.

A kernel declares the types that it takes, so that it is compiled when its module is imported and
never at a request; another type is a TypeError. It holds no lock of the interpreter while it runs,
and it checks no index: its caller answers for the numbers that it hands over.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast


def _numba() -> ModuleType:
    """Import Numba as if there were no SciPy.

    Numba loads SciPy's linear algebra, and this loads much more, for `@` in kernels: none has it,
    and a start of the server would take a quarter of a second longer.
    """
    if "scipy" in sys.modules or "numba" in sys.modules:
        return import_module("numba")
    sys.modules["scipy"] = None  # type: ignore[assignment]
    try:
        import_module("numba.np.arraymath")
    finally:
        del sys.modules["scipy"]
    return import_module("numba")


numba = _numba()
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(signature: str) -> Callable[[Kernel], Kernel]:
    """Return the decorator of a kernel, with its types as Numba writes them."""
    decorate = numba.njit(signature, cache=True, nogil=True, error_model="numpy")
    return cast(Callable[[Kernel], Kernel], decorate)


def inlined(function: Kernel) -> Kernel:
    """Mark a part of kernels, compiled with each kernel that calls it."""
    return cast(Kernel, numba.njit(function, nogil=True, error_model="numpy", cache=True))


def main() -> None:
    """Compile all kernels anew by importing every module of this package.

    Numba does not notice when a part of a kernel that stands in another file has changed.
    """
    folder = Path(__file__).parent
    for old in folder.rglob("__pycache__/*.nb[ic]"):
        old.unlink(missing_ok=True)
    for module in pkgutil.walk_packages([str(folder)], "routing."):
        import_module(module.name)


if __name__ == "__main__":
    main()
