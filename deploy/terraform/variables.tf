variable "project" {
  description = "Google Cloud project that holds everything."
  type        = string
}

variable "region" {
  description = "Region of the service and of the registry."
  type        = string
  default     = "europe-west1"
}

variable "image" {
  description = "Image that the service is created with, by digest. deploy.sh deploys all later ones."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Name the image by its digest: a tag can move."
  }
}

variable "callers" {
  description = "Who may call the service, as IAM members. [\"allUsers\"] opens it to everybody."
  type        = set(string)
  default     = []
}

variable "secrets" {
  description = "Ids of secrets to make and to let the service read. Values are added by hand, so that they do not stand in the state; the manifest names the variable that gets one."
  type        = set(string)
  default     = []
}

variable "batch_buckets" {
  description = "Buckets, made beforehand, that the batch job may read entries from and write answers to."
  type        = set(string)
  default     = []
}

variable "billing_account" {
  description = "Billing account that the budget watches."
  type        = string
}

variable "monthly_budget" {
  description = "Budget a month, in whole units of the billing account's currency."
  type        = number
  default     = 100
}

variable "alert_email" {
  description = "Who is told when the budget is used up or is going to be."
  type        = string
}
