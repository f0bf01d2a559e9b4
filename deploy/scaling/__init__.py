"""What it takes to scale: CPU seconds a request, Cloud Run's autoscaler over a day, the bill."""
