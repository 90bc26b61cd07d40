# serve · test · test-clients · test-browser · check · bench; everything they need is installed on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: serve test test-clients test-browser baresip kamailio chromium check format bench lock clean

serve: $(VENV)/base
	$(BIN)/vivavoce serve $(ARGS)

test: $(VENV)/dev
	$(BIN)/pytest $(ARGS)

# Real clients against a served double: each Python client in an environment of its own.
CLIENTS := .venv-clients
PYTHON_CLIENTS := openai-beta openai-agents livekit pipecat websocket-client mcp-server
NODE_CLIENTS := tests/clients/node
test-clients: $(NODE_CLIENTS)/node_modules/installed $(VENV)/dev $(PYTHON_CLIENTS:%=$(CLIENTS)/%/installed) baresip kamailio
	$(BIN)/pytest tests/clients -m slow $(ARGS)

# The playground and clients for browsers, in a headless Chromium; CHROMIUM= names another one.
CHROMIUM ?= /usr/bin/chromium
BROWSER := tests/playground
test-browser: $(BROWSER)/node_modules/installed $(VENV)/dev chromium
	CHROMIUM=$(CHROMIUM) $(BIN)/pytest $(BROWSER) -m browser $(ARGS)

# A foreign telephone and a switchboard, for tests of clients.
baresip kamailio:
	@command -v $@ >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		apt-get update -q && apt-get install -q -y --no-install-recommends $(@:baresip=baresip-core); } || \
		{ echo "make test-clients needs $@: install it (Debian: $(@:baresip=baresip-core))"; exit 1; }

chromium:
	@test -x $(CHROMIUM) || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		apt-get update -q && apt-get install -q -y --no-install-recommends chromium; } || \
		{ echo "make test-browser needs Chromium: install it, or name it: make CHROMIUM=/path/to/chromium ..."; exit 1; }

check: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/dev
	$(BIN)/python -m benchmarks $(ARGS)

# Rewrites the locked versions from pyproject.toml: names, versions and hashes, no addresses.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header
LOCK_OURS := $(LOCK) pyproject.toml requirements/build.in
lock: $(VENV)/dev $(VENV)/uv
	$(LOCK_OURS) $(ARGS) -o requirements/base.txt
	$(LOCK_OURS) $(ARGS) --group dev -c requirements/base.txt -o requirements/dev.txt
	$(LOCK) $(ARGS) requirements/uv.in -o requirements/uv.txt
	for client in $(PYTHON_CLIENTS); do \
		$(LOCK) $(ARGS) requirements/clients/$$client.in -o requirements/clients/$$client.txt || exit 1; \
	done

clean:
	rm -rf $(VENV) $(CLIENTS) $(NODE_CLIENTS)/node_modules $(BROWSER)/node_modules $(BROWSER)/pictures

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Vivavoce needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/base: requirements/base.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/uv: requirements/uv.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(CLIENTS)/%/installed: requirements/clients/%.txt $(VENV)/uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(CLIENTS)/$*
	$(BIN)/uv pip install --quiet --python $(CLIENTS)/$*/bin/python --require-hashes -r $<
	@touch $@

%/node_modules/installed: %/package-lock.json
	@command -v npm >/dev/null || { echo "These tests need Node.js 20 or newer, with npm"; exit 1; }
	npm ci --prefix $* --ignore-scripts --loglevel=error
	@touch $@
