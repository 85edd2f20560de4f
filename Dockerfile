# Two stages: one builds .venv from hashed requirements, the other holds nothing but Python, the libraries of LDAP, .venv
# and a user without rights. The Debian release is named because its packages are.
FROM docker.io/library/python:3.12-slim-bookworm AS build
# Debian keeps no older versions of a package, so a pinned one would soon not be found.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends binutils gcc libc6-dev libldap-dev libsasl2-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements/uv.txt requirements/ldap.txt requirements/build.txt requirements/
# uv has a place of its own, since only what is in .venv goes into the image. --system-certs: a certificate authority that
# your base image trusts counts, such as that of a proxy in between.
RUN python3 -m venv --without-pip /uv && python3 -m venv --without-pip .venv \
    && python3 -m pip --python /uv/bin/python install --no-cache-dir --require-hashes -r requirements/uv.txt \
    && /uv/bin/uv pip install --system-certs --no-cache --python .venv/bin/python --require-hashes \
        -r requirements/ldap.txt --build-constraints requirements/build.txt
# What is never used: debug symbols, the formats of languages that the pages do not have, AWS services that are not asked.
RUN find .venv -name '*.so' '(' -path '*/cel_expr_python/*' -o -path '*/uvloop/*' ')' -exec strip --strip-unneeded {} + \
    && find .venv -path '*/babel/locale-data/*' ! -name 'root.dat' ! -name 'en*.dat' ! -name 'ja*.dat' -delete \
    && find .venv/lib/python3*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d ! -name 'iam' \
        ! -name 'identitystore' ! -name 'organizations' ! -name 'signin' ! -name 'sso*' ! -name 'sts' -exec rm -r {} +
COPY pyproject.toml README.md ./
COPY mappings mappings
COPY scim_bridge scim_bridge
# Bytecode is compiled here: where /app cannot be written, every command would compile what it imports again.
# unchecked-hash: the files of an image do not change, so that their times need not be looked at.
RUN /uv/bin/uv pip install --system-certs --no-cache --python .venv/bin/python --no-deps . \
        --build-constraints requirements/build.txt \
    && .venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash .venv/lib

FROM docker.io/library/python:3.12-slim-bookworm
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libldap-2.5-0 libsasl2-2 \
        libsasl2-modules-gssapi-mit \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/*
RUN useradd --system --uid 10001 --no-create-home bridge && install -d -o 10001 -g 10001 -m 0700 /data
COPY mappings /app/mappings
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
# For `run`, `serve`, and `work --health 127.0.0.1:8080`.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["scim-bridge", "--config", "/data/bridge.yaml"]
CMD ["run"]
