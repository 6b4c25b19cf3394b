"""The patience with receipt printers, all in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PrintingSettings:
    # Until a connection stands, and until each answer to "how are you?" before a job.
    connect: float = 3.0
    before: float = 3.0
    # Until a printer has taken a job, and until each answer after it: paper is slower than cable.
    send: float = 10.0
    after: float = 5.0
    # How long a receipt is in the printer after the job was sent.
    paper: float = 1.0
    # A task begins no further receipt after this time.
    budget: float = 25.0
    # A process that talks with a printer renews its lease before each question and each job, and is
    # given up when it has not for so long.
    lease: float = 15.0
    # An agent tells nothing before it knows how a receipt ended; it is given up after this time.
    agent_lease: float = 60.0
    # A printer in trouble is asked again after this time at the earliest, and at the latest.
    soonest: float = 5.0
    latest: float = 300.0

    # An agent is missed when it has not asked for so long; an answer says so often that it did.
    silent: float = 120.0
    seen_every: float = 20.0

    @property
    def longest_step(self) -> float:
        """The longest time without a word to the printer."""
        return max(self.connect, self.before, self.send, self.after + self.paper)

    @property
    def longest_job(self) -> float:
        """The longest time with one receipt: the connection and four questions, because the
        printer may be asked for the first time, the job, and four questions again.
        """
        return self.connect + 4 * self.before + self.send + 4 * self.after + self.paper
