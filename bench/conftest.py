"""What every benchmark shares: equal threads, a budget of time, and what is recorded with a figure.

A benchmark is one test, parametrised over the implementations, that calls `measure`::

    @pytest.mark.parametrize("implementation", ["mlqa_fast", "scikit-learn", "reference"])
    @pytest.mark.parametrize("case", ["digits", pytest.param("letter", marks=pytest.mark.full)])
    def bench_fit(case, implementation, measure, peer):
        sklearn_svm = peer("sklearn.svm")  # skips where it is not installed
        ...
        measure(
            lambda: estimator.fit(X, y),
            implementation=implementation,
            case=case,
            shape=X.shape,
            certificate=lambda fitted: ("KKT violation", violation(fitted), 1e-3),
        )
"""

from __future__ import annotations

import importlib
import importlib.metadata
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
import threadpoolctl

import mlqa_fast
from mlqa_fast._mlqa_fast_core import core

DISTRIBUTIONS = (
    "mlqa-fast",
    "numpy",
    "scipy",
    "scikit-learn",
    "imbalanced-learn",
    "pykdtree",
    "torch",
)


# How good an answer is: a name, its value, computed alike for every implementation, and the bound
# that an answer has to keep for its time to be compared. Smaller is better.
Certificate = tuple[str, float, float]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mlqa_fast benchmarks")
    group.addoption("--full", action="store_true", help="run the large cases as well")
    group.addoption(
        "--budget",
        type=float,
        default=0.5,
        metavar="SECONDS",
        help="time for one figure; it always gets three rounds (default: 0.5)",
    )
    group.addoption(
        "--threads",
        type=int,
        default=core.get_num_threads(),
        metavar="N",
        help="threads of every implementation (default: what mlqa_fast would take)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "full: a large case, run with --full only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Drop the large cases unless asked for; a peer's warnings are not our errors."""
    large = [item for item in items if item.get_closest_marker("full")]
    if large and not config.getoption("--full"):
        config.hook.pytest_deselected(items=large)
        items[:] = [item for item in items if item not in large]
    for item in items:
        if item.path.name.startswith("bench_"):
            item.add_marker(pytest.mark.filterwarnings("default"), append=False)


@pytest.fixture(scope="session")
def threads(request: pytest.FixtureRequest) -> int:
    """The number of threads that every implementation has."""
    return int(request.config.getoption("--threads"))


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether the large cases were asked for."""
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session", autouse=True)
def _equal_threads(threads: int) -> Iterator[None]:
    with threadpoolctl.threadpool_limits(threads):
        yield


@pytest.fixture(scope="session")
def peer(threads: int) -> Callable[[str], Any]:
    """`peer(module)` imports a peer's module, or skips the benchmark where it is missing."""

    def load(name: str) -> ModuleType:
        module: ModuleType = pytest.importorskip(name)
        if name.split(".")[0] == "torch":
            importlib.import_module("torch").set_num_threads(threads)
        threadpoolctl.threadpool_limits(threads)  # libraries that came with the module
        return module

    return load


def _versions() -> dict[str, str]:
    found = {}
    for name in DISTRIBUTIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@pytest.fixture
def measure(request: pytest.FixtureRequest, benchmark: Any, threads: int) -> Callable[..., Any]:
    """`measure(function, ...)` times a call without arguments and returns what its first call gave.

    `prepare`, when given, runs before every timed call and its time does not count. `certificate`
    is `(name, value, bound)`, or a function that computes it from the result: the value is to be
    computed alike for every implementation, and times are compared only where it keeps the bound.
    """
    budget = float(request.config.getoption("--budget"))
    room = request.path.stem.removeprefix("bench_")
    area = request.path.parent.name

    def run(
        function: Callable[[], Any],
        *,
        implementation: str,
        case: str,
        shape: tuple[int, ...],
        certificate: Certificate | Callable[[Any], Certificate] | None = None,
        prepare: Callable[[], object] | None = None,
    ) -> Any:
        benchmark.group = f"{area}/{room} {case}"
        if prepare is not None:
            prepare()
        result = function()  # warm: caches, lazy imports, pools
        if not benchmark.disabled:
            rounds, iterations = _plan(function, prepare, budget)
            benchmark.pedantic(function, setup=prepare, rounds=rounds, iterations=iterations)
        else:
            benchmark(lambda: None)
        if callable(certificate):
            certificate = certificate(result)
        benchmark.extra_info.update(
            area=area,
            room=room,
            case=case,
            implementation=implementation,
            shape=list(shape),
            threads=threads,
            isa=mlqa_fast.get_isa(),
            versions=_versions(),
            certificate=_as_record(certificate),
        )
        return result

    return run


def _as_record(certificate: Certificate | None) -> dict[str, Any] | None:
    if certificate is None:
        return None
    name, value, bound = certificate
    return {"name": str(name), "value": float(value), "bound": float(bound)}


def _plan(
    function: Callable[[], Any], prepare: Callable[[], object] | None, budget: float
) -> tuple[int, int]:
    """How many rounds fit the budget, and how many calls make a round worth a clock's tick."""
    if prepare is not None:
        prepare()
    start = time.perf_counter()
    function()
    seconds = max(time.perf_counter() - start, 1e-7)
    iterations = 1 if prepare is not None else max(1, round(5e-4 / seconds))
    return int(min(max(budget / (seconds * iterations), 3), 100)), iterations
