FROM python:3.12-slim AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements.lock .
RUN /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY . .
RUN VAR_DIR=/static ENV_FILE=/dev/null /venv/bin/python manage.py collectstatic --noinput --verbosity 0

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    VAR_DIR=/var/lib/zhanggui BIND=0.0.0.0:8000
RUN useradd --system --uid 10001 zhanggui && install -d -m 0700 -o zhanggui /var/lib/zhanggui
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build --chown=zhanggui /static/static /var/lib/zhanggui/static
COPY . .
USER zhanggui
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["gunicorn", "-c", "gunicorn.conf.py", "config.wsgi"]
