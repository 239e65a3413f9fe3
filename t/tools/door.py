#!/usr/bin/python3
# door.py PORT TARGET: what comes to 127.0.0.1:PORT goes on to 127.0.0.1:TARGET,
# until a signal shuts the door, with all that stands in it.

import asyncio
import sys


async def carry(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def guest(reader, writer):
    try:
        far = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
    except OSError:
        writer.close()
        return
    await asyncio.gather(carry(reader, far[1]), carry(far[0], writer))


async def main():
    server = await asyncio.start_server(guest, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
