"""The recording rules of drift, evaluated by Prometheus over the counts of two instances."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest

from samo.drift.statistics import shares
from tests.conftest import ROOT

PROMTOOL = shutil.which("promtool")
RULES = ROOT / "monitoring" / "prometheus" / "drift.yml"
REFERENCE = shares(np.asarray([500, 300, 200, 0]))
BINS = ("1", "2", "5", "+Inf")
# Observations of each minute: the first instance stops after two hours.
FIRST, SECOND = (1, 2, 0, 3), (4, 1, 2, 0)
MINUTES, STOPS_AFTER = 360, 120


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_prometheus_computes_the_psi_of_all_instances(tmp_path):
    labels = 'job="samo",feature="length"'
    series = [
        {
            "series": f'samo_drift_reference_share{{{labels},instance="b",bin="{name}"}}',
            "values": f"{share}x{MINUTES}",
        }
        for name, share in zip(BINS, REFERENCE, strict=True)
    ]
    for instance, counts, minutes in (("a", FIRST, STOPS_AFTER), ("b", SECOND, MINUTES)):
        series += [
            {
                "series": f'samo_drift_observations_total{{{labels},instance="{instance}",'
                f'bin="{name}"}}',
                "values": f"0+{count}x{minutes}",
            }
            for name, count in zip(BINS, counts, strict=True)
        ]
    counts = np.asarray(FIRST) * STOPS_AFTER + np.asarray(SECOND) * MINUTES
    window = np.maximum(counts / counts.sum(), 1e-4)
    psi = float(np.sum((window - REFERENCE) * np.log(window / REFERENCE)))
    near = f"abs(samo:drift_score:6h - {psi!r}) < bool 0.005"
    assert psi > 0.2
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    {
                        "expr": near,
                        "eval_time": f"{MINUTES}m",
                        "exp_samples": [{"labels": f"{{{labels}}}", "value": 1}],
                    }
                ],
            }
        ],
    }
    path = tmp_path / "test.yml"
    path.write_text(json.dumps(test))  # JSON is YAML
    done = subprocess.run(
        [str(PROMTOOL), "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
