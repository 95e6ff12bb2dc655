# One server. Build it from the top of the source: docker build -f deploy/container/server.Dockerfile -t formant-server .
FROM python:3.13-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /source
# A compiler for WebAssembly from PyPI, so that phones can sing.
ENV FORMANT_ZIG=1
COPY . .
RUN python -m venv /opt/formant && /opt/formant/bin/pip install --no-cache-dir .

FROM python:3.13-slim-bookworm
COPY --from=build /opt/formant /opt/formant
RUN useradd --system --home-dir /state --create-home formant-node
USER formant-node
ENV FORMANT_STATE_DIR=/state PATH=/opt/formant/bin:$PATH
VOLUME /state
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["formant-node"]
CMD ["server"]
