output "url" {
  description = "Where the service answers."
  value       = google_cloud_run_v2_service.samo.uri
}

output "repository" {
  description = "Where deploy.sh pushes images."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.samo.repository_id}"
}

output "deploy_account" {
  description = "The identity that the pipelines take."
  value       = google_service_account.deploy.email
}
