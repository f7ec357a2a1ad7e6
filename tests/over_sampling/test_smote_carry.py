"""resample_like carries what there is for each row along."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError

from mlqa_fast.over_sampling import SMOTE
from mlqa_fast.reference import over_sampling as reference


@pytest.fixture(params=["numpy", "philox", "each", "few", "integers", "table", "csr"])
def resampled(request, rng):
    """A sampler that has resampled 200 rows of three classes, and its result."""
    X = rng.normal(size=(200, 3))
    y = np.repeat([0, 1, 2], [120, 50, 30])[rng.permutation(200)]
    parameters = {
        "philox": {"random_stream": "philox"},
        "each": {"base": "each"},
        "few": {"sampling_strategy": {1: 60, 2: 31}},
    }.get(request.param, {})
    sampler = SMOTE(random_state=3, store_provenance=True, **parameters)
    given = {
        "integers": lambda: np.round(99 * X).astype(int),
        "table": lambda: pd.DataFrame(X, columns=list("abc")).assign(k=np.arange(200)),
        "csr": lambda: sp.csr_matrix(X),
    }.get(request.param, lambda: X)()
    return sampler, y, sampler.fit_resample(given, y)


def segments(sampler):
    return sampler.synthetic_base_, sampler.synthetic_neighbor_, sampler.synthetic_fraction_


def test_labels_and_groups_follow_their_rows(resampled):
    sampler, y, (_, labels) = resampled
    np.testing.assert_array_equal(sampler.resample_like(y), labels)
    groups = np.array(["a", "b", "c"])[y]
    carried = sampler.resample_like(groups)
    np.testing.assert_array_equal(carried, np.array(["a", "b", "c"])[labels])
    assert carried.dtype == groups.dtype


@pytest.mark.parametrize("how", ["base", "interpolate"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3)])
def test_equals_the_reference(resampled, how, dtype, shape, rng):
    sampler, _, _ = resampled
    a = (100 * rng.random(size=(200, *shape))).astype(dtype)
    before = a.copy()
    carried = sampler.resample_like(a, how)
    floats = a if how == "base" or dtype == np.float32 else a.astype(float)
    expected = reference.resample_like(floats, *segments(sampler), how)
    assert carried.dtype == (np.float32 if dtype == np.float32 else expected.dtype)
    np.testing.assert_array_equal(carried, expected.astype(carried.dtype))
    np.testing.assert_array_equal(a, before)


def test_the_rows_themselves(rng):
    X, y = rng.normal(size=(90, 4)), np.arange(90) % 5 == 0
    sampler = SMOTE(random_state=0, store_provenance=True)
    rows, _ = sampler.fit_resample(X, y)
    np.testing.assert_array_equal(sampler.resample_like(X, "interpolate"), rows)
    assert not (sampler.resample_like(X) == rows).all()


def test_pandas(resampled):
    sampler, y, _ = resampled
    base = np.concatenate([np.arange(200), sampler.synthetic_base_])
    group = pd.Series(list("xyz"), dtype="category")[y].set_axis(np.arange(200)[::-1])
    carried = sampler.resample_like(group.rename("g"))
    assert carried.dtype == group.dtype
    assert carried.name == "g"
    np.testing.assert_array_equal(carried.to_numpy(), group.to_numpy()[base])
    assert carried.index.equals(pd.RangeIndex(len(base)))

    table = pd.DataFrame({"w": np.linspace(0, 1, 200), "n": np.arange(200)}, dtype="float64")
    table["n"] = table["n"].astype("Int64")
    carried = sampler.resample_like(table, "interpolate")
    assert list(carried.columns) == ["w", "n"]
    for name in table:
        expected = reference.resample_like(
            table[name].to_numpy(float), *segments(sampler), "interpolate"
        )
        np.testing.assert_array_equal(carried[name].to_numpy(float), expected)
    assert list(sampler.resample_like(table).dtypes) == list(table.dtypes)


def test_polars(resampled):
    import polars as pl  # here, because its threads do not live under ThreadSanitizer

    sampler, _, _ = resampled
    table = pl.DataFrame({"w": np.linspace(0, 1, 200), "g": [str(i % 7) for i in range(200)]})
    carried = sampler.resample_like(table)
    assert carried.schema == table.schema
    base = np.concatenate([np.arange(200), sampler.synthetic_base_])
    assert carried["g"].to_list() == [str(i % 7) for i in base]
    weights = sampler.resample_like(table["w"], "interpolate")
    assert weights.name == "w"
    expected = reference.resample_like(table["w"].to_numpy(), *segments(sampler), "interpolate")
    np.testing.assert_array_equal(weights.to_numpy(), expected)
    with pytest.raises(TypeError, match="column 'g'"):
        sampler.resample_like(table, "interpolate")


def test_lists_and_sparse_matrices(resampled, rng):
    sampler, _, _ = resampled
    base = np.concatenate([np.arange(200), sampler.synthetic_base_])
    assert sampler.resample_like(list(range(200))) == base.tolist()
    matrix = sp.random(200, 6, 0.3, "csc", random_state=rng)
    carried = sampler.resample_like(matrix)
    assert carried.format == "csc"
    np.testing.assert_array_equal(carried.toarray(), matrix.toarray()[base])
    with pytest.raises(TypeError, match="how='base' only"):
        sampler.resample_like(matrix, "interpolate")


@pytest.mark.parametrize(
    ("a", "how", "error", "message"),
    [
        (np.zeros(199), "base", ValueError, "each of the 200 rows given to fit_resample, got 199"),
        (np.zeros(201), "base", ValueError, "got 201"),
        (pd.Series(np.zeros(3)), "base", ValueError, "got 3"),
        (1.5, "base", ValueError, "got a scalar"),
        (np.zeros(200), "mean", ValueError, "how must be 'base' or 'interpolate', got 'mean'"),
        (np.full(200, "a"), "interpolate", TypeError, "a has dtype <U1"),
        (np.zeros(200, bool), "interpolate", TypeError, "needs numbers"),
        (np.zeros(200, object), "interpolate", TypeError, "needs numbers"),
        (np.zeros(200, complex), "interpolate", TypeError, "needs numbers"),
        (np.zeros(200, "M8[s]"), "interpolate", TypeError, "needs numbers"),
        (pd.Series(["a"] * 200), "interpolate", TypeError, "needs numbers"),
        (pd.DataFrame({"q": ["a"] * 200}), "interpolate", TypeError, "column 'q'"),
    ],
)
def test_errors(resampled, a, how, error, message):
    with pytest.raises(error, match=message):
        resampled[0].resample_like(a, how)


def test_not_fitted_or_without_provenance(rng):
    X, y = rng.normal(size=(60, 2)), np.arange(60) % 4 == 0
    for sampler in (SMOTE(store_provenance=True), SMOTE(store_provenance=True).fit(X, y)):
        with pytest.raises(NotFittedError, match="call 'fit_resample' first"):
            sampler.resample_like(np.zeros(60))
    sampler = SMOTE()
    sampler.fit_resample(X, y)
    with pytest.raises(ValueError, match=r"SMOTE\(store_provenance=True\)"):
        sampler.resample_like(np.zeros(60))
