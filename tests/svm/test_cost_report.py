"""What machines cost: counts against what is known by hand, the bound against its formula."""

import numpy as np
import pytest
import scipy.sparse as sp

from mlqa_fast.svm import SVC, NuSVC
from svm_definitions import rbf


def clouds(rng, n=120, d=3, k=4, spread=1.0):
    y = np.arange(n) % k
    return 3.0 * rng.normal(size=(k, d))[y] + spread * rng.normal(size=(n, d)), y


@pytest.mark.parametrize(
    ("multi_class", "machines", "asked", "samples"),
    [
        ("ovo", 10, 10, 48),
        ("dag", 10, 4, 48),
        ("ovr", 5, 5, 120),
        ("ecoc", 15, 15, 120),
        ("crammer_singer", 5, 5, 120),
        ("weston_watkins", 5, 5, 120),
    ],
)
def test_machines_are_those_of_the_textbook(multi_class, machines, asked, samples, rng):
    X, y = clouds(rng, k=5)
    svc = SVC(multi_class=multi_class, code_book="exhaustive").fit(X, y)
    report = svc.cost_report()
    assert report.multi_class == multi_class
    assert report["machines trained"] == machines
    assert report["machines asked"] == asked
    assert report["samples per machine"] == samples
    np.testing.assert_array_equal(report.samples_per_machine, np.full(machines, samples))
    assert report["support vectors"] == report["kernel values per prediction"] == len(svc.support_)
    assert report["coefficients that are not 0"] == np.count_nonzero(svc.dual_coef_)
    assert report["seconds"] > 0
    assert 0 < report["kernel rows computed"] <= 1000
    assert report["kernel values computed"] > 0
    bytes_ = sum(
        part.nbytes for part in (svc.support_vectors_, svc.dual_coef_, svc.intercept_, svc.support_)
    )
    assert report["megabytes of the model"] == bytes_ / 1e6
    if multi_class in ("ovr", "ecoc"):
        apart = report["least distance of two codes"]
        assert apart == {"ovr": 2.0, "ecoc": 8.0}[multi_class]
    with pytest.raises(KeyError):
        report["kernel"]


def test_formulas_are_those_of_machines_that_share_nothing(rng):
    X, y = clouds(rng, k=5)
    for multi_class, asked in (("ovo", 10), ("dag", 4)):
        report = SVC(multi_class=multi_class).fit(X, y).cost_report()
        book = report.to_frame()["textbook"]
        own = report["coefficients that are not 0"] / 10
        assert book["kernel values per prediction"] == pytest.approx(own * asked)
        assert book["kernel values computed"] == 10 * 48**2
        assert book["coefficients that are not 0"] == 4 * report["support vectors"]


def test_a_sparse_model_has_the_bytes_of_its_parts(rng):
    X, y = clouds(rng)
    svc = SVC().fit(sp.csr_array(X * (X > 0)), y)
    parts = [svc.intercept_, svc.support_]
    for matrix in (svc.support_vectors_, svc.dual_coef_):
        parts += [matrix.data, matrix.indices, matrix.indptr]
    assert svc.cost_report()["megabytes of the model"] == sum(p.nbytes for p in parts) / 1e6


def test_a_small_machine_computes_half_of_its_matrix(rng):
    X, y = clouds(rng, n=96, k=2)
    report = SVC(gamma=0.1).fit(X, y).cost_report()
    assert report["kernel rows computed"] == 96
    assert 96 * 97 / 2 <= report["kernel values computed"] <= 96**2
    given = SVC(kernel="precomputed").fit(X @ X.T, y).cost_report()
    assert given["kernel values computed"] == given["kernel rows computed"] == 0


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_counts_do_not_depend_on_threads(n_jobs, rng):
    X, y = clouds(rng, n=1500, spread=2.0)
    first = SVC(n_jobs=1).fit(X, y).cost_report()
    again = SVC(n_jobs=n_jobs).fit(X, y).cost_report()
    for quantity in ("kernel rows computed", "kernel values computed"):
        assert first[quantity] == again[quantity]


def test_the_table_has_all_rows(rng):
    X, y = clouds(rng)
    report = NuSVC(multi_class="dag", nu=0.2).fit(X, y).cost_report()
    frame, text = report.to_frame(), str(report)
    assert list(frame.index) == [row.quantity for row in report.rows]
    for row in report.rows:
        assert frame.loc[row.quantity, "measured"] == row.measured
        assert row.quantity in text
        assert row.formula in text
    assert "k - 1 = 3" in text
    assert "error along the graph" in text


def margins(svc, X, y):
    """Signed values of each machine over the training samples of its classes, and its norm."""
    plain = SVC(decision_function_shape="ovo", C=svc.C, gamma=svc._gamma).fit(X, y)
    value, number = plain.decision_function(X), 0
    start = np.concatenate([[0], np.cumsum(svc.n_support_)])
    for a in range(len(svc.classes_)):
        for b in range(a + 1, len(svc.classes_)):
            of_a, of_b = y == a, y == b
            both = np.hstack([value[of_a, number], -value[of_b, number]])
            beta, points = [], []
            for own, row in ((a, b - 1), (b, a)):
                part = slice(start[own], start[own + 1])
                beta.append(svc.dual_coef_[row, part])
                points.append(svc.support_vectors_[part])
            beta, points = np.hstack(beta), np.vstack(points)
            yield both, beta @ rbf(points, points, svc._gamma) @ beta
            number += 1


@pytest.mark.parametrize("C", [1e3, 0.05], ids=["at the margin", "within the margin"])
def test_the_bound_is_its_formula(C, rng):
    X, y = clouds(rng, spread=0.3)
    svc = SVC(multi_class="dag", C=C).fit(X, y)
    assert (min(values.min() for values, _ in margins(svc, X, y)) < 0.9) == (C < 1)
    bound = svc.cost_report(delta=0.1).bound
    m, inverse = len(y), 0.0
    for values, norm in margins(svc, X, y):
        assert values.min() > 0
        inverse += norm / min(values.min(), 1 - svc.tol) ** 2
    spread = inverse * np.log(4 * np.e * m) * np.log(4 * m)
    want = 130 / m * (spread + np.log(2 * (2.0 * m) ** 6 / 0.1))
    assert bound.value == pytest.approx(want, rel=1e-9)
    assert bound.sum_of_inverse_margins == pytest.approx(inverse, rel=1e-9)
    assert (bound.radius, bound.nodes, bound.samples, bound.errors) == (1.0, 6, m, 0)
    assert str(bound).startswith("vacuous")


def test_the_bound_does_not_apply_where_a_node_errs(rng):
    X, y = clouds(rng, spread=3.0)
    svc = SVC(multi_class="dag").fit(X, y)
    errors = [np.sum(values <= 0) for values, _ in margins(svc, X, y)]
    bound = svc.cost_report().bound
    assert (bound.errors, bound.nodes_with_errors) == (sum(errors), np.count_nonzero(errors))
    assert bound.value is None
    assert str(bound) == f"does not apply: {sum(errors)} errors at {np.count_nonzero(errors)} nodes"


def test_the_radius_is_that_of_the_samples(rng):
    X, y = clouds(rng, spread=0.3)
    for kernel, largest in (
        ("linear", np.max((X**2).sum(1))),
        ("poly", np.max((0.1 * (X**2).sum(1) + 1) ** 2)),
    ):
        given = {"kernel": kernel, "degree": 2, "gamma": 0.1, "coef0": 1.0}
        svc = SVC(multi_class="dag", C=10.0, **given).fit(X, y)
        bound, m = svc.cost_report().bound, len(y)
        assert bound.radius == pytest.approx(np.sqrt(largest))
        spread = bound.sum_of_inverse_margins * np.log(4 * np.e * m) * np.log(4 * m)
        want = 130 * largest / m * (spread + np.log(2 * (2.0 * m) ** 6 / 0.05))
        assert bound.value == pytest.approx(want, rel=1e-9)
        switched = SVC(C=10.0, **given).fit(X, y).set_params(multi_class="dag")
        assert switched.cost_report().bound is None
    assert SVC(multi_class="dag", kernel="precomputed").fit(X @ X.T, y).cost_report().bound is None


def test_what_is_not_known_is_refused(rng, tmp_path):
    X, y = clouds(rng)
    svc = SVC().fit(X, y)
    with pytest.raises(ValueError, match="delta must lie between 0 and 1"):
        svc.cost_report(delta=0.0)
    svc.to_libsvm(tmp_path / "model")
    with pytest.raises(ValueError, match="does not say what training cost"):
        SVC.from_libsvm(tmp_path / "model").cost_report()
