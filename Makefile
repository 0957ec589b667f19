# Needs Python 3.11 or newer and make; brings everything else into this folder.

# Lazily, so that a uv installed by one rule is seen by the next.
UV = $(shell command -v uv || echo .cache/uv/bin/uv)
RUN = $(UV) run --no-sync

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast test-all test-oldest lint format docs man

# Added to what `setup` installs, where a target needs more.
GROUPS =
docs man: GROUPS = --group docs
# Bytecode: where Python may not write it, each process would compile thousands of modules again.
SYNC = $(UV) sync --locked --compile-bytecode
# Over the cores: more than four processes would want more memory than laptops have. Ordered by their
# number of tests, as xdist would, the files that take longest would begin last.
SPREAD = --numprocesses auto --maxprocesses 4 --no-loadscope-reorder
# The rooms that need no model, and the rules of the house.
FAST = $(addprefix tests/,brushes docs grade pairs photos runs transfer test_house.py test_reading.py) \
	--ignore tests/runs/cluster
# An environment of its own, with the lower bound of each dependency.
OLDEST = .cache/oldest
# What of the tests `test-oldest` runs: all, if not said otherwise.
TESTS =
# Anew each time: Sphinx does not see that the title of another page has changed.
SPHINX = $(RUN) sphinx-build -W --keep-going -q -E -a -c docs/site -d .cache/docs

help:  ## Show these targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  make \1	/'

setup:  ## Install brushctl and its tools into .venv, as uv.lock pins them
	@command -v uv >/dev/null || test -x .cache/uv/bin/uv || { \
		python3 -m venv .cache/uv && .cache/uv/bin/pip install --quiet 'uv>=0.9,<1'; }
	$(SYNC) $(GROUPS)

demo: setup  ## Learn a brush from example pairs and apply it to pictures it has never seen
	$(RUN) brushctl demo

test: setup  ## Run the test suite
	$(RUN) pytest $(SPREAD)

test-fast: setup  ## Run the tests of the rooms that need no model: under two minutes on two cores
	$(RUN) pytest $(SPREAD) $(FAST)

test-all: setup  ## Run the slow tests too, which kill processes of a cluster
	$(RUN) pytest $(SPREAD) -m 'slow or not slow'

test-oldest: setup  ## Run the tests on the oldest of everything that pyproject.toml allows
	$(UV) venv --clear --python 3.11 $(OLDEST)
	VIRTUAL_ENV=$(OLDEST) $(UV) pip install --resolution lowest-direct --group dev -e '.[heic,lpips,ray]'
	$(OLDEST)/bin/pytest $(SPREAD) $(TESTS)

lint: setup  ## Check style, types and which room imports which
	$(RUN) ruff check brushctl benchmarks tests docs/site
	$(RUN) ruff format --check brushctl benchmarks tests docs/site
	$(RUN) mypy
	$(RUN) lint-imports

format: setup  ## Put the code into its house style
	$(RUN) ruff check --fix brushctl benchmarks tests docs/site
	$(RUN) ruff format brushctl benchmarks tests docs/site

docs: setup  ## Build the documentation site into site/; a link that leads nowhere is an error
	rm -rf site reference
	$(SPHINX) -b html . site
	$(RUN) pytest tests/docs

man: setup  ## Write the man pages into man/
	rm -rf man reference
	$(SPHINX) -b man . man
