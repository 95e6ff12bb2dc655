# One edge of several: the server with the library for NATS. The engine itself runs in a container of its own.
# Build it from the top of the source: docker build -f deploy/container/edge.Dockerfile -t formant-edge .
FROM python:3.13-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /source
# A compiler for WebAssembly from PyPI, so that phones can sing.
ENV FORMANT_ZIG=1
COPY . .
RUN python -m venv /opt/formant && /opt/formant/bin/pip install --no-cache-dir . "nats-py>=2.11,<3"

FROM python:3.13-slim-bookworm
COPY --from=build /opt/formant /opt/formant
RUN useradd --system --home-dir /state --create-home formant-node
USER formant-node
ENV FORMANT_STATE_DIR=/state PATH=/opt/formant/bin:$PATH
VOLUME /state
EXPOSE 8081
HEALTHCHECK --interval=30s --timeout=5s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8081/healthz', timeout=4)"]
ENTRYPOINT ["formant-node"]
CMD ["server", "--port", "8081", "--registry", "nats://127.0.0.1:4222/formant"]
