# Two commands set everything up: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help demo test test-slow test-readers check lint audit docs format clean
help:
	@echo "make demo          install, train on rendered crops, detect in rendered scenes"
	@echo "make test          install, run the tests (minutes on two cores)"
	@echo "make test-slow     the tests that take minutes"
	@echo "make test-readers  install what reads our files elsewhere, let it read some"
	@echo "make lint          all of make check but the tests"
	@echo "make check         format, lint, types, layer rules, documentation, tests"
	@echo "make audit         known weaknesses of the libraries, where a service answers"
	@echo "make docs          the documentation as a site, in build/docs; broken links are errors"
	@echo "make format        rewrite the files in the project's format"

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "fcn_detect needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/fcn-detect demo -o demo-output

test: $(STAMP)
	$(BIN)/pytest -n 2 --dist worksteal

test-slow: $(STAMP)
	$(BIN)/pytest -m slow

test-readers: $(STAMP)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --group readers
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-datumaro
	$(BIN)/uv pip install --quiet --python .venv-datumaro/bin/python --group datumaro
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group docker
	$(BIN)/pytest tests/formats/test_reference_readers.py tests/test_docker.py

check: lint test

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) docs

audit: $(STAMP)
	$(BIN)/python scripts/audit.py

docs: $(STAMP)
	$(BIN)/sphinx-build --quiet --fresh-env --write-all --fail-on-warning --keep-going docs build/docs

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build demo-output
