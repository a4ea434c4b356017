# Every command of the course. "make" alone lists them.
# PYTHON=python3.12 names the Python to use; CHAPTER=practice/mnist-cnn one notebook.
# COURSE_PATIENCE=4 lets every limit of time be four times as long, for a slow machine.

.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?=
CHAPTER ?=
SEEDS ?= 1 2
PORT ?= 8000
# Where the home folder cannot be written, matplotlib and Jupyter keep their files beside .venv's.
RUN := $(if $(shell test -w "$$HOME" && echo yes),,HOME='$(CURDIR)/.venv/home') .venv/bin/python
LONGEST := chapters/practice/mnist-cnn.ipynb chapters/practice/initialization-grid.ipynb
export PYTHON
unexport PYTHONHOME PYTHONPATH PYTHONSAFEPATH

.PHONY: help setup book pdf epub test serve lab notebooks robust portable format clean distclean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## make or mend .venv (every other command does this by itself)
	@sh tools/setup.sh

book: setup ## build the site from the stored outputs
	@$(RUN) -m tools.book

pdf: book ## print the course as one PDF (needs Chromium)
	@$(RUN) -m tools.pdf

epub: book ## make an EPUB of the course, for e-readers
	@$(RUN) -m tools.epub

notebooks: setup ## execute the notebooks and store their outputs [CHAPTER=part/name]
	@$(RUN) -m tools.notebooks store $(CHAPTER)

robust: setup ## try the evidence under other seeds, store nothing [SEEDS="1 2"] [CHAPTER=...]
	@$(RUN) -m tools.notebooks robust $(CHAPTER) --seeds $(SEEDS)

portable: setup ## write copies for Colab, VS Code and GitHub [COURSE_REPOSITORY_URL=https://...]
	@$(RUN) -m tools.portable

test: setup ## run every test: unit, notebooks' form, site, and every output of every notebook
	@status=0; \
	$(RUN) -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile \
	    --no-loadscope-reorder $(LONGEST:%=--ignore=%) --durations=10 --durations-min=2 \
	    || status=1; \
	$(RUN) -m pytest $(LONGEST) || status=1; \
	exit $$status

serve: book ## show the site on this machine only [PORT=8000]
	@$(RUN) -m tools.serve $(PORT)

lab: setup ## open JupyterLab on the chapters
	@$(RUN) -m jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root) chapters

format: setup ## format code and notebooks, and mend what ruff can mend
	@$(RUN) -m ruff check --fix --exit-zero .
	@$(RUN) -m ruff format .

clean: ## remove what was built and every cache
	@rm -rf _build build .hypothesis .jupyter_cache .pytest_cache
	@find . -name .venv -prune -o -type d \( -name __pycache__ -o -name .ruff_cache \
	    -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

distclean: clean ## remove .venv as well
	@rm -rf .venv src/*.egg-info
