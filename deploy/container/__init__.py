"""The container image: Dockerfile, what goes into it, how it is built and tested."""
