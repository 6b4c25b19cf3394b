"""The courier's side."""

from dataclasses import dataclass

from stores.sandbox import Reply, Request, SandboxPlatform, Switches, control
from stores.sandbox.switches import text


@dataclass
class Settings(Switches):
    greeting: str = "hello"

    checks = {"greeting": text}


class ParcelSandbox(SandboxPlatform[Settings]):
    prefix = "parcels"
    settings_class = Settings

    def clear(self) -> None:
        self.seeded = []

    def dump(self):
        return {"seeded": self.seeded}

    def load(self, state):
        self.seeded = list(state.get("seeded", []))

    def operation(self, request: Request) -> str:
        return "greet"

    def handle(self, request: Request) -> Reply:
        return Reply.json({"say": self.settings.greeting})

    @control("POST", "seed")
    def seed(self, body):
        with self.lock:
            self.seeded = list(body["numbers"])
            self.touch()
        return {"numbers": self.seeded}
