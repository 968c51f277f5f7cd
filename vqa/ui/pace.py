"""What one visitor may take of the server: questions are answered in turns, and who spends too fast waits.

What costs work has a price. A browser, or a program that asks one thing after the other, never waits for it. Who
sends without end does so at the pace that the prices allow, whatever the number of connections.
"""

import ipaddress
import time
from collections import Counter
from collections.abc import Callable, Sequence

CREDIT = 1.0  # seconds that may be spent at once
LONGEST = 5.0  # seconds that a request waits
REMEMBERED = 1000  # addresses
TURNS_OF_AN_ADDRESS = 4  # a round: a family or a class, and no crowd that one machine plays
Turn = tuple[int, int]  # a round, and which one it is of those that an address has there


class Pace:
    """Keeps for each address until when its requests are paid for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self._paid: dict[str, float] = {}

    def charge(self, address: str, price: float) -> float:
        """The seconds that a request of this price has to wait; each second pays for one."""
        now = self.clock()
        if len(self._paid) >= REMEMBERED:
            self._paid = {known: until for known, until in self._paid.items() if until > now - CREDIT}
        until = min(max(self._paid.get(address, 0.0), now - CREDIT) + price, now + LONGEST)
        self._paid[address] = until
        return max(0.0, until - now)


class Turns:
    """In which round each visitor's next question is answered: one of each a round, however many somebody sends.

    An address has a few turns a round, however many visitors it says it is, and all but its first come after those of
    other addresses. Start-time fair queueing (Goyal, Vin and Cheng 1996), where all questions are equally long.
    """

    def __init__(self):
        self._now = 0
        self._last: dict[str, int] = {}
        self._near: Counter[tuple[str, int]] = Counter()  # turns of an address in a round

    def take(self, visitor: str, address: str, waiting: Sequence[Turn]) -> Turn:
        """The turn of one more question, while those with the turns `waiting` wait."""
        self._now = max(self._now, min(waiting)[0] if waiting else max(self._last.values(), default=0))
        self._last = {known: last for known, last in self._last.items() if last >= self._now}
        self._near = Counter({known: count for known, count in self._near.items() if known[1] >= self._now})
        number = max(self._now, self._last.get(visitor, -1) + 1)
        while self._near[address, number] >= TURNS_OF_AN_ADDRESS:
            number += 1
        self._near[address, number] += 1
        self._last[visitor] = number
        return number, self._near[address, number]


def network(address: str) -> str:
    """Whose address it is: of IPv6 the first half, for one machine has all of the second."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # a socket without one, or a name
        return address
    if found.version == 6 and found.ipv4_mapped:  # as a socket for both kinds tells it
        return str(found.ipv4_mapped)
    return address if found.version == 4 else str(ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))
