from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest


@pytest.fixture
def in_parallel() -> Callable[..., list[Any]]:
    """Runs functions at once and gives what each returned."""

    def run(*functions: Callable[[], Any]) -> list[Any]:
        with ThreadPoolExecutor(len(functions)) as pool:
            return [future.result() for future in [pool.submit(function) for function in functions]]

    return run
