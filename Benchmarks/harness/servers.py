"""The servers that there are. A new one is a folder under Servers/, a target in Package.swift and a line here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Spec:
    name: str
    product: str
    arguments: tuple = ()
    lines: bool = False  # speaks --mode lines
    releases: bool = False  # gives memory back on SIGUSR1
    queues: bool = True  # keeps what its peer does not read; otherwise it closes
    usual: bool = True  # measured unless the command line names others


SERVERS = {
    spec.name: spec
    for spec in [
        Spec("c-epoll", "CEpollEcho"),
        Spec("c-event", "CEventEcho", queues=False, usual=False),
        Spec("c-bufferevent", "CBuffereventEcho"),
        Spec("reactor", "ReactorEcho", lines=True, releases=True),
        Spec("native", "NativeEcho", releases=True),
        Spec("reactor-timeouts", "TimeoutServer", ("--idle", "3600"), usual=False),
        Spec("group", "GroupEcho", usual=False),
        Spec("reactor-bufferevent", "ReactorEcho", ("--buffering", "bufferevent"), lines=True, releases=True),
    ]
}

# The servers whose figures are held against the bounds, unless the command line says otherwise.
SUBJECTS = ["reactor"]
