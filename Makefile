# The commands of this house. The first use of each sets up what it needs; later ones only when that has changed.

PYTHONS = python3.14 python3.13 python3.12 python3.11 python3 python
PACKAGES = bot core knowledge tests

.PHONY: help chat test prove check audit lock clean

help:
	@echo "make chat    talk to the bot in this terminal"
	@echo "make test    run every test but the long proofs"
	@echo "make prove   run the long proofs"
	@echo "make check   lint, formatting, types, layers"
	@echo "make audit   ask a service of known weaknesses about the locked dependencies"
	@echo "make lock    resolve the dependencies of pyproject.toml anew"
	@echo "make clean   remove what was set up (not var/, which holds data)"

chat:
	@$(call set_up,)
	@.venv/bin/cersbot chat

test:
	@$(call set_up,test)
	@.venv/bin/python -m pytest -n 4 --dist worksteal -m "not prove and not alone"
	@.venv/bin/python -m pytest -m "not prove and alone"

prove:
	@$(call set_up,test)
	@.venv/bin/python -m pytest -n 2 -m prove

check:
	@$(call set_up,test)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

audit:
	@$(call set_up,test)
	@.ci/audit

lock:
	@$(call set_up,)
	$(compile) pyproject.toml --output-file requirements/default.txt
	$(compile) pyproject.toml --extra test --extra dev --constraint requirements/default.txt --output-file requirements/test.txt
	$(compile) --group setup --output-file requirements/uv.txt
	$(compile) --group semantic --no-deps --constraint requirements/test.txt --output-file requirements/semantic.txt

clean:
	rm -rf .venv .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find $(PACKAGES) -name __pycache__ -prune -exec rm -rf {} +

compile = .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock"

# Runs bootstrap.py with the first Python that really starts, is new enough and has venv. When there is none, the next
# best one says what it lacks.
define set_up
	if [ -e .venv/complete ] && [ -x .venv/bin/python ]; then exec .venv/bin/python -I bootstrap.py $(1); fi; \
	for needs in "import ensurepip, sys; assert sys.version_info >= (3, 11)" \
		"import sys; assert sys.version_info >= (3, 11)" "import sys; assert sys.version_info >= (3, 8)"; do \
		for python in $(PYTHONS); do \
			if "$$python" -c "$$needs" </dev/null >/dev/null 2>&1; then exec "$$python" bootstrap.py $(1); fi; \
		done; \
	done; \
	echo "No Python was found, and 3.11 or newer is needed: on Debian or Ubuntu run \`sudo apt install python3-venv\`," \
		"on macOS \`brew install python\`, then try again." >&2; \
	exit 1
endef
