# rundown for CI jobs, and as a Concourse resource type. Steps are confined by the kernel of the host: what it
# must permit is in docs/ci.md; `rundown doctor --ci` says what there is.
#   docker build -t rundown .
#   docker run --rm -v "$PWD:/work" -u "$(id -u):$(id -g)" rundown run runbooks/hello.runbook.md
FROM python:3.12-slim-bookworm AS build
COPY . /src
RUN python -m venv /opt/rundown \
    && /opt/rundown/bin/pip install --no-cache-dir --no-compile /src \
    && /opt/rundown/bin/pip uninstall --yes pip

FROM python:3.12-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git libseccomp2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 --shell /usr/sbin/nologin rundown \
    && mkdir -p /opt/resource /work \
    && chown rundown:rundown /work \
    && ln -s /opt/rundown/bin/rundown /usr/local/bin/rundown \
    && ln -s /opt/rundown/bin/rundown /opt/resource/check \
    && ln -s /opt/rundown/bin/rundown /opt/resource/in \
    && ln -s /opt/rundown/bin/rundown /opt/resource/out
COPY --from=build /opt/rundown /opt/rundown
ENV PYTHONUNBUFFERED=1
WORKDIR /work
USER rundown
ENTRYPOINT ["rundown"]
CMD ["--help"]
