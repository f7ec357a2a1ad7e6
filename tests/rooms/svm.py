"""Support vector machines: training and prediction."""

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_array, check_consistent_length

from mlqa_fast._mlqa_fast_core import svm as core
from mlqa_fast.svm import (
    SVC,
    SVR,
    CompiledPredictor,
    LinearSVC,
    LinearSVR,
    NuSVC,
    NuSVR,
    OneClassSVM,
    all_at_once,
    centroid_distances,
    compile_predictor,
    dag_order,
    dag_predict,
    decode,
    l1_min_c,
    linear_svm,
    pair_accuracies,
    pair_margins,
    svm_smo,
)
from mlqa_fast.svm._predict import Pieces, Reading
from rooms.registry import Entry, Room

# What a change of rounding may move the solution: its conditions hold within tol, and at 1e-8 it is
# determined to about the same.
TOL = 1e-8


def classes(rng, n, d, k, spread=1.0):
    y = np.arange(n) % k
    return rng.normal(size=(k, d))[y] + spread * rng.normal(size=(n, d)), y


def binary(rng, n=800, d=30):
    X, y = classes(rng, n, d, 2)
    return {"X": X, "y": y, "C": 2.0, "gamma": 0.02}


def larger(rng):
    """More points than a machine with all its kernel values has."""
    X, y = classes(rng, 2600, 24, 2)
    return {"X": X, "y": y, "C": 0.5, "gamma": 0.02}


def at_rest(rng):
    """Enough points that float rows are shared out to threads and points go to rest."""
    X, y = classes(rng, 6000, 20, 2, spread=1.5)
    return {"X": X, "y": y, "C": 1.0, "gamma": 0.05, "tol": 1e-5}


def few_rows(rng):
    """A cache that holds a part of the rows."""
    return binary(rng, 260, 6) | {"cache_size": 0.1}


def smo(n_jobs, X, y, **parameters):
    """Coefficients and the constant; the numbers of steps differ with the rounding."""
    result = svm_smo(X, y, n_jobs=n_jobs, **{"tol": TOL} | parameters)
    return result.dual_coef, result.intercept, result.objective


def ovo(n_jobs, X, y, points, **parameters):
    svc = SVC(tol=TOL, n_jobs=n_jobs, decision_function_shape="ovo", **parameters).fit(X, y)
    return svc.dual_coef_, svc.support_, svc.decision_function(points), svc.predict(points)


def few_classes(rng):
    return ten_classes(rng) | {"y": np.arange(300) % 10}


def more_classes(rng, n=2400):
    """More points than one kernel matrix has, and codes with zeros."""
    X, y = classes(rng, n + 100, 6, 4, spread=1.5)
    return {"X": X[:n], "y": y[:n], "points": X[n:], "C": 3.0, "gamma": 0.05}


def book_machines(**method):
    """Machines of a code book, and what they answer."""

    def run(n_jobs, X, y, points, **parameters):
        svc = SVC(**{"tol": TOL, "n_jobs": n_jobs} | method | parameters).fit(X, y)
        return svc.support_, svc.dual_coef_, svc.decision_function(points), svc.predict(points)

    return run


against_the_rest_machines = book_machines(multi_class="ovr")
CODES = np.array([[1, 1, 0, 1, -1], [1, -1, 1, 0, 1], [-1, 0, -1, 1, 1], [0, -1, 1, -1, -1]])
coded_machines = book_machines(multi_class="ecoc", code_book=CODES, tol=1e-5)


def sparse_ovo(n_jobs, X, y, points, **parameters):
    return ovo(n_jobs, sp.csr_matrix(X), y, sp.csr_matrix(points), **parameters)


def ten_classes(rng, n=300, d=7):
    X, y = classes(rng, n + 200, d, 10)
    return {"X": X[:n], "y": y[:n], "points": X[n:], "C": 3.0, "gamma": 0.05}


def many_classes(rng, n=350, k=24, d=9):
    """Of 1 to 32 points, in several tiles."""
    y = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    X = 2 * rng.normal(size=(k, d))[y] + rng.normal(size=(n, d))
    return {"X": X, "y": y, "points": X[::2] + 0.1, "C": 3.0, "gamma": 0.05}


def hard_classes():
    """Steps of many small machines, and machines that tiles leave."""
    inputs = many_classes(np.random.default_rng(0), 12_000, 120, 6)
    X, y = inputs["X"], np.random.default_rng(1).permutation(inputs["y"])
    return {"X": X, "y": y, "C": 1e4, "gamma": 0.05}


def sparse_classes(rng):
    inputs = ten_classes(rng, d=40)
    keep = rng.random((500, 40)) < 0.2
    return inputs | {"X": inputs["X"] * keep[:300], "points": inputs["points"] * keep[300:]}


def values(rng, n=900, d=8):
    X = rng.normal(size=(n, d))
    return {"X": X, "y": np.sin(X[:, 0]) + 0.2 * rng.normal(size=n), "gamma": 0.1}


def regress(n_jobs, X, y, **parameters):
    svr = SVR(tol=TOL, n_jobs=n_jobs, **parameters).fit(X, y)
    return svr.predict(X), svr.objective_


def more_values(rng):
    return values(rng, 2300)


def regress_by_nu(n_jobs, X, y, **parameters):
    """Two variables a point, in two groups."""
    svr = NuSVR(tol=TOL, n_jobs=n_jobs, nu=0.3, **parameters).fit(X, y)
    return svr.predict(X), svr.objective_, svr.epsilon_


def support(n_jobs, X, y, **parameters):
    machine = OneClassSVM(tol=TOL, n_jobs=n_jobs, nu=0.17, **parameters).fit(X)
    return machine.decision_function(X), machine.objective_


def nu_ovo(n_jobs, X, y, points, C, **parameters):
    svc = NuSVC(tol=TOL, n_jobs=n_jobs, nu=0.313, **parameters).fit(X, y)
    return svc.decision_function(points), svc.support_


def machines(rng):
    X, y = classes(rng, 6000, 7, 8)
    svc = SVC(tol=TOL, C=3.0, gamma=0.05).fit(X[:200], y[:200])
    return {
        "X": X[200:],
        "support_vectors": svc.support_vectors_,
        "dual_coef": svc.dual_coef_,
        "intercept": svc.intercept_,
        "n_support": svc.n_support_,
        "gamma": 0.05,
    }


ORDER = [3, 6, 0, 5, 1, 7, 2, 4]


def sparse_points(rng, n=5000, d=60):
    """Frequent and rare columns, several runs of points."""
    X = rng.normal(size=(n, d)) * (rng.random((n, d)) < rng.choice([0.01, 0.1, 0.6], size=d))
    csr = sp.csr_matrix(X)
    return {
        "data": csr.data,
        "indices": csr.indices,
        "indptr": csr.indptr,
        "which": rng.permutation(n)[:40],
        "weight": rng.normal(size=(1, n)),
    }


def sparse_rows(n_jobs, data, indices, indptr, which, weight):
    """Rows and sums of either precision."""
    n = len(indptr) - 1
    points, kernel, everything = (data, indices, indptr, 60), (2, 3, 0.02, 0.0), np.arange(n)
    few = (data, indices, indptr[:90], 60)
    first = np.zeros(1, dtype=np.int64)
    sums = core.sparse_sums_float32(points, kernel, few, weight, first, n_jobs)
    return (
        core.sparse_rows_float32(points, kernel, everything, which, 0, n_jobs),
        sums.astype(np.float32),
        core.sparse_rows_float64(points, kernel, everything, which, 0, n_jobs),
        core.sparse_sums_float64(points, kernel, few, weight, first, n_jobs),
    )


def untrained(rng, n, d, k, points, dtype=np.float64):
    """Machines with any coefficients: the arithmetic of prediction by itself."""
    start = np.arange(k + 1) * n // k
    pieces = (
        rng.normal(size=(n, d)),
        (2, 3, 0.5 / d, 0.0),
        np.arange(n),
        start,
        rng.normal(size=(k - 1, n)),
        rng.normal(size=k * (k - 1) // 2),
    )
    return {"pieces": pieces, "X": rng.normal(size=(points, d)).astype(dtype)}


def predict(n_jobs, pieces, X):
    pieces = Pieces(*pieces)
    reading = Reading(np.arange(len(pieces.start) - 1), False, False, True, False)
    predictor = CompiledPredictor(pieces, reading, n_jobs)
    return predictor.decision_function(X), predictor.predict(X)


def many_points():
    return untrained(np.random.default_rng(0), 30_000, 200, 2, 40_000, np.float32)


def large():
    rng = np.random.default_rng(0)
    X, y = classes(rng, 30_000, 40, 2, spread=3.0)
    return {"X": X, "y": y, "C": 100.0, "gamma": 0.02}


def linear_machine(**kind):
    """A solver of linear machines: its weights and objective."""

    def run(n_jobs, X, y, **given):
        machine = linear_svm(X, y, n_jobs=n_jobs, random_state=0, **kind, **given)
        return machine.coef, machine.intercept, machine.objective

    return run


def linear_rows(rng, n=3000, d=40):
    """More than one chunk of rows."""
    X, y = classes(rng, n, d, 2, spread=3.0)
    return {"X": X, "y": y, "C": 0.01, "tol": 1e-7, "max_iter": 100_000}


def sparse_linear_rows(rng):
    inputs = linear_rows(rng)
    return inputs | {"X": sp.csr_matrix(inputs["X"] * (rng.random(inputs["X"].shape) < 0.3))}


def ten_linear_classes(rng):
    X, y = classes(rng, 1500, 12, 10)
    return {"X": X, "y": y, "C": 0.1, "tol": 1e-7, "max_iter": 100_000}


def against_the_rest(n_jobs, X, y, **given):
    svc = LinearSVC(n_jobs=n_jobs, random_state=0, loss="hinge", **given).fit(X, y)
    return svc.coef_, svc.intercept_, svc.objective_


def linear_at_once(n_jobs, X, y, **given):
    svc = LinearSVC(n_jobs=n_jobs, random_state=0, multi_class="crammer_singer", **given).fit(X, y)
    return svc.coef_, svc.intercept_, svc.objective_


def few_linear_classes(rng):
    X, y = classes(rng, 400, 8, 5, spread=2.0)
    return {"X": X, "y": y, "C": 0.02, "tol": 1e-6, "max_iter": 100_000}


def many_linear_rows():
    rng = np.random.default_rng(0)
    X, y = classes(rng, 20_000, 60, 12, spread=3.0)
    return {"X": X, "y": y, "C": 100.0, "tol": 1e-12, "max_iter": 10**8}


def classes_at_once(loss):
    def train(n_jobs, X, y, **parameters):
        result = all_at_once(X, y, loss=loss, n_jobs=n_jobs, **{"tol": TOL} | parameters)
        return result.dual_coef, result.objective

    return train


def some_classes(rng):
    """More points than double rows serve, and enough for the threads."""
    X, y = classes(rng, 1500, 8, 5)
    return {"X": X, "y": y, "C": 1.0, "gamma": 0.1, "tol": 1e-6}


def sparse_at_once(n_jobs, X, **given):
    return classes_at_once("crammer_singer")(n_jobs, sp.csr_matrix(X), **given)


def some_sparse_classes(rng):
    inputs = some_classes(rng)
    keep = rng.random(inputs["X"].shape) < 0.3
    return inputs | {"X": (inputs["X"] * keep)[:400], "y": inputs["y"][:400]}


def overlapping_classes():
    X, y = classes(np.random.default_rng(0), 20_000, 6, 12, spread=2.0)
    return {"X": X, "y": y, "C": 100.0, "gamma": 0.5}


def large_regression():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 30))
    return {"X": X, "y": rng.normal(size=20_000), "C": 100.0, "gamma": 0.02}


ROOMS = [
    Room(
        "svm/sparse_rows",
        sparse_points,
        sparse_rows,
        isa_tolerance={"float32": 1e-5, "float64": 1e-12},
    ),
    Room("svm/smo", binary, smo, isa_tolerance=1e-5),
    Room(
        "svm/smo (batched)",
        larger,
        smo,
        isa_tolerance=1e-5,
        long_inputs=large,
        long_run=lambda X, y, **p: svm_smo(X, y, n_jobs=2, **p),
    ),
    Room("svm/smo (points at rest)", at_rest, smo, isa_tolerance=1e-3),
    Room("svm/smo (few rows)", few_rows, smo, isa_tolerance=1e-5),
    Room("svm/ovo", ten_classes, ovo, isa_tolerance=1e-5),
    Room(
        "svm/ovo (many classes)",
        many_classes,
        ovo,
        isa_tolerance=1e-5,
        long_inputs=hard_classes,
        long_run=lambda X, y, **p: SVC(n_jobs=2, tol=TOL, **p).fit(X, y),
    ),
    Room("svm/ovo (sparse)", sparse_classes, sparse_ovo, isa_tolerance=1e-5),
    Room(
        "svm/predict",
        lambda rng: untrained(rng, 300, 9, 6, 700),
        predict,
        isa_tolerance=1e-13,
        long_inputs=many_points,
        long_run=lambda pieces, X: predict(2, pieces, X),
    ),
    Room(
        "svm/predict (two classes, float32)",
        lambda rng: untrained(rng, 300, 9, 2, 700, np.float32),
        predict,
        isa_tolerance=1e-13,
    ),
    Room("svm/linear", linear_rows, linear_machine(loss="hinge", dual=True), isa_tolerance=1e-4),
    Room(
        "svm/linear (values)",
        linear_rows,
        linear_machine(loss="epsilon_insensitive", epsilon=0.2),
        isa_tolerance=1e-4,
    ),
    Room("svm/linear (primal)", linear_rows, linear_machine(dual=False), isa_tolerance=1e-6),
    Room(
        "svm/linear (l1)",
        linear_rows,
        linear_machine(penalty="l1", dual=False),
        isa_tolerance=1e-4,
    ),
    Room(
        "svm/linear (sparse)",
        sparse_linear_rows,
        linear_machine(loss="hinge", dual=True),
        isa_tolerance=1e-4,
    ),
    Room(
        "svm/linear (sparse, primal)",
        sparse_linear_rows,
        linear_machine(dual=False),
        isa_tolerance=1e-6,
    ),
    Room(
        "svm/linear (sparse, l1)",
        sparse_linear_rows,
        linear_machine(penalty="l1", dual=False),
        isa_tolerance=1e-4,
    ),
    Room(
        "svm/linear (against the rest)",
        ten_linear_classes,
        against_the_rest,
        isa_tolerance=1e-4,
        long_inputs=many_linear_rows,
        long_run=lambda X, y, **p: against_the_rest(2, X, y, **p),
    ),
    Room(
        "svm/linear (all at once)",
        few_linear_classes,
        linear_at_once,
        isa_tolerance=1e-4,
        long_inputs=many_linear_rows,
        long_run=lambda X, y, **p: linear_at_once(2, X, y, **p),
    ),
    Room("svm/ovo (nu)", ten_classes, nu_ovo, isa_tolerance=1e-5),
    Room(
        "svm/solve",
        values,
        regress,
        isa_tolerance=1e-5,
        long_inputs=large_regression,
        long_run=lambda X, y, **p: SVR(n_jobs=2, **p).fit(X, y),
    ),
    Room("svm/solve (two groups)", more_values, regress_by_nu, isa_tolerance=1e-5),
    Room("svm/solve (one class)", more_values, support, isa_tolerance=1e-5),
    Room("svm/code_book", few_classes, against_the_rest_machines, isa_tolerance=1e-5),
    Room(
        "svm/code_book (large)",
        more_classes,
        coded_machines,
        isa_tolerance=1e-3,
        long_inputs=lambda: more_classes(np.random.default_rng(0), 12000),
        long_run=lambda X, y, points, **p: coded_machines(2, X, y, points, **p),
    ),
    Room(
        "svm/all_at_once",
        some_classes,
        classes_at_once("crammer_singer"),
        isa_tolerance=1e-4,
        long_inputs=overlapping_classes,
        long_run=lambda **p: classes_at_once("crammer_singer")(2, **p),
    ),
    Room(
        "svm/all_at_once (weston_watkins)",
        some_classes,
        classes_at_once("weston_watkins"),
        isa_tolerance=1e-4,
    ),
    Room("svm/all_at_once (sparse)", some_sparse_classes, sparse_at_once, isa_tolerance=1e-4),
    Room("svm/dag", machines, lambda n_jobs, **p: dag_predict(n_jobs=n_jobs, **p)),
    Room(
        "svm/dag (explored)",
        machines,
        lambda n_jobs, **p: dag_predict(n_jobs=n_jobs, order=ORDER, explore=0.7, **p),
    ),
]


def labelled(rng, k):
    X, y = classes(rng, 60, 4, k, spread=0.5)
    return {"X": X, "y": y}


def fit_svc(X, y, **parameters):
    svc = SVC(tol=1e-6, gamma=0.3, **parameters).fit(X, y)
    return svc.support_vectors_, svc.dual_coef_, svc.intercept_


FITTED = SVC().fit(np.eye(4), [0, 0, 1, 1])


def compiled(X, y, estimator=None, points=None, **parameters):
    """Fits first, for that is where points of any kind are validated."""
    if estimator is None:
        estimator = SVC(tol=1e-6, gamma=0.3).fit(X, y)
    predictor = compile_predictor(estimator, **parameters)
    if points is None:
        points = np.linspace(-1, 1, 24).reshape(6, 4)
        points = sp.csr_matrix(points) if sp.issparse(X) else points
    return predictor.decision_function(points), predictor.predict(points)


def regression(rng):
    X = rng.normal(size=(60, 4))
    return {"X": X, "y": X[:, 0] + 0.1 * rng.normal(size=60)}


def fitted(cls):
    def fit(X, y=None, **parameters):
        machine = cls(**({"tol": 1e-6, "gamma": 0.3} | parameters)).fit(X, y)
        return machine.dual_coef_, machine.intercept_

    return fit


# Targets that only classifiers refuse.
OF_VALUES = {"one class": "same", "target of reals": "same"}


def not_square(A, B):
    return A


def of_five_points(A, B):
    return np.eye(5)


def of_one_dimension(A, B):
    return np.zeros(len(A))


def small_machines(rng):
    fitted = machines(rng)
    return fitted | {"X": fitted["X"][:60, :4], "support_vectors": fitted["support_vectors"][:, :4]}


def of_machines(rng):
    parts = small_machines(rng)
    return {name: parts[name] for name in ("support_vectors", "dual_coef", "n_support", "gamma")}


def ordered(X, score=None, **parameters):
    """The order of the first features: distances are where points of any kind are validated."""
    if score is None:
        score = centroid_distances(X, np.arange(60) // 6, kernel="linear")
    return dag_order(score, **parameters), score


def accuracies(X, y, cv=5):
    """What the folds are trained on is a matter of the caller's."""
    X = check_array(X, dtype=np.float64)
    check_consistent_length(X, y)

    def fit(rows):
        svc = SVC(decision_function_shape="ovo", gamma=0.3).fit(X[rows], np.asarray(y)[rows])
        return lambda others: svc.decision_function(X[others])

    return pair_accuracies(y, fit, cv=cv)


def fit_linear(estimator, **fixed):
    """Weights of an estimator over linear machines."""

    def call(X, y, sample_weight=None, **given):
        fitted = estimator(random_state=0, **fixed, **given).fit(X, y, sample_weight)
        return fitted.coef_, fitted.intercept_

    return call


LINEAR_ARGUMENTS = (
    ({"C": 0.0}, "'C' parameter"),
    ({"C": np.inf}, "'C' parameter"),
    ({"tol": 0.0}, "'tol' parameter"),
    ({"dual": "yes"}, "'dual' parameter"),
    ({"intercept_scaling": 0.0}, "'intercept_scaling' parameter"),
    ({"max_iter": -1}, "'max_iter' parameter"),
    ({"max_time": 0}, "'max_time' parameter"),
    ({"n_jobs": 0}, "n_jobs"),
    ({"n_jobs": 1.5}, "'n_jobs' parameter"),
    ({"sample_weight": np.ones(59)}, "inconsistent"),
    ({"sample_weight": np.ones((60, 2))}, "1D array"),
    ({"sample_weight": np.full(60, np.nan)}, "NaN"),
    ({"sample_weight": np.zeros(60)}, "at least one non-zero"),
    ({"sample_weight": -np.ones(60)}, "at least one non-zero"),
)


def valued(rng):
    X = rng.normal(size=(60, 4))
    return {"X": X, "y": X[:, 0] + 0.3 * rng.normal(size=60)}


ENTRIES = [
    Entry(
        "svm.linear_svm",
        lambda X, y, **p: linear_svm(X, y, **{"tol": 1e-8, "random_state": 0, **p})[:2],
        lambda rng: labelled(rng, 2),
        target="y",
        sparse=True,
        outcomes={"target objects": "refused: label type"},
        tolerance=1e-4,
        bad_arguments=(
            *LINEAR_ARGUMENTS,
            ({"penalty": "l3"}, "'penalty' parameter"),
            ({"loss": "log"}, "'loss' parameter"),
            ({"epsilon": -0.1}, "'epsilon' parameter"),
            ({"loss": "hinge", "penalty": "l1"}, "Unsupported set of arguments"),
            ({"loss": "hinge", "dual": False}, "Unsupported set of arguments"),
            ({"penalty": "l1", "dual": True}, "Unsupported set of arguments"),
            ({"y": np.arange(60) % 3}, "number of classes has to be two"),
            ({"sample_weight": np.arange(60) % 2}, "zero or negative weights"),
        ),
    ),
    Entry(
        "svm.LinearSVC",
        fit_linear(LinearSVC),
        lambda rng: labelled(rng, 3),
        target="y",
        sparse=True,
        outcomes={"target objects": "refused: label type"},
        tolerance=1e-4,
        bad_arguments=(
            *LINEAR_ARGUMENTS,
            ({"multi_class": "ovo"}, "'multi_class' parameter"),
            ({"class_weight": "even"}, "'class_weight' parameter"),
            ({"class_weight": {7: 1.0}}, "class"),
            ({"penalty": "l1", "dual": True}, "Unsupported set of arguments"),
            ({"y": np.zeros(60)}, "at least 2 classes"),
        ),
    ),
    Entry(
        "svm.LinearSVR",
        fit_linear(LinearSVR, dual=False, loss="squared_epsilon_insensitive"),
        valued,
        target="y",
        sparse=True,
        outcomes={"one class": "same", "target of reals": "same"},
        tolerance=1e-4,
        bad_arguments=(
            *(row for row in LINEAR_ARGUMENTS if "dual" not in row[0]),
            ({"epsilon": -0.1}, "'epsilon' parameter"),
            ({"epsilon": np.nan}, "'epsilon' parameter"),
        ),
    ),
    Entry(
        "svm.l1_min_c",
        l1_min_c,
        lambda rng: labelled(rng, 2),
        target="y",
        sparse=True,
        outcomes={
            "target objects": "refused: label type",
            "one row, broadcast": "refused: Ill-posed",
        },
        bad_arguments=(
            ({"loss": "hinge"}, "'loss' parameter"),
            ({"intercept_scaling": 0.0}, "'intercept_scaling' parameter"),
            ({"X": np.zeros((60, 4)), "fit_intercept": False}, "Ill-posed"),
            ({"y": np.arange(59) % 2}, "inconsistent"),
        ),
    ),
    Entry(
        "svm.svm_smo",
        lambda X, y, **p: svm_smo(X, y, tol=1e-6, gamma=0.3, **p),
        lambda rng: labelled(rng, 2),
        target="y",
        sparse=True,
        outcomes={"target objects": "refused: label type"},
        tolerance=1e-4,
        bad_arguments=(
            ({"C": 0.0}, "'C' parameter"),
            ({"C": -1.0}, "'C' parameter"),
            ({"C": np.nan}, "'C' parameter"),
            ({"C": "1"}, "'C' parameter"),
            ({"kernel": "gauss"}, "'kernel' parameter"),
            ({"degree": -1}, "'degree' parameter"),
            ({"coef0": np.inf}, "'coef0' parameter"),
            ({"cache_size": 0}, "'cache_size' parameter"),
            ({"max_iter": -2}, "'max_iter' parameter"),
            ({"max_time": 0}, "'max_time' parameter"),
            ({"max_time": np.nan}, "'max_time' parameter"),
            ({"n_jobs": 0}, "n_jobs"),
            ({"n_jobs": 1.5}, "'n_jobs' parameter"),
            ({"sample_weight": np.ones(59)}, "inconsistent"),
            ({"sample_weight": np.full(60, np.nan)}, "NaN"),
            ({"sample_weight": np.zeros(60)}, "zero or negative weights"),
            ({"sample_weight": np.arange(60) % 2}, "same class"),
            ({"y": np.arange(60) % 3}, "number of classes has to be two"),
            ({"kernel": "precomputed"}, "square matrix"),
        ),
    ),
    Entry(
        "svm.all_at_once",
        lambda X, y, **p: all_at_once(X, y, tol=1e-6, gamma=0.3, **p),
        lambda rng: labelled(rng, 3),
        target="y",
        sparse=True,
        outcomes={"target objects": "refused: label type"},
        tolerance=1e-4,
        bad_arguments=(
            ({"loss": "hinge"}, "'loss' parameter"),
            ({"C": 0.0}, "'C' parameter"),
            ({"kernel": "gauss"}, "'kernel' parameter"),
            ({"max_iter": -2}, "'max_iter' parameter"),
            ({"max_time": 0}, "'max_time' parameter"),
            ({"cache_size": 0}, "'cache_size' parameter"),
            ({"n_jobs": 0}, "n_jobs"),
            ({"sample_weight": np.ones(59)}, "inconsistent"),
            ({"sample_weight": np.full(60, np.nan)}, "NaN"),
            ({"sample_weight": np.zeros(60)}, "zero or negative weights"),
            ({"sample_weight": np.arange(60) % 3 == 0}, "same class"),
            ({"y": np.zeros(60)}, "greater than one"),
            ({"kernel": "precomputed"}, "square matrix"),
        ),
    ),
    Entry(
        "svm.SVC",
        fit_svc,
        lambda rng: labelled(rng, 3),
        target="y",
        sparse=True,
        outcomes={"target objects": "refused: label type"},
        tolerance=1e-4,
        bad_arguments=(
            ({"C": 0.0}, "'C' parameter"),
            ({"kernel": "precomputed"}, "square matrix"),
            ({"kernel": not_square}, "should be equal"),
            ({"kernel": of_five_points}, "values of 5 points for 60"),
            ({"kernel": of_one_dimension}, "must return a matrix"),
            ({"class_weight": {7: 1.0}}, "class"),
            ({"class_weight": "even"}, "'class_weight' parameter"),
            ({"multi_class": "all"}, "'multi_class' parameter"),
            ({"multi_class": "ecoc", "code_book": np.ones((3, 2))}, "code_book has no -1"),
            ({"multi_class": "ecoc", "code_book": "small"}, "'code_book' parameter"),
            ({"decoding": "euclid"}, "'decoding' parameter"),
            ({"max_time": -1.0}, "'max_time' parameter"),
        ),
    ),
    Entry(
        "svm.SVC (against the rest)",
        lambda X, y, **p: fit_svc(X, y, multi_class="ovr", **p),
        lambda rng: labelled(rng, 3),
        target="y",
        sparse=True,
        outcomes={"target objects": "refused: label type"},
        tolerance=1e-4,
        bad_arguments=(({"unclaimed": 0, "C": -1.0}, "'C' parameter"),),
    ),
    Entry(
        "svm.decode",
        lambda values, code_book, **p: decode(values, code_book, **p),
        lambda rng: {"values": rng.normal(size=(60, 4)), "code_book": np.eye(4) * 2 - 1},
        data="values",
        bad_arguments=(
            ({"code_book": np.ones((3, 5))}, "values has 4 columns"),
            ({"decoding": "soft"}, "'decoding' parameter"),
        ),
    ),
    Entry(
        "svm.compile_predictor",
        compiled,
        lambda rng: labelled(rng, 3),
        target="y",
        sparse=True,
        outcomes={"target objects": "refused: label type"},
        tolerance=1e-4,
        bad_arguments=(
            ({"estimator": 3}, "must be a kernel machine"),
            ({"estimator": SVC()}, "not fitted"),
            ({"estimator": SVC(kernel=np.dot)}, "not fitted"),
            ({"estimator": FITTED, "points": np.ones((2, 3))}, "must have the features"),
            ({"estimator": FITTED, "points": np.ones((2, 4), dtype=int)}, "float64 or float32"),
            ({"estimator": FITTED, "points": np.ones((2, 2, 4))}, "two dimensions"),
            ({"estimator": FITTED, "n_jobs": 0}, "n_jobs"),
        ),
    ),
    Entry(
        "svm.NuSVC",
        fitted(NuSVC),
        lambda rng: labelled(rng, 3),
        target="y",
        sparse=True,
        outcomes={
            "target objects": "refused: label type",
            # Points that are all the same have no margin, which the solver finds out.
            "one row, broadcast": "inapplicable",
        },
        tolerance=1e-4,
        bad_arguments=(
            ({"nu": 0.0}, "'nu' parameter"),
            ({"y": np.arange(60) < 2}, "nu is infeasible"),
            ({"kernel": "precomputed"}, "square matrix"),
            ({"kernel": of_five_points}, "values of 5 points for 60"),
        ),
    ),
    *(
        Entry(
            f"svm.{cls.__name__}",
            fitted(cls),
            regression,
            target="y",
            sparse=True,
            outcomes=OF_VALUES,
            tolerance=1e-4,
            bad_arguments=(
                ({"C": 0.0}, "'C' parameter"),
                ({"cache_size": "most"}, "'cache_size' parameter"),
                ({"kernel": "precomputed"}, "square matrix"),
                ({"kernel": not_square}, "should be equal"),
                ({"max_time": 0.0}, "'max_time' parameter"),
            ),
        )
        for cls in (SVR, NuSVR)
    ),
    Entry(
        "svm.OneClassSVM",
        lambda X, **p: fitted(OneClassSVM)(X, **p),
        lambda rng: {"X": rng.normal(size=(60, 4))},
        sparse=True,
        tolerance=1e-4,
        bad_arguments=(
            ({"nu": 1.5}, "'nu' parameter"),
            ({"kernel": of_five_points}, "values of 5 points for 60"),
            ({"kernel": of_one_dimension}, "must return a matrix"),
        ),
    ),
    Entry(
        "svm.dag_predict",
        lambda **p: dag_predict(**p),
        small_machines,
        sparse=True,
        bad_arguments=(
            ({"gamma": -1.0}, "'gamma' parameter"),
            ({"dual_coef": np.ones((7, 3))}, "dual_coef must have shape"),
            ({"dual_coef": np.full((7, 3), np.nan)}, "NaN"),
            ({"intercept": np.zeros(27)}, "intercept"),
            ({"n_support": [1.5, 2.0]}, "n_support must"),
            ({"n_support": [3]}, "n_support must"),
            ({"n_support": [-1, 4]}, "n_support must"),
            ({"support_vectors": np.ones((2, 4))}, "support_vectors must have shape"),
            ({"kernel": "precomputed"}, "should be equal"),
            ({"order": np.arange(7)}, "order must be a permutation"),
            ({"order": [0, 1, 2, 3, 4, 5, 6, 6]}, "order must be a permutation"),
            ({"order": np.arange(8.0)}, "order must be a permutation"),
            ({"order": "listed"}, "'order' parameter"),
            ({"explore": -0.1}, "'explore' parameter"),
            ({"explore": np.nan}, "'explore' parameter"),
        ),
    ),
    Entry(
        "svm.dag_order",
        ordered,
        lambda rng: {"X": rng.normal(size=(60, 4))},
        sparse=True,
        tolerance=1e-6,
        bad_arguments=(
            ({"score": np.ones((3, 4))}, "score must have shape"),
            ({"score": np.arange(9.0).reshape(3, 3)}, "score must be symmetric"),
            ({"score": np.full((3, 3), np.nan)}, "score holds NaN"),
            ({"score": [[1.0]]}, "minimum of 2"),
            ({"ties": np.ones((3, 3))}, "ties must have shape"),
        ),
    ),
    Entry(
        "svm.pair_margins",
        pair_margins,
        of_machines,
        data="support_vectors",
        sparse=True,
        bad_arguments=(
            ({"n_support": [3]}, "n_support must"),
            ({"dual_coef": np.ones((7, 3))}, "dual_coef must have shape"),
            ({"support_vectors": np.ones((2, 4))}, "support_vectors must have"),
            ({"kernel": "precomputed"}, "square matrix"),
            ({"gamma": -1.0}, "'gamma' parameter"),
        ),
    ),
    Entry(
        "svm.centroid_distances",
        centroid_distances,
        lambda rng: labelled(rng, 3),
        target="y",
        sparse=True,
        tolerance=1e-6,
        outcomes={"target objects": "refused: label type"},
        bad_arguments=(
            ({"kernel": "precomputed"}, "square matrix"),
            ({"kernel": "gauss"}, "'kernel' parameter"),
            ({"y": np.arange(59) % 2}, "inconsistent"),
        ),
    ),
    Entry(
        "svm.pair_accuracies",
        accuracies,
        lambda rng: labelled(rng, 3),
        target="y",
        outcomes={"target objects": "refused: label type"},
        bad_arguments=(
            ({"cv": 1}, "'cv' parameter"),
            ({"cv": 2.5}, "'cv' parameter"),
            ({"y": np.arange(60) // 59}, "has one sample only"),
        ),
    ),
]
