"""The picture of the path: its numbers, and that it is drawn."""

import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from lasso_problems import problem
from mlqa_fast.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LassoPathDisplay,
    lasso_alpha_max,
)

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

ALPHAS = np.geomspace(1, 1e-2, 8)


@pytest.fixture(autouse=True)
def closed():
    yield
    matplotlib.pyplot.close("all")


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_the_path_is_that_of_single_fits(container):
    X, y = problem(60, 12)
    weights = np.linspace(0.5, 2, 60)
    options = {"penalty_factor": np.r_[np.inf, np.ones(11)], "bounds": (-1.0, 2.0), "tol": 1e-10}
    model = ElasticNet(0.1, l1_ratio=0.8, **options).fit(container(X), y, weights)
    display = LassoPathDisplay.from_estimator(
        model, container(X), y, sample_weight=weights, alphas=ALPHAS
    )
    for alpha, coef in zip(ALPHAS, display.coefs.T, strict=True):
        want = ElasticNet(alpha, l1_ratio=0.8, **options).fit(X, y, weights).coef_
        np.testing.assert_allclose(coef, want, atol=1e-6)
    used = np.flatnonzero(display.coefs.any(axis=1))
    assert len(display.lines_) == len(used) < 12
    for line, j in zip(display.lines_, used, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), ALPHAS)
        np.testing.assert_array_equal(line.get_ydata(), display.coefs[j])
    assert labels(display.ax_)[-1] == "alpha"


def test_the_grid_is_that_of_lasso_path():
    X, y = problem(60, 12)
    display = LassoPathDisplay.from_estimator(Lasso(0.1).fit(X, y), X, y, alphas=7, eps=1e-2)
    largest = lasso_alpha_max(X, y)
    np.testing.assert_allclose(display.alphas, np.geomspace(largest, largest / 100, 7))
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.xaxis_inverted()
    assert display.alpha == 0.1
    assert display.errorbar_ is display.error_ax_ is display.alpha_min is None


@pytest.mark.parametrize("rule", ["min", "1se"])
def test_errors_and_both_rules_after_cross_validation(rule):
    X, y = problem(80, 40)
    model = LassoCV(alphas=ALPHAS, alpha_rule=rule).fit(X, y)
    display = LassoPathDisplay.from_estimator(model, X, y)
    other = LassoCV(alphas=ALPHAS, alpha_rule="1se" if rule == "min" else "min").fit(X, y)
    chosen = {"min": display.alpha_min, "1se": display.alpha_1se}
    assert chosen.pop(rule) == model.alpha_ == display.alpha
    assert list(chosen.values()) == [other.alpha_]
    points, _, (bars,) = display.errorbar_.lines
    np.testing.assert_allclose(points.get_ydata(), model.mse_path_.mean(axis=1))
    half = model.mse_path_.std(axis=1, ddof=1) / np.sqrt(5)
    lengths = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
    np.testing.assert_allclose(lengths, 2 * half)
    assert display.ax_ is not display.error_ax_
    assert display.figure_ is display.error_ax_.figure
    for axes in (display.ax_, display.error_ax_):
        marked = {line.get_label(): line.get_xdata()[0] for line in axes.lines}
        assert marked[f"{rule}, chosen"] == model.alpha_
        assert other.alpha_ in marked.values()
    display.figure_.draw_without_rendering()


def test_the_chosen_ratio_is_drawn():
    X, y = problem(60, 12)
    model = ElasticNetCV(l1_ratio=[0.3, 0.9], alphas=6, cv=3).fit(X, y)
    best = [0.3, 0.9].index(model.l1_ratio_)
    display = LassoPathDisplay.from_estimator(model, X, y)
    np.testing.assert_array_equal(display.alphas, model.alphas_[best])
    np.testing.assert_array_equal(display.errors, model.mse_path_[best])
    place = list(display.alphas).index(model.alpha_)
    np.testing.assert_allclose(display.coefs[:, place], model.coef_, atol=1e-3)


def test_relaxed_fits_are_drawn_relaxed():
    X, y = problem(60, 12)
    model = LassoCV(relaxed=True, alphas=ALPHAS).fit(X, y)
    display = LassoPathDisplay.from_estimator(model, X, y)
    place = list(display.alphas).index(model.alpha_)
    np.testing.assert_allclose(display.coefs[:, place], model.coef_, atol=1e-9)


@pytest.mark.parametrize("options", [{"alphas": [0.1]}, {"alphas": 1, "cv": 2}])
def test_a_single_alpha_is_a_path_too(options):
    X, y = problem(60, 12)
    display = LassoPathDisplay.from_estimator(LassoCV(**options).fit(X, y), X, y)
    assert display.errors.shape[0] == display.coefs.shape[1] == 1


def test_names_are_in_the_legend_by_magnitude():
    X, y = problem(60, 6)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = Lasso(0.01).fit(frame, y)
    display = LassoPathDisplay.from_estimator(model, frame, y, n_labels=2)
    largest = np.argsort(-np.abs(display.coefs[:, -1]))[:2]
    assert labels(display.ax_) == [*("abcdef"[j] for j in largest), "alpha"]
    display.plot(n_labels=0, line_kw={"color": "red"})
    assert {line.get_color() for line in display.lines_} == {"red"}


def test_draws_where_it_is_told():
    X, y = problem(60, 6)
    model = LassoCV(alphas=ALPHAS).fit(X, y)
    _, (left, right) = matplotlib.pyplot.subplots(1, 2)
    display = LassoPathDisplay.from_estimator(model, X, y, ax=left)
    assert display.ax_ is left
    assert display.error_ax_ is None
    assert display.plot(right, kind="errors", errorbar_kw={"color": "red"}) is display
    assert display.ax_ is display.error_ax_ is right
    assert display.lines_ == []
    assert right.get_xlabel() == "alpha"
    assert display.plot(kind="path").ax_ not in (left, right)


def test_an_alpha_of_zero_has_no_place():
    display = LassoPathDisplay([0.0, 1.0], [[2.0, 1.0]], alpha=0.0).plot()
    np.testing.assert_array_equal(display.lines_[0].get_xdata(), [1.0])
    assert labels(display.ax_) == ["x0"]
    display.figure_.draw_without_rendering()


def test_refuses_what_it_cannot_draw(monkeypatch):
    X, y = problem(60, 6)
    model = Lasso(0.1).fit(X, y)
    with pytest.raises(TypeError, match=r"must be a Lasso, .* got Ridge"):
        LassoPathDisplay.from_estimator(Ridge().fit(X, y), X, y)
    with pytest.raises(NotFittedError):
        LassoPathDisplay.from_estimator(Lasso(), X, y)
    with pytest.raises(ValueError, match="features"):
        LassoPathDisplay.from_estimator(model, X[:, :2], y)
    with pytest.raises(ValueError, match="1d array"):
        LassoPathDisplay.from_estimator(model, X, np.c_[y, y])
    with pytest.raises(ValueError, match="l1_ratio=0"):
        LassoPathDisplay.from_estimator(ElasticNet(l1_ratio=0.0, max_iter=10**4).fit(X, y), X, y)
    with pytest.raises(ValueError, match="coefs must have shape"):
        LassoPathDisplay([1.0, 0.5], np.ones((3, 1)))
    with pytest.raises(ValueError, match="feature_names must have shape"):
        LassoPathDisplay([1.0], np.ones((3, 1)), feature_names=["a"])
    with pytest.raises(ValueError, match="errors must have shape"):
        LassoPathDisplay([1.0], np.ones((3, 1)), errors=np.ones(3))
    with pytest.raises(ValueError, match="kind must be"):
        LassoPathDisplay([1.0], np.ones((3, 1))).plot(kind="tree")
    with pytest.raises(ValueError, match="there are none"):
        LassoPathDisplay([1.0], np.ones((3, 1))).plot(kind="errors")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"mlqa-fast\[plot\]"):
        LassoPathDisplay([1.0], np.ones((3, 1))).plot()
