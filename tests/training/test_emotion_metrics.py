"""Figures of the emotion evaluation on cases that can be checked by hand, and its pictures."""

from __future__ import annotations

import numpy as np
import pytest

from training.emotion.data import LabelledTexts
from training.emotion.metrics import (
    confusions,
    expected_calibration_error,
    f1,
    reliability,
    without_temperature,
)
from training.emotion.plots import draw_all


def test_calibration_error_is_the_mean_distance_from_the_truth():
    probabilities = np.asarray([[0.9], [0.9], [0.1], [0.1]])
    assert expected_calibration_error(probabilities, np.asarray([[1], [1], [0], [0]])) == (
        pytest.approx(0.1)
    )
    assert expected_calibration_error(probabilities, np.asarray([[1], [0], [1], [0]])) == (
        pytest.approx(0.4)
    )


def test_reliability_leaves_empty_bins_open():
    confidence, truth, share = reliability(np.asarray([[0.5, 1.0]]), np.asarray([[1, 1]]))
    assert np.isnan(confidence[0])
    assert truth[-1] == 1.0
    assert share.sum() == pytest.approx(1.0)


def test_confusions_count_wrong_labels_where_the_true_one_was_missed():
    labels = np.asarray([[1, 0], [1, 0], [0, 1]])
    decided = np.asarray([[False, True], [True, True], [False, True]])
    expected = np.asarray([[0, 0.5], [0, 0]])
    np.testing.assert_allclose(confusions(labels, decided), expected)
    assert f1(labels, decided, "micro") == pytest.approx(2 * 2 / (3 + 4))


def test_temperature_is_undone():
    logits = np.asarray([[-3.0, 0.5]])
    calibrated = 1 / (1 + np.exp(-logits / 1.7))
    np.testing.assert_allclose(without_temperature(calibrated, 1.7), 1 / (1 + np.exp(-logits)))


@pytest.mark.slow
def test_pictures_are_the_same_for_the_same_figures(tmp_path):
    rng = np.random.default_rng(0)
    names = [f"label {number}" for number in range(8)]
    labels = (rng.random((60, 8)) < 0.3).astype(float)
    split = LabelledTexts([""] * 60, labels, names)
    probabilities = np.clip(labels * 0.5 + rng.random((60, 8)) * 0.5, 0.01, 0.99)
    for folder in ("one", "two"):
        draw_all(tmp_path / folder, split, probabilities > 0.5, probabilities, probabilities)
    drawn = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert drawn == ["confusions.svg", "f1-by-label.svg", "rare-labels.svg", "reliability.svg"]
    for name in drawn:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
