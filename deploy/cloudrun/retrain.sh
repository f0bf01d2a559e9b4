#!/usr/bin/env bash
# Retrain the emotion model if drift says so; docs/retraining.md explains it.
set -euo pipefail

usage() {
  cat <<'USAGE'
deploy/cloudrun/retrain.sh FOLDER URL [--force]

Retrains on FOLDER/feedback.jsonl if the service at URL has an alarm of drift, and writes a promoted
version to FOLDER. FOLDER is a bucket that is mounted, or a copy of one:

  feedback.jsonl         labelled texts, as `samo feedback export` writes them
  goemotions/            the published splits
  models/samo-emotion/   the versions that were promoted so far; missing at first

Prints the tag of the promoted version; nothing if there is no alarm, or nothing new to learn from.
--force retrains without an alarm.

Exit status: 0 promoted, or nothing to do; 1 the gate refused the candidate; 3 the texts were
refused; 4 the model store cannot be used; 5 drift is unknown.
Needs a checkout with its .venv (`make retrain` sets it up) and the exported models.
Set IDENTITY_TOKEN or MONITORING_API_KEY if the service asks for one.
USAGE
}

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-$here/../../.venv/bin/python}
name=samo-emotion
say() { echo "== $*" >&2; }

if [[ ${1:-} == --help ]]; then usage; exit 0; fi
if (($# < 2 || $# > 3)) || [[ ${3:---force} != --force ]]; then usage >&2; exit 2; fi
folder=$1 url=$2 force=${3:-}
versions=${BENTOML_HOME:-$HOME/bentoml}/models/$name

if [[ ! $force ]]; then
  status=0
  alarms=$("$python" "$here/drift_alarm.py" "$url") || status=$?
  case $status in
    0) say "drift has an alarm: $alarms" ;;
    1) say "drift has no alarm"; exit 0 ;;
    *) exit 5 ;;
  esac
fi

# copy FROM TO: the versions that TO lacks, then what says which of them serves. A version is
# complete elsewhere before it is in the store.
copy() {
  local version scratch=$2/../../.samo-copy
  mkdir -p "$2"
  for version in "$1"/*/; do
    version=$(basename "$version")
    if [[ -d $1/$version && ! -e $2/$version ]]; then
      rm -rf "$scratch"
      cp -r "$1/$version" "$scratch"
      mv "$scratch" "$2/$version"
    fi
  done
  if [[ -e $1/promoted.json ]]; then
    cp "$1/promoted.json" "$2/.promoted.json"
    mv "$2/.promoted.json" "$2/promoted.json"
  fi
}

copy "$folder/models/$name" "$versions"
status=0
result=$("$python" -m samo retrain "$folder/feedback.jsonl" --data "$folder" --drop-leaks) || status=$?
case $status in
  0) ;;
  6) exit 0 ;; # nothing new
  *) exit "$status" ;;
esac
copy "$versions" "$folder/models/$name"
"$python" -c 'import json, sys; print(json.loads(sys.argv[1].splitlines()[-1])["promoted"])' "$result"
