"""The picture of the graph: its numbers, and that it is drawn."""

import sys

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.kernel_ridge import KernelRidge

from mlqa_fast.svm import SVC, SVR, DAGDisplay, NuSVC, dag_order, pair_margins
from mlqa_fast.svm._predict import native_of

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed():
    yield
    matplotlib.pyplot.close("all")


def fitted(k, rng, estimator=None, **parameters):
    y = np.arange(20 * k) % k
    X = 2 * rng.normal(size=(k, 4))[y] + rng.normal(size=(len(y), 4))
    labels = np.array([f"class {c}" for c in range(k)])[y]
    return (estimator or SVC)(**parameters).fit(X, labels), X


def texts(axes):
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("k", [2, 3, 5])
def test_shares_are_those_of_the_paths(k, rng):
    svc, X = fitted(k, rng)
    order = rng.permutation(k)
    display = DAGDisplay.from_estimator(svc, X, order=order)
    label, _ = native_of(svc).walk(X, 1, order)
    want = np.bincount(label, minlength=k) / len(X)
    np.testing.assert_allclose(np.diag(display.passed), want[order])
    # What comes to a list comes from the two that are longer by one.
    passed, last = display.passed, display.struck_last
    assert passed[0, k - 1] == pytest.approx(1)
    for i in range(k):
        for j in range(i, k):
            of_longer = last[i, j + 1] if j + 1 < k else 0.0
            of_earlier = passed[i - 1, j] - last[i - 1, j] if i > 0 else 0.0
            if (i, j) != (0, k - 1):
                assert passed[i, j] == pytest.approx(of_longer + of_earlier)
    margins = pair_margins(svc.support_vectors_, svc.dual_coef_, svc.n_support_, gamma=svc._gamma)
    np.testing.assert_allclose(display.margins, margins)


def test_shares_do_not_depend_on_blocks(rng, monkeypatch):
    svc, X = fitted(5, rng)
    want = DAGDisplay.from_estimator(svc, X)
    monkeypatch.setattr("mlqa_fast.svm._dag_display.BLOCK", 35)
    got = DAGDisplay.from_estimator(svc, X)
    np.testing.assert_allclose(got.passed, want.passed)
    np.testing.assert_allclose(got.struck_last, want.struck_last)


@pytest.mark.parametrize("given", [True, False])
def test_a_graph_of_few_classes(given, rng):
    svc, X = fitted(5, rng)
    display = DAGDisplay.from_estimator(svc, X if given else None)
    assert display.figure_ is display.ax_.figure
    shown = texts(display.ax_)
    assert sum(" | " in text for text in shown) == 10
    assert any(text.startswith("class 0 | class 4\n") for text in shown)
    assert any("%" in text for text in shown) == given
    assert len(display.ax_.lines) == 20
    display.figure_.draw_without_rendering()


@pytest.mark.parametrize("given", [True, False])
def test_a_map_of_many_classes(given, rng):
    svc, X = fitted(13, rng)
    display = DAGDisplay.from_estimator(svc, X if given else None)
    (image,) = display.ax_.images
    shown = image.get_array()
    assert shown.mask.sum() == 13 * 14 / 2
    source = display.passed if given else display.margins
    np.testing.assert_allclose(shown[0, 12], source[0, 12])
    display.figure_.draw_without_rendering()


def test_draws_where_it_is_told(rng):
    svc, _ = fitted(3, rng)
    _, axes = matplotlib.pyplot.subplots()
    display = DAGDisplay.from_estimator(svc, ax=axes)
    assert display.ax_ is axes
    again = display.plot(kind="map")
    assert again is display
    assert display.ax_ is not axes
    assert display.ax_.images


def test_takes_what_the_estimator_takes(rng):
    svc, X = fitted(4, rng)
    sparse = SVC().fit(sp.csr_array(X), svc.predict(X))
    assert DAGDisplay.from_estimator(sparse, sp.csr_array(X)).margins is not None
    nu, _ = fitted(4, rng, NuSVC, nu=0.2)
    order = dag_order(DAGDisplay.from_estimator(nu, X).margins)
    np.testing.assert_array_equal(DAGDisplay.from_estimator(nu, order=order).order, order)
    gram, _ = SVC(kernel="precomputed").fit(X @ X.T, svc.predict(X)), None
    display = DAGDisplay.from_estimator(gram, X @ X.T)
    assert display.margins is None
    assert display.passed[0, -1] == pytest.approx(1)


def test_refuses_what_it_cannot_draw(rng, monkeypatch):
    svc, X = fitted(3, rng)
    with pytest.raises(TypeError, match="one-vs-one machines, got KernelRidge"):
        DAGDisplay.from_estimator(KernelRidge())
    with pytest.raises(TypeError, match="got SVR"):
        DAGDisplay.from_estimator(SVR().fit(X, X[:, 0]))
    with pytest.raises(NotFittedError):
        DAGDisplay.from_estimator(SVC())
    with pytest.raises(ValueError, match="order must be a permutation"):
        DAGDisplay.from_estimator(svc, order=[0, 1])
    with pytest.raises(ValueError, match="features"):
        DAGDisplay.from_estimator(svc, X[:, :2])
    with pytest.raises(ValueError, match="kind must be"):
        DAGDisplay.from_estimator(svc).plot(kind="tree")
    with pytest.raises(ValueError, match="there are none"):
        DAGDisplay(svc.classes_).plot(kind="map")
    with pytest.raises(ValueError, match="margins must have shape"):
        DAGDisplay(svc.classes_, margins=np.ones((2, 2)))
    with pytest.raises(ValueError, match="together"):
        DAGDisplay(svc.classes_, passed=np.ones((3, 3)))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"mlqa-fast\[plot\]"):
        DAGDisplay(svc.classes_).plot()


@pytest.mark.parametrize("multi_class", ["ovr", "crammer_singer"])
def test_other_machines_have_no_graph(multi_class, rng):
    y = np.arange(30) % 3
    svc = SVC(multi_class=multi_class).fit(rng.normal(size=(30, 2)) + y[:, None], y)
    with pytest.raises(TypeError, match="must have one-vs-one machines"):
        DAGDisplay.from_estimator(svc)


@pytest.mark.parametrize("multi_class", ["ovo", "dag", "ovr", "ecoc", "crammer_singer"])
def test_scikit_learn_draws_decision_regions(multi_class, rng):
    y = np.arange(60) % 3
    X = rng.normal(size=(60, 2)) + 2.0 * rng.normal(size=(3, 2))[y]
    svc = SVC(multi_class=multi_class, random_state=0).fit(X, y)
    display = DecisionBoundaryDisplay.from_estimator(
        svc, X, response_method="predict", grid_resolution=20
    )
    points = np.c_[display.xx0.ravel(), display.xx1.ravel()]
    np.testing.assert_array_equal(display.response.ravel(), svc.predict(points))
