# Needs Python 3.11 or 3.12: `make serve`, `make test`.

VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
# standard, or compact for small machines: UMIE_WEIGHTS=compact make serve
UMIE_WEIGHTS ?= standard
CHECKPOINT := weights/$(UMIE_WEIGHTS)
BUNDLE := bundles/$(UMIE_WEIGHTS)

# The first interpreter on the path that has a supported version and the module venv.
PYTHON ?= $(firstword $(foreach candidate,python3.11 python3.12 python3,$(shell $(candidate) -c \
	'import ensurepip, sys; (3, 11) <= sys.version_info < (3, 13) and print("$(candidate)")' \
	2>/dev/null)))

# The environment depends on these files and on the path of the tree.
LOCK := requirements/uv.txt requirements/dev.txt pyproject.toml
STAMP := $(VENV)/.installed-$(shell { pwd; cat $(LOCK); } | cksum | cut -d ' ' -f 1)

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command 'make lock' $(UPGRADE)

# Disables the telemetry of ONNX Runtime; it must be set before the library is loaded.
export ORT_DISABLE_TELEMETRY := 1

.DEFAULT_GOAL := help
.PHONY: help install train-install serve export test lint types pytest format lock clean openapi fuzz soak hostile bench bench-gpu

help: ## list of targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## .venv with all pinned packages; nothing to do if it is up to date

$(STAMP):
	@test -n '$(PYTHON)' || { echo 'No Python 3.11 or 3.12 with venv found: make PYTHON=/path/to/it' >&2; exit 1; }
	@$(PY) -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(UV) pip install --python $(PY) --require-hashes -r requirements/dev.txt
	$(UV) pip install --python $(PY) --quiet --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.installed-*
	@touch $@

train-install: install ## dependencies of `umie train`
	$(UV) pip install --python $(PY) --require-hashes -r requirements/train.txt

export: $(BUNDLE)/manifest.json ## bundle of the weights UMIE_WEIGHTS, if missing or outdated

# export/manifest.py has the version of the bundle format.
$(BUNDLE)/manifest.json: $(wildcard $(CHECKPOINT)/*.safetensors $(CHECKPOINT)/config.json $(CHECKPOINT)/tokenizer.json) export/manifest.py | $(STAMP)
	$(VENV)/bin/umie export --checkpoint $(CHECKPOINT) --out $(BUNDLE)

serve: install $(if $(UMIE_BUNDLE),,export) ## the service; settings come from the environment (UMIE_PORT=8080 make serve)
	UMIE_BUNDLE="$${UMIE_BUNDLE:-$(BUNDLE)}" exec $(VENV)/bin/umie serve

# All tests of a file run in one process, so that fixtures such as servers are created once. Files
# start in the order of tests/support/workers.py, the longest first.
WORKERS ?= 2

# `make --jobs=2 test` checks types while the tests run.
test: lint types pytest ## lint, types and every test; WORKERS=0 in one process, TESTS='-m "not browser"' some of them

pytest: install ## every test; the first one that needs the bundle exports it
	$(PY) -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

lint: install ## check style with ruff
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: install ## check types with mypy
	$(PY) -m mypy

format: install ## format and fix the code with ruff
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

lock: install ## requirements/*.txt from pyproject.toml; UPGRADE=--upgrade updates versions
	$(COMPILE) --group pyproject.toml:install -o requirements/uv.txt
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) --extra dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
	$(COMPILE) --extra dev --extra train -c requirements/dev.txt pyproject.toml -o requirements/train.txt
	$(COMPILE) --extra dev --extra bench -c requirements/dev.txt pyproject.toml -o requirements/bench.txt

openapi: install ## docs/openapi.json, with default settings
	$(PY) -m service.http.openapi > docs/openapi.json

fuzz: install ## N=20000 malformed requests to a running server
	$(PY) -m tests.fuzz $(or $(N),20000)

soak: install ## MINUTES=10 with twice the allowed clients, idle connections and SIGHUP
	$(PY) -m tests.soak --minutes $(or $(MINUTES),10)

hostile: install ## MINUTES=1 with 60 clients and a hostile one
	$(PY) -m tests.hostile --minutes $(or $(MINUTES),1)

bench: install export ## compare with other ways to serve; BENCH='--quick', '--data ~/corpora --write'
	$(UV) pip install --python $(PY) --quiet --require-hashes -r requirements/bench.txt
	$(PY) -m benchmarks $(BENCH)

bench-gpu: install ## the same on a CUDA device
	@$(PY) -m benchmarks --device cuda --check
	$(MAKE) bench BENCH='--device cuda $(BENCH)'

clean: ## remove everything that is not in the repository
	rm -rf $(VENV) bundles build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
