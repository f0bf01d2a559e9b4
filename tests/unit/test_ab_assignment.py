"""Which callers get variant B."""

from __future__ import annotations

import math

import pytest

from runners.errors import StartError
from samo.ab.assignment import assign
from samo.settings import Settings

CALLERS = [f"key:caller-{number}" for number in range(20_000)]


def test_a_caller_keeps_the_variant():
    # computed once: another hash would divide the callers of a running experiment anew
    assert [assign("samo-emotion:b", f"key:{name}", 0.5) for name in "abcdefgh"] == list("bbbaaabb")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.9, 1.0])
def test_the_share_of_callers_with_b(share):
    with_b = sum(assign("x", caller, share) == "b" for caller in CALLERS)
    error = math.sqrt(share * (1 - share) * len(CALLERS))
    assert abs(with_b - share * len(CALLERS)) <= 4 * error


def test_callers_with_b_keep_it_when_the_share_grows():
    small, large = (
        {caller for caller in CALLERS if assign("x", caller, share) == "b"} for share in (0.1, 0.3)
    )
    assert small < large


def test_another_experiment_divides_the_callers_anew():
    both = sum(assign("x", one, 0.5) == assign("y", one, 0.5) == "b" for one in CALLERS)
    assert both == pytest.approx(len(CALLERS) / 4, rel=0.05)


def test_names_that_join_to_the_same_text_differ():
    pairs = [("a" * cut, "a" * (40 - cut)) for cut in range(40)]
    assert len({assign(name, caller, 0.5) for name, caller in pairs}) == 2


def test_any_header_value_is_assigned():
    for value in ("", "ü", "\udcff", "x" * 10_000, "0"):
        assert assign("x", value, 1.0) == "b"
        assert assign("x", value, 0.0) == "a"


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"SAMO_AB_MODEL": "x", "SAMO_AB_SHARE": "1.5"}, "less than or equal to 1"),
        ({"SAMO_AB_MODEL": "x", "SAMO_AB_SHARE": "-0.1"}, "greater than or equal to 0"),
        ({"SAMO_AB_MODEL": "x", "SAMO_AB_SHARE": "nan"}, "finite number"),
        ({"SAMO_AB_MODEL": "x", "SAMO_AB_SHARE": "half"}, "valid number"),
        ({"SAMO_AB_MODEL": "x", "SAMO_AB_MODE": "both"}, "'split' or 'shadow'"),
        ({"SAMO_AB_MODEL": "x", "SAMO_AB_HEADER": "X User"}, "not the name of a header"),
        ({"SAMO_AB_MODEL": ""}, "SAMO_AB_MODEL cannot be used: It is not a tag"),
        ({"SAMO_AB_MODEL": "no such tag!"}, "It is not a tag, such as samo-emotion:"),
        ({"SAMO_AB_MODEL": "a:b:c"}, "It is not a tag"),
    ],
)
def test_settings_that_cannot_be_honoured_refuse_the_start(monkeypatch, variables, reason):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StartError, match=reason):
        Settings.load()
