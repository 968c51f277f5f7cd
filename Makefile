# Every target uses .venv and makes it where it is missing. `make app ARGS="--port 8000"` passes options on.
PYTHON ?= python3
BIN := .venv/bin
USER_STAMP := .venv/.installed
DEV_STAMP := .venv/.installed-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: install app test stress lint format screenshots browser

install: $(USER_STAMP)

app: $(USER_STAMP)
	$(BIN)/python app.py $(ARGS)

test: lint browser
	$(BIN)/python -m pytest $(ARGS)

stress: $(DEV_STAMP)
	$(BIN)/python -m pytest -m stress $(ARGS)
	$(BIN)/python -m tests.load

lint: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(DEV_STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: $(DEV_STAMP) browser
	$(BIN)/python -m tests.screenshots $(ARGS)

# A stamp is older than the files below when a requirement changed: only then is anything installed again.
$(USER_STAMP): requirements.txt constraints.txt | $(BIN)/python
	$(PIP) -r requirements.txt -c constraints.txt
	touch $@

$(DEV_STAMP): requirements-dev.txt $(USER_STAMP)
	$(PIP) -r requirements-dev.txt -c constraints.txt
	touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name one: make PYTHON=python3.12 install"; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

# The page is tested in a real browser. Without one its tests are skipped, and say so.
browser:
	@command -v chromium >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing chromium for the page's tests." && \
		{ timeout 60 apt-get update -qq; DEBIAN_FRONTEND=noninteractive timeout 180 \
			apt-get install -qq -y --no-install-recommends chromium; } >/dev/null 2>&1; \
	} || echo "No chromium here, and it cannot be installed: the tests of the page in a browser are skipped."
