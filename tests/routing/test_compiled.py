"""Kernels are loaded once, by whoever calls them first."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from routing.compiled import compiled


def test_threads_that_call_a_kernel_first_share_it_and_other_types_are_refused():
    @compiled("int64(int64)")
    def twice(number):
        return 2 * number

    assert twice.signatures == []
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(twice, range(64))) == list(range(0, 128, 2))
    assert len(twice.signatures) == 1
    with pytest.raises(TypeError):
        twice("2")
    assert len(twice.signatures) == 1
