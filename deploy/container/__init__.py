"""The container image: Dockerfile, build context, build and test."""
