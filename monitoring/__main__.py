"""`python -m monitoring run`, `pictures` and `dashboard`; the Makefile calls them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from monitoring.prometheus_server import PrometheusError


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m monitoring", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run Prometheus with the rules beside a service")
    run.add_argument("--url", help="a running service; without it, one is started")
    run.add_argument("--port", type=int, default=3000, help="of the service that is started")
    # 9090 is Prometheus' own, which Debian's package starts where systemd runs
    run.add_argument("--prometheus-port", type=int, default=9091)
    run.add_argument("--key-file", type=Path, help="file with an API key of the scope monitoring")
    pictures = commands.add_parser("pictures", help="draw the dashboard of a service under load")
    pictures.add_argument("--seconds", type=float, default=60.0, help="of load")
    pictures.add_argument("--folder", type=Path, default=Path("docs/pictures"))
    commands.add_parser("dashboard", help="write Grafana's dashboard")
    args = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="samo-monitoring-") as folder:
            _run(args, Path(folder))
    except PrometheusError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _run(args: argparse.Namespace, folder: Path) -> None:
    # each takes libraries that the others do not need
    if args.command == "dashboard":
        from monitoring import dashboard

        dashboard.FILE.write_text(dashboard.render())
    elif args.command == "pictures":
        from monitoring import pictures

        pictures.draw(folder, args.folder, args.seconds)
    else:
        from monitoring import beside

        key = beside.read_key(args.key_file) if args.key_file else None
        beside.run(folder, args.url, args.port, args.prometheus_port, key)


if __name__ == "__main__":
    sys.exit(main())
