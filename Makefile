# Everything a newcomer needs. `make run` plays, `make test` proves. Python and its packages live in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml CMakeLists.txt README.md $(shell find src -type f -not -name '*.c' -not -path '*/__pycache__/*')
SYSTEM_PACKAGES := gcc libc6-dev libportaudio2 pulseaudio pulseaudio-utils libasound2-plugins jackd2 systemd chromium iproute2 \
  coturn openssl

.PHONY: audit fuzz run test judges listen images bench bench-quick bench-ceiling bench-peers budget vectorised lint wheel wheels matrix \
  edges edges-faults bench-edges \
  system system-packages portaudio clean dev

run: $(VENV)/ready portaudio
	@$(BIN)/formant-node up $(ARGS)

test: $(VENV)/ready system-packages
	$(BIN)/python -m pytest $(ARGS)

# Every judge of the sound, and the table of docs/judges.md; ARGS=--write writes it there.
judges: $(VENV)/ready
	PYTHONPATH=tests $(BIN)/python -m support.judge_table $(ARGS)

# Pairs of sounds with players, spectrograms and figures, in build/listen: open its index.html.
listen: $(VENV)/ready
	PYTHONPATH=tests:. $(BIN)/python -m listening $(ARGS)

# The pictures of docs/images, drawn from the bank itself.
images: $(VENV)/ready
	PYTHONPATH=tests:. $(BIN)/python -m listening.images

# A readable table, and bench.json for machines.
bench: $(VENV)/ready
	$(BIN)/python -m pytest benchmarks --benchmark-enable --benchmark-json=bench.json --benchmark-group-by=group \
	  --benchmark-columns=min,median,max,rounds --benchmark-sort=name --benchmark-min-rounds=20 --benchmark-disable-gc $(ARGS)
	$(BIN)/python benchmarks/budget.py bench.json

# Every benchmark once, its result checked, nothing timed.
bench-quick: $(VENV)/ready
	$(BIN)/python -m pytest benchmarks --benchmark-disable -q

# The bank against the most its formula can do on this core, in the same run.
bench-ceiling: $(VENV)/ready
	$(BIN)/python benchmarks/ceiling/run.py $(ARGS)

# The bank against other engines, in the same run; installs them where that needs no questions.
PEER_PACKAGES := g++ faust csound supercollider-server
bench-peers: $(VENV)/ready
	@if $(MAY_APT); then { $(APT) update -qq; $(APT) install -y -qq --no-install-recommends $(PEER_PACKAGES); } >/dev/null; fi
	-$(BIN)/pip install -q pyo dawdreamer
	$(BIN)/python benchmarks/peers/run.py $(ARGS)

# The headline: does the sound go on while Python cannot? Long form, some minutes; as root with real-time priorities.
.PHONY: bench-hostile
bench-hostile: $(VENV)/ready system-packages
	$(BIN)/python benchmarks/hostile/run.py $(ARGS)

# Only what a block takes, held against benchmarks/budget.toml: what a pipeline runs.
budget: $(VENV)/ready
	$(BIN)/python -m pytest benchmarks/bench_bank.py benchmarks/bench_cost.py benchmarks/bench_import.py --benchmark-enable --benchmark-json=bench.json --benchmark-disable-gc -q
	$(BIN)/python benchmarks/budget.py bench.json

# Several servers as one: starts the engine, two edges, two synths and a controller here, and plays.
edges: $(VENV)/ready $(VENV)/edges
	@$(BIN)/python examples/edges/play.py $(ARGS)

# Everything that can fail between edges, with the real engine and real processes (docs/edges.md).
edges-faults: $(VENV)/ready
	$(BIN)/python -m pytest -o python_files='*.py' -s tests/edges/test_failures.py tests/edges/failures_long.py $(ARGS)

# Both engines measured beside each other, and edges on the chosen one.
bench-edges: $(VENV)/ready
	$(BIN)/python benchmarks/edges.py $(ARGS)

$(VENV)/edges: $(VENV)/ready
	@$(BIN)/pip install -q --disable-pip-version-check '.[edges]'
	@touch $@

# Everything that can fail, for longer than the tests do (docs/faults.md): ten minutes of random schedules, a day of churn,
# then real processes on a bad cable and half an hour of coming and going. The last two as root.
.PHONY: faults
faults: $(VENV)/ready system-packages
	cd tests && ../$(BIN)/python -m faults.search --seconds 600 --jobs 2
	cd tests && ../$(BIN)/python -m faults.endurance --hours 24
	cd tests && ../$(BIN)/python -m faults.real.run $(ARGS)
	cd tests && ../$(BIN)/python -m faults.real.endurance --minutes 30

# The compiler's own report: fails when a sample loop fell back to scalar code, here or on ARM.
vectorised: $(VENV)/ready
	@command -v aarch64-linux-gnu-gcc >/dev/null || [ "$$(uname -m)" != x86_64 ] || if $(MAY_APT); then \
	  { $(APT) update -qq; $(APT) install -y -qq --no-install-recommends gcc-aarch64-linux-gnu libc6-dev-arm64-cross; } >/dev/null; fi
	$(BIN)/python tests/formant_dsp/vectorised.py

# The ring by relacy and spin, the whole audio path by the thread sanitizer; each has to find planted faults.
.PHONY: ring-proofs
PROOF_PACKAGES := gcc g++ spin relacy-dev util-linux
ring-proofs: $(VENV)/ready
	@if $(MAY_APT); then { $(APT) update -qq; $(APT) install -y -qq --no-install-recommends $(PROOF_PACKAGES); } >/dev/null; fi
	$(BIN)/pip install -q --disable-pip-version-check cython cmake ninja
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest proofs $(ARGS)

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	for system in win32 darwin; do $(BIN)/mypy --platform $$system --cache-dir .mypy_cache/$$system src || exit 1; done

# Known vulnerabilities of what we run on; without a network it says so and goes on.
audit: $(VENV)/ready
	@$(BIN)/pip install -q --disable-pip-version-check pip-audit 2>/dev/null || \
	  { echo "NOT AUDITED: pip-audit cannot be installed from here. Run \`make audit\` again online."; exit 0; }; \
	$(BIN)/python .ci/audit.py

# A long run of the fuzzer into FOLDER (ten million inputs, about an hour); the brief one is part of the tests.
FOLDER ?= /tmp/formant-fuzz
fuzz: $(VENV)/ready
	$(BIN)/python tests/fuzz/campaign.py $(FOLDER) $(ARGS)

wheel: $(VENV)/ready
	$(BIN)/pip wheel --no-deps -w dist .

# Source distribution and wheels for x86-64, 64- and 32-bit ARM in dist/, each installed on an empty machine and played
# (docs/packaging.md). WHEELS=--untried makes and checks only.
WHEEL_PACKAGES := gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross \
  qemu-user-static mmdebstrap
TOOLS := build/packaging/venv
wheels: $(TOOLS)/ready
	@if $(MAY_APT); then { $(APT) update -qq; $(APT) install -y -qq --no-install-recommends $(WHEEL_PACKAGES); } >/dev/null; fi
	$(TOOLS)/bin/python packaging/wheels.py $(WHEELS)

# Every Python on this machine: the wheel of this platform, the fast tests and a played note. MATRIX=--help says more.
matrix: $(TOOLS)/ready
	$(TOOLS)/bin/python packaging/matrix.py $(MATRIX)

$(TOOLS)/ready: packaging/requirements.txt | $(BIN)/python
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/pip install -q --disable-pip-version-check -r packaging/requirements.txt
	@touch $@

# For work on the code: changes of Python files count at once, after changes of Cython files run it again.
dev: $(VENV)/bin/python
	$(BIN)/pip install -q cython numpy scikit-build-core cmake ninja
	$(BIN)/pip install -q --no-build-isolation -e '.[test,lint]'

# System packages (Debian, Raspberry Pi OS, Ubuntu): PortAudio plays, the others are for the tests.
APT := sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; export DEBIAN_FRONTEND=noninteractive; $$sudo apt-get
MAY_APT := command -v apt-get >/dev/null && { [ "$$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }

system:
	$(APT) update -qq
	$(APT) install -y -qq --no-install-recommends $(SYSTEM_PACKAGES)

# The same, only if something is missing and nobody need be asked for a password.
system-packages:
	@missing=; for p in chromium pulseaudio parecord jackd turnserver openssl; do command -v $$p >/dev/null || missing="$$missing $$p"; done; \
	[ -z "$$missing" ] || if $(MAY_APT); then $(MAKE) -s system; \
	else echo "Not installed:$$missing. Tests that need them are skipped; \`sudo make system\` installs them."; fi

portaudio:
	@ldconfig -p 2>/dev/null | grep -q libportaudio || if $(MAY_APT); then \
	  { $(APT) update -qq; $(APT) install -y -qq --no-install-recommends libportaudio2; } >/dev/null; fi

clean:
	rm -rf $(VENV) build dist bench.json

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@command -v cc >/dev/null || { echo "A C compiler is needed: sudo apt-get install gcc libc6-dev python3-dev"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is needed: sudo apt-get install python3-venv"; exit 1; }

$(VENV)/ready: $(BIN)/python $(SOURCES)
	@echo "Setting up (a minute the first time) …"
	@$(BIN)/pip install -q --disable-pip-version-check '.[test,lint]'
	@touch $@
