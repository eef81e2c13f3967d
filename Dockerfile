# The image of the operator: Node 24, the packages that run, the sources, and nothing else: no shell, no package manager.
# It runs as nobody in particular, with a root file system that may be read-only.
#
#   docker build --tag sifaka .
#   docker run --rm sifaka --help

# The version of Node stands in package.json too; a test holds them together.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The lock file decides. Not `npm ci`: it wants the optional Nodes of all platforms, of which none is needed here.
RUN npm install --no-save --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
COPY . .
# What Node has compiled once it does not compile at each start.
RUN NODE_COMPILE_CACHE=/app/.cache node src/main.ts operator --help

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
ENV NODE_COMPILE_CACHE=/app/.cache
ENV MALLOC_ARENA_MAX=2
ENV MALLOC_MMAP_THRESHOLD_=32768
USER 65532:65532
EXPOSE 9402
# The flags of bin/sifaka, which needs a shell.
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=4", "--heap-growing-percent=30", "--disable-proto=throw", "--disallow-code-generation-from-strings", "/app/src/main.ts"]
CMD ["operator"]
