# What a person does with Pollux. Each target does all of its set-up itself.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/pollux/target
SITE ?= scenes/northfield
POLLUX = $(CARGO_TARGET_DIR)/release/pollux

.PHONY: help demo test attacks fuzz bench check shots build

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

demo: ## Open a living waterworks: broker, simulated devices and viewer
	@sh scripts/setup.sh build view
	cargo build --release --locked
	@$(POLLUX) demo $(SITE)

build: ## Build the program
	@sh scripts/setup.sh build
	cargo build --release --locked

test: ## Run all tests, with a real broker and a real (software) renderer
	@sh scripts/setup.sh build view test
	cargo test --release --locked

attacks: ## Attack it through a real broker, each attack with a control that must succeed
	@sh scripts/setup.sh build test
	cargo test --release --locked --lib attacks:: -- --nocapture

fuzz: ## Feed it changed inputs, ten minutes a target (POLLUX_FUZZ_SECS)
	@sh scripts/setup.sh build test
	POLLUX_FUZZ_SECS=$${POLLUX_FUZZ_SECS:-600} cargo test --release --locked --lib fuzz:: -- --nocapture

bench: ## Measure what the README claims
	@sh scripts/setup.sh build test
	cargo bench --locked --benches

check: ## Formatting, lints and documentation, warnings as errors
	@sh scripts/setup.sh build
	cargo fmt --check
	cargo clippy --release --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --no-deps --document-private-items

shots: build ## Draw the README's pictures anew
	@sh scripts/setup.sh view test
	sh scripts/shots.sh $(POLLUX)
