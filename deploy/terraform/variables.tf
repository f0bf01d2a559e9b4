variable "project" {
  description = "Google Cloud project of all resources."
  type        = string
}

variable "region" {
  description = "Region of the service and of the registry."
  type        = string
  default     = "europe-west1"
}

variable "image" {
  description = "Image with which the service is created, by digest. deploy.sh deploys all later ones."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Name the image by its digest: a tag can move."
  }
}

variable "callers" {
  description = "Who may call the service, as IAM members. [\"allUsers\"] makes it public."
  type        = set(string)
  default     = []
}

variable "secrets" {
  description = "Ids of secrets to create and to let the service read. Add the values by hand, so that the state does not contain them; the manifest assigns them to variables."
  type        = set(string)
  default     = []
}

variable "batch_buckets" {
  description = "Existing buckets from which the batch job may read entries and to which it may write results."
  type        = set(string)
  default     = []
}

variable "billing_account" {
  description = "Billing account of the budget."
  type        = string
}

variable "monthly_budget" {
  description = "Budget per month, in whole units of the billing account's currency."
  type        = number
  default     = 100
}

variable "alert_email" {
  description = "E-mail address for warnings that the budget is used up or is forecast to be."
  type        = string
}
