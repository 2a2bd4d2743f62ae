# Two commands: `make run` opens the program, `make test` runs every check. Both fetch what they need.
#
# libtorch comes from scripts/fetch_libtorch.py, once per user. Set LIBTORCH to use one of your own.

# A toolchain that was installed just now is not on the PATH of this shell yet.
export PATH := $(PATH):$(HOME)/.cargo/bin

CARGO ?= cargo
PYTHON ?= python3

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test format lint doc libtorch tools

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: libtorch ## Open the dashboard; without a terminal, train for a moment in plain lines
	$(CARGO) build --release --locked
	@if [ -t 0 ] && [ -t 1 ]; then \
		$(CARGO) run --release --locked --quiet; \
	else \
		echo "There is no terminal here, so ResNet20 v1 trains on the built-in images for a moment."; \
		$(CARGO) run --release --locked --quiet -- \
			train --arch v1 --n 3 --synthetic --epochs 1 --max-steps 100 && \
		echo "For the dashboard, run the same command, make run, in a terminal."; \
	fi

test: format lint doc libtorch ## Run every check: format, lints, documentation, tests
	$(CARGO) test --locked

format: tools
	$(CARGO) fmt --check

lint: libtorch
	$(CARGO) clippy --locked --all-targets -- -D warnings

doc: libtorch
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items

libtorch: tools ## Fetch libtorch without building anything
	@$(PYTHON) scripts/fetch_libtorch.py

tools:
	@command -v $(CARGO) >/dev/null || { \
		echo "A Rust toolchain is missing. Install one (https://rustup.rs), then run this again." >&2; \
		exit 1; }
	@command -v $${CXX:-c++} >/dev/null || { \
		echo "A C++ compiler is missing. Install one, then run this again:" >&2; \
		echo "  Debian, Ubuntu: apt install g++    Fedora: dnf install gcc-c++" >&2; \
		echo "  macOS: xcode-select --install" >&2; \
		exit 1; }
	@command -v $(PYTHON) >/dev/null || { \
		echo "Python 3 is missing; libtorch is fetched with it. Install it, then run this again:" >&2; \
		echo "  Debian, Ubuntu: apt install python3 python3-pip    macOS: xcode-select --install" >&2; \
		exit 1; }
