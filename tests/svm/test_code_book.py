"""Books, decoding, and the machines of one against the rest and of output codes."""

import copy
import pickle
from itertools import combinations, product

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.svm
from hypothesis import given
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV

from mlqa_fast import reference
from mlqa_fast.svm import SVC, compile_predictor, decode
from mlqa_fast.svm._code_book import code_book
from svm_definitions import rbf

METHODS = [
    {"multi_class": "ovr"},
    {"multi_class": "ecoc", "code_book": "exhaustive", "decoding": "hamming"},
    {"multi_class": "ecoc", "code_book": "dense_random", "random_state": 3},
    {"multi_class": "ecoc", "code_book": "sparse_random", "random_state": 3},
    {"multi_class": "ecoc", "code_book": "sparse_random", "decoding": "exponential"},
]


def clouds(rng, n=160, d=4, k=4, spread=1.2):
    y = np.arange(n) % k
    return rng.normal(size=(k, d))[y] * 2 + spread * rng.normal(size=(n, d)), y


def rbf_values(svc, X):
    """Of the machines, from the fitted attributes alone."""
    K = rbf(X, svc.support_vectors_, svc._gamma)
    return K @ svc.dual_coef_.T + svc.intercept_


def distances(book):
    """Of every two rows, entry by entry; a zero is half a difference."""
    return [np.abs(book[a] - book[b] * 1.0).sum() / 2 for a, b in combinations(range(len(book)), 2)]


@pytest.mark.parametrize("k", range(2, 9))
def test_an_exhaustive_book_has_every_way_to_part_the_classes_once(k):
    book = code_book(k, "exhaustive")
    assert book.dtype == np.int8
    np.testing.assert_array_equal(book, reference.svm.code_book(k, "exhaustive"))
    assert book.shape == (k, 2 ** (k - 1) - 1)
    assert np.all(book[0] == 1)
    assert len({tuple(column) for column in book.T}) == book.shape[1]
    assert np.all((book == -1).any(axis=0))
    assert set(distances(book)) == {2.0 ** (k - 2)}


def test_one_against_the_rest_is_a_book():
    for k in (2, 3, 10):
        np.testing.assert_array_equal(
            code_book(k, "one_vs_rest"), reference.svm.code_book(k, "one_vs_rest")
        )


@pytest.mark.parametrize("kind", ["dense_random", "sparse_random"])
@pytest.mark.parametrize("k", [3, 4, 5])
def test_a_book_that_wants_all_columns_has_them_all(k, kind):
    codes = (-1, 1) if kind == "dense_random" else (-1, 0, 1)
    columns = {c for c in product(codes, repeat=k) if 1 in c and -1 in c}
    every = len({max(c, tuple(-v for v in c)) for c in columns})
    assert code_book(k, kind, n_machines=every).shape == (k, every)
    assert code_book(k, kind, n_machines=10**6).shape == (k, every)
    fewer = code_book(k, kind, n_machines=every - 1, random_state=0)
    assert fewer.shape == (k, every - 1)
    assert len({max(tuple(c), tuple(-c)) for c in fewer.T}) == every - 1


@given(
    k=st.integers(3, 12),
    kind=st.sampled_from(["dense_random", "sparse_random"]),
    n_machines=st.one_of(st.none(), st.integers(60, 80)),
    seed=st.integers(0, 2**32 - 1),
)
def test_random_books_tell_classes_apart(k, kind, n_machines, seed):
    book = code_book(k, kind, n_machines=n_machines, random_state=seed)
    assert set(np.unique(book)) <= {-1, 0, 1}
    assert (0 in book) == (kind == "sparse_random")
    assert np.all((book == 1).any(axis=0))
    assert np.all((book == -1).any(axis=0))
    columns = {tuple(column) for column in book.T}
    assert len(columns) == book.shape[1]
    assert not columns & {tuple(-column) for column in book.T}
    for a, b in combinations(range(k), 2):
        assert np.any(book[a] * book[b] == -1)
    again = code_book(k, kind, n_machines=n_machines, random_state=seed)
    np.testing.assert_array_equal(again, book)


def test_random_books_have_the_columns_asked_for():
    assert code_book(10, "dense_random", random_state=0).shape == (10, 34)
    assert code_book(10, "sparse_random", random_state=0).shape == (10, 50)
    assert code_book(9, "dense_random", n_machines=20, random_state=0).shape == (9, 20)
    # Three classes can be parted in three ways, in six if one may be left out.
    assert code_book(3, "dense_random").shape == (3, 3)
    assert code_book(3, "sparse_random").shape == (3, 6)


def test_the_best_of_the_books_drawn_is_taken():
    """Rows of single draws are closer together than those of the book that is chosen."""
    chosen = min(distances(code_book(12, "dense_random", n_machines=30, random_state=5)))
    rng = np.random.default_rng(0)
    drawn = [min(distances(rng.choice([-1, 1], size=(12, 30)))) for _ in range(50)]
    assert chosen > np.mean(drawn) + np.std(drawn)


def test_books_that_cannot_be_made_are_refused():
    with pytest.raises(ValueError, match="for up to 12 classes"):
        code_book(13, "exhaustive")
    with pytest.raises(ValueError, match="no random book of 2 machines"):
        code_book(9, "dense_random", n_machines=2)
    with pytest.raises(ValueError, match="no choice of n_machines"):
        code_book(3, "exhaustive", n_machines=3)


@given(
    shape=st.tuples(st.integers(1, 6), st.integers(2, 6), st.integers(1, 7)),
    decoding=st.sampled_from(["hamming", "hinge", "exponential"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_decoding_agrees_with_its_definition(shape, decoding, seed):
    n, k, machines = shape
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, machines)) * rng.choice([0, 1, 20], size=(n, machines))
    book = rng.integers(-1, 2, size=(k, machines))
    got = decode(values, book, decoding)
    want = reference.svm.decode(values, book, decoding)
    np.testing.assert_allclose(got, want, rtol=1e-13)


def test_decoding_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="values has 2 columns for the 3 machines"):
        decode([[1.0, 2.0]], [[1, 1, -1], [-1, 1, 1]])
    with pytest.raises(ValueError, match="NaN"):
        decode([[np.nan]], [[1], [-1]])
    with pytest.raises(ValueError, match="'decoding' parameter"):
        decode([[1.0]], [[1], [-1]], "soft")


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("isa")
def test_machines_agree_with_the_definition(method, class_weight, rng):
    X, y = clouds(rng)
    X, y = X[12:], np.delete(y, np.flatnonzero(y == 1)[:12])
    svc = SVC(tol=1e-9, C=2.0, class_weight=class_weight, **method).fit(X, y)
    want = reference.svm.CodeBookSVC(
        svc.code_book_,
        C=2.0,
        tol=1e-9,
        balanced=class_weight is not None,
        decoding=None if method["multi_class"] == "ovr" else svc.decoding,
    ).fit(X, y)
    points = rng.normal(size=(80, 4)) * 3
    np.testing.assert_allclose(svc.intercept_, want.intercept_, atol=1e-6)
    np.testing.assert_allclose(svc.decision_function(points), want.scores(points), atol=1e-6)
    clear = np.diff(np.sort(want.scores(points), axis=1)[:, -2:])[:, 0] > 1e-5
    assert clear.mean() > 0.6  # without those that Hamming distances leave equal
    np.testing.assert_array_equal(svc.predict(points)[clear], want.predict(points)[clear])
    assert svc.kkt_violation_ <= svc.tol
    assert 0 <= svc.dual_gap_ <= 1e-6
    assert svc.dual_coef_.shape == (svc.code_book_.shape[1], len(svc.support_))
    assert svc.n_iter_.shape == svc.intercept_.shape == (svc.code_book_.shape[1],)


def test_one_against_the_rest_is_scikit_learns_machines(real_data):
    X, y = real_data
    svc = SVC(multi_class="ovr", C=3.0, tol=1e-8).fit(X, y)
    single = sklearn.svm.SVC(C=3.0, gamma=svc._gamma, tol=1e-8)
    want = np.stack([clone(single).fit(X, y == c).decision_function(X) for c in svc.classes_], 1)
    # Two classes have one machine: the other is its mirror image.
    got = svc.decision_function(X)
    np.testing.assert_allclose(got, want[:, 1] if got.ndim == 1 else want, atol=1e-5)
    np.testing.assert_array_equal(svc.predict(X), svc.classes_[np.argmax(want, axis=1)])


@pytest.mark.parametrize("method", METHODS)
def test_the_largest_decision_value_is_predicted(method, rng):
    X, y = clouds(rng, k=5)
    svc = SVC(**method).fit(X, y)
    decision = svc.decision_function(X)
    assert decision.shape == (len(X), 5)
    np.testing.assert_array_equal(svc.predict(X), svc.classes_[np.argmax(decision, axis=1)])
    with pytest.raises(ValueError, match="has a column for every two classes"):
        svc.set_params(decision_function_shape="ovo").decision_function(X)
    np.testing.assert_array_equal(svc.predict(X), svc.classes_[np.argmax(decision, axis=1)])


def test_points_that_several_or_no_machines_claim(rng):
    X, y = clouds(rng, k=3, d=2, spread=3.0)
    labels = np.array(["a", "b", "c"])[y]
    svc = SVC(multi_class="ovr", C=50.0, gamma=0.5).fit(X, labels)
    X = 4.0 * rng.normal(size=(300, 2))
    values = svc.decision_function(X)
    claims = (values > 0).sum(axis=1)
    report = svc.prediction_report(X)
    assert report.claimed_by_several == np.sum(claims > 1) > 0
    assert report.claimed_by_none == np.sum(claims == 0) > 0
    nearest = svc.classes_[np.argmax(values, axis=1)]
    np.testing.assert_array_equal(svc.predict(X), nearest)
    marked = svc.set_params(unclaimed="nobody").predict(X)
    np.testing.assert_array_equal(marked, np.where(claims > 0, nearest, "nobody"))
    with pytest.raises(ValueError, match="one label of the kind of classes_"):
        svc.set_params(unclaimed=-1).predict(X)
    with pytest.raises(ValueError, match="one label of the kind of classes_"):
        svc.set_params(unclaimed=["a", "b"]).predict(X)


def test_the_report_shows_what_each_machine_trained_on(rng):
    X, y = clouds(rng)
    weight = np.ones(len(y))
    weight[:10] = 0.0
    svc = SVC(multi_class="ovr").fit(X, y, weight)
    report = svc.prediction_report(X[:7])
    count = np.bincount(y[10:])
    np.testing.assert_array_equal(report.training_samples[:, 0], count)
    np.testing.assert_array_equal(report.training_samples.sum(axis=1), 150)
    np.testing.assert_allclose(report.imbalance, (150 - count) / count)
    np.testing.assert_array_equal(report.machines_asked, np.full(7, 4))
    coded = SVC(multi_class="ecoc", code_book="sparse_random").fit(X, y)
    report = coded.prediction_report(X)
    assert report.claimed_by_none is None
    book = coded.code_book_
    for m, sides in enumerate(report.training_samples):
        assert sides.tolist() == [np.sum(book[y, m] == sign) for sign in (1, -1)]
    assert SVC().fit(X, y).prediction_report(X).imbalance is None


def test_both_sides_of_a_balanced_machine_weigh_the_same(rng):
    X, y = clouds(rng, n=400, spread=3.0)
    keep = (y != 0) | (rng.random(len(y)) < 0.1)
    X, y = X[keep], y[keep]
    recall = {}
    for class_weight in (None, "balanced"):
        svc = SVC(multi_class="ovr", class_weight=class_weight).fit(X, y)
        recall[class_weight] = np.mean(svc.decision_function(X)[y == 0, 0] > 0)
    assert recall["balanced"] > recall[None] + 0.2


def test_two_classes_have_one_machine_whatever_the_way(rng):
    X, y = clouds(rng, k=2)
    want = SVC().fit(X, y)
    for method in METHODS:
        svc = SVC(**method).fit(X, y)
        np.testing.assert_array_equal(svc.decision_function(X), want.decision_function(X))
        assert not hasattr(svc, "code_book_")


def test_machines_of_one_way_do_not_answer_for_another(rng):
    X, y = clouds(rng)
    with pytest.raises(ValueError, match="fitted, one-vs-one: fit again"):
        SVC().fit(X, y).set_params(multi_class="ovr").predict(X)
    with pytest.raises(ValueError, match="fitted, 'ovr': fit again"):
        SVC(multi_class="ovr").fit(X, y).set_params(multi_class="ecoc").decision_function(X)
    with pytest.raises(ValueError, match="no place in LIBSVM's format"):
        SVC(multi_class="ovr").fit(X, y).to_libsvm("never written")


@pytest.mark.parametrize(
    "method", [pytest.param(METHODS[0], marks=pytest.mark.sanitize), *METHODS[1:3]]
)
def test_sparse_and_precomputed_are_the_kernel(method, rng):
    X, y = clouds(rng, d=8)
    X *= rng.random(X.shape) < 0.5
    svc = SVC(kernel="linear", tol=1e-8, **method).fit(X, y)
    want = svc.decision_function(X)
    sparse = SVC(kernel="linear", tol=1e-8, **method).fit(sp.csr_array(X), y)
    np.testing.assert_allclose(sparse.decision_function(sp.csr_array(X)), want, atol=1e-5)
    assert sp.issparse(sparse.dual_coef_)
    assert sparse.dual_coef_.shape == svc.dual_coef_.shape
    np.testing.assert_allclose(sparse.coef_.toarray(), svc.coef_, atol=1e-5)
    values = X @ svc.support_vectors_.T @ svc.dual_coef_.T
    np.testing.assert_allclose(X @ svc.coef_.T, values, atol=1e-9)
    given_values = SVC(kernel="precomputed", tol=1e-8, **method).fit(X @ X.T, y)
    np.testing.assert_allclose(given_values.decision_function(X @ X.T), want, atol=1e-5)
    called = SVC(kernel=lambda A, B: A @ B.T, tol=1e-8, **method).fit(X, y)
    np.testing.assert_allclose(called.decision_function(X), want, atol=1e-5)


def test_a_book_of_ones_own(rng):
    X, y = clouds(rng, k=3)
    pairs = [[1, 1, 0], [-1, 0, 1], [0, -1, -1]]
    coded = SVC(multi_class="ecoc", code_book=pairs, decision_function_shape="ovr").fit(X, y)
    one_vs_one = SVC(decision_function_shape="ovo").fit(X, y)
    np.testing.assert_allclose(rbf_values(coded, X), one_vs_one.decision_function(X), atol=2e-3)


@pytest.mark.parametrize(
    ("book", "message"),
    [
        ([[1, -1], [-1, 1]], "2 rows for 3 classes"),
        ([[1, 2], [-1, 1], [0, 0]], "1, -1 and 0 only"),
        ([[1, 1], [1, -1], [1, 0]], "no -1 in column 0"),
        ([[-1, 1], [0, -1], [-1, 0]], "no 1 in column 0"),
        ([[1, -1, 1], [-1, 1, 1], [-1, 1, -1]], "column 1 twice"),
        ([[1, 1], [-1, 0], [0, -1]], "two classes that no machine parts"),
        ([[np.nan], [1], [-1]], "NaN"),
    ],
)
def test_degenerate_books_are_refused(book, message, rng):
    X, y = clouds(rng, k=3)
    with pytest.raises(ValueError, match=message):
        SVC(multi_class="ecoc", code_book=book).fit(X, y)


@pytest.mark.parametrize("method", METHODS[:3])
def test_copies_and_compiled_predictors_answer_the_same(method, rng):
    X, y = clouds(rng)
    svc = SVC(**method).fit(X, y)
    want, labels = svc.decision_function(X), svc.predict(X)
    for other in (pickle.loads(pickle.dumps(svc)), copy.deepcopy(svc), compile_predictor(svc)):
        np.testing.assert_array_equal(other.decision_function(X), want)
        np.testing.assert_array_equal(other.predict(X), labels)
        np.testing.assert_array_equal(
            other.decision_function(X.astype(np.float32)).shape, want.shape
        )


@pytest.mark.parametrize("method", METHODS[:3])
def test_a_warm_start_goes_on(method, rng):
    X, y = clouds(rng, n=400)
    first = SVC(warm_start=True, C=1.0, **method).fit(X, y)
    assert first.fit(X, y).n_iter_.sum() == 0
    warm = first.set_params(C=1.2).fit(X, y).n_iter_.sum()
    cold = SVC(C=1.2, **method).fit(X, y)
    assert warm < cold.n_iter_.sum()
    np.testing.assert_allclose(first.objective_, cold.objective_, rtol=1e-4)


@pytest.mark.parametrize("method", METHODS[:3])
def test_probabilities_are_those_of_calibration(method, rng):
    X, y = clouds(rng)
    with pytest.warns(FutureWarning, match="probability"):
        svc = SVC(probability=True, **method).fit(X, y)
    calibrated = CalibratedClassifierCV(SVC(**method), cv=5, ensemble=False).fit(X, y)
    np.testing.assert_allclose(svc.predict_proba(X), calibrated.predict_proba(X), atol=1e-12)


def test_more_points_than_a_matrix_holds(rng):
    """Machines over one set with rows in float, small ones of their own side by side."""
    X, y = clouds(rng, n=2700, k=3)
    for method in METHODS[:4]:
        threads = [SVC(n_jobs=n, C=5.0, **method).fit(X, y) for n in (1, 3)]
        np.testing.assert_array_equal(threads[0].dual_coef_, threads[1].dual_coef_)
        assert threads[0].kkt_violation_ <= 1e-3
        machine = 0
        codes = threads[0].code_book_[:, machine][y]
        part = sklearn.svm.SVC(C=5.0, gamma=threads[0]._gamma, tol=1e-5)
        part.fit(X[codes != 0], codes[codes != 0])
        values = rbf_values(threads[0], X[:200])[:, machine]
        np.testing.assert_allclose(values, part.decision_function(X[:200]), atol=5e-3)
