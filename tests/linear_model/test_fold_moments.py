"""Folds that share their moments: against NumPy, against fits on rows, and where rounding bites."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold, RepeatedKFold, ShuffleSplit

from lasso_problems import gap_of, problem
from mlqa_fast._mlqa_fast_core import linear_model as native
from mlqa_fast.linear_model import ElasticNetCV, LassoCV, _fold_moments
from mlqa_fast.linear_model._fold_moments import SharedFold, SharedFolds, folds_of
from mlqa_fast.linear_model._folds import Folds, Penalised, Rows

ALPHAS = np.geomspace(1, 1e-3, 10)
COMMON = Penalised(True, None, None, False, False, 1e-10, 10**5, "auto", None)


def splits_of(n, splitter=None):
    return list((splitter or KFold(5)).split(np.zeros((n, 1))))


def shared(X, y, weights=None, splitter=None, **changes):
    rows = Rows(X, y, weights, COMMON._replace(**changes))
    return folds_of(rows, splits_of(len(y), splitter))


def moments_by_definition(X, y, weights, rows, shift):
    columns = np.column_stack([X, y, np.ones(len(y))]).astype(np.longdouble)
    columns[:, :-1] -= shift
    columns = columns[rows] * np.sqrt(1.0 if weights is None else weights[rows])[..., None]
    return columns.T @ columns, np.sqrt(np.sum(columns**2, axis=0))


@pytest.mark.sanitize
@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("n", "p"), [(3, 1), (130, 6), (300, 7), (700, 22), (2100, 37)])
@pytest.mark.parametrize("weighted", [False, True])
def test_moments_are_numpys(order, dtype, n, p, weighted):
    X, y = problem(n, p, shift=1e4)
    X = np.asarray(X, dtype, order="F" if order == "F" else "C")
    if order == "strided":
        X = np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3]
    rng = np.random.default_rng(1)
    weights = np.where(rng.random(n) < 0.3, 0.0, rng.random(n)) if weighted else None
    rows = rng.permutation(n)
    offsets = np.array([0, n // 3, n])
    moments, shift = native.fold_moments(
        X, y, None if weights is None else np.sqrt(weights), rows, offsets, True, 3
    )
    np.testing.assert_allclose(shift[:-1], X.mean(0), atol=1)
    for fold in range(2):
        chosen = rows[offsets[fold] : offsets[fold + 1]]
        want, norms = moments_by_definition(X, y, weights, chosen, shift)
        error = 1.01 * (256 + n / 128 + 16) * 2.0**-53
        assert np.all(np.abs(moments[fold] - want) <= error * norms[:, None] * norms)
        np.testing.assert_array_equal(moments[fold], moments[fold].T)


def test_a_poor_sample_of_the_means_is_noticed():
    X, y = problem(4000, 3)
    X[1::2] += 1e6  # every other row, none of those that are sampled
    rows, offsets = np.arange(3840), np.array([0, 1000, 3840])
    _, shift = native.fold_moments(X, y, None, rows, offsets, True, 1)
    np.testing.assert_allclose(shift[:-1], X[:3840].mean(0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": np.array([0, 9])}, "rows"),
        ({"rows": np.array([0, -1])}, "rows"),
        ({"offsets": np.array([0, 3])}, "offsets"),
        ({"offsets": np.array([0, 0, 2])}, "offsets"),
        ({"offsets": np.array([0])}, "offsets"),
        ({"y": np.zeros(3)}, "y must have shape"),
        ({"roots": np.zeros(3)}, "roots must have shape"),
        ({"X": np.zeros((0, 2))}, "at least one row"),
        ({"X": np.zeros((4, 2), np.int64)}, "float32 or float64"),
    ],
)
def test_the_binding_checks_what_memory_needs(change, message):
    given = {
        "X": np.zeros((4, 2)),
        "y": np.zeros(4),
        "roots": None,
        "rows": np.array([0, 1]),
        "offsets": np.array([0, 2]),
    }
    with pytest.raises(ValueError, match=message):
        native.fold_moments(**(given | change), center=True, n_jobs=1)


def test_folds_that_part_the_rows_share():
    X, y = problem(200, 8)
    for splitter in (None, KFold(7), KFold(3, shuffle=True, random_state=0)):
        assert isinstance(shared(X, y, splitter=splitter), SharedFolds)
    rows = Rows(X, y, None, COMMON)
    masks = []
    for train, test in splits_of(200):
        inside = np.zeros(200, dtype=bool)
        inside[test] = True
        masks.append((~inside, inside))
        assert len(train) + len(test) == 200
    assert isinstance(folds_of(rows, masks), SharedFolds)
    split = splits_of(200)
    twice = [(train[::2].repeat(2), test) for train, test in split]
    gap = [(train[1:], test) for train, test in split]
    empty = [*split, (np.arange(200), np.arange(0))]
    for other in (twice, gap, empty, split[:-1], split[:1]):
        assert type(folds_of(rows, other)) is Folds
    for splitter in (ShuffleSplit(3, random_state=0), RepeatedKFold(n_repeats=2, random_state=0)):
        assert type(shared(X, y, splitter=splitter)) is Folds
    assert type(shared(*problem(200, 60))) is Folds


WEIGHTS = np.where(np.arange(403) % 4 == 1, 0.0, np.linspace(0.1, 3, 403))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fit_intercept": False},
        {"positive": True},
        {"relaxed": True},
        {"bounds": (-0.1, 0.5)},
        {"penalty_factor": np.r_[0.0, np.inf, np.ones(10)]},
        {"cv": KFold(4, shuffle=True, random_state=1)},
        {"cv": list(GroupKFold(3).split(np.zeros(403), groups=np.arange(403) // 17 % 7))},
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("estimator", [LassoCV, ElasticNetCV])
@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_sharing_changes_no_answer(options, weighted, estimator, shift, monkeypatch):
    X, y = problem(403, 12, shift=shift if options.get("fit_intercept", True) else 1.0)
    weights = WEIGHTS if weighted else None
    options = {"alphas": ALPHAS, "tol": 1e-10, "max_iter": 10**5} | options
    one = estimator(**options).fit(X, y, weights)
    monkeypatch.setattr(_fold_moments, "sharing_pays", lambda *shape: False)
    other = estimator(**options).fit(X, y, weights)
    np.testing.assert_allclose(one.mse_path_, other.mse_path_, rtol=1e-6)
    assert one.alpha_ == other.alpha_
    np.testing.assert_allclose(one.coef_, other.coef_, atol=1e-6)
    np.testing.assert_allclose(one.intercept_, other.intercept_, rtol=1e-6, atol=1e-6)
    assert np.all(one.dual_gap_path_ <= np.maximum(1.01e-10 * np.var(y) * 2, other.dual_gap_path_))


def test_grids_and_single_precision():
    X, y = problem(500, 9, shift=100.0)
    one = LassoCV(alphas=8, tol=1e-6).fit(X, y)
    other = LassoCV(alphas=8, tol=1e-6).fit(X.astype(np.float32), y.astype(np.float32))
    assert one.coef_.dtype == np.float64
    assert other.coef_.dtype == np.float32
    np.testing.assert_allclose(one.alphas_, other.alphas_, rtol=1e-4)
    np.testing.assert_allclose(one.mse_path_, other.mse_path_, rtol=1e-3)


def assert_certified(X, y, weights=None, **changes):
    folds = shared(X, y, weights, **changes)
    assert isinstance(folds, SharedFolds)
    goal = changes.get("tol", COMMON.tol)
    for f, (train, _) in enumerate(splits_of(len(y))):
        path = folds[f].solve(alphas=ALPHAS, l1_ratio=1.0)
        part = None if weights is None else weights[train]
        for k, alpha in enumerate(ALPHAS):
            gap = gap_of(X[train], y[train], path.coefs[0, k], alpha, weights=part)
            assert gap <= path.gaps[0, k]
        assert np.all(path.converged)
        assert np.all(path.gaps <= 1.01 * goal * np.average((y - y.mean()) ** 2) * 3)
    return folds


@pytest.mark.parametrize("shift", [0.0, 1e4])
@pytest.mark.parametrize("weighted", [False, True])
def test_certificates_are_true_bounds(shift, weighted):
    X, y = problem(403, 12, shift=shift)
    folds = assert_certified(X, y, WEIGHTS if weighted else None)
    assert isinstance(folds[0], SharedFold)
    assert_certified(X.astype(np.float32), y, WEIGHTS if weighted else None, tol=1e-5)


def test_what_moments_cannot_certify_is_solved_from_rows():
    X, y = problem(403, 12, noise=0.1)
    X[:, 1] = X[:, 0] + 1e-5 * X[:, 1]
    y = y + 1e6 * (X[:, 0] - X[:, 1])
    folds = assert_certified(X, y, tol=2e-12)
    calls = []
    fold = folds[0]
    rows = fold._rows
    fold._rows = lambda: calls.append(1) or rows()
    fold.solve(alphas=ALPHAS, l1_ratio=1.0)
    assert calls


def test_errors_that_cancel_are_computed_from_rows():
    X, y = problem(403, 6, noise=0.0)
    model = LassoCV(alphas=[1e-9, 1e-8], tol=1e-14, max_iter=10**5).fit(X, y)
    assert np.all(model.mse_path_ > 0)
    assert model.mse_path_.max() < 1e-12


def test_columns_without_variation_in_a_training_set():
    X, y = problem(400, 6)
    X[:, 0] = 3.1  # everywhere
    X[:, 1] = np.arange(400) < 80  # outside of the first fold
    X[:, 2] = 5 + 1e-7 * (np.arange(400) >= 80)  # but for rounding
    folds = shared(X, y)
    assert isinstance(folds, SharedFolds)
    for f, (train, _) in enumerate(splits_of(400)):
        path = folds[f].solve(alphas=ALPHAS, l1_ratio=1.0)
        for k, alpha in enumerate(ALPHAS):
            assert gap_of(X[train], y[train], path.coefs[0, k], alpha) <= path.gaps[0, k]
        assert not np.any(path.coefs[0][:, 0])
    assert LassoCV(alphas=5).fit(X, np.full(400, 2.0)).intercept_ == 2


def test_the_same_bits_for_any_number_of_threads():
    X, y = problem(6000, 60)
    one, three = (LassoCV(alphas=10, n_jobs=n).fit(X, y) for n in (1, 3))
    np.testing.assert_array_equal(one.mse_path_, three.mse_path_)
    np.testing.assert_array_equal(one.coef_, three.coef_)
