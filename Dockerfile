# Images of the site (target `site`) and of the nginx before it (target `nginx`). compose.yaml starts them, and
# docs/deployment.md goes through it. docker build, podman build --format docker, buildah bud --format docker.
#
# TensorFlow is in the stage that assembles the model and in no image: the site needs the packages of
# requirements-serve.txt, and the graphs that build_model wrote.
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS python
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libldap-2.5-0 libmariadb3 python3 \
    && rm -rf /var/lib/apt/lists/*
# Its first group is nginx's, which may read stored files; the mask of deploy/container/start closes everything else.
RUN useradd --system --uid 10001 --gid www-data --home-dir /var/lib/covidxray --no-create-home covidxray
ENV PATH=/opt/covidxray/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /srv/covidxray

# What is compiled on installation: the drivers of MariaDB and LDAP.
FROM python AS packages
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libldap-dev libmariadb-dev libsasl2-dev pkg-config python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY requirements-serve.txt requirements-mysql.txt requirements-queue.txt requirements-ldap.txt requirements-s3.txt ./
RUN --mount=type=cache,target=/var/cache/pip python3 -m venv /opt/covidxray \
    && pip install --disable-pip-version-check --cache-dir /var/cache/pip \
        --requirement requirements-serve.txt --requirement requirements-mysql.txt --requirement requirements-queue.txt \
        --requirement requirements-ldap.txt --requirement requirements-s3.txt \
    && python -m compileall -q /opt/covidxray/lib

# What pages load, and the model that is served, out of its committed part and the pretrained weights.
FROM packages AS assembled
COPY requirements.txt ./
RUN --mount=type=cache,target=/var/cache/pip python3 -m venv /opt/assembling \
    && /opt/assembling/bin/pip install --disable-pip-version-check --cache-dir /var/cache/pip --requirement requirements.txt
COPY .npmrc package.json package-lock.json ./
COPY scripts/npm scripts/npm
RUN scripts/npm /opt/assembling/bin/python ci --omit=dev
COPY manage.py ./
COPY accounts accounts
COPY administration administration
COPY api api
COPY attempts attempts
COPY audit audit
COPY backup backup
COPY covidxray covidxray
COPY diagnosis diagnosis
COPY jobs jobs
COPY operations operations
COPY pacs pacs
COPY reader_studies reader_studies
COPY training training
COPY models models
RUN COVIDXRAY_ENV_FILE='' SECRET_KEY=not-needed-to-build /opt/assembling/bin/python manage.py build_model \
    && chmod -R a+rX,go-w models
COPY locale locale
COPY static static
COPY templates templates
RUN COVIDXRAY_ENV_FILE='' SECRET_KEY=not-needed-to-build python manage.py collectstatic --noinput --verbosity 0 \
    && COVIDXRAY_ENV_FILE='' SECRET_KEY=not-needed-to-build python manage.py write_error_pages \
    && chmod -R a+rX,go-w staticfiles

# The rest, readable for everybody whatever the checkout's mask was.
FROM python AS code
COPY . ./
RUN rm -rf models requirements*.txt package*.json .npmrc && chmod -R a+rX,go-w .

FROM ${BASE} AS nginx
RUN apt-get update \
    && apt-get install --yes --no-install-recommends nginx-light \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o www-data -g www-data -m 0700 /var/cache/nginx
WORKDIR /srv/covidxray
COPY --from=assembled /srv/covidxray/staticfiles staticfiles
COPY --from=code /srv/covidxray/deploy deploy
USER 33:33
EXPOSE 8080 8443
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["deploy/container/nginx-answers"]
CMD ["deploy/container/start-nginx"]

FROM python AS site
RUN install -d -o covidxray -g www-data -m 0750 /run/covidxray /var/lib/covidxray \
    && install -d -o covidxray -g www-data -m 2750 /var/lib/covidxray/media \
    && install -d -o covidxray -g www-data -m 0700 /var/backups/covidxray
COPY --from=packages /opt/covidxray /opt/covidxray
# Half of the image, which changes with the version of the model only.
COPY --from=assembled /srv/covidxray/models models
COPY --from=assembled /srv/covidxray/staticfiles staticfiles
COPY --from=code /srv/covidxray ./
# As on a server (docs/deployment.md); the rest comes from containers/settings.env. MALLOC_ARENA_MAX: as in the unit.
ENV BEHIND_PROXY=True BIND=unix:/run/covidxray/gunicorn.sock COVIDXRAY_ENV_FILE= JOBS_INBOX=/var/lib/covidxray/jobs-inbox \
    MALLOC_ARENA_MAX=2 MEDIA_ROOT=/var/lib/covidxray/media PACS_INBOX=/var/lib/covidxray/pacs-inbox X_ACCEL_PREFIX=/stored/
USER 10001:33
HEALTHCHECK --interval=30s --timeout=10s --start-period=90s CMD ["python", "deploy/container/healthy.py"]
ENTRYPOINT ["deploy/container/start"]
CMD ["site"]
