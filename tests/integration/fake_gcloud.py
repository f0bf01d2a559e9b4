"""A gcloud that knows one service, keeps its traffic in a file and fails on demand.

The test that puts it on PATH gives FAKE_STATE, a JSON file: `calls` (every call so far),
`traffic` (revision to percent), `tags` (tag to revision), `url`, and `fail`: a regular expression
of the calls that fail, with `fail_times` how often (left out: always).
"""

import json
import os
import re
import sys
from pathlib import Path

state_file = Path(os.environ["FAKE_STATE"])
state = json.loads(state_file.read_text())
arguments = sys.argv[1:]
line = " ".join(arguments)
state["calls"].append(line)


def option(name: str) -> str | None:
    for argument in arguments:
        if argument.startswith(f"--{name}="):
            return argument.split("=", 1)[1]
    return None


def answer() -> str:
    if "list --filter=metadata.name" in line:
        return "samo" if state["traffic"] else ""
    if "status.traffic.percent" in line:
        return "\n".join(f"{name},{percent}" for name, percent in state["traffic"].items())
    if "status.traffic.tag" in line:
        return "".join(f"{tag},{state['url']}\n" for tag in state["tags"])
    if "value(status.url)" in line:
        return state["url"]
    if "image_summary.digest" in line:
        return "sha256:" + "a" * 64
    if line.startswith("auth list"):
        return state.get("account", "ops@example.com")
    if line.startswith("auth print-"):
        return "secret-token"
    if line.startswith("auth configure-docker"):
        return ""
    if line.startswith("run services replace"):
        manifest = Path(arguments[3]).read_text()
        state["manifest"] = manifest
        traffic = manifest.partition("  traffic:\n")[2]
        state["traffic"] = {
            name: int(percent)
            for name, percent in re.findall(
                r"revisionName: (\S+)\n(?:      tag: \S+\n)?      percent: (\d+)", traffic
            )
        }
        state["tags"] = {"candidate": re.findall(r"revisionName: (\S+)", traffic)[0]}
        return ""
    if line.startswith("run services update-traffic"):
        shares = option("to-revisions")
        if shares:
            state["traffic"] = {
                name: int(percent) for name, percent in re.findall(r"([\w-]+)=(\d+)", shares)
            }
        if option("remove-tags"):
            state["tags"].pop(option("remove-tags"), None)
        return ""
    raise SystemExit(f"fake gcloud: does not know {line}")


try:
    fails = state.get("fail") and re.search(state["fail"], line)
    if fails and state.get("fail_times", 1_000) > 0:
        state["fail_times"] = state.get("fail_times", 1_000) - 1
        raise SystemExit("fake gcloud: failure requested by the test")
    sys.stdout.write(f"{answer()}\n")
finally:
    state_file.write_text(json.dumps(state))
