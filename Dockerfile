# One name for both stages: the virtual environment is built by the very Python that will run it.
FROM python:3.13-slim AS python

FROM python AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv --without-pip /opt/ticker
# Before the sources, so that a change to them does not fetch the dependencies again.
COPY requirements.lock ./
RUN pip --python /opt/ticker/bin/python install --only-binary :all: --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY scripts/metadata.py scripts/metadata.py
COPY clients clients
COPY ticker ticker
RUN pip wheel --no-deps --wheel-dir /dist . \
    && pip --python /opt/ticker/bin/python install --no-deps --no-index /dist/*.whl

FROM python
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin ticker \
    && install -d -o ticker -g ticker -m 0700 /data
COPY --from=build /opt/ticker /opt/ticker
# The service's own default is 127.0.0.1, which nobody outside the container could reach.
ENV PATH=/opt/ticker/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    TICKER_HOST=0.0.0.0 \
    TICKER_DATA=/data
# Without this, a container that is replaced would take its log with it.
VOLUME /data
WORKDIR /data
# A number, so that an orchestrator can see without the image's passwd that this is not root.
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["ticker"]
CMD ["serve"]
