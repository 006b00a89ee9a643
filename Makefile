# Every target does its own set-up: a virtual environment in .venv with the exact versions of constraints.txt.
PYTHON ?= python3
NEW_ENOUGH := $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "VIPgate needs Python 3.11 or newer: make PYTHON=python3.x")'
BIN := .venv/bin
READY := .venv/ready
WITH_VENV := $(PYTHON) -c 'import ensurepip' 2> /dev/null || { echo "Python has no venv. Debian, Ubuntu: apt-get install python3-venv" >&2; exit 1; }
# Tests wait more than they work: more of them at a time than there are processors.
PROCESSES ?= 4

# Tests start hundreds of processes of this package: without its bytecode each would compile it anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: page-kills demo test test-others coverage sentences diff-pairs diff-large example-mutants test-freeswitch reliability soak browser pictures page-load fuzz promises mutation lint serve check bench format install wheel clean

demo: $(READY)
	$(BIN)/vipgate demo

SUITE := $(BIN)/pytest -n $(PROCESSES) --dist worksteal --ignore=tests/reliability --ignore=tests/freeswitch
DECIDING := tests/document tests/config tests/gate tests/identify tests/esl tests/test_end_to_end.py

test: $(READY)
	$(SUITE)

# The rooms that decide, by their own tests, native threads aside (CPython 3.11 can hang while it traces them: today 95 %).
coverage: $(READY)
	$(SUITE) --cov --cov-fail-under=94 $(DECIDING)

# What `coverage` leaves: CI runs each test once.
test-others: $(READY)
	$(SUITE) $(addprefix --ignore=,$(DECIDING))

FREESWITCH ?= /usr
test-freeswitch: $(READY)
	VIPGATE_FREESWITCH=$(FREESWITCH) $(BIN)/pytest tests/freeswitch --timeout 600 \
		$(if $(REPORT),--report=$(REPORT)) $(if $(TRANSCRIPT),--transcript=$(TRANSCRIPT)) \
		$(if $(DEB),--deb=$(DEB)) $(if $(SYSTEM),--system=$(SYSTEM)) $(if $(FUSIONPBX),--fusionpbx=$(FUSIONPBX))

PAIRS ?= 10000
diff-pairs: $(READY)
	VIPGATE_PAIRS=$(PAIRS) $(BIN)/pytest -n $(PROCESSES) tests/preview/test_diff.py

# 500 gates, 100,000 callers and 20 schedules: 10 s of CPU and 500 MB at most.
diff-large: $(READY)
	VIPGATE_GATES=500 $(BIN)/pytest -s tests/preview/test_diff_command.py::test_many_gates_and_callers_and_20_schedules
	VIPGATE_GATES=500 $(BIN)/pytest -s tests/preview/test_diff_command.py::test_many_gates_and_callers_in_another_country

example-mutants: $(READY)
	VIPGATE_MUTANTS=100000 $(BIN)/pytest -n $(PROCESSES) tests/preview/test_examples.py

reliability: $(READY)
	$(BIN)/pytest tests/reliability --faults docs/reliability.md

CALLS ?= 100000
soak: $(READY)
	$(BIN)/python benchmarks/soak.py --calls $(CALLS)

# More than a site ever sees (benchmarks/overload.py): 5,000 idle peers, 500 that send 4 MB, 51,200 calls, 500 reloads, 2,000,000 records
# to delete. `make overload-reloads COUNT=5` is a short one; what each must show, `make test` shows with smaller numbers.
.PHONY: overload-idle overload-bytes overload-calls overload-reloads overload-purge
overload-idle overload-bytes overload-calls overload-reloads overload-purge: overload-%: $(READY)
	$(BIN)/python benchmarks/overload.py $* $(if $(filter command line,$(origin COUNT)),--count $(COUNT))

# Every page of the administration page in a real Chromium (Debian's package), measured by axe-core; SHOTS=FOLDER takes pictures.
browser: $(READY)
	VIPGATE_BROWSER=1 $(if $(SHOTS),VIPGATE_SHOTS=$(SHOTS)) $(BIN)/pytest tests/admin/test_browser.py

# The manual's pictures of it, in docs/pictures.
pictures: $(READY)
	mkdir -p build/shots
	VIPGATE_BROWSER=1 VIPGATE_SHOTS=build/shots $(BIN)/pytest tests/admin/test_browser.py -k "desk and (light or first_gate)"
	$(BIN)/pip install --quiet --disable-pip-version-check pillow
	$(BIN)/python tools/pictures.py build/shots docs/pictures

# The page is killed at that many moments of a save, over HTTP: whatever is on the disk then is whole.
KILLS ?= 60
page-kills: $(READY)
	VIPGATE_KILLS=$(KILLS) $(BIN)/pytest -s tests/admin/test_kills.py

# Workers and supervisor are killed that many times while callers key in wrong PINs, with SQLite and with PostgreSQL: every attempt
# that a caller heard the verdict of is in the store.
.PHONY: kills
kills: KILLS = 50
kills: $(READY)
	VIPGATE_KILLS=$(KILLS) $(BIN)/pytest -s tests/store/test_kills.py

# The page with a million records, and a hundred calls with it and without it.
RECORDS ?= 1000000
page-load: $(READY)
	VIPGATE_RECORDS=$(RECORDS) VIPGATE_CALLS=100 $(BIN)/pytest -s --timeout 600 tests/admin/test_load.py

SECONDS ?= 600
fuzz: $(READY)
	$(BIN)/pytest tests/fuzz --timeout 0 --fuzz $(SECONDS)

# What holds for every input, tried with other examples each time; `make test` has always the same ones.
.PHONY: properties
properties: $(READY)
	$(SUITE) -m hypothesis --hypothesis-profile properties --timeout 0

# The code is broken in ten ways that docs/security.md forbids, and the tests that it names have to fail.
COUNT ?= 10
promises: $(READY)
	$(BIN)/python tools/promises.py $(COUNT) $(SEED)

# Each small change of gate/, esl/, identify/ and store/ that no test notices: hours, so not in CI. `MUTANTS="vipgate_fs.gate.pins*"`
# takes those of one module; `.venv/bin/mutmut results` lists what survived.
MUTANTS ?=
mutation: $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mutation]'
	$(BIN)/mutmut run $(MUTANTS)

# Adds to the German catalogue what has no German yet, to be filled in, and removes what nobody says any more.
sentences: $(READY)
	$(BIN)/python tools/catalogue.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

CONFIG ?= examples/vipgate.yaml
serve: $(READY)
	$(BIN)/vipgate serve --config $(CONFIG)

check: $(READY)
	$(BIN)/vipgate check $(CONFIG)

ROUNDS ?= 5
bench: $(READY)
	$(BIN)/python benchmarks/table.py --rounds $(ROUNDS)
	$(BIN)/python benchmarks/cpu_per_call.py
	$(BIN)/python benchmarks/slow_webservice.py

# For production: the package itself, not this checkout, with the exact versions of constraints.txt.
PREFIX ?= /opt/vipgate
install:
	$(NEW_ENOUGH)
	@$(WITH_VENV)
	umask 022 && $(PYTHON) -m venv $(PREFIX) && $(PREFIX)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt .
	umask 022 && mkdir -p $(PREFIX)/share/man/man1 && $(PREFIX)/bin/python tools/man_page.py > $(PREFIX)/share/man/man1/vipgate.1

$(READY): pyproject.toml constraints.txt
	@$(NEW_ENOUGH)
	@$(WITH_VENV)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,lint]'
	touch $@

# Byte for byte the same, whoever builds it (tests/test_wheel.py).
wheel: $(READY)
	$(BIN)/python -m hatchling build -t wheel -d dist

build/docs/ready: pyproject.toml constraints.txt
	@$(WITH_VENV)
	$(PYTHON) -m venv build/docs
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["docs"])' | \
		xargs build/docs/bin/pip install --quiet --disable-pip-version-check -c constraints.txt
	touch $@

.PHONY: docs
# The manuals as a site, in build/site; a link that leads nowhere ends it. It needs no other host to be read, and the tests' environment
# stays as it is: CI lints meanwhile.
docs: build/docs/ready
	NO_MKDOCS_2_WARNING=1 build/docs/bin/mkdocs build
	@! grep -rhoE '(src|href)="?(https?:)?//[^"]*\.(js|css|woff2?|png|svg)' build/site --include=*.html

.PHONY: deb test-deb
# The same, for Debian 12 and 13, with all Python packages inside: docs/packaging.md.
deb: $(READY)
	$(BIN)/python debian/build.py bookworm
	$(BIN)/python debian/build.py trixie

# As root: installs, upgrades, removes and purges them in clean systems of their own.
test-deb: deb
	debian/try.sh $(BIN)/python

.PHONY: test-unit
# As root: boots Debian 12 and 13 in containers, and sees what systemd makes of the unit. The watchdog and a list that hangs take a
# minute each: `ONLY="a_killed_worker stop"` takes those steps.
test-unit: deb
	debian/boot.sh

.PHONY: test-container
# As root: the image of deploy/Containerfile, built and run under podman.
test-container: $(READY)
	$(BIN)/python debian/build.py trixie
	tools/try_container.sh

clean:
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage mutants
