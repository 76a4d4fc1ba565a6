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

UNUSED = "scipy", "cffi"
"""What Numba would load for `@` in kernels and for calls of C by CFFI, and much more with it."""


def _numba() -> ModuleType:
    """Import Numba as if what no kernel uses were not installed.

    A start of the server would take a quarter of a second longer.
    """
    hidden = [name for name in UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        import_module("numba.np.arraymath")
        import_module("numba.core.typing.cffi_utils")
    finally:
        for name in hidden:
            del sys.modules[name]
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
