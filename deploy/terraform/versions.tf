terraform {
  required_version = ">= 1.5"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 8.7"
    }
  }

  # If several people apply, keep the state in a bucket:
  # terraform init -backend-config=bucket=BUCKET, with `backend "gcs" {}` here.
}

provider "google" {
  project               = var.project
  region                = var.region
  user_project_override = true # the budget API needs a project for its quota
  billing_project       = var.project
}
