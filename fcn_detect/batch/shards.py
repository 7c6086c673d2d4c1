"""A folder in parts for machines that know nothing of each other."""

import hashlib
from dataclasses import dataclass

from fcn_detect.errors import SettingsError


@dataclass(frozen=True)
class Shard:
    """One of `count` parts of a folder.

    An image belongs to the shard that a digest of its path in the folder says: whatever the order
    of listing, and whichever other images there are.

    Attributes:
        index: from 1 to `count`.
        count: number of parts.

    Raises:
        SettingsError: there is no such part.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.count:
            raise SettingsError(
                f"--shard {self}: shards are counted from 1; expected I/N with 1 <= I <= N"
            )

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """The shard that `I/N` means, such as `1/8`.

        Raises:
            SettingsError: it is not of that form, or there is no such part.
        """
        index, slash, count = text.partition("/")
        if not (slash and index.isdecimal() and count.isdecimal()):
            raise SettingsError(f"--shard {text}: expected I/N with 1 <= I <= N, such as 1/8")
        return cls(int(index), int(count))

    def holds(self, name: str) -> bool:
        """Whether an image belongs to this part."""
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.index - 1

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"
