"""Process 1 of the image: listen on $PORT, then become BentoML's worker.

`bentoml serve` keeps a supervisor that imports the service a first time, before its worker does, at
every cold start (docs/deployment.md has what that costs). In a container there is one worker, and
Cloud Run or Kubernetes starts the container anew when it ends. Clients that come early wait in the
backlog.
"""

import os
import socket
import sys

BACKLOG = 2048
# Cloud Run kills 10 s after SIGTERM.
GRACE_SECONDS = 8

if __name__ == "__main__":
    listener = socket.create_server(("0.0.0.0", int(os.environ["PORT"])), backlog=BACKLOG)  # noqa: S104  # the container's
    listener.set_inheritable(True)
    worker = [sys.executable, "-m", "_bentoml_impl.worker.service", "/bento"]
    worker += ["--fd", str(listener.fileno()), "--worker-id", "1"]
    worker += ["--timeout-graceful-shutdown", str(GRACE_SECONDS)]
    os.execv(sys.executable, worker)  # noqa: S606
