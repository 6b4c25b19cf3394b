"""Everything before the first process starts; quick when it was done before."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection, transaction

from stores.api.authentication import find_key
from stores.demo.environment import DemoError, Places
from stores.demo.people import OURS
from stores.demo.world import DemoPart, World
from stores.domains import contributed
from stores.models import Merchant
from stores.sandbox.state import StateFile

Tell = Callable[[str], None]


def prepare(world: World, *, reset: bool, tell: Tell) -> None:
    """Brings database, static files, rows and sandbox to where the demo can start.

    Raises DemoError.
    """
    if reset:
        _start_over(world, tell)
    call_command("migrate", verbosity=0, interactive=False)
    _collect_static(tell)
    _fill(world, tell)
    for part in _parts():
        part.connect(world)
    _seed_sandbox(world)
    world.facts |= {"web": world.ports.web_url, "sandbox": world.ports.sandbox_url}
    world.save()


def _parts() -> list[DemoPart]:
    return [part() for part in contributed("demo")]


def _start_over(world: World, tell: Tell) -> None:
    tell("Starting over: the demo's data is removed.")
    if connection.vendor == "sqlite":
        connection.close()
        name = str(connection.settings_dict["NAME"])
        for suffix in ("", "-wal", "-shm"):
            Path(name + suffix).unlink(missing_ok=True)
    else:
        call_command("migrate", verbosity=0, interactive=False)
        _refuse_strangers()
        call_command("flush", verbosity=0, interactive=False)
    for file in (world.place.world, world.place.sandbox_state):
        file.unlink(missing_ok=True)
    world.facts.clear()


def _refuse_strangers() -> None:
    """Raises DemoError for a database with other merchants than the demo's."""
    if Merchant.objects.exists() and not Merchant.objects.filter(name=OURS).exists():
        raise DemoError(
            "This database holds merchants that are not the demo's. Give the demo a DATABASE_URL "
            "of its own."
        )


def _fill(world: World, tell: Tell) -> None:
    _refuse_strangers()
    if Merchant.objects.filter(name=OURS).exists():
        if not find_key(world.facts.get("api_key", "")):
            raise DemoError(
                f"This database holds a demo, but not the one whose passwords are in "
                f"{world.place.world}. "
                "Start over with: make demo RESET=1"
            )
        _fill_what_is_new(world, tell)
        return
    tell("Filling the database with two merchants and four weeks of business …")
    world.facts.clear()
    world.place.sandbox_state.unlink(missing_ok=True)
    with transaction.atomic():
        for part in _parts():
            part.fill(world)
        world.save()


def _fill_what_is_new(world: World, tell: Tell) -> None:
    """Adds the parts that are new since this demo was made, and keeps its data."""
    for part in _parts():
        if part.fact not in world.facts:
            tell("Adding what is new since this demo was made …")
            with transaction.atomic():
                part.fill(world)
                world.save()


def _collect_static(tell: Tell) -> None:
    """Collects static files only when a source file has changed: compressing takes seconds."""
    stamp = Path(settings.STATIC_ROOT) / ".sources"
    sources = _sources_digest()
    if stamp.exists() and stamp.read_text() == sources:
        return
    tell("Collecting static files …")
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(sources)


def _sources_digest() -> str:
    digest = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _seed_sandbox(world: World) -> None:
    """Seeds each platform once: used codes stay used, however often the sandbox starts."""
    path = world.place.sandbox_state
    seeded: list[str] = world.facts.setdefault("sandbox_seeded", [])
    if not path.exists():
        seeded.clear()
    platforms = {
        platform.prefix: platform for platform in (made() for made in contributed("sandbox"))
    }
    state = StateFile(path, list(platforms.values()))
    state.load()
    for part in _parts():
        for prefix, seed in part.sandbox_seeds(world).items():
            if prefix not in seeded:
                platforms[prefix].control("seed", seed)
                seeded.append(prefix)
        for word in part.sandbox_words(world):
            platforms[word.prefix].control(word.path, word.body)
    state.save()


def info(place: Places) -> dict[str, Any]:
    """Returns what `manage.py demo --info` prints.

    `web` and `sandbox` are those of the last run.
    """
    if not place.world.exists():
        raise DemoError("There is no demo yet. Start it with: make demo")
    facts = json.loads(place.world.read_text(encoding="utf-8"))
    state = (
        json.loads(place.sandbox_state.read_text(encoding="utf-8"))
        if place.sandbox_state.exists()
        else {}
    )
    told = {
        name: facts[name]
        for name in ("web", "sandbox", "users", "api_key", "other_api_key", "stores")
    }
    for domain_info in contributed("demo_info"):
        told |= domain_info(facts, state)
    return told
