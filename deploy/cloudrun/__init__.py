"""Cloud Run: the manifests, and the script that deploys a revision in steps."""
