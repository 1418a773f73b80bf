# make repro   the main comparison on the default dataset; again: only what has changed
# make repro study=orders   another study of params.yaml, one report each
# make test    linting, types, tests
.PHONY: repro test lint types tests show compose clean

VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# A workflow that phones nobody.
export DVC_NO_ANALYTICS := 1

study := overview

repro: $(VENV)/installed
	dvc repro report@$(study)
	@$(MAKE) --no-print-directory show

# The results table of a study of the dataset that params.yaml names, and where its report is.
show: $(VENV)/installed
	@python -m backfill.reporting $(if $(filter-out overview,$(study)),\
	  reports/$$(python -c "from backfill.params import load; print(load().dataset.name)")/$(study))

# make compose with="dataset=cifar100 scale=paper": params.yaml from conf/
compose: $(VENV)/installed
	python -m backfill.compose $(with)

test: lint types tests

lint: $(VENV)/installed
	ruff check .
	ruff format --check .

types: $(VENV)/installed
	mypy

# One thread in each of the two workers: they would only wait for each other with more.
tests: $(VENV)/installed
	OMP_NUM_THREADS=1 python -m pytest

$(VENV)/installed: requirements.lock pyproject.toml
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --disable-pip-version-check --requirement requirements.lock
	$(VENV)/bin/pip install --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# requirements.lock anew, from what pyproject.toml asks for
lock: $(VENV)/installed
	pip-compile --quiet --extra dev --strip-extras --allow-unsafe --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file requirements.lock pyproject.toml
	# The CPU build and the usual one are the same release.
	sed -i 's/^\(torch==[0-9.]*\)+.*/\1/' requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
