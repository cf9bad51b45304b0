.PHONY: help test build

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort

build: ## build bin/songlocker
	CGO_ENABLED=0 go build -o bin/songlocker .

test: ## run every test
	go vet ./... && go test ./...
