"""The arrays, matrices and tables that a sampler takes come back as what they were."""

import imblearn.over_sampling
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.datasets import make_classification

from mlqa_fast.over_sampling import SMOTE, _sparse


def data(dtype=np.float64):
    X, y = make_classification(
        400, 9, n_informative=6, n_classes=3, weights=[0.15, 0.3], random_state=1
    )
    return X.astype(dtype), y


@pytest.mark.parametrize("order", ["C", "F", "strided", "reversed"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layouts(order, dtype, rng):
    X, y = data(dtype=dtype)
    laid_out = {
        "C": X,
        "F": np.asfortranarray(X),
        "strided": X.repeat(2, axis=0).repeat(3, axis=1)[::2, ::3],
        "reversed": X[::-1, ::-1].copy()[::-1, ::-1],
    }[order]
    before = laid_out.copy()
    rows, _ = SMOTE(random_state=0).fit_resample(laid_out, y)
    np.testing.assert_array_equal(laid_out, before)
    np.testing.assert_array_equal(rows, SMOTE(random_state=0).fit_resample(X, y)[0])
    assert rows.flags.c_contiguous
    assert rows.flags.owndata
    assert rows.flags.writeable


@pytest.mark.parametrize("matrix", [sp.csr_matrix, sp.csc_matrix, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_sparse(matrix, dtype, index):
    X, y = data()
    X = np.round(np.where(abs(X) > 0.7, 8 * X, 0)).astype(dtype)
    sparse = matrix(X)
    sparse.indices, sparse.indptr = sparse.indices.astype(index), sparse.indptr.astype(index)
    rows, labels = SMOTE(random_state=0).fit_resample(sparse, y)
    dense, dense_labels = SMOTE(random_state=0).fit_resample(X, y)
    assert type(rows) is matrix
    assert rows.dtype == dtype
    assert rows.has_sorted_indices
    np.testing.assert_array_equal(rows.toarray(), dense)
    np.testing.assert_array_equal(labels, dense_labels)


def test_sparse_rows_are_spread_out_or_not(monkeypatch):
    X, y = data()
    sparse = sp.csr_matrix(np.where(abs(X) > 1.5, X, 0))
    results = []
    for least_density in (0, 2):
        monkeypatch.setattr(_sparse, "LEAST_DENSITY", least_density)
        results.append(SMOTE(random_state=0).fit_resample(sparse, y)[0].toarray())
    np.testing.assert_array_equal(*results)


def test_sparse_with_duplicate_entries_out_of_order():
    X, y = data()
    coordinates = sp.coo_matrix(np.where(X > 0, X, 0))
    doubled = sp.csr_matrix(
        (
            np.tile(coordinates.data / 2, 2),
            (np.tile(coordinates.row, 2), np.tile(coordinates.col, 2)),
        ),
        shape=X.shape,
    )
    messy = sp.csr_matrix(
        (np.repeat(doubled.data / 2, 2), np.repeat(doubled.indices, 2), doubled.indptr * 2),
        shape=X.shape,
    )
    before = messy.data.copy(), messy.indices.copy()
    rows, _ = SMOTE(random_state=0).fit_resample(messy, y)
    np.testing.assert_array_equal(messy.data, before[0])
    np.testing.assert_array_equal(messy.indices, before[1])
    expected, _ = SMOTE(random_state=0).fit_resample(np.where(X > 0, X, 0), y)
    np.testing.assert_allclose(rows.toarray(), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, np.uint64])
def test_integers_come_back_as_integers(dtype, rng):
    X = rng.integers(0, 100, size=(90, 4)).astype(dtype)
    y = (np.arange(90) < 20).astype(int)
    rows, _ = SMOTE(random_state=0).fit_resample(X, y)
    assert rows.dtype == dtype
    np.testing.assert_array_equal(rows[:90], X)
    points = SMOTE(random_state=0).fit_resample(X.astype(float), y)[0]
    np.testing.assert_array_equal(rows, points.astype(dtype))


def test_given_integers_are_exact_beyond_float64():
    X = np.array([[2**62 + i] for i in range(12)], np.int64)
    rows, _ = SMOTE(k_neighbors=2, random_state=0).fit_resample(X, [0] * 8 + [1] * 4)
    np.testing.assert_array_equal(rows[:12], X)


def test_float16():
    X, y = data()
    rows, _ = SMOTE(random_state=0).fit_resample(X.astype(np.float16), y)
    assert rows.dtype == np.float16
    points = SMOTE(random_state=0).fit_resample(X.astype(np.float16).astype(float), y)[0]
    np.testing.assert_array_equal(rows, points.astype(np.float16))


def tables():
    X, y = data()
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(9)])
    mixed = frame.assign(c0=np.round(8 * X[:, 0]).astype(np.int32), c1=X[:, 1].astype(np.float32))
    yield "float64", frame, y
    yield "float32", frame.astype(np.float32), y
    yield "integers", (8 * frame).round().astype(np.int16), y
    yield "mixed", mixed, y
    yield "another index", mixed.set_index(np.arange(400)[::-1]), y


@pytest.mark.parametrize(("frame", "y"), [pytest.param(*t[1:], id=t[0]) for t in tables()])
@pytest.mark.parametrize("target", [np.asarray, pd.Series, pd.DataFrame])
def test_pandas(frame, y, target):
    y = target(np.array(["few", "some", "most"])[y])
    ours = SMOTE(random_state=0).fit_resample(frame, y)
    theirs = imblearn.over_sampling.SMOTE(random_state=0).fit_resample(frame, y)
    pd.testing.assert_frame_equal(ours[0], theirs[0])
    if isinstance(y, pd.Series):
        pd.testing.assert_series_equal(ours[1], theirs[1])
    elif isinstance(y, pd.DataFrame):
        pd.testing.assert_frame_equal(ours[1], theirs[1])
    else:
        np.testing.assert_array_equal(ours[1], theirs[1])


def test_pandas_nullable_integers_are_truncated():
    X, y = data()
    frame = pd.DataFrame({"a": np.round(8 * X[:, 0]), "b": X[:, 1], "c": X[:, 2] > 0})
    frame = frame.astype({"a": "Int64", "b": "Float32", "c": "boolean"})
    rows, _ = SMOTE(random_state=0).fit_resample(frame, y)
    assert list(rows.dtypes) == list(frame.dtypes)
    plain = SMOTE(random_state=0).fit_resample(frame.astype(float).to_numpy(), y)[0]
    np.testing.assert_array_equal(rows["a"].astype(float), np.trunc(plain[:, 0]))


def test_pandas_sparse():
    X, y = data()
    frame = pd.DataFrame(np.where(X > 0, X, 0), columns=list("abcdefghi"))
    frame = frame.astype(pd.SparseDtype(float, 0))
    rows, _ = SMOTE(random_state=0).fit_resample(frame, y)
    assert all(isinstance(dtype, pd.SparseDtype) for dtype in rows.dtypes)
    assert list(rows.columns) == list(frame.columns)
    expected = SMOTE(random_state=0).fit_resample(np.where(X > 0, X, 0), y)[0]
    np.testing.assert_array_equal(rows.to_numpy(), expected)


def test_polars():
    import polars as pl  # here, because its threads do not live under ThreadSanitizer

    X, y = data()
    frame = pl.DataFrame({"a": np.round(8 * X[:, 0]).astype(np.int32), "b": X[:, 1]})
    labels = pl.Series("label", np.array(["few", "some", "most"])[y].tolist())
    rows, new_labels = SMOTE(random_state=0).fit_resample(frame, labels)
    assert rows.schema == frame.schema
    assert new_labels.name == "label"
    assert new_labels.dtype == labels.dtype
    plain, plain_labels = SMOTE(random_state=0).fit_resample(frame.to_numpy(), labels.to_numpy())
    np.testing.assert_array_equal(rows["a"].to_numpy(), plain[:, 0].astype(np.int32))
    np.testing.assert_array_equal(rows["b"].to_numpy(), plain[:, 1])
    assert new_labels.to_list() == plain_labels.tolist()


def test_lists():
    X, y = data()
    rows, labels = SMOTE(random_state=0).fit_resample(X.tolist(), y.tolist())
    assert isinstance(rows, list)
    assert isinstance(labels, list)
    np.testing.assert_array_equal(rows, SMOTE(random_state=0).fit_resample(X, y)[0])


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["b", "a", "c"]),
        np.array(["b", "a", "c"], object),
        np.array([2.0, -1.0, 7.0]),
        np.array([3, 1, 2], np.int8),
        np.array([200, 1, 2], np.uint8),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_labels_of_any_type(labels):
    X, y = data()
    ours = SMOTE(random_state=0).fit_resample(X, labels[y])
    theirs = imblearn.over_sampling.SMOTE(random_state=0).fit_resample(X, labels[y])
    assert ours[1].dtype == labels.dtype
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_array_equal(ours[1], theirs[1])


def test_categorical_labels():
    X, y = data()
    labels = pd.Series(np.array(["few", "some", "most"])[y], dtype="category", name="size")
    _, new = SMOTE(random_state=0).fit_resample(X, labels)
    assert new.dtype == labels.dtype
    assert new.name == "size"


def test_one_vs_all():
    X, y = data()
    indicator = np.eye(3, dtype=int)[y]
    rows, labels = SMOTE(random_state=0).fit_resample(X, indicator)
    expected, expected_labels = SMOTE(random_state=0).fit_resample(X, y)
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_array_equal(labels.argmax(axis=1), expected_labels)
    indicator[0] = 1
    with pytest.raises(ValueError, match="Multilabel and multioutput targets are not supported"):
        SMOTE().fit_resample(X, indicator)
