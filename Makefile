# The one door. `make demo` and `make test` do all the set-up that they need.

CONFIG ?= release
SWIFT ?= swift
BUILD_FLAGS ?=
TEST_FLAGS ?=
# A run of tests that does not end is ended, and fails: seconds.
TEST_LIMIT ?= 1500
export PATH := $(CURDIR)/bin:$(CURDIR)/.tools/bin:$(PATH)

.PHONY: build demo test conformance bench lint format update-golden release image clean setup

setup:
	@scripts/setup.sh build

build: setup
	$(SWIFT) build -c $(CONFIG) --product kubectl-kratix $(BUILD_FLAGS)
	$(SWIFT) build -c $(CONFIG) --product kratix-webhook $(BUILD_FLAGS)
	@mkdir -p bin
	@folder=$$($(SWIFT) build -c $(CONFIG) --show-bin-path) && for name in kubectl-kratix kratix-webhook; do \
	  cp "$$folder/$$name" "bin/.$$name.new" && mv "bin/.$$name.new" "bin/$$name"; done

# The tutorial: a fleet goes from one version to the next, and is seen before it goes.
demo:
	@scripts/setup.sh demo
	@$(MAKE) --no-print-directory build
	@scripts/demo.sh
	@scripts/demo-fleet.sh

test:
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory lint
	$(SWIFT) build --build-tests $(BUILD_FLAGS)
	timeout -k 10 $(TEST_LIMIT) $(SWIFT) test --skip-build --no-parallel --skip EndToEndTests $(TEST_FLAGS)
	timeout -k 10 $(TEST_LIMIT) $(SWIFT) test --skip-build --no-parallel --filter EndToEndTests $(TEST_FLAGS)

# The end-to-end tests against another platform: make conformance KUBECONFIG=path
conformance:
	@test -n "$(KUBECONFIG)" || { echo "make conformance: name the platform: make conformance KUBECONFIG=path" >&2; exit 64; }
	@scripts/setup.sh test
	KRATIX_E2E_KUBECONFIG="$(abspath $(KUBECONFIG))" $(SWIFT) test --filter EndToEndTests $(TEST_FLAGS)

# The sandbox's speed and size: a table, each figure measured in this run.
bench:
	@scripts/setup.sh bench
	@$(MAKE) --no-print-directory build
	@scripts/bench.sh

# The webhook's image, with podman or docker; make image OCI=DIRECTORY writes an OCI layout, and needs neither.
image:
	@scripts/setup.sh build
	@scripts/image.sh $(OCI)

lint:
	$(SWIFT) format lint --strict -r .

format:
	$(SWIFT) format -i -r .

update-golden:
	UPDATE_GOLDEN=1 $(SWIFT) test $(TEST_FLAGS)

clean:
	rm -rf bin dist .tools
	$(SWIFT) package clean
