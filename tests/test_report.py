"""The report of the benchmarks gives no ratio between answers of unequal quality."""

import importlib.util
import json
import pathlib
import sys

import pytest

PATH = pathlib.Path(__file__).parents[1] / "bench" / "report.py"
KKT = ("KKT violation", 5e-4, 1e-3)


@pytest.fixture(scope="module")
def report():
    spec = importlib.util.spec_from_file_location("bench_report", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def figure(report, implementation, median, certificate=KKT):
    return report.Figure("svm/smo", "iris", (150, 4), implementation, median, 0.0, certificate)


def test_a_ratio_of_equals(report):
    ours, theirs = figure(report, "mlqa_fast", 2.0), figure(report, "scikit-learn", 5.0)
    assert report.ratio(ours, theirs) == 2.5
    assert "| 2.50 |" in report.table([theirs, ours])


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (None, "no certificate"),
        (("KKT violation", 2e-3, 1e-3), "scikit-learn breaks the bound"),
        (("KKT violation", float("nan"), 1e-3), "scikit-learn breaks the bound"),
        (("KKT violation", 5e-4, 1e-2), "different certificates"),
        (("duality gap", 5e-4, 1e-3), "different certificates"),
    ],
)
def test_no_ratio_of_unequals(report, certificate, reason):
    ours = figure(report, "mlqa_fast", 2.0)
    theirs = figure(report, "scikit-learn", 5.0, certificate)
    with pytest.raises(ValueError, match=reason):
        report.ratio(ours, theirs)
    assert reason in report.table([ours, theirs])
    assert "2.50" not in report.table([ours, theirs])


def test_our_own_certificate_counts_as_well(report):
    ours = figure(report, "mlqa_fast", 2.0, ("KKT violation", 2e-3, 1e-3))
    with pytest.raises(ValueError, match="mlqa_fast breaks the bound"):
        report.ratio(ours, figure(report, "scikit-learn", 5.0))


def test_the_reference_gets_no_ratio(report):
    text = report.table([figure(report, "mlqa_fast", 2.0), figure(report, "reference", 5.0)])
    assert "not tuned" in text
    assert "2.50" not in text


def test_reads_what_pytest_benchmark_writes(report, tmp_path):
    info = {
        "area": "svm",
        "room": "smo",
        "case": "iris",
        "implementation": "mlqa_fast",
        "shape": [150, 4],
        "threads": 2,
        "isa": "x86-64-v3",
        "versions": {"numpy": "2.0"},
        "certificate": {"name": "KKT violation", "value": 5e-4, "bound": 1e-3},
    }
    item = {"extra_info": info, "stats": {"median": 2.0, "iqr": 0.2}}
    path = tmp_path / "figures.json"
    path.write_text(json.dumps({"machine_info": {}, "benchmarks": [item]}))
    figures, about = report.read([path])
    assert figures == [
        report.Figure("svm/smo", "iris", (150, 4), "mlqa_fast", 2.0, 0.1, KKT),
    ]
    assert "2 threads for each" in about
