"""Deployment: container image, Cloud Run, Kubernetes, Terraform and a scaling simulation."""
