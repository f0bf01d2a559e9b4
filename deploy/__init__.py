"""How SAMO is run: container, Cloud Run, Kubernetes, Terraform, and what it takes to scale."""
