# Two commands matter: `make demo` shows the product, `make test` proves it. Each does its own set-up.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin

.PHONY: demo test check format bench messages
.DELETE_ON_ERROR:

demo: .venv/base.stamp
	$(if $(PACKS),VAR_DIR=$(CURDIR)/var/packs-$(PACKS)) $(BIN)/python manage.py demo --port $(PORT) \
		$(if $(FAULT),--fault $(FAULT)) $(if $(PACKS),--packs $(PACKS))

test: .venv/dev.stamp
	$(BIN)/python -m pytest

check: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html')
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python tests/check_translations.py
	TLS=1 $(BIN)/python -W error manage.py check --deploy --fail-level WARNING

format: .venv/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --select I --fix .

bench: .venv/dev.stamp
	$(BIN)/python -m tests.bench

# After editing words: collects them, and compiles what is translated (needs GNU gettext).
messages: .venv/dev.stamp
	$(BIN)/python manage.py makemessages -l zh_Hans --no-location --no-obsolete -i .venv -i var
	$(BIN)/python manage.py compilemessages -l zh_Hans

.venv/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/base.stamp: requirements/base.txt .venv/python.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/base.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@
