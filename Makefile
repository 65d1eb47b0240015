# The project's daily commands. `make` alone lists them.

SWIFT ?= swift
RELEASE := .build/release/merestone

.PHONY: help setup build demo test bench lint format sanitize clean

help:
	@echo "make setup     install the Debian packages that are missing; check the Swift toolchain"
	@echo "make build     release build: $(RELEASE)"
	@echo "make demo      generate a graph, preprocess, train, evaluate and sample it"
	@echo "make test      build and run all tests"
	@echo "make bench     run everything under Benchmarks/, print one table"
	@echo "make lint      formatting (the import rules are checked by the tests)"
	@echo "make format    format all Swift files in place"
	@echo "make sanitize  the sampler's tests under the address and thread sanitizers; FILTER=name: others"
	@echo "make clean     remove build products and what the demo made"

setup:
	@Scripts/setup.sh

build: setup
	@echo "== building $(RELEASE) (the first build takes some minutes)"
	@$(SWIFT) build -c release --product merestone

demo: build
	@Scripts/demo.sh $(RELEASE)

test: setup
	@echo "== building and running the tests"
	@$(SWIFT) build --build-tests --explicit-target-dependency-import-check error
	@$(SWIFT) test --skip-build --parallel

bench: build
	@echo "== building and running Benchmarks (results stay in Benchmarks/results)"
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(SWIFT) run -c release --package-path Benchmarks \
	  merestone-benchmark $(abspath $(RELEASE)) $(abspath Benchmarks/results)

lint: setup
	@echo "== formatting"
	@$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests \
	  $$(find Benchmarks -name '*.swift' -not -path '*/.build/*' 2>/dev/null)

format:
	@$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

sanitize: setup
	@FILTER='$(FILTER)' Scripts/sanitize.sh

clean:
	@rm -rf .build data/demo Benchmarks/.build Benchmarks/results
	@echo "removed build products and what the demo and the benchmarks made"
