# The identity of the running service. It has no role in the project: the models are in the image,
# and Cloud Run itself collects logs and metrics. It may read only the service's secrets.
resource "google_service_account" "run" {
  account_id   = "samo-run"
  display_name = "SAMO, the running service"

  depends_on = [google_project_service.apis]
}

resource "google_secret_manager_secret" "samo" {
  for_each  = var.secrets
  secret_id = each.value

  replication {
    auto {}
  }

  depends_on = [google_project_service.apis]
}

resource "google_secret_manager_secret_iam_member" "run" {
  for_each  = google_secret_manager_secret.samo
  secret_id = each.value.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.run.member
}

# The identity of the pipelines: it pushes images, deploys revisions of this service that run as
# samo-run, calls it for the smoke test, and reads the error rate.
resource "google_service_account" "deploy" {
  account_id   = "samo-deploy"
  display_name = "SAMO, the pipelines"

  depends_on = [google_project_service.apis]
}

resource "google_artifact_registry_repository_iam_member" "deploy" {
  repository = google_artifact_registry_repository.samo.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.deploy.member
}

resource "google_cloud_run_v2_service_iam_member" "deploy" {
  for_each = toset(["roles/run.developer", "roles/run.invoker"])
  name     = google_cloud_run_v2_service.samo.name
  location = var.region
  role     = each.value
  member   = google_service_account.deploy.member
}

resource "google_service_account_iam_member" "deploy_as_run" {
  service_account_id = google_service_account.run.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deploy.member
}

# Listing services, reading metrics and writing build logs need roles in the whole project.
resource "google_project_iam_member" "deploy" {
  for_each = toset(["roles/run.viewer", "roles/monitoring.viewer", "roles/logging.logWriter"])
  project  = var.project
  role     = each.value
  member   = google_service_account.deploy.member
}

# The identity of `samo batch` as a Cloud Run Job (deploy/cloudrun/job.yaml): it reads entries from
# its buckets and writes results there, and may do nothing else.
resource "google_service_account" "batch" {
  account_id   = "samo-batch"
  display_name = "SAMO, batch runs"

  depends_on = [google_project_service.apis]
}

resource "google_storage_bucket_iam_member" "batch" {
  for_each = var.batch_buckets
  bucket   = each.value
  role     = "roles/storage.objectUser"
  member   = google_service_account.batch.member
}
