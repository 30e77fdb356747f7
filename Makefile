# Go 1.26 or later and make are all that is needed; the tests' race detector wants a C compiler too.
# Nothing but Go modules is ever downloaded.

GO        ?= go
FUZZTIME  ?= 5s
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
STAMP     := -X main.version=$(VERSION) -X github.com/coredns/coredns/coremain.GitCommit=$(VERSION)
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOSEC       = $(GO) run github.com/securego/gosec/v2/cmd/gosec@v2.30.0

# The race detector needs cgo. Without a compiler the tests run all the same, and say what they do not look for;
# make test RACE=-race insists.
HAVE_CC   := $(shell command -v $$($(GO) env CC 2>/dev/null | cut -d' ' -f1) 2>/dev/null)
RACE      ?= $(if $(HAVE_CC),-race)

.PHONY: build demo test e2e lint gosec fuzz bench benchsmoke chaos chaossmoke soak man clean help go cc
.DEFAULT_GOAL := build

build: go ## build bin/coredns and bin/edgemanage
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w $(STAMP)' -o bin/ ./cmd/coredns ./cmd/edgemanage

demo: build ## see a server replace edges that fail, on this machine alone
	@bin/edgemanage demo

test: go cc ## run vet and the tests, but for the end-to-end ones
	$(GO) vet ./...
	$(if $(RACE),CGO_ENABLED=1) $(GO) test $(RACE) ./...

e2e: go cc ## run the end-to-end tests against real programs
	$(GO) vet -tags e2e ./test/... ./zonefile ./control/page
	$(GO) test -tags e2e -count=1 -run '^TestCheckers$$' ./zonefile
	$(GO) test -tags e2e -count=1 ./control/page
	$(if $(RACE),CGO_ENABLED=1) $(GO) test -tags e2e -count=1 -timeout 30m ./test/...

lint: go ## run gofmt, vet and staticcheck
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet -tags e2e,bench,chaos ./...
	$(STATICCHECK) -tags e2e,bench,chaos ./...

gosec: go ## look for insecure code, but for what .ci/gosec.exceptions explains
	$(GOSEC) -quiet -exclude-rules="$$(awk '!/^#/ && NF { print $$1 ":" $$2 }' .ci/gosec.exceptions | paste -sd ';')" ./...

fuzz: go ## run each fuzz target for FUZZTIME (5s)
	@grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u | while read -r dir; do \
		for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]*' "$$dir"/*_test.go | cut -d' ' -f2); do \
			echo "== $$dir $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$dir" </dev/null || exit 1; \
		done || exit 1; \
	done

BENCHTIME ?= 200ms

bench: build ## run the benchmarks, and measure speed and growth (under half an hour; BENCH_OUT=FILE keeps the table, WRITE=1 puts it into docs/performance.md, BENCH_DIR=DIR is on a disk)
	@began=$$(date +%s); $(GO) test -run '^$$' -bench . -benchtime $(BENCHTIME) -benchmem ./... && echo "The benchmarks took $$(( $$(date +%s) - began )) s."
	EDGEMANAGE_BIN_DIR=$(CURDIR)/bin BENCH_DIR=$(BENCH_DIR) BENCH_OUT=$(if $(BENCH_OUT),$(abspath $(BENCH_OUT))) \
		BENCH_DOC=$(if $(WRITE),$(CURDIR)/docs/performance.md) $(GO) test -tags e2e,bench -count=1 -run '^TestPerformance$$' -timeout 40m -v ./test

benchsmoke: build ## see that make bench works, without measuring
	EDGEMANAGE_BIN_DIR=$(CURDIR)/bin BENCH=smoke $(GO) test -tags e2e,bench -count=1 -run '^TestPerformance$$/^(rotating|rounds|hanging|starting)$$' ./test

# What chaos and soak find goes to FIGURES, a row a line as it comes; WRITE=1 puts the tables into the documentation.
SCALE   ?= 1
SOAK    ?= 20m
FIGURES := $(CURDIR)/bin/figures.jsonl
CHAOS    = EDGEMANAGE_BIN_DIR=$(CURDIR)/bin EDGEMANAGE_FIGURES=$(FIGURES) $(GO) test -count=1
TABLES   = $(GO) run ./internal/figures/table $(if $(WRITE),-doc docs/reliability.md) -run

chaos: build ## kill, reload, and break all around it (root, under half an hour; SCALE=0.1 does less of what is done by the hundred)
	@rm -f $(FIGURES)
	@status=0; \
	$(CHAOS) -tags chaos -run '^TestChaos' -timeout 5m ./network || status=1; \
	$(CHAOS) -tags e2e,chaos -run '^TestChaos' -timeout 40m ./test -args -scale $(SCALE) || status=1; \
	$(TABLES) chaos $(FIGURES) || status=1; exit $$status

chaossmoke: build ## see in seconds that make chaos works
	EDGEMANAGE_BIN_DIR=$(CURDIR)/bin $(GO) test -count=1 -tags chaos -run '^TestChaosClock$$' ./network
	EDGEMANAGE_BIN_DIR=$(CURDIR)/bin $(GO) test -count=1 -tags e2e,chaos -run '^TestChaos(Kill|Reload|Files)$$' ./test -args -scale 0.02

soak: build ## run 200 edges that misbehave, under load (SOAK=20m)
	@rm -f $(FIGURES)
	@status=0; $(CHAOS) -tags e2e,chaos -run '^TestSoak$$' -timeout 0 ./test -args -soak $(SOAK) || status=1; \
	$(TABLES) soak $(FIGURES) || status=1; exit $$status

man: go ## write the manual pages anew, of the help and the README
	$(GO) test -run '^(TestManPages|TestHelp)$$' -count=1 ./cmd/edgemanage -update

clean: ## remove what was built
	rm -rf bin

help: ## list the targets
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/make \1 \2/p' $(MAKEFILE_LIST) | awk '{ printf "make %-10s ", $$2; $$1 = $$2 = ""; print }'

# go says in words what a missing or old Go would say in riddles.
go:
	@command -v $(GO) >/dev/null || { echo "Go 1.26 or later is needed: see https://go.dev/dl/"; exit 1; }
	@have=$$($(GO) env GOVERSION 2>&1); case "$$have" in \
		go1.[0-9]|go1.[0-9][!0-9]*|go1.1[0-9]*|go1.2[0-5]*|[!gd]*|'') \
			echo "Go 1.26 or later is needed, this is: $$have; see https://go.dev/dl/"; exit 1;; \
	esac

cc:
	@$(if $(RACE),:,echo "No C compiler: the tests run without the race detector. To get one: apt-get install gcc libc6-dev (Debian), apk add build-base (Alpine), xcode-select --install (macOS)")
