output "url" {
  description = "URL of the service."
  value       = google_cloud_run_v2_service.samo.uri
}

output "repository" {
  description = "Repository to which deploy.sh pushes images."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.samo.repository_id}"
}

output "deploy_account" {
  description = "Service account of the pipelines."
  value       = google_service_account.deploy.email
}
