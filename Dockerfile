# One image for every node. The root may be read-only: only data/ (a volume) and /tmp are written.
FROM python:3.11-slim AS libraries
COPY requirements.lock /requirements.lock
RUN python -m venv /opt/venv \
 && /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /requirements.lock

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# Inside a container the way in is the published port, so it listens at every address of its own.
ENV HTTP_HOST=0.0.0.0 HTTP_PORT=8080 LOG_FORMAT=json
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin dragoman \
 && install --directory --owner dragoman --group dragoman --mode 0700 /srv/dragoman/data
WORKDIR /srv/dragoman
COPY --from=libraries /opt/venv /opt/venv
COPY main.py LICENSE ./
COPY bots/ bots/
COPY channels/ channels/
COPY console/ console/
COPY crm/ crm/
COPY scheduler/ scheduler/
COPY web/ web/
RUN python -m compileall -q .
USER dragoman
VOLUME /srv/dragoman/data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import http.client, os, sys; line = http.client.HTTPConnection('127.0.0.1', int(os.environ['HTTP_PORT']), timeout=4); line.request('GET', '/health'); sys.exit(line.getresponse().status != 200)"]
ENTRYPOINT ["python", "main.py"]
CMD ["run"]
