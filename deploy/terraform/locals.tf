locals {
  # The limits come from the manifest that deploy.sh deploys.
  manifest    = yamldecode(file("${path.module}/../cloudrun/service.yaml"))
  template    = local.manifest.spec.template
  annotations = local.template.metadata.annotations
  container   = local.template.spec.containers[0]

  apis = [
    "artifactregistry.googleapis.com",
    "billingbudgets.googleapis.com",
    "cloudbuild.googleapis.com",           # deploy/cloudbuild.yaml
    "cloudresourcemanager.googleapis.com", # the project's roles
    "iam.googleapis.com",
    "iamcredentials.googleapis.com", # GitHub's workload identity federation
    "monitoring.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com", # the batch job's bucket
  ]
}
