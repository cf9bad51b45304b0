.PHONY: help run build test lint soak score vuln docs golden cover bench docker clean

# A small library of the program's own is served when MUSIC is empty.
MUSIC ?=
LISTEN ?= 127.0.0.1:4040
DATA ?= data
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)

export CGO_ENABLED ?= 0

comma := ,

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort

run: build ## build and serve: MUSIC=/folder LISTEN=:4040 make run
	@bin/songlocker serve --data "$(DATA)" --listen "$(LISTEN)" $(if $(MUSIC),--music "$(MUSIC)")

build: ## build bin/songlocker
	@go build -ldflags '-s -w -X main.version=$(VERSION)' -o bin/songlocker .

test: ## run every check and every test, on SQLite and PostgreSQL
	@test/run

lint: ## run the linters
	@go vet ./...
	@go tool -modfile=tools/go.mod golangci-lint run --allow-parallel-runners ./...

soak: ## fuzz every parser, try all emulators of buckets, repeat the end-to-end suite, let chaos loose: FUZZTIME=20m ROUNDS=10 CHAOS_ROUNDS=500 CHAOS_SEED=7
	@test/soak

score: ## hold the reader of audio files against real tools' files and other readers: UPDATE=1 writes docs/formats.md
	@test/with-tools go run ./test/score $(if $(UPDATE),-write docs/formats.md)

vuln: ## look for known vulnerabilities (needs the network)
	@go tool -modfile=tools/go.mod govulncheck ./...

docs: ## write the generated documents anew
	@go test ./server -run TestConfigDoc -update
	@go test ./subsonic -run TestAPIDoc -update

golden: ## write the expected answers anew; read them before you commit
	@go test ./subsonic/... -update

cover: ## run the tests on SQLite and tell what they cover
	@go test -coverprofile=bin/cover.out ./... && go tool cover -func=bin/cover.out | tail -1

bench: build ## measure scans, calls and streams: FULL=1 with 100,000 songs too, BUCKETS=1 buckets alone, UPDATE=1 writes docs/benchmarks.md
	@go run ./test/bench $(if $(BUCKETS),-only-buckets) $(if $(FULL),-songs 10000$(comma)100000) $(if $(UPDATE),-update docs/benchmarks.md)

docker: ## build the image songlocker:latest
	@docker build -f docker/Dockerfile -t songlocker --build-arg VERSION=$(VERSION) .

clean: ## remove what was built
	@rm -rf bin
