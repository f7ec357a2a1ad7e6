"""Kernel values of wide points by products in fixed point: those of tiles, and of their model."""

import numpy as np
import pytest

from mlqa_fast._mlqa_fast_core import core as levels
from mlqa_fast._mlqa_fast_core import pairwise as core
from mlqa_fast.svm import SVC, SVR, OneClassSVM
from pairwise.test_split import split  # noqa: F401
from svm_definitions import machine_certificates, rbf

D = 70
GAMMA = 0.3 / D
KERNELS = {
    "linear": lambda A, B: A @ B.T,
    "poly": lambda A, B: (GAMMA * (A @ B.T) + 0.5) ** 3,
    "rbf": lambda A, B: rbf(A, B, GAMMA),
    "sigmoid": lambda A, B: np.tanh(GAMMA * (A @ B.T) + 0.5),
}


def classes(rng, n, k=2):
    """Points about the centres of their classes, so mixed that many are support vectors."""
    y = rng.integers(k, size=n)
    return rng.normal(size=(k, D))[y] + 2.5 * rng.normal(size=(n, D)), y


def machine(kernel="rbf", **parameters):
    return SVC(kernel=kernel, gamma=GAMMA, coef0=0.5, **{"C": 0.5, "tol": 1e-4, **parameters})


CASES = [
    # The model of the tiles takes minutes under a sanitizer: working sets are seen with one kernel.
    pytest.param(
        kernel,
        n,
        id=f"{kernel}-{name}",
        marks=pytest.mark.sanitize if n < 1000 or kernel == "linear" else (),
    )
    for kernel in KERNELS
    for n, name in [(400, "steps over all points"), (2200, "working sets")]
]


@pytest.mark.usefixtures("split")
@pytest.mark.parametrize(("kernel", "n"), CASES)
def test_certificates_are_true(kernel, n, rng):
    X, y = classes(rng, n, k=3 if n < 1000 else 2)
    svc = machine(kernel).fit(X, y)
    violation, gap, _ = machine_certificates(svc, KERNELS[kernel](X, X), y, np.full(n, 0.5)).T
    assert violation.max() <= 1e-4
    assert svc.kkt_violation_ == pytest.approx(violation.max(), abs=1e-7)
    assert gap.sum() <= svc.dual_gap_ * (1 + 1e-9)


@pytest.mark.usefixtures("split")
@pytest.mark.parametrize("make", [SVC, SVR, OneClassSVM], ids=lambda make: make.__name__)
def test_solutions_are_those_of_float(make, rng):
    """To the tolerance, and not to the bit: fixed point is what was used."""
    X, y = classes(rng, 500)
    given = () if make is OneClassSVM else (y,)
    fixed = make(gamma=GAMMA, tol=1e-5).fit(X, *given)
    core.use_products("by shape")
    levels.isa_use("x86-64-v3" if "x86-64-v3" in levels.isa_levels() else levels.isa_levels()[-1])
    plain = make(gamma=GAMMA, tol=1e-5).fit(X, *given)
    value = "predict" if make is SVR else "decision_function"
    want = getattr(plain, value)(X)
    np.testing.assert_allclose(getattr(fixed, value)(X), want, rtol=0, atol=1e-4)
    assert not np.array_equal(fixed.dual_coef_, plain.dual_coef_)


@pytest.mark.usefixtures("split")
def test_any_number_of_threads_gives_the_same_bits(rng):
    X, y = classes(rng, 2100)
    one, three = machine(n_jobs=1).fit(X, y), machine(n_jobs=3).fit(X, y)
    np.testing.assert_array_equal(one.dual_coef_, three.dual_coef_)
    assert one.kkt_violation_ == three.kkt_violation_


@pytest.mark.usefixtures("split")
def test_points_far_from_the_origin_are_centred(rng):
    X, y = classes(rng, 400)
    X = np.round(X * 2**20) / 2**20
    near, far = machine().fit(X, y), machine().fit(X + 2.0**20, y)
    found = machine_certificates(far, rbf(X, X, GAMMA), y, np.full(len(y), 0.5))
    assert found[0, 0] <= 1e-4 + 1e-9
    np.testing.assert_allclose(near.intercept_, far.intercept_, rtol=0, atol=1e-3)


@pytest.mark.usefixtures("split")
def test_layouts_and_choices_of_points_are_taken_as_they_are(rng):
    X, y = classes(rng, 400)
    want = machine().fit(X, y)
    gaps = np.zeros((800, 3 * D))
    gaps[::2, ::3] = X
    for layout in (np.asfortranarray(X), gaps[::2, ::3], X[::-1].copy()[::-1]):
        np.testing.assert_array_equal(machine().fit(layout, y).dual_coef_, want.dual_coef_)
    weight = (rng.random(400) < 0.7).astype(float)
    some = machine().fit(X, y, sample_weight=weight)
    alone = machine().fit(X[weight > 0], y[weight > 0])
    np.testing.assert_allclose(
        some.decision_function(X), alone.decision_function(X), rtol=0, atol=1e-3
    )
