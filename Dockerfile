# syntax=docker/dockerfile:1
# No shell, no package manager. Releases pin it by digest.
ARG BASE=gcr.io/distroless/nodejs24-debian13:nonroot

# The programs are plain JavaScript, the same for every platform: they are built once, on the builder's own.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY crds ./crds
COPY controllers ./controllers
COPY adapters ./adapters
COPY operator ./operator
COPY hack/bundle.ts ./hack/bundle.ts
COPY hack/packaging ./hack/packaging
RUN node hack/bundle.ts --out /app onyx-operator onyx && node hack/bundle.ts --out /ingest onyx-ingest && find /app /ingest -name '*.map' -delete

# DuckDB is native code: for the platform that the image is for, whatever the builder's own is.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS native
ARG TARGETARCH
WORKDIR /src
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund --omit=dev --os=linux --libc=glibc --cpu=$(test "$TARGETARCH" = amd64 && echo x64 || echo "$TARGETARCH")
RUN mkdir -p /native/@duckdb && cp -r node_modules/@duckdb/node-bindings* /native/@duckdb/ && cp -r node_modules/detect-libc /native/

# The worker that takes cost reports in: docker build --target ingest.
FROM ${BASE} AS ingest
LABEL org.opencontainers.image.title="onyx-ingest" \
      org.opencontainers.image.description="Takes cost reports of AWS and Google Cloud in" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build --chown=0:0 /ingest /app
COPY --from=native --chown=0:0 /native /app/node_modules
COPY --chown=0:0 LICENSE /app/LICENSE
USER 65532:65532
# It reads files, writes those of the reports at hand, and loads DuckDB.
ENTRYPOINT ["/nodejs/bin/node", "--max-old-space-size=128", "--disable-proto=throw", "--permission", "--allow-addons", "--allow-fs-read=*", "--allow-fs-write=/work", "/app/onyx-ingest.mjs"]

FROM ${BASE} AS operator
LABEL org.opencontainers.image.title="onyx-operator" \
      org.opencontainers.image.description="The same platform on EKS and GKE from the same YAML" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build --chown=0:0 /app /app
COPY --chown=0:0 LICENSE /app/LICENSE
# A number, so that Kubernetes sees that it is not root.
USER 65532:65532
# It reads files, and does no more with this machine: no writes, no other programs, no threads, no native code.
# The young generation has 16 MiB, whatever the pod's limit: by itself Node takes 2 at 512 MiB, and spends its time on collecting.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=8", "--disable-proto=throw", "--permission", "--allow-fs-read=*", "/app/onyx-operator.mjs"]
