# syntax=docker/dockerfile:1

# cuda: as locked; cpu: without CUDA and Triton, see docs/deploy.md.
ARG VARIANT=cuda

FROM python:3.11-slim-bookworm AS build
ARG VARIANT
WORKDIR /src
COPY requirements/uv.txt requirements/runtime.txt requirements/
RUN python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action ignore \
        --require-hashes -r requirements/uv.txt \
    && python -m venv --without-pip /opt/umie \
    && uv pip install --python /opt/umie/bin/python --no-cache --compile-bytecode \
        --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY tasks tasks
COPY models models
COPY training training
COPY export export
COPY schema schema
COPY service service
COPY umie_client umie_client
COPY cli cli
RUN uv pip install --python /opt/umie/bin/python --no-cache --compile-bytecode \
        --no-deps --no-build-isolation .
COPY docker/cpu_variant.py docker/cpu_variant.py
RUN if [ "$VARIANT" = cpu ]; then python docker/cpu_variant.py /opt/umie; fi
# standard or compact: docker build --build-arg UMIE_WEIGHTS=compact .
ARG UMIE_WEIGHTS=standard
COPY weights/${UMIE_WEIGHTS} weights/${UMIE_WEIGHTS}
RUN ORT_DISABLE_TELEMETRY=1 UMIE_CACHE=/tmp/cache /opt/umie/bin/umie export \
    --checkpoint "weights/${UMIE_WEIGHTS}" --out "/opt/bundles/${UMIE_WEIGHTS}"

FROM python:3.11-slim-bookworm
ARG UMIE_WEIGHTS=standard
RUN useradd --system --uid 10001 --no-create-home --home-dir /tmp umie
COPY --from=build /opt/umie /opt/umie
COPY --from=build /opt/bundles /opt/bundles
ENV PATH=/opt/umie/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HF_HUB_OFFLINE=1 \
    ORT_DISABLE_TELEMETRY=1 \
    UMIE_HOST=0.0.0.0 \
    UMIE_PORT=8000 \
    UMIE_BUNDLE=/opt/bundles/${UMIE_WEIGHTS}
USER umie
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['UMIE_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["umie"]
CMD ["serve"]
