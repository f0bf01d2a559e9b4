"""The dashboard as code, and Prometheus with the project's rules beside a running service."""
