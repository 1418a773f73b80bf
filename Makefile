# make repro                 the main comparison of params.yaml; again: only what has changed
# make study name=orders     another study of studies/; on=dataset=cifar100 for another dataset
# make demo texts=FOLDER     a live migration of real texts, with a database of its own
# make test                  linting, types, tests
.PHONY: repro study params pipeline show costs demo test lint types tests fuzz kill kill-live lock clean

VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# No telemetry.
export DVC_NO_ANALYTICS := 1

repro: pipeline
	dvc repro
	@backfill show

# A study's report, in the workspace of its dataset: reports/<dataset>/<study>/
study: $(VENV)/installed
	backfill study $(name) $(on)

# make params with="dataset=cifar100": presets of conf/ on top of params.yaml, comments kept
params: $(VENV)/installed
	backfill params $(with)

# dvc.yaml, from the rows that params.yaml and studies/overview.yaml name
pipeline: $(VENV)/installed
	@backfill pipeline > /dev/null

# The main comparison's table, and where its page is
show: $(VENV)/installed
	@backfill show

# Time, memory and speed of each stage of the main comparison
costs: $(VENV)/installed
	@backfill costs

# A live migration in PostgreSQL. FOLDER: texts.json, labels.npy, and a MODEL.npy of each model
demo: $(VENV)/installed
	python demo/run.py $(texts) $(with)

test: lint types tests

lint: $(VENV)/installed
	ruff check .
	ruff format --check .

types: $(VENV)/installed
	mypy

# One thread in each of the two workers: with more they would only wait for each other.
tests: $(VENV)/installed
	OMP_NUM_THREADS=1 python -m pytest

# 100,000 hostile inputs for all readers, an hour of one core; goes on where it was. What it finds is
# in .fuzz/findings, each with the input and the command that reads it again.
fuzz: $(VENV)/installed
	cd tests && OMP_NUM_THREADS=1 python -m fuzz --inputs 100000 --work ../.fuzz \
	  --report ../benchmarks/fuzz.md

# 200 kills of the default pipeline at random moments, in clones below .kill; goes on where it was
kill: $(VENV)/installed
	python benchmarks/kill.py .kill --kills 200 --report benchmarks/kill.md

# 200 kills of a live migration: of workers and of the database server
kill-live: $(VENV)/installed
	cd tests && OMP_NUM_THREADS=1 python -m live.kills --kills 200 --report ../benchmarks/live_kills.md

$(VENV)/installed: requirements.lock pyproject.toml
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --disable-pip-version-check --requirement requirements.lock
	$(VENV)/bin/pip install --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# requirements.lock anew, from what pyproject.toml asks for
lock: $(VENV)/installed
	pip-compile --quiet --extra workflow --extra dev --strip-extras --allow-unsafe \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file requirements.lock pyproject.toml
	# The CPU build and the usual one are the same release.
	sed -i 's/^\(torch==[0-9.]*\)+.*/\1/' requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
