# Everything a newcomer needs: `make demo`, `make test`. Each target installs what it needs into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ON_SERVER := tests/bots tests/channels tests/console tests/crm tests/hostile tests/scheduler tests/web

.PHONY: help demo run init doctor test test-postgres test-debian check bench faults faults-postgres format clean
help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

$(VENV)/installed: requirements.lock
	@echo "Installing into $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@began=$$(date +%s); $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && echo "Installed in $$(( $$(date +%s) - began )) s."
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock $(VENV)/installed
	@echo "Installing what tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# A real Matrix server and a customer's program for it, which pin other versions than we do: `uv pip compile` of matrix-synapse and matrix-nio.
$(VENV)/installed-synapse: tests/synapse.lock
	@echo "Installing the Matrix server that tests run ..."
	@test -x $(VENV)/synapse/bin/python || $(PYTHON) -m venv $(VENV)/synapse
	@$(VENV)/synapse/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/synapse.lock
	@touch $@

demo: $(VENV)/installed ## play with the real product in a pretended world, no tokens needed
	@$(BIN)/python main.py demo

run: $(VENV)/installed ## run the product with the settings of .env
	@$(BIN)/python main.py run

init: $(VENV)/installed ## answer a few questions, write .env, get the first manager's link
	@$(BIN)/python main.py init

doctor: $(VENV)/installed ## name every fault of this installation and its mend
	@$(BIN)/python main.py doctor

test: $(VENV)/installed-dev ## run all tests, or TESTS="tests/crm tests/web"
	$(BIN)/python -m pytest $(TESTS)

test-postgres: $(VENV)/installed-dev ## run what stands on a database once more, on a PostgreSQL of its own
	$(BIN)/python -m pytest --engine postgres $(or $(TESTS),$(ON_SERVER) tests/walks)
ifndef TESTS
	@$(MAKE) --no-print-directory faults-postgres
endif

test-debian: $(VENV)/installed-dev ## run verbs, claims, migrations and search once more, on the PostgreSQL of Debian
	$(BIN)/python -m pytest --engine debian tests/crm tests/web/test_desk_find.py

check: $(VENV)/installed-dev ## style, types, the shape of the code, the catalogues
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/house

bench: $(VENV)/installed-dev ## measure the product against what is possible, each figure a ratio
	$(BIN)/python -m bench

faults: $(VENV)/installed-dev ## every fault as often as column C of docs/reliability.md says; N=1 for column N, SHARD=1/4 for a part
	FAULTS=$${FAULTS:-$(if $(N),n,c)} $(BIN)/python -m pytest tests/faults -s

# Lines and servers that break have a server of their own, and are played by `make test`.
faults-postgres: $(VENV)/installed-dev ## every fault once, on a PostgreSQL of its own
	FAULTS=$${FAULTS:-once} $(BIN)/python -m pytest --engine postgres tests/faults $(addprefix --ignore=tests/faults/,test_makers.py test_namespace.py test_proxy.py test_server.py test_story_of_two.py)

format: $(VENV)/installed-dev ## put the code into shape
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

clean: ## remove the environment and the demo's data
	rm -rf $(VENV) demo-data
