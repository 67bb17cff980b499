# The usual commands. Each is a plain Go command: without make, type what stands here.

GO ?= go

.PHONY: help test test-short test-long test-versions lint docs bench build

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

build: ## build ./wheelhouse
	CGO_ENABLED=0 $(GO) build -trimpath -o wheelhouse ./cmd/wheelhouse

test: ## every test
	$(GO) test -race ./...

test-short: ## in two minutes: without browsers and long tests, with fewer rounds of others
	$(GO) test -short ./...

test-long: ## every row of every table; takes hours
	WHEELHOUSE_LONG=1 $(GO) test -race -timeout 3h ./...

test-versions: ## the tests that need a server, on PostgreSQL 14 to 18
	$(GO) run ./internal/dev/postgres-versions

lint: ## formatting, vet, and golangci-lint where it is installed
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted: $$unformatted"; exit 1; }
	$(GO) vet ./...
	@if command -v golangci-lint >/dev/null; then golangci-lint run; else echo "golangci-lint is not installed: its rules were not checked"; fi

docs: ## write anew what is made from the database and from the program
	$(GO) run ./internal/warehousedoc
	$(GO) test ./internal/metrics -run TestList -update

bench: ## measure loads against psql \copy
	$(GO) run ./internal/dev/bench
