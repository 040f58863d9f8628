# Everything a person types. `make` alone lists it.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
RUN := PYTHONPATH="$(CURDIR):$(CURDIR)/plugins" $(BIN)/python
WORLD ?= sandbox
export GX_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1
export AIRFLOW__CORE__LOAD_EXAMPLES := False

.DEFAULT_GOAL := help
.PHONY: help nightly test prove up lint format backfill restate rollback bench docs lock clean

help: ## list what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

nightly: $(READY) ## run a night end to end and publish [DAY=YYYY-MM-DD] [WORLD=sandbox|recorded] [FIXTURES=folder]
	@$(RUN) -m desilo nightly --world $(WORLD) $(if $(DAY),--day $(DAY)) $(if $(FIXTURES),--fixtures $(FIXTURES))

test: $(READY) ## run the tests [ARGS='-k name']
	@$(RUN) -m pytest --numprocesses 2 --dist loadfile -m 'not heavy' $(ARGS)

prove: $(READY) ## run the heavy tests too: whole nights against each other, minutes each
	@$(RUN) -m pytest -m heavy $(ARGS)

up: $(READY) ## start Airflow and the sandbox; prints address and password
	@$(RUN) -m desilo up --world $(WORLD)

lint: $(READY) ## ruff, mypy, sqlfluff, yamllint
	@mkdir -p var
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@MYPYPATH=plugins:. $(BIN)/mypy plugins/desilo
	@PATH="$(CURDIR)/$(BIN):$$PATH" DESILO_BUILD_DB=$(CURDIR)/var/lint.duckdb $(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt_project/models dbt_project/tests
	@$(BIN)/yamllint --strict .

format: $(READY) ## let ruff and sqlfluff set the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

backfill: $(READY) ## land days again through Airflow: SOURCE=name FROM=YYYY-MM-DD TO=YYYY-MM-DD
	@$(RUN) -m desilo backfill --world $(WORLD) --source '$(SOURCE)' --from '$(FROM)' --to '$(TO)'

restate: $(READY) ## ask for a range again and rebuild: FROM= TO= [SOURCE=name] [ACCEPT_SHRUNKEN=1]
	@$(RUN) -m desilo restate --world $(WORLD) --from '$(FROM)' --to '$(TO)' $(if $(SOURCE),--source $(SOURCE)) $(if $(ACCEPT_SHRUNKEN),--accept-shrunken)

rollback: $(READY) ## serve the release before, or RELEASE=id
	@$(RUN) -m desilo rollback --world $(WORLD) $(if $(RELEASE),--release $(RELEASE))

bench: $(READY) ## measure what benchmarks/ names and rewrite its table
	@$(RUN) -m benchmarks $(ARGS)

docs: $(READY) ## write the dbt docs of the build database and say where
	@$(RUN) -m desilo docs --world $(WORLD)

lock: $(READY) ## resolve pyproject.toml into requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --python-version 3.11 --no-emit-index-url --no-header -q -o requirements.lock

clean: ## forget every world, release and cache; keeps the environment
	@rm -rf var releases releases-* .mypy_cache .pytest_cache .ruff_cache

$(READY): requirements.lock
	@echo "Setting up the environment in $(VENV) (once)"
	@$(PYTHON) -c 'import sys; sys.exit("Desilo needs Python 3.11, this is " + sys.version.split()[0] + "; set PYTHON=") if sys.version_info[:2] != (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip --version > /dev/null 2>&1 || $(BIN)/python -m ensurepip --default-pip > /dev/null
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/uv pip install --quiet -r requirements.lock
	@touch $@
