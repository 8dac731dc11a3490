# The only door: every task of the project is a target here.
SWIFT ?= swift
BUILD ?= .build
# Where `make install` puts things.
DESTDIR ?=
PREFIX ?= /usr
OCF_ROOT ?= /usr/lib/ocf
sbindir = $(PREFIX)/sbin

.PHONY: help build test check lab demo faults bench bench-rejoin install uninstall format lint metadata deps lab-deps clean

help:
	@echo "make build    compile the agent and the tool (release)"
	@echo "make test     install what is needed, build, run every test"
	@echo "make lab      bring up three cluster nodes on this machine; 'lab/lab --help' for more"
	@echo "make demo     watch a cluster under load survive the loss of its primary"
	@echo "make faults   hurt real clusters in every way there is a scenario for"
	@echo "make bench    measure it beside heartbeat/pgsql, PAF and Pacemaker alone: docs/benchmarks.md; 'lab/bench --help'"
	@echo "make bench-rejoin  measure how a failed node comes back, beside pg_basebackup; REJOIN_MEGABYTES=1024"
	@echo "make check    what needs neither root nor a server"
	@echo "make format   lay the code out; 'make lint' only looks"
	@echo "make metadata print meta-data, parameter page and decision tables from the code"
	@echo "make install  install under DESTDIR, PREFIX and OCF_ROOT"
	@echo "make clean    remove what was built"

# What a fresh Debian machine with the Swift toolchain lacks; needs root only when something is missing.
BUILD_PACKAGES = g++ libpq-dev make
deps:
	@missing=; for name in $(BUILD_PACKAGES); do \
	  dpkg-query -W -f '$${Status}' $$name 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$name"; done; \
	if [ -n "$$missing" ]; then echo "installing$$missing"; \
	  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; fi

$(BUILD)/slib/libstdc++.a:
	@mkdir -p $(BUILD)/slib
	@ln -sf "$$(gcc -print-file-name=libstdc++.a)" $@

build: deps $(BUILD)/slib/libstdc++.a
	$(SWIFT) build -c release --static-swift-stdlib --scratch-path $(BUILD)

# What the lab and the tests run: PostgreSQL, Pacemaker and so on, by name.
lab-deps: deps
	@lab/lab install

test: build lab-deps lint
	$(SWIFT) build --build-tests
	Tests/run

# What needs neither root nor a server.
check: deps lint
	$(SWIFT) test --filter 'RACoreTests|RAKitTests|PgrexCommandsTests|TidyTests'

lab: build lab-deps
	lab/lab up --example crm-examples/three-node-sync.crm
	@echo "three nodes run: 'lab/lab status', 'lab/lab --help', and 'lab/lab down' at the end"

demo: build lab-deps
	lab/demo

faults: build lab-deps
	lab/faults

bench: build lab-deps
	lab/bench

bench-rejoin: build lab-deps
	lab/bench-rejoin

# The files that are printed from the code: meta-data, parameter page, decision tables.
metadata: deps
	RECORD_SNAPSHOTS=1 $(SWIFT) test --filter 'Metadata|DecisionTables'

install:
	install -D -m 0755 $(BUILD)/release/pgsql-ra $(DESTDIR)$(OCF_ROOT)/resource.d/heartbeat/pgsql-swift
	install -D -m 0755 $(BUILD)/release/pgrex-tool $(DESTDIR)$(sbindir)/pgrex-tool

uninstall:
	rm -f $(DESTDIR)$(OCF_ROOT)/resource.d/heartbeat/pgsql-swift $(DESTDIR)$(sbindir)/pgrex-tool

format:
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests

lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests

clean:
	rm -rf $(BUILD)
