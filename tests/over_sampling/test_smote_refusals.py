"""What SMOTE refuses, when, and what it leaves behind."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context

from mlqa_fast.over_sampling import SMOTE


def data(rng, n=200, d=3):
    return rng.normal(size=(n, d)), (np.arange(n) % 5 == 0).astype(int)


def fitted(sampler):
    return {name: value for name, value in vars(sampler).items() if name.endswith("_")}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("place", [(0, 0), (199, 2), (57, 1)])
@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
def test_values_that_are_not_finite(value, dtype, place, layout, isa, rng):
    X, y = data(rng)
    X = layout(X.astype(dtype))
    sampler = SMOTE(random_state=0)
    sampler.fit_resample(X[:100], y[:100])
    before = fitted(sampler)
    X[place] = value
    message = "Input X contains NaN" if np.isnan(value) else "Input X contains infinity"
    with pytest.raises(ValueError, match=message):
        sampler.fit_resample(X, y)
    assert fitted(sampler) == before, "the sampler was written to"


@pytest.mark.parametrize("where", range(130))
def test_every_place_is_looked_at(where, isa):
    X = np.zeros((13, 10))
    X[6] = 1
    X.ravel()[where] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        SMOTE(k_neighbors=1).fit_resample(X, np.repeat([0, 1], [9, 4]))


def test_large_arrays_are_looked_at_to_the_end(rng):
    X = rng.normal(size=(30_000, 50))  # written past the caches
    y = np.arange(30_000) % 2
    sampler = SMOTE(sampling_strategy={0: 15_003}, k_neighbors=1, random_state=0)
    rows, _ = sampler.fit_resample(X, y)
    np.testing.assert_array_equal(rows[:30_000], X)
    X[-1, -1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        sampler.fit_resample(X, y)


def test_values_whose_sum_overflows_are_finite():
    X = np.full((20, 2), 1.7e308)
    X[::2] *= -1
    assert np.isfinite(SMOTE().fit_resample(X, np.repeat([0, 1], [13, 7]))[0]).all()
    table = pd.DataFrame({"a": X[:, 0], "b": np.abs(X[:, 1]), "c": np.arange(20)})
    assert np.isfinite(SMOTE().fit_resample(table, np.repeat([0, 1], [13, 7]))[0]).all(axis=None)


def test_what_is_wrong_with_the_data_comes_first(rng):
    X, y = data(rng)
    X[3, 1] = np.nan
    for parameters in ({"k_neighbors": 100}, {"sampling_strategy": {7: 99}}):
        with pytest.raises(ValueError, match="NaN"):
            SMOTE(**parameters).fit_resample(X, y)
    with pytest.raises(ValueError, match="NaN"):
        SMOTE().fit_resample(X, np.zeros_like(y))


def test_assume_finite_is_obeyed(rng):
    X, y = data(rng)
    X[3, 1] = np.nan  # of the majority
    with config_context(assume_finite=True):
        rows, _ = SMOTE(random_state=0).fit_resample(X, y)
    np.testing.assert_array_equal(rows[:200], X)


def test_skip_parameter_validation_is_obeyed(rng):
    X, y = data(rng)
    with config_context(skip_parameter_validation=True):
        SMOTE(store_provenance=0, random_state=0).fit_resample(X, y)
    for _ in range(2):  # what was not validated was not remembered as valid
        with pytest.raises(ValueError, match="'store_provenance' parameter"):
            SMOTE(store_provenance=0, random_state=0).fit_resample(X, y)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"sampling_strategy": 1}, {"sampling_strategy": 2}),
        ({"random_state": 7}, {"random_state": -7}),
        ({"random_state": 7}, {"random_state": 2**32}),
        ({"random_state": 7}, {"random_state": 7.0}),
        ({"k_neighbors": 1}, {"k_neighbors": 1.0}),
        ({"store_provenance": True}, {"store_provenance": 1.0}),
    ],
)
def test_parameters_that_passed_vouch_for_no_others(right, wrong, rng):
    X, y = data(rng)
    SMOTE(**right).fit_resample(X, y)
    with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter of SMOTE must be"):
        SMOTE(**wrong).fit_resample(X, y)


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_fewer_rows_than_neighbours(rows, rng):
    X, _ = data(rng)
    y = (np.arange(200) < rows).astype(int)
    with pytest.raises(ValueError, match=f"n_samples_fit = {rows}"):
        SMOTE().fit_resample(X, y)


def test_one_row_and_one_column(rng):
    with pytest.raises(ValueError, match="more than 1 class"):
        SMOTE().fit_resample(np.ones((1, 1)), np.array([1]))
    x, y = rng.normal(size=(40, 1)), np.arange(40) % 4 == 0
    rows, _ = SMOTE(random_state=0).fit_resample(x, y)
    assert rows.shape == (60, 1)
    assert rows[40:].min() >= x[y].min()
    assert rows[40:].max() <= x[y].max()


@pytest.mark.parametrize("count", [2**46, 2**62, 2**63, 10**40])
@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame, lambda X: X.astype(int)])
def test_absurd_counts(count, container, rng):
    X, y = data(rng)
    sampler = SMOTE(sampling_strategy={1: count})
    with pytest.raises(ValueError, match="is too large"):
        sampler.fit_resample(container(X), y)
    sampler.set_params(sampling_strategy="auto").fit_resample(container(X), y)


OUT_OF_MEMORY = """
import resource
import numpy as np
from mlqa_fast.over_sampling import SMOTE
X = np.random.default_rng(0).normal(size=(2000, 20))
y = (np.arange(2000) % 5 == 0).astype(int)
kept = X.copy()
sampler = SMOTE(random_state=0, {parameters})
expected = sampler.fit_resample(X, y)[0]
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
soft, hard = resource.getrlimit(resource.RLIMIT_AS)
for megabytes in {steps}:
    resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 2**20, hard))
    try:
        sampler.set_params(sampling_strategy={{1: 400_000}}).fit_resample(X, y)
    except MemoryError:
        print("refused", megabytes)
    else:
        print("went through", megabytes)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert (X == kept).all()
    again = sampler.set_params(sampling_strategy="auto").fit_resample(X, y)[0]
    assert (again == expected).all()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs RLIMIT_AS")
@pytest.mark.parametrize("parameters", ["", "store_provenance=True", "base='each'"])
def test_out_of_memory_in_the_middle(parameters):
    """64 MB of rows, 3 MB of labels, and what is drawn: too little for each of them in turn."""
    code = OUT_OF_MEMORY.format(parameters=parameters, steps=(8, 66, 68, 70, 2000))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outcomes = done.stdout.split("\n")
    assert "refused 8" in outcomes
    assert "went through 2000" in outcomes
