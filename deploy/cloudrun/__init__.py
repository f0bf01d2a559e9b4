"""Cloud Run: the service's manifest and the script that deploys it step by step."""
