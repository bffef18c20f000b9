# Every recipe runs in .venv, which `tools/environment` makes from the locks on first use.
SHELL := bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
space := $(subst ,, )
SOURCES := .:layer:$(subst $(space),:,$(wildcard services/*/src))
ENVIRONMENT := .venv/.synced
CONFIG = $(if $(ENV),--config-env $(ENV))
PYTEST := pytest -n 2 --dist loadgroup

.PHONY: help run stop test test-fast lint format build deploy destroy schemas pictures screenshots one-order cost load \
        proof hot-products site lock
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { \
	  printf "  \033[1mmake %-12s\033[0m", $$1; used = 19; count = split($$2, words, " "); \
	  for (n = 1; n <= count; n++) { \
	    if (used + 1 + length(words[n]) > 80) { printf "\n%19s", ""; used = 19 } \
	    printf " %s", words[n]; used += 1 + length(words[n]) } \
	  print "" }' $(MAKEFILE_LIST)

run: $(ENVIRONMENT) ## the whole shop on this machine: build, deploy to the embedded AWS, seed, place an order (PORT=…, KAFKA=1 or host:port, PARAMETERS="…")
	@python -m emulator up $(if $(PORT),--port $(PORT)) $(if $(KAFKA),--kafka $(KAFKA)) \
	  $(if $(PARAMETERS),--parameters '$(PARAMETERS)')

stop: $(ENVIRONMENT) ## end what `make run` left running
	@python -m emulator down

test: $(ENVIRONMENT) ## every test, end to end included; no account, no Docker
	@$(PYTEST) $(ARGS)

test-fast: $(ENVIRONMENT) ## the tests that neither build nor start anything
	@$(PYTEST) -m "not (e2e or emulator or build or long)" $(ARGS)

lint: $(ENVIRONMENT) ## style, types, import boundaries, templates
	ruff check && ruff format --check && mypy
	PYTHONPATH=$(SOURCES) lint-imports
	sam validate --lint && python -m tools.expand --lint

format: $(ENVIRONMENT) ## let ruff fix and format what it can
	ruff check --fix; ruff format

build: $(ENVIRONMENT) ## what `deploy` sends to AWS (ENV=staging|prod)
	sam build $(CONFIG)

deploy: build ## to the sandbox account of your AWS credentials (ENV=staging|prod)
	sam deploy $(CONFIG)

destroy: $(ENVIRONMENT) ## delete the deployed stack and everything in it (ENV=staging|prod)
	@PYTHONPATH=$(SOURCES) python -m tools.destroy $(CONFIG)

schemas: $(ENVIRONMENT) ## write what is generated: the registry's schemas, the event catalogue, AsyncAPI, API Gateway's document, alarms and dashboard, the pictures of the architecture, the quotes in docs
	PYTHONPATH=$(SOURCES) python -m schemas
	python -m operations
	PYTHONPATH=$(SOURCES) python -m diagram
	PYTHONPATH=$(SOURCES) python -m tools.one_order --quote

pictures: $(ENVIRONMENT) ## draw the products of deployed/data/catalogue.yaml anew, for the storefront
	@PYTHONPATH=$(SOURCES):web python -m pictures

screenshots: $(ENVIRONMENT) ## drive Chromium through the running shop and take the pictures of docs/pictures
	@PYTHONPATH=$(SOURCES) python -m tools.screenshots

proof: $(ENVIRONMENT) ## chaos on the running stack with SEEDS=10 seeds and ORDERS=1000 orders each, which takes hours: writes docs/proof.md
	@PYTHONPATH=$(SOURCES) python -m tools.proof --seeds $(or $(SEEDS),10) --orders $(or $(ORDERS),1000) $(ARGS)

hot-products: $(ENVIRONMENT) ## measure in memory how many buyers one product bears, in one row and in several
	@PYTHONPATH=$(SOURCES) python -m tests.simulation.hot_products

cost: $(ENVIRONMENT) ## place orders on the running stack, count what they use, and write docs/cost.md from it
	@PYTHONPATH=$(SOURCES) python -m tools.cost $(ARGS)

load: $(ENVIRONMENT) ## send shoppers to the running shop, print how long they wait and what they cost, and audit it (ORDERS=100 SHOPPERS=8 CURVE=100,1000 STACK=…)
	@PYTHONPATH=$(SOURCES) python -m tools.load $(if $(ORDERS),--orders $(ORDERS)) $(if $(SHOPPERS),--shoppers $(SHOPPERS)) \
	  $(if $(CURVE),--curve $(CURVE)) $(if $(STACK),--stack $(STACK))

one-order: $(ENVIRONMENT) ## place an order on the running stack and write docs/one-order.md from it
	@PYTHONPATH=$(SOURCES) python -m tools.one_order

site: $(ENVIRONMENT) ## build the documentation as pages in .local/site (REPOSITORY_URL=https://… links to code there)
	@$(if $(REPOSITORY_URL),REPOSITORY_URL='$(REPOSITORY_URL)') PYTHONPATH=$(SOURCES) python -m tools.site

lock: $(ENVIRONMENT) ## renew the locked requirements (ARGS=--upgrade for newer versions)
	tools/lock $(ARGS)

$(ENVIRONMENT): requirements/dev.txt requirements/uv.txt .python-version tools/environment
	@tools/environment
