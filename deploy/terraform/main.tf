resource "google_project_service" "apis" {
  for_each           = toset(local.apis)
  service            = each.value
  disable_on_destroy = false # others in the project may need them
}

resource "google_artifact_registry_repository" "samo" {
  repository_id = "samo"
  location      = var.region
  format        = "DOCKER"
  description   = "Images of SAMO"

  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }

  cleanup_policies {
    id     = "drop-old"
    action = "DELETE"
    condition {
      older_than = "2592000s" # 30 days
    }
  }

  depends_on = [google_project_service.apis]
}

resource "google_cloud_run_v2_service" "samo" {
  name     = local.manifest.metadata.name
  location = var.region
  ingress  = "INGRESS_TRAFFIC_ALL"

  template {
    service_account                  = google_service_account.run.email
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = local.template.spec.containerConcurrency
    timeout                          = "${local.template.spec.timeoutSeconds}s"

    scaling {
      min_instance_count = tonumber(local.annotations["autoscaling.knative.dev/minScale"])
      max_instance_count = tonumber(local.annotations["autoscaling.knative.dev/maxScale"])
    }

    containers {
      name  = local.container.name
      image = var.image

      ports {
        name           = "http1"
        container_port = local.container.ports[0].containerPort
      }

      dynamic "env" {
        for_each = [for variable in local.container.env : variable if can(variable.value)]
        content {
          name  = env.value.name
          value = env.value.value
        }
      }

      resources {
        limits            = local.container.resources.limits
        cpu_idle          = local.annotations["run.googleapis.com/cpu-throttling"] == "true"
        startup_cpu_boost = local.annotations["run.googleapis.com/startup-cpu-boost"] == "true"
      }

      startup_probe {
        period_seconds    = local.container.startupProbe.periodSeconds
        timeout_seconds   = local.container.startupProbe.timeoutSeconds
        failure_threshold = local.container.startupProbe.failureThreshold
        http_get {
          path = local.container.startupProbe.httpGet.path
          port = local.container.startupProbe.httpGet.port
        }
      }

      liveness_probe {
        period_seconds    = local.container.livenessProbe.periodSeconds
        timeout_seconds   = local.container.livenessProbe.timeoutSeconds
        failure_threshold = local.container.livenessProbe.failureThreshold
        http_get {
          path = local.container.livenessProbe.httpGet.path
          port = local.container.livenessProbe.httpGet.port
        }
      }
    }
  }

  # deploy.sh manages revisions and traffic.
  lifecycle {
    ignore_changes = [template, traffic, client, client_version, labels, annotations]
  }

  depends_on = [google_project_service.apis]
}

resource "google_cloud_run_v2_service_iam_member" "callers" {
  for_each = var.callers
  name     = google_cloud_run_v2_service.samo.name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.value
}
