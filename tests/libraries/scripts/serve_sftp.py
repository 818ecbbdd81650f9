"""An SSH server with SFTP alone on a free port of this machine: prints the port, and serves until it is killed.

Its folder holds its key, made here, the key that it lets in, and what it serves.
"""

import asyncio
import sys
from pathlib import Path

import asyncssh


async def serve(folder: Path) -> None:
    key, own = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    home = folder / "home" / ".ssh"
    home.mkdir(parents=True, mode=0o700)
    own.write_private_key(home / "id_ed25519")
    own.write_public_key(folder / "allowed")
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[key],
        authorized_client_keys=str(folder / "allowed"),
        sftp_factory=True,
    )
    port = server.sockets[0].getsockname()[1]
    public = key.export_public_key("openssh").decode().split()
    (home / "known_hosts").write_text(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n")
    print(port, flush=True)
    await server.wait_closed()


asyncio.run(serve(Path(sys.argv[1])))
