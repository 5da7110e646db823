# For the developers of composegen. `make help` lists the targets; CONTRIBUTING.md says more.
#
# At the repository root `cp .env.example .env && composegen build && make up` deploys the hello
# example: its targets come from the generated composegen.mk.

.DEFAULT_GOAL := help
VENV ?= .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PYTEST := $(BIN)/pytest -q
UNIT := tests/unit tests/contract tests/test_golden.py
.PHONY: help install check lint types test soak bench image demo golden examples docs docs-check clean

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/\1 \2/p' $(firstword $(MAKEFILE_LIST)) | awk '{ name = $$1; sub(/^[^ ]* /, ""); printf "  make %-12s %s\n", name, $$0 }'
	@[ ! -f composegen.mk ] || sh composegen.d/run/help.sh

$(VENV)/installed: setup.cfg pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@

install: $(VENV)/installed ## Install composegen and its tools into .venv.

check: install lint types ## Lint, types, unit and golden tests: under a minute.
	$(PYTEST) -n 2 $(UNIT) -m 'not slow and not e2e'

lint: install
	$(BIN)/ruff check composegen tests benchmarks
	$(BIN)/ruff format --check composegen
	$(BIN)/codespell --ignore-words-list=databse,te composegen templates docs README.md CHANGELOG.md CONTRIBUTING.md
	$(BIN)/shellcheck -s sh -x templates/runner/*.sh

types: install
	$(BIN)/mypy

test: install engine ## Everything that decides: needs about half an hour on two cores.
	$(MAKE) --no-print-directory lint types docs-check
	sh tests/run.sh test

soak: install engine ## The long matrices: about 40 minutes.
	sh tests/run.sh soak

bench: install engine ## The figures of docs/explanation/performance.md.
	. "$${COMPOSEGEN_TEST_HOME:-$${XDG_CACHE_HOME:-$$HOME/.cache}/composegen-test}/env" && \
	    { $(PY) -m benchmarks; code=$$?; $(PY) -m benchmarks.deploy && exit $$code; }

IMAGE ?= ghcr.io/composegen/composegen
image: ## Build composegen's own image, which servers without the command run (IMAGE=name).
	docker build --file image/Dockerfile --tag $(IMAGE):$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' composegen/__init__.py) .

.PHONY: engine
engine: ## A Docker Engine with the images that the tests need: the machine's own, else a private one.
	python3 -m tests.engine up

demo: install ## Compile examples/hello, start it, fetch its page over https; `make demo-down` ends it.
	python3 -m tests.engine images base haproxy traefik busybox python
	sh tests/demo.sh

.PHONY: demo-down
demo-down: install
	sh tests/demo.sh down

golden: install ## Rewrite the expected files of the golden cases; review with git diff.
	$(PY) -m tests.rewrite_golden

examples: install ## Build the examples' generated files anew.
	$(PY) -m tests.regenerate_examples

docs: install ## Write docs/reference from the declarations.
	$(PY) -m composegen.reference --write
	$(PY) -m tests.conformance.page

docs-check: install
	$(PY) -m composegen.reference --check
	$(PY) -m tests.conformance.page --check

clean: ## Remove what the targets above made in this folder.
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .hypothesis

# The deployment of the hello example; what it holds is in composegen.mk once it was built.
COMPOSEGEN_HELP := no
-include composegen.mk
