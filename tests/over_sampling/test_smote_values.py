"""Integers among the features, in arrays and tables of every kind."""

import imblearn.over_sampling
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from mlqa_fast.over_sampling import SMOTE

ROUND = {"truncate": np.trunc, "round": np.rint, "float": np.asarray}


def data(rng, n=120):
    return rng.integers(0, 100, size=(n, 4)), (np.arange(n) % 5 == 0).astype(int)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint32, np.int64, np.uint64])
@pytest.mark.parametrize("how", ROUND)
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, pd.DataFrame])
@pytest.mark.parametrize("few", [False, True])
def test_integer_arrays(dtype, how, container, few, rng):
    X, y = data(rng)
    X = container(X.astype(dtype))
    strategy = {1: 30} if few else "auto"
    sampler = SMOTE(random_state=0, integer_values=how, sampling_strategy=strategy)
    rows, _ = sampler.fit_resample(X, y)
    points, _ = SMOTE(random_state=0, sampling_strategy=strategy).fit_resample(X.astype(float), y)
    rows, points = (m.toarray() if sp.issparse(m) else np.asarray(m) for m in (rows, points))
    assert rows.dtype == (np.float64 if how == "float" else dtype)
    np.testing.assert_array_equal(rows, ROUND[how](points))


@pytest.mark.parametrize("how", ROUND)
def test_columns_of_pandas(how, rng):
    X, y = data(rng)
    table = pd.DataFrame(
        {"a": X[:, 0].astype(np.int16), "b": X[:, 1] / 7, "c": X[:, 2] > 50, "d": X[:, 3]}
    )
    points = SMOTE(random_state=0).fit_resample(table.astype(float), y)[0]
    for frame in (table, table.astype({"a": "Int16", "c": "boolean", "d": "UInt64"})):
        before = frame.copy()
        sampler = SMOTE(random_state=0, integer_values=how)
        rows, _ = sampler.fit_resample(frame, y)
        pd.testing.assert_frame_equal(frame, before)
        assert list(sampler.feature_names_in_) == list("abcd")
        for name in "ad":
            np.testing.assert_array_equal(rows[name].to_numpy(float), ROUND[how](points[name]))
        np.testing.assert_array_equal(rows["b"], points["b"])
        if how == "float":
            assert {str(dtype).lower() for dtype in rows.dtypes} == {"float64"}
            np.testing.assert_array_equal(rows["c"].to_numpy(float), points["c"])
        else:
            assert list(rows.dtypes) == list(frame.dtypes)
            expected = points["c"] != 0 if how == "truncate" else np.rint(points["c"]) != 0
            np.testing.assert_array_equal(rows["c"].to_numpy(bool), expected)


@pytest.mark.parametrize("how", ROUND)
def test_columns_of_polars(how, rng):
    import polars as pl  # here, because its threads do not live under ThreadSanitizer

    X, y = data(rng)
    table = pl.DataFrame({"a": X[:, 0].astype(np.int16), "b": X[:, 1] / 7, "d": X[:, 3]})
    points = SMOTE(random_state=0).fit_resample(table.to_numpy().astype(float), y)[0]
    rows, _ = SMOTE(random_state=0, integer_values=how).fit_resample(table, y)
    assert rows.columns == table.columns
    assert how == "float" or rows.schema == table.schema
    for j, name in enumerate("abd"):
        expected = points[:, j] if name == "b" else ROUND[how](points[:, j])
        np.testing.assert_array_equal(rows[name].to_numpy(), expected)


def test_tables_as_the_peer(rng):
    X, y = 300 * rng.normal(size=(120, 3)), np.arange(120) % 5 == 0  # without ties
    table = pd.DataFrame(
        {"x": X[:, 0].astype(np.float32), "b": X[:, 1] > 20, "i": X[:, 2].round().astype(np.int16)}
    )
    for columns in (["x", "i"], ["x", "b"], ["i", "b"], ["x", "b", "i"]):
        part = table[columns].rename(columns={"i": "one more"})
        part.columns = [f"{name} {j}" for j, name in enumerate(part.columns)]
        ours = SMOTE(random_state=0).fit_resample(part, y)
        theirs = imblearn.over_sampling.SMOTE(random_state=0).fit_resample(part, y)
        pd.testing.assert_frame_equal(ours[0], theirs[0])
        ours = SMOTE(random_state=0).fit_resample(part, pd.Series(y, name="label"))
        assert ours[1].name == "label"


def test_given_integers_of_a_table_are_exact_beyond_float64():
    values = np.array([2**62 + i for i in range(12)])
    table = pd.DataFrame({"a": values, "b": np.arange(12.0)})
    rows, _ = SMOTE(k_neighbors=2, random_state=0).fit_resample(table, [0] * 8 + [1] * 4)
    np.testing.assert_array_equal(rows["a"][:12], values)
    rows, _ = SMOTE(k_neighbors=2, random_state=0).fit_resample(table, np.repeat([0, 1], [8, 4]))
    np.testing.assert_array_equal(rows["a"][:12], values)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
@pytest.mark.parametrize("how", ["truncate", "round"])
def test_the_largest_integers_do_not_wrap_around(dtype, how):
    largest = np.iinfo(dtype).max
    X = np.full((12, 1), largest, dtype)
    X[::3] -= dtype(5)
    rows, _ = SMOTE(k_neighbors=2, random_state=0, integer_values=how).fit_resample(
        X, np.repeat([0, 1], [8, 4])
    )
    assert (rows[12:] == largest).all()


def test_a_homogeneous_table_is_neither_copied_on_the_way_in_nor_out(rng):
    X = rng.normal(size=(300, 5))
    table = pd.DataFrame(X, copy=False)
    rows, _ = SMOTE(random_state=0).fit_resample(table, np.arange(300) % 4 == 0)
    assert len(rows.to_numpy().base if rows.to_numpy().base is not None else ()) > 0
    np.testing.assert_array_equal(
        rows.to_numpy(), SMOTE(random_state=0).fit_resample(X, np.arange(300) % 4 == 0)[0]
    )
