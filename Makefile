# `make help` lists the targets. Python and its packages live in .venv; a target installs only what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SOURCES := pyproject.toml CMakeLists.txt README.md $(wildcard packaging/wasm/*) $(shell find src -type f -not -name '*.c' -not -path '*/__pycache__/*')

.DEFAULT_GOAL := run

##@ Play

.PHONY: run edges
run: $(VENV)/to-run portaudio ## a server and a synth on this machine; prints the address of the touch page
	@$(BIN)/python -m formant_net up $(ARGS)

edges: $(VENV)/to-run-edges ## several servers as one: an engine, two edges, two synths and a controller that plays
	@$(BIN)/python examples/edges/play.py $(ARGS)

##@ Test

.PHONY: test test-quick lint audit vectorised
# Most tests wait, so there are twice as many at a time as cores; those marked
# `alone` or `quiet` wait for that. A free process takes the next file, in the order of tests/support/suite/order.py.
JOBS ?= $(shell n=$$(( 2 * $$(nproc 2>/dev/null || echo 1) )); echo $$(( n < 6 ? n : 6 )))
# Those of the cores do not wait: more processes than cores would only each collect them, too.
CORES := $(shell n=$$(nproc 2>/dev/null || echo 1); [ $(JOBS) -lt $$n ] && echo $(JOBS) || echo $$n)
COMPILED := $(BIN)/python tests/support/suite/compiled.py
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder
# What one process has compiled the others need not compile again, even where the environment says otherwise.
unexport PYTHONDONTWRITEBYTECODE
test: $(VENV)/to-test system-packages ## all tests; ARGS="-k touches" passes options to pytest, JOBS=1 runs one by one
	@$(COMPILED) tests
	$(PYTEST) $(ARGS)

# What starts a browser, a compiler, Node or whole nodes is no part of it.
NOT_QUICK := formant_net/aio formant_net/cli formant_net/ops/test_console.py formant_dsp/output formant_dsp/judges \
  formant_dsp/bank/test_wasm.py formant_dsp/bank/test_core.py formant_dsp/kernels/test_vectorised.py
test-quick: $(VENV)/to-test ## the cores alone: no network, no sound, no browser, no compiler (a minute)
	@$(COMPILED) tests/formant_net tests/formant_dsp
	$(subst -n $(JOBS),-n $(CORES),$(PYTEST)) tests/formant_net tests/formant_dsp $(addprefix --ignore=tests/,$(NOT_QUICK)) -m "not alone" $(ARGS)

lint: $(VENV)/to-lint ## ruff, and mypy for Linux, Windows and macOS
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	for system in win32 darwin; do $(BIN)/mypy --platform $$system --cache-dir .mypy_cache/$$system src || exit 1; done

# Without a network it says so and goes on.
audit: $(VENV)/to-run-edges ## known vulnerabilities of the packages that Formant runs on
	@$(PIP) install -q pip-audit 2>/dev/null || \
	  { echo "NOT AUDITED: pip-audit cannot be installed from here. Run \`make audit\` again online."; exit 0; }; \
	$(BIN)/python .ci/audit.py

vectorised: $(VENV)/to-test ## the compiler's report: every sample loop uses SIMD, here and on ARM
	@command -v aarch64-linux-gnu-gcc >/dev/null || [ "$$(uname -m)" != x86_64 ] || \
	  $(call apt_install,gcc-aarch64-linux-gnu libc6-dev-arm64-cross)
	$(BIN)/python tests/formant_dsp/kernels/vectorised.py

##@ Prove: longer than the tests

.PHONY: test-long ring-proofs fuzz faults mutants edges-faults midi-soak storm fleet neighbours
test-long: $(VENV)/to-test system-packages ## all tests and all cases; ARGS="-m long": what `test` leaves out
	ALL_CASES=1 $(PYTEST) $(ARGS)

PROOF_PACKAGES := gcc g++ spin relacy-dev util-linux
ring-proofs: $(VENV)/to-test ## the ring by relacy and spin, the audio path by the thread sanitizer (2 minutes)
	@$(call apt_install,$(PROOF_PACKAGES))
	$(PIP) install -q cython cmake ninja
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest proofs $(ARGS)

FOLDER ?= /tmp/formant-fuzz
fuzz: $(VENV)/to-test ## ten million fuzzed inputs, new ones kept in FOLDER (an hour)
	$(BIN)/python tests/fuzz/campaign.py $(FOLDER) $(ARGS)

# Random schedules, a day of churn on a virtual clock, real processes on a bad cable, and half an hour of coming and
# going (docs/understand/faults.md). The last two as root.
faults: $(VENV)/to-test system-packages ## everything that can fail in an ensemble (50 minutes)
	cd tests && ../$(BIN)/python -m faults.search --seconds 600 --jobs 2
	cd tests && ../$(BIN)/python -m faults.endurance --hours 24
	cd tests && ../$(BIN)/python -m faults.real.run $(ARGS)
	cd tests && ../$(BIN)/python -m faults.real.endurance --minutes 30

storm: $(VENV)/to-test ## 200 newcomers a second for a minute, beside an ensemble that nobody storms (90 s)
	cd tests && ../$(BIN)/python -m faults.real.storm $(ARGS)

midi-soak: $(VENV)/to-test ## ten minutes of dense MPE over a lossy link, on the virtual clock (5 minutes)
	cd tests && ../$(BIN)/python -m faults.midi_soak $(ARGS)

# SEED and COUNT by ARGS="--seed 7 --count 40".
mutants: $(VENV)/to-test ## small faults planted at random into the pure cores: tests find 95 % of them (half an hour)
	cd tests && ../$(BIN)/python -m mutants.run $(ARGS)

edges-faults: $(VENV)/to-test ## everything that can fail between edges, with the real engine (docs/understand/edges.md)
	$(BIN)/python -m pytest -o python_files='*.py' -s tests/edges/test_failures.py tests/edges/failures_long.py $(ARGS)

# As root: every box is a network namespace of its own.
fleet: $(VENV)/to-test system-packages ## 100 boxes search for a server; power cuts with twelve, also of two edges
	cd tests && ../$(BIN)/python -m fleet.discovery
	cd tests && ../$(BIN)/python -m fleet.discovery --loss 0.3
	cd tests && ../$(BIN)/python -m fleet.story $(ARGS)

neighbours: $(VENV)/to-test ## server, synth and controller of the version before the desk beside today's (5 minutes)
	cd tests && ../$(BIN)/python -m fleet.neighbours $(ARGS)

##@ Measure

.PHONY: bench bench-quick budget bench-ceiling bench-peers bench-hostile bench-edges bench-signaling bench-midi bench-wasm bench-busy-page bench-fanout bench-hall
bench: $(VENV)/to-test ## every benchmark: a table, and bench.json for machines
	$(BIN)/python -m pytest benchmarks --benchmark-enable --benchmark-json=bench.json --benchmark-group-by=group \
	  --benchmark-columns=min,median,max,rounds --benchmark-sort=name --benchmark-min-rounds=20 --benchmark-disable-gc $(ARGS)
	$(BIN)/python benchmarks/budget.py bench.json

bench-quick: $(VENV)/to-test ## every benchmark once, its result checked, nothing timed
	$(BIN)/python -m pytest benchmarks --benchmark-disable -q

budget: $(VENV)/to-test ## what a block takes, held against benchmarks/budget.toml; for a pipeline
	$(BIN)/python -m pytest benchmarks/bench_bank.py benchmarks/bench_cost.py benchmarks/bench_import.py --benchmark-enable --benchmark-json=bench.json --benchmark-disable-gc -q
	$(BIN)/python benchmarks/budget.py bench.json

bench-ceiling: $(VENV)/to-test ## the bank against the most that its formula can do on this core
	$(BIN)/python benchmarks/ceiling/run.py $(ARGS)

PEER_PACKAGES := g++ faust csound supercollider-server
bench-peers: $(VENV)/to-test ## the bank against other engines, which it installs where it may
	@$(call apt_install,$(PEER_PACKAGES))
	-$(PIP) install -q pyo dawdreamer
	$(BIN)/python benchmarks/peers/run.py $(ARGS)

bench-hostile: $(VENV)/to-test system-packages ## does the sound go on while Python cannot? Some minutes; best as root
	$(BIN)/python benchmarks/hostile/run.py $(ARGS)

bench-midi: $(VENV)/to-test system-packages ## from a MIDI key to a synth's NoteOn, through JACK; a minute, best as root
	$(BIN)/python benchmarks/midi_latency.py $(ARGS)
	$(BIN)/python benchmarks/midi_latency.py --dense $(ARGS)

bench-signaling: $(VENV)/to-test ## the server beside a bare relay on the same library, in one run
	$(BIN)/python benchmarks/signaling/run.py $(ARGS)

bench-wasm: $(VENV)/to-test ## the bank of the touch page in Node and Chromium beside the native one, in one run
	$(BIN)/python benchmarks/wasm/run.py $(ARGS)

bench-busy-page: $(VENV)/to-test system-packages ## how late a touch is on a page that is busy, in Chromium; a minute
	$(BIN)/python benchmarks/pages/busy.py $(ARGS)

bench-fanout: $(VENV)/to-test system-packages ## how many synths one page or headless controller can feed; 3 minutes
	$(BIN)/python benchmarks/pages/fanout.py $(ARGS)

bench-hall: $(VENV)/to-test system-packages ## 200 pages that sing, one that plays: what breaks first; some minutes
	$(BIN)/python benchmarks/pages/hall.py $(ARGS)

bench-edges: $(VENV)/to-test ## the engine of several servers, and edges on it
	$(BIN)/python benchmarks/edges.py $(ARGS)

##@ Listen and document

.PHONY: judges listen images docs
judges: $(VENV)/to-test ## every judge of the sound, as the table of docs/understand/judges.md; ARGS=--write writes it
	ALL_CASES=1 PYTHONPATH=tests $(BIN)/python -m support.judges.table $(ARGS)

listen: $(VENV)/to-test ## pairs of sounds with players and spectrograms: build/listen/index.html
	PYTHONPATH=tests:. $(BIN)/python -m listening $(ARGS)

images: $(VENV)/to-test ## the pictures of docs: of the voice, drawn from the bank; of the desk, in Chromium
	PYTHONPATH=tests:. $(BIN)/python -m listening.images
	PYTHONPATH=tests:. $(BIN)/python -m listening.pages

docs: $(VENV)/to-document ## a searchable site: build/docs/index.html; a broken link or anchor fails
	$(BIN)/python -m sphinx -W --keep-going -q docs build/docs
	@echo "Built: build/docs/index.html"

##@ Develop and package

WASM_PACKAGES := clang lld wasi-libc libclang-rt-14-dev-wasm32
.PHONY: wasm
wasm: $(VENV)/to-test ## the bank as WebAssembly: build/wasm/bank.wasm; with Debian's clang, or else pip's ziglang
	@command -v wasm-ld >/dev/null || { $(call apt_install,$(WASM_PACKAGES)); } || true
	@command -v wasm-ld >/dev/null || $(PIP) install -q ziglang
	$(PIP) install -q cython
	$(BIN)/python packaging/wasm/build.py build/wasm

.PHONY: dev wheel wheels matrix system foreign clean help
dev: | $(BIN)/python ## installs it editable: changes of Python count at once, after changes of Cython run it again
	@$(install_editable)
	@touch $(VENV)/to-run
	@$(MAKE) -s $(VENV)/to-lint

wheel: | $(BIN)/python ## a wheel for this platform in dist/
	$(PIP) wheel -q --no-deps -w dist .

# docs/install/packaging.md. WHEELS=--untried makes and checks only.
WHEEL_PACKAGES := gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross \
  qemu-user-static mmdebstrap
TOOLS := build/packaging/venv
wheels: $(TOOLS)/ready ## wheels for x86-64, 64- and 32-bit ARM in dist/, each played on an empty machine
	@$(call apt_install,$(WHEEL_PACKAGES))
	$(TOOLS)/bin/python packaging/wheels.py $(WHEELS)

matrix: $(TOOLS)/ready ## install, test and play on every Python of this machine; MATRIX=--help says more
	$(TOOLS)/bin/python packaging/matrix.py $(MATRIX)

SYSTEM_PACKAGES := gcc libc6-dev libportaudio2 pulseaudio pulseaudio-utils libasound2-plugins jackd2 systemd chromium firefox-esr iproute2 \
  openssl liblo-tools puredata-core csound
# Packages that would start a service on this machine, and the program that a test needs of each: they are unpacked.
UNPACKED := $(CURDIR)/build/unpacked
SERVICES := coturn:turnserver prometheus:promtool avahi-daemon:avahi-daemon
export PATH := $(PATH):$(UNPACKED)/usr/bin:$(UNPACKED)/usr/sbin
system: ## Debian packages that the tests need (as root or by sudo)
	$(APT) update -qq
	$(APT) install -y -qq --no-install-recommends $(SYSTEM_PACKAGES)
	$(APT) install -y -qq --no-install-recommends chromium-headless-shell || echo "no chromium-headless-shell: tests of the page take longer"
	sh packaging/unpack.sh $(UNPACKED) $(SERVICES)
	$(APT) install -y -qq --no-install-recommends nodejs $(WASM_PACKAGES) || echo "no clang for WebAssembly: make wasm says more"

foreign: ## other WebRTC stacks from npm, which tests/foreign plays with
	@command -v npm >/dev/null || $(call apt_install,nodejs npm)
	@cd tests/foreign && npm install --silent --no-package-lock

clean: ## removes .venv and everything that was built
	rm -rf $(VENV) build dist bench.json

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# Set up by a target when it is needed.

# System packages (Debian, Raspberry Pi OS, Ubuntu), only where nobody need be asked for a password.
APT := sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; export DEBIAN_FRONTEND=noninteractive; $$sudo apt-get
MAY_APT := command -v apt-get >/dev/null && { [ "$$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
apt_install = if $(MAY_APT); then { $(APT) update -qq; $(APT) install -y -qq --no-install-recommends $(1); } >/dev/null; fi

.PHONY: system-packages portaudio
system-packages:
	@missing=; for p in chromium firefox-esr pulseaudio parecord jackd turnserver openssl oscsend pd csound; do command -v $$p >/dev/null || missing="$$missing $$p"; done; \
	[ -z "$$missing" ] || if $(MAY_APT); then $(MAKE) -s system; \
	else echo "Not installed:$$missing. Tests that need them are skipped; \`sudo make system\` installs them."; fi

portaudio:
	@ldconfig -p 2>/dev/null | grep -q libportaudio || $(call apt_install,libportaudio2)

# A virtual environment that an interrupted or failed run left half made, or whose Python is gone, is made again.
ifneq ($(shell $(BIN)/python -c 'import pip' 2>/dev/null && echo whole),whole)
.PHONY: $(BIN)/python
endif
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@command -v cc >/dev/null || { echo "A C compiler is needed: sudo apt-get install gcc libc6-dev python3-dev"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { echo "Python's venv is needed: sudo apt-get install python3-venv"; exit 1; }

# One stamp for each purpose. An editable install stays editable. Extras are added to the package that is installed: pip
# reads their names from it and compiles nothing again.
install_editable = { $(PIP) install -q cython numpy scikit-build-core cmake ninja && \
  $(PIP) install -q --no-build-isolation -e .; }
EDITABLE := $(wildcard $(VENV)/lib/python*/site-packages/_editable_*formant_synth*)
# The touch page sings with bank.wasm (docs/understand/browser.md). Where the system has no compiler for it, and where
# there is room, the build takes one from pip (80 MB to load, 450 MB for as long as it builds) and removes it again.
ZIG := $(shell { command -v wasm-ld && command -v clang; } >/dev/null 2>&1 || case "$$(uname -m)" in (x86_64|aarch64|arm64) \
  [ "$$(df -Pk "$${TMPDIR:-/tmp}" | awk 'NR == 2 { print $$4 }')" -gt 1000000 ] && echo FORMANT_ZIG=1;; esac)
$(VENV)/to-run: $(SOURCES) | $(BIN)/python
	@echo "Setting up (a minute or two the first time) …"
	@$(if $(EDITABLE),$(install_editable),$(ZIG) $(PIP) install -q .)
	@touch $@

$(VENV)/to-run-edges: $(VENV)/to-run
	@$(PIP) install -q 'formant-synth[edges]'
	@touch $@

$(VENV)/to-document: $(VENV)/to-run
	@$(PIP) install -q 'formant-synth[docs]'
	@touch $@

$(VENV)/to-test: $(VENV)/to-run
	@$(PIP) install -q 'formant-synth[test]'
	@touch $@

$(VENV)/to-lint: $(VENV)/to-test
	@$(PIP) install -q 'formant-synth[lint]'
	@touch $@

$(TOOLS)/ready: packaging/requirements.txt | $(BIN)/python
	@$(PYTHON) -m venv --clear $(TOOLS)
	@$(TOOLS)/bin/pip install -q --disable-pip-version-check -r packaging/requirements.txt
	@touch $@
