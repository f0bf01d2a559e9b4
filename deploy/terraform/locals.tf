locals {
  # The limits are said once, in the manifest that deploy.sh deploys.
  manifest    = yamldecode(file("${path.module}/../cloudrun/service.yaml"))
  template    = local.manifest.spec.template
  annotations = local.template.metadata.annotations
  container   = local.template.spec.containers[0]

  apis = [
    "artifactregistry.googleapis.com",
    "billingbudgets.googleapis.com",
    "iam.googleapis.com",
    "monitoring.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
  ]
}
