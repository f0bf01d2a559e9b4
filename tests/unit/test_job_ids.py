from __future__ import annotations

import string
import time

import pytest

from samo.jobs.job import Instance, Job, JobId


def test_an_id_tells_its_instance_and_time():
    instance = Instance()
    made = JobId.new("phone", instance.id)
    parsed = JobId.parse(made.text, "phone")
    assert parsed == made
    assert parsed.instance == instance.id == JobId.instance_of(made.text)
    assert abs(parsed.created - time.time()) < 5


def test_ids_differ():
    instance = Instance().id
    assert len({JobId.new("phone", instance).text for _ in range(100)}) == 100


@pytest.mark.parametrize("owner", ["", "laptop", "phone2"])
def test_another_owner_does_not_know_the_id(owner):
    assert JobId.parse(JobId.new("phone", Instance().id).text, owner) is None


def test_a_changed_id_is_unknown():
    text = JobId.new("", Instance().id).text
    assert JobId.parse(text, "") is not None
    for position in range(4, len(text)):
        for other in {*string.ascii_letters} - {text[position]}:
            assert JobId.parse(text[:position] + other + text[position + 1 :], "") is None
    assert JobId.parse(text + "=", "") is None


@pytest.mark.parametrize("text", ["", "job_", "job_a", "job_" + "!" * 43, "job_" + "ü" * 43])
def test_other_texts_are_no_ids(text):
    assert JobId.parse(text, "") is None


def test_a_job_survives_json():
    job = Job("job_x", "insight", 1.5, "running", "transcribing", 3.0, 9.5, started=2.0)
    assert Job.from_json(job.to_json()) == job
