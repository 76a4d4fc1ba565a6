"""Inner loops as machine code: Numba compiles them once, later starts load them from its cache.

A kernel declares the types that it takes, so that it is compiled before anybody asks; another is a
TypeError. It holds no lock of the interpreter while it runs, and it checks no index: its caller
answers for the numbers that it hands over.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, TypeVar, cast

UNUSED = "scipy", "cffi", "yaml"
"""What Numba would load for `@` in kernels, calls of C by CFFI and a file of settings."""


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
compiler_lock, runtime = map(import_module, ("numba.core.compiler_lock", "numba.core.runtime"))
Kernel = TypeVar("Kernel", bound=Callable[..., object])


def compiled(signature: str, *, at_start: bool = False) -> Callable[[Kernel], Kernel]:
    """Return the decorator of a kernel.

    Parameters
    ----------
    signature
        Its types as Numba writes them.
    at_start
        Load it when its module is imported, so that a server's processes share it and the first
        path need not wait: for kernels that every path calls. Others are loaded when they are first
        called, in 3 to 25 ms, and are none of a server's start.
    """

    def decorate(function: Kernel) -> Kernel:
        kernel = numba.njit(function, cache=True, nogil=True, error_model="numpy")
        loading, code = Lock(), None

        def load(*_: object) -> object:
            """Return the code that Numba is to call, whatever it was called with."""
            nonlocal code
            with loading:
                if code is None:
                    code = _code_of(kernel, signature)
                    kernel.disable_compile()
                    del kernel._compile_for_args
            return code

        kernel._compile_for_args = load  # what Numba asks where it has no code yet
        if at_start:
            load()
        return cast(Kernel, kernel)

    return decorate


def _code_of(kernel: Any, signature: str) -> object:
    """Return a kernel's code: from the cache where it is there, else compiled.

    Numba would begin with all that compiling needs, for a tenth of a second, to compile nothing.
    """
    context = kernel.targetctx
    with compiler_lock.global_compiler_lock:
        runtime.rtsys.initialize(context)
        found = kernel._cache._load_overload(signature, context)
        if found is None:
            return kernel.compile(signature)
        context.insert_user_function(found.entry_point, found.fndesc, [found.library])
        kernel.add_overload(found)
        return found.entry_point


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
    for found in pkgutil.walk_packages([str(folder)], "routing."):
        for one in vars(import_module(found.name)).values():
            if load := getattr(one, "__dict__", {}).get("_compile_for_args"):
                load()


if __name__ == "__main__":
    main()
