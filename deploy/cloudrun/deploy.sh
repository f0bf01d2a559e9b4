#!/usr/bin/env bash
# Deploy SAMO to Cloud Run in steps, and roll back if a step fails.
set -euo pipefail
shopt -s inherit_errexit  # a failure inside $(...) counts too

usage() {
  cat <<'USAGE'
deploy/cloudrun/deploy.sh --project PROJECT --region REGION [options]

Builds and pushes the image, deploys it as a revision without traffic, runs the smoke test against
it (smoke_test.py), then gives it 5, 50 and 100 % of the traffic. After each step it waits, checks
the revision's error rate (error_rate.py) and repeats the smoke test. If a check fails or the script
is interrupted, the previous revision gets all traffic again.

  --project PROJECT    Google Cloud project
  --region REGION      region of the service and of the registry
  --image REF@DIGEST   deploy this image instead of building one
  --soak SECONDS       wait at each share of traffic (300; Monitoring lags by minutes)
  --max-error-rate X   maximum share of 5xx responses (0.01)
  --monitoring URL     endpoint of Cloud Monitoring (https://monitoring.googleapis.com)
  --dry-run            print every command instead of running it
  --help               this text

Exit status: 0 deployed; 1 not deployed, traffic is unchanged; 2 invalid arguments;
3 the rollback failed too: the last line of the output is the command to run.
Needs gcloud with an account that may deploy, python3, and, to build, docker, podman or buildah.
USAGE
}

here=$(cd "$(dirname "$0")" && pwd)
service=samo
project='' region='' image='' soak=300 max_error_rate=0.01 dry_run=''
monitoring=https://monitoring.googleapis.com

say() { echo "== $*" >&2; }

wrong_call() {
  echo "deploy.sh: $*; see --help" >&2
  exit 2
}

while (($#)); do
  case $1 in
    --help) usage; exit 0 ;;
    --dry-run) dry_run=1; shift; continue ;;
    --project | --region | --image | --soak | --max-error-rate | --monitoring) ;;
    *) wrong_call "no such option: $1" ;;
  esac
  (($# > 1)) || wrong_call "$1 needs a value"
  case $1 in
    --project) project=$2 ;;
    --region) region=$2 ;;
    --image) image=$2 ;;
    --soak) soak=$2 ;;
    --max-error-rate) max_error_rate=$2 ;;
    --monitoring) monitoring=$2 ;;
  esac
  shift 2
done
[[ $project && $region ]] || wrong_call "--project and --region are needed"
[[ -z $image || $image == *@sha256:* ]] || wrong_call "--image needs a digest: a tag can move"

# change COMMAND...: run a command that changes something; a dry run only prints it.
change() {
  if [[ $dry_run ]]; then
    printf '%q ' "$@"
    echo
  else
    "$@"
  fi
}

# query DEFAULT COMMAND...: print the output of a command; a dry run prints the command and DEFAULT.
query() {
  local default=$1
  shift
  if [[ $dry_run ]]; then
    { printf '%q ' "$@"; echo; } >&3
    echo "$default"
  else
    "$@"
  fi
}
exec 3>&1

run_services() { printf '%s\0' gcloud run services "$@" --project="$project" --region="$region"; }

# The same for `gcloud run services ...` in this project and region.
change_service() {
  local command
  mapfile -d '' command < <(run_services "$@")
  change "${command[@]}"
}
query_service() {
  local default=$1 command
  shift
  mapfile -d '' command < <(run_services "$@")
  query "$default" "${command[@]}"
}

# The same rule as `make image`: the engine must run, not only be installed.
working_engine() {
  local engine
  for engine in docker podman buildah; do
    if [[ $dry_run ]] || "$engine" info >/dev/null 2>&1; then
      echo "$engine"
      return
    fi
  done
  say "docker, podman and buildah are not available"
  return 1
}

build_and_push() {
  local engine repository tag digest
  engine=${CONTAINER_ENGINE:-$(working_engine)}
  repository=$region-docker.pkg.dev/$project/samo/samo
  tag=$repository:$revision
  say "build and push $tag"
  change make -C "$here/../.." image IMAGE="$tag" CONTAINER_ENGINE="$engine" >&3
  change gcloud auth configure-docker "$region-docker.pkg.dev" --quiet >&3
  change "$engine" push "$tag" >&3
  digest=$(query "sha256:$(printf '0%.0s' {1..64})" gcloud artifacts docker images describe "$tag" \
    --project="$project" --format='value(image_summary.digest)')
  [[ $digest == sha256:* ]] || { say "no digest of $tag: '$digest'"; return 1; }
  echo "$repository@$digest"
}

# Print the revision that has all traffic; nothing before the first deployment.
serving_revision() {
  local found shares revision percent serving=()
  found=$(query_service "$service" list --filter="metadata.name=$service" --format='value(metadata.name)')
  [[ $found ]] || return 0
  shares=$(query_service "PREVIOUS,100" describe "$service" --flatten='status.traffic[]' \
    --format='csv[no-heading](status.traffic.revisionName,status.traffic.percent)')
  while IFS=, read -r revision percent; do
    if [[ ${percent:-0} -gt 0 ]]; then serving+=("$revision"); fi
  done <<<"$shares"
  ((${#serving[@]} == 1)) || {
    say "traffic is split (${serving[*]}): finish the earlier deployment first"
    return 1
  }
  echo "${serving[0]}"
}

write_manifest() {
  sed -e "s|\${PROJECT}|$project|" -e "s|\${REVISION}|$revision|" -e "s|\${IMAGE}|$image|" \
    -e "s|\${PERCENT}|$([[ $previous ]] && echo 0 || echo 100)|" "$here/service.yaml"
  if [[ $previous ]]; then printf '    - revisionName: %s\n      percent: 100\n' "$previous"; fi
}

candidate_url() {
  local tag url
  query_service "candidate,https://CANDIDATE" describe "$service" --flatten='status.traffic[]' \
    --format='csv[no-heading](status.traffic.tag,status.traffic.url)' |
    while IFS=, read -r tag url; do
      if [[ $tag == candidate ]]; then echo "$url"; fi
    done
}

# Request a new token each time: tokens expire after an hour, a deployment may take longer.
smoke_test() {
  local account token audience=()
  account=$(query you@example.com gcloud auth list --filter=status:ACTIVE --format='value(account)')
  # A user's token has no audience; a service account's needs the service's URL as audience.
  if [[ $account == *gserviceaccount.com ]]; then audience=(--audiences="$service_url"); fi
  token=$(query TOKEN gcloud auth print-identity-token "${audience[@]}")
  say "smoke test of $url"
  IDENTITY_TOKEN=$token change python3 "$here/smoke_test.py" "$url"
}

# `wait` is interrupted by signals at once; bash would not handle them during a foreground sleep.
pause() {
  if [[ $dry_run ]]; then change sleep "$soak" && return; fi
  sleep "$soak" &
  sleeper=$!
  wait "$sleeper"
}

error_rate() {
  local token
  token=$(query TOKEN gcloud auth print-access-token)
  # Monitoring lags by minutes, so the period is longer than the wait.
  ACCESS_TOKEN=$token change python3 "$here/error_rate.py" --endpoint "$monitoring" \
    --project "$project" --service "$service" --revision "$revision" \
    --seconds "$((soak + 300))" --limit "$max_error_rate"
}

roll_back() {
  trap '' INT TERM # a rollback is not interrupted
  local attempt command
  if [[ ! $previous ]]; then
    say "NOT DEPLOYED; this was the first revision, so there is no previous one"
    exit 1
  fi
  mapfile -d '' command < <(run_services update-traffic "$service" \
    --to-revisions="$previous=100" --remove-tags=candidate)
  for attempt in 1 2 3; do
    say "rolling back to $previous (attempt $attempt)"
    if change "${command[@]}"; then
      say "NOT DEPLOYED; $previous has all traffic again"
      exit 1
    fi
    sleep "$attempt"
  done
  say "ROLLBACK FAILED; run this:"
  printf '%q ' "${command[@]}" >&2
  echo >&2
  exit 3
}

revision=$service-$(date -u +%Y%m%d-%H%M%S)
if [[ ! $image ]]; then image=$(build_and_push); fi
previous=$(serving_revision)
manifest=$(mktemp)
released='' sleeper=''
on_exit() {
  local status=$?
  rm -f "$manifest"
  if [[ $sleeper ]]; then kill "$sleeper" 2>/dev/null || true; fi
  if ((status)) && [[ $released ]]; then roll_back; fi
}
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
write_manifest >"$manifest"
if [[ $dry_run ]]; then sed 's/^/# /' "$manifest"; fi

say "deploy $image as $revision; ${previous:-no revision} serves now"
released=1 # from here on a failure rolls back
change_service replace "$manifest"
url=$(candidate_url)
[[ $url ]] || { say "the revision has no tagged URL"; exit 1; }
service_url=$(query_service https://SERVICE describe "$service" --format='value(status.url)')
smoke_test
if [[ $previous ]]; then
  for percent in 5 50 100; do
    say "$percent % of the traffic to $revision"
    shares=$revision=$percent
    if ((percent < 100)); then shares+=,$previous=$((100 - percent)); fi
    change_service update-traffic "$service" --to-revisions="$shares"
    pause
    error_rate
    smoke_test
  done
fi
released='' # only cleanup remains
change_service update-traffic "$service" --remove-tags=candidate ||
  say "the tag 'candidate' is still there"
say "DEPLOYED $revision"
