# Two commands on a fresh clone: `make demo` and `make test`. Nothing is installed outside .venv.
export UV_PYTHON_DOWNLOADS := never
BIN := .venv/bin

.PHONY: setup
setup: .venv/.done

# Without ensurepip (bare Debian) and without touching the system's packages: pip installs uv into .venv, uv the rest.
.venv/.done: requirements/uv.txt requirements/dev.txt pyproject.toml
	python3 -m venv --without-pip .venv
	python3 -m pip --python $(BIN)/python install -q --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

.PHONY: lock
lock: setup
	$(BIN)/uv pip compile -q pyproject.toml --universal --generate-hashes --no-header -o requirements/run.txt
	$(BIN)/uv pip compile -q pyproject.toml --group dev --universal --generate-hashes --no-header -o requirements/dev.txt
	echo uv==0.13.9 | $(BIN)/uv pip compile -q - --generate-hashes --no-header -o requirements/uv.txt
