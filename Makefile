# Two commands: `make serve` and `make test`. Each does its whole set-up, and only once.
.DEFAULT_GOAL := help

# The interpreter of .venv. `make serve PYTHON=python3.13` recreates .venv for another version;
# without PYTHON, a finished .venv keeps its own.
ifneq ($(wildcard .venv/.python-*),)
PYTHON ?= .venv/bin/python
else
# a name in the PATH may be a shim that does not run, so each is tried
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13; do $$python -c '' 2>/dev/null && echo $$python && exit; done; echo python3)
endif
PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
HOST ?= 127.0.0.1
PORT ?= 3000
DATA ?= ../shared/data
IMAGE ?= samo
DOCS_PORT ?= 8000
PROMETHEUS_PORT ?= 9091
DEVICE ?= auto
MODEL ?= large

export BENTOML_DO_NOT_TRACK := True
export ORT_DISABLE_TELEMETRY := 1
BIN := .venv/bin
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
TORCH := $(shell sed -nE 's/^ *"(torch==[^"]+)".*/\1/p' pyproject.toml)

.PHONY: $(shell sed -nE 's/^([a-z-]+):.*[#]{2}.*/\1/p' $(firstword $(MAKEFILE_LIST)))

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

serve: .venv/.serve free-port export  ## set up and serve on http://localhost:3000 (PORT=3456 for another port, HOST=0.0.0.0 for other machines)
	@$(MAKE) --no-print-directory page || echo "The page's libraries could not be fetched; the API is served without the page." >&2
	@$(BIN)/samo serve --host $(HOST) --port $(PORT)

.PHONY: free-port
free-port: .venv/.serve
	@$(BIN)/python scripts/free-port $(HOST) $(PORT)

# Servers and tools that tests start: a browser, Redis, Prometheus; what a server opens and sends
# (strace); another clock (libfaketime); a microphone (arecord); a database.
TEST_PACKAGES := chromium redis-server prometheus strace libfaketime alsa-utils postgresql

test: .venv/.dev .venv-docs/.done export page components docs/site/vendor/mermaid.min.js  ## set up and run all tests
	scripts/debian-packages $(TEST_PACKAGES)
	$(BIN)/pytest --numprocesses 2 --dist loadfile

test-fast: .venv/.test page  ## run the tests that need no models, in a minute or less
	$(BIN)/pytest --numprocesses auto -m "not slow" tests/unit tests/http

lint: .venv/.dev  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: .venv/.dev  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

export: .venv/.serve  ## export the models to the BentoML model store
	@$(BIN)/python export_models.py

page: samo/page/vendor/.done  ## fetch the libraries of the page at / and of /docs

samo/page/vendor/.done: scripts/vendor samo/page/package.json samo/page/package-lock.json samo/page/.npmrc .venv/.serve
	@echo "Fetching the page's libraries"
	@scripts/vendor

components: .venv/.serve  ## build the custom elements, React and Vue packages of clients/ into build/npm
	@scripts/components

pictures: .venv/.dev export page components  ## update the screenshots of the page and the components in docs/pictures
	scripts/debian-packages chromium fonts-inter
	$(BIN)/pytest tests/e2e/test_page_pictures.py tests/e2e/test_component_pictures.py --pictures

openapi: .venv/.dev  ## update docs/openapi.json and the clients
	scripts/openapi
	scripts/clients

docs: .venv-docs/.done docs/site/vendor/mermaid.min.js  ## build the docs site, and serve it on http://localhost:8000 (DOCS_PORT)
	@# Material announces its successor at each build
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs serve --strict --dev-addr 127.0.0.1:$(DOCS_PORT)

notebooks: .venv/.dev export  ## execute the notebooks, and write their outputs into them
	$(BIN)/python -m notebooks.execute

docs/site/vendor/mermaid.min.js: docs/site/fetch-mermaid.sh .venv/.serve
	docs/site/fetch-mermaid.sh

bento: .venv/.serve export page  ## build the bento
	$(BIN)/bentoml build

sbom: .venv/.dev export page  ## write the bill of materials of the bento into build/ (IMAGE=name: of that image too)
	$(BIN)/python -m deploy.supply.sbom --output build/samo-bento.cdx.json
	$(if $(filter-out undefined file,$(origin IMAGE)),$(BIN)/python -m deploy.supply.sbom --image $(IMAGE) --output build/samo-image.cdx.json)

batch: .venv/.serve export  ## analyse many entries (IN=entries.jsonl OUT=insights ARGS=--help)
	$(BIN)/samo batch $(IN) $(OUT) $(ARGS)

bulk: .venv/.serve  ## set up Parquet and Ray for `make batch`
	$(PIP_INSTALL) --require-hashes --requirement requirements/bulk.txt

image: .venv/.serve export page  ## build the container image (IMAGE=name, CONTAINER_ENGINE=podman)
	deploy/container/install-tools.sh
	$(BIN)/python -m deploy.container.build --image $(IMAGE)

image-test: .venv/.dev image  ## run the image as Cloud Run does, and measure it (IMAGE_TEST=--no-timings on a busy machine)
	$(BIN)/hadolint deploy/container/Dockerfile
	$(BIN)/python -m deploy.container.image_test --image $(IMAGE) $(IMAGE_TEST)

train-emotion: .venv/.dev  ## train the next emotion classifier into runs/emotion (DEVICE=cuda)
	$(BIN)/python -m training.emotion.recipe --data $(DATA) --device $(DEVICE)

train-emotion-small: .venv/.dev  ## train the small emotion classifier into runs/emotion-small (DEVICE=cuda)
	$(BIN)/python -m training.emotion.recipe_small --data $(DATA) --device $(DEVICE)

eval-emotion: .venv/.dev export  ## evaluate the emotion classifier: GoEmotions, contrast sets, groups (MODEL=small)
	$(BIN)/python -m training.emotion.evaluate --data $(DATA) --model $(MODEL) --full $(if $(filter large,$(MODEL)),--plots docs/pictures)
	$(BIN)/python -m training.emotion.evaluate_contrast --model $(MODEL)
	$(BIN)/python -m training.emotion.evaluate_groups --data $(DATA) --model $(MODEL)

eval-entries: .venv/.dev export  ## evaluate the emotions of entries: diaries and composites
	$(BIN)/python -m training.emotion.evaluate_entries --data $(DATA)

retrain: .venv/.retrain export  ## retrain the emotion classifier on labelled texts (IN=feedback.jsonl ARGS=--help)
	$(BIN)/samo retrain $(IN) --data $(DATA) $(ARGS)

eval-retrain: .venv/.retrain export  ## retrain on texts whose labels are known, in a store of its own; fails if it does not gain
	$(BIN)/python -m training.retraining.evaluate --data $(DATA)

train-summarizer: .venv/.dev  ## train the summarizer into runs/summarizer (DEVICE=cuda)
	$(BIN)/python -m training.summarizer.recipe --data $(DATA) --device $(DEVICE)

fit-selection: .venv/.dev export  ## fit the weights by which sentences are selected for summaries
	$(BIN)/python -m training.summarizer.fit_selection --data $(DATA)

eval-summarizer: .venv/.dev export  ## evaluate the summarizer on held-out entries
	$(BIN)/python -m training.summarizer.evaluate --data $(DATA) --split test

eval-trends: .venv/.dev  ## measure how reliably changes and patterns over time are found
	$(BIN)/python -m training.evaluation.trends

eval-drift: .venv/.dev export  ## measure how often drift raises a false alarm, and how soon it notices a change
	$(BIN)/python -m training.drift.evaluate --data $(DATA) --plot docs/pictures/drift.svg

eval-ab: .venv/.dev  ## measure how often an A/B experiment names a false winner, and how often it finds a true one
	$(BIN)/python -m training.evaluation.ab

eval-transcriber: .venv/.dev export  ## measure word error rates
	$(BIN)/python -m training.evaluation.wer --data $(DATA)/speech

eval-long: .venv/.dev export  ## compare long recordings in one pass with their parts side by side
	$(BIN)/python -m training.evaluation.side_by_side --data $(DATA)/speech

# a service that runs has its models, so they are not exported for it
monitor: .venv/.serve $(if $(URL),,export)  ## run Prometheus with the rules beside the service (URL=http://… for one that runs, KEY_FILE=, PROMETHEUS_PORT=9091)
	@scripts/debian-packages prometheus
	@$(BIN)/python -m monitoring run --port $(PORT) --prometheus-port $(PROMETHEUS_PORT) $(if $(URL),--url $(URL)) $(if $(KEY_FILE),--key-file $(KEY_FILE))

monitor-pictures: .venv/.dev export  ## draw the dashboard of the service under load in docs/pictures
	scripts/debian-packages prometheus
	$(BIN)/python -m monitoring pictures

dashboard: .venv/.dev  ## write Grafana's dashboard from monitoring/panels/
	$(BIN)/python -m monitoring dashboard

LOAD_SECONDS ?= 60
LIVE_SECONDS ?= 60
LIVE_SPEAKERS ?= 1 2
SOAK_SECONDS ?= 600

load: .venv/.dev export  ## load the service with locust, find the knee; fails if a pass mark is missed
	$(BIN)/python -m loadtests load --seconds $(LOAD_SECONDS) --plot docs/pictures/load-steps.svg

live: .venv/.dev export  ## speak to the live route in real time (DATA=folder); fails if a pass mark is missed
	$(BIN)/python -m loadtests.live --data $(DATA)/speech --seconds $(LIVE_SECONDS) --speakers $(LIVE_SPEAKERS)

soak: .venv/.dev export  ## serve a journaling mix for ten minutes; fails if memory, descriptors or threads grow
	$(BIN)/python -m loadtests soak --seconds $(SOAK_SECONDS) --plot docs/pictures/soak.svg

CHAOS_SECONDS ?= 300

chaos: .venv/.dev export  ## hold a steady load while faults are thrown, for five minutes; fails if a request is lost or wrong
	scripts/debian-packages redis-server
	$(BIN)/python -m loadtests.chaos --seconds $(CHAOS_SECONDS)

LONG_MINUTES ?= 60

long: .venv/.dev export  ## run jobs on an hour of speech: speed, memory, what other requests feel (LONG_MINUTES=60)
	$(BIN)/python -m loadtests.long_job --data $(DATA)/speech --minutes $(LONG_MINUTES)

peers: .venv/.dev .venv-peers/.done .venv-infinity/.done export  ## compare with other servers (QUICK=1: about four minutes)
	$(BIN)/python -m loadtests.peers $(if $(QUICK),--rounds 1 --seconds 2.5 --repeats 1 --concurrency 1 64 256,--plot docs/pictures/peers.svg)

waterfall: .venv/.dev export  ## measure the steps of one request
	$(BIN)/python -m loadtests.waterfall

FUZZ_SECONDS ?= 60
FUZZ_INPUTS ?= 10000
FUZZ_SEED ?= 0

fuzz: .venv/.dev  ## damaged recordings and generated requests, FUZZ_SECONDS=60 each and 10,000 inputs; fails at a wrong response
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) --inputs $(FUZZ_INPUTS) --seed $(FUZZ_SEED)

lock: .venv/.dev  ## resolve requirements/*.txt from pyproject.toml
	scripts/lock

# Files in .venv record what is finished, so that an interrupted set-up is repeated.
.venv/.python-$(PYTHON_VERSION):
	@case "$(PYTHON_VERSION)" in 3.11|3.12|3.13) ;; *) $(PYTHON) -c ''; \
		echo "SAMO needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is $(or $(PYTHON_VERSION),not there)." \
		"Name one: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1;; esac
	@echo "Creating .venv for Python $(PYTHON_VERSION)"
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.serve: .venv/.python-$(PYTHON_VERSION) requirements/store.txt pyproject.toml  # serve.txt, and what exports
	@echo "Installing the packages of the service, a few minutes the first time"
	@$(PIP_INSTALL) --require-hashes --requirement requirements/store.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .  # the command `samo`
	@touch $@

.venv/.test: .venv/.serve requirements/test.txt
	@echo "Installing the packages of the tests"
	@$(PIP_INSTALL) --require-hashes --requirement requirements/test.txt
	@touch $@

# With .venv/.dev there is nothing left to install.
.venv/.retrain: .venv/.serve requirements/retrain.txt
	@echo "Installing the packages of retraining"
	@$(PIP_INSTALL) --require-hashes --requirement requirements/retrain.txt
	@touch $@

.venv/.dev: .venv/.test requirements/dev.txt
	@echo "Installing the packages of training and development, some minutes the first time"
	@$(PIP_INSTALL) "$(TORCH)"  # its builds for CPU and CUDA have other hashes
	@$(PIP_INSTALL) --require-hashes --requirement requirements/dev.txt
	@touch $@

# The peers' own; they are not in our lock.
.venv-%/.done: requirements/%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

clean:  ## remove the virtual environments; models stay in the store
	rm -rf .venv .venv-*
