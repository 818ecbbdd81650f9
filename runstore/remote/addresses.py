"""Addresses of stores elsewhere: what each protocol needs installed, and how an address is shown."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from runstore.errors import UsageError
from runstore.format.locate import is_url

_CREDENTIALS: Final = re.compile(r"(?<=://)[^/@]*:[^/]*@")
_DIGEST: Final = 12
_UNSHOWN: Final = re.compile(r"[^A-Za-z0-9]+")
_LONGEST_SLUG: Final = 60
_ALIASES: Final = {"s3a": "s3", "gcs": "gs", "ssh": "sftp", "local": "file", "https": "http", "abfs": "az"}
PACKAGES: Final = {
    "s3": "runstore[s3]",
    "gs": "runstore[gcs]",
    "hf": "runstore[hf]",
    "sftp": "runstore[ssh]",
    "http": "aiohttp",
    "az": "adlfs",
}
"""What pip installs for a protocol that Python alone does not speak."""
_RIGHTS: Final = {
    "s3": "check the bucket's name and your credentials (`aws configure`, AWS_ACCESS_KEY_ID, or FSSPEC_S3_ANON=true)",
    "gs": "check the bucket's name and your credentials (`gcloud auth application-default login`)",
    "hf": "check the repository's name (hf://datasets/OWNER/NAME) and your token (`hf auth login`, or HF_TOKEN)",
    "sftp": "check the host's name, that `ssh HOST` logs in without a question, and the path",
    "http": "check the address; the server has to list its directories",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A place that a URL names. `url` is as it was given, and may hold a password: show `shown`."""

    url: str

    @classmethod
    def of(cls, text: str) -> "Address":
        """Raises `UsageError` for what is no address of a directory."""
        if not is_url(text) or "::" in text:
            raise UsageError(f"found the address {text!r}, expected one such as s3://bucket/experiments")
        return cls(text.rstrip("/") if urlsplit(text).path.strip("/") else text)

    @property
    def protocol(self) -> str:
        """The protocol by one of its names."""
        named = self.url.partition("://")[0].lower()
        return _ALIASES.get(named, named)

    @property
    def path(self) -> str:
        """The path of the address, as a file system writes it."""
        return unquote(urlsplit(self.url).path) or "/"

    @property
    def shown(self) -> str:
        """The address without a password."""
        return _CREDENTIALS.sub("", self.url)

    @property
    def slug(self) -> str:
        """A directory's name for what belongs to this address, and to no other."""
        digest = hashlib.sha256(self.url.encode("utf-8", "backslashreplace")).hexdigest()[:_DIGEST]
        return f"{_UNSHOWN.sub('-', self.shown)[:_LONGEST_SLUG].strip('-').lower()}-{digest}"

    @property
    def package(self) -> str:
        """What `pip install` needs for this protocol."""
        return PACKAGES.get(self.protocol, f"the fsspec package for {self.protocol}://")

    @property
    def mend(self) -> str:
        """What to look at where this place cannot be reached."""
        return _RIGHTS.get(self.protocol, "check the address and the network")

    def __str__(self) -> str:
        return self.shown
