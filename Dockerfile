# syntax=docker/dockerfile:1
# One image for every part of SkinGPT; docker-compose.yml says which command each container runs.
#
#   docker build --target cpu -t skingpt:cpu .        torch for CPUs: small, everything but a model on a GPU
#   docker build --target gpu -t skingpt:gpu .        torch with CUDA, for the model server alone
#
# No secret is ever an argument or a file here: containers read them from /run/secrets when they start.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS environment
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/opt/skingpt/bin:$PATH
WORKDIR /build
COPY requirements.lock requirements-cpu.lock requirements-cuda.lock ./
# The dependencies alone, each file checked against its hash; the tools for tests, which the lock holds too, go again.
RUN python -m venv /opt/skingpt \
 && pip install --no-deps --require-hashes --requirement requirements.lock \
 && pip uninstall --yes pytest pytest-asyncio pytest-timeout hypothesis playwright mypy ruff import-linter

FROM environment AS environment-cpu
# Where PyTorch keeps its CPU builds; unset, the CUDA build is taken: the same program, 2.7 GB larger.
ARG TORCH_CPU_INDEX=""
RUN if [ -n "$TORCH_CPU_INDEX" ]; then \
        pip install --no-deps --require-hashes --index-url "$TORCH_CPU_INDEX" --requirement requirements-cpu.lock; \
    else pip install --no-deps --require-hashes --requirement requirements-cuda.lock; fi

FROM environment AS environment-gpu
RUN pip install --no-deps --require-hashes --requirement requirements-cuda.lock

FROM ${PYTHON} AS program
RUN groupadd --gid 10001 skingpt \
 && useradd --uid 10001 --gid skingpt --no-create-home --home-dir /tmp --shell /usr/sbin/nologin skingpt \
 && install --directory --owner=skingpt --group=skingpt --mode=0700 /chroma
# Nothing is written but below /tmp (a tmpfs) and into volumes: the root file system may be read-only.
ENV PATH=/opt/skingpt/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    SKINGPT_DATA=/tmp/skingpt \
    ANONYMIZED_TELEMETRY=False \
    HF_HUB_DISABLE_TELEMETRY=1 \
    DO_NOT_TRACK=1 \
    LANGSMITH_TRACING=false \
    OTEL_SDK_DISABLED=true \
    TOKENIZERS_PARALLELISM=false \
    OMP_NUM_THREADS=1 \
    MALLOC_ARENA_MAX=2
WORKDIR /app
COPY . .
RUN python -m compileall -q . \
 && printf '#!/bin/sh\nexec python -m skingpt "$@"\n' > /usr/local/bin/skingpt \
 && chmod 0755 /usr/local/bin/skingpt
USER 10001:10001
CMD ["skingpt", "--help"]

FROM program AS gpu
COPY --from=environment-gpu /opt/skingpt /opt/skingpt

# The last one is what `docker build .` makes.
FROM program AS cpu
COPY --from=environment-cpu /opt/skingpt /opt/skingpt
