#!/usr/bin/env python3
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SMTP server on 127.0.0.1:PORT that takes all and writes a JSON line for each message to FILE.

It runs inside the container with nothing but the standard library.  Recipients whose address starts with `refuse`
get 550, with `defer` 451. A message from the list `strict` with a
line of more than 998 octets gets 550."""

import asyncio
import itertools
import json
import sys

numbers = itertools.count(1)


class Session:
    def __init__(self, reader, writer, path):
        self.reader = reader
        self.writer = writer
        self.path = path
        self.connection = next(numbers)
        self.helo = ""
        self.sender = None
        self.recipients = []

    async def reply(self, text):
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    async def run(self):
        await self.reply("220 sink")
        while True:
            line = (await self.reader.readline()).decode("utf-8", "replace").rstrip("\r\n")
            verb = line[:4].upper()
            if verb in ("", "QUIT"):
                if verb:
                    await self.reply("221 bye")
                break
            if verb in ("EHLO", "HELO"):
                self.helo = line[5:]
                await self.reply("250 sink")
            elif verb == "MAIL":
                self.sender = line.split("<", 1)[1].split(">", 1)[0]
                self.recipients = []
                await self.reply("250 ok")
            elif verb == "RCPT":
                await self.recipient(line.split("<", 1)[1].split(">", 1)[0])
            elif verb == "DATA":
                await self.data()
            else:
                await self.reply("250 ok")
        self.writer.close()

    async def recipient(self, address):
        if address.startswith("refuse"):
            await self.reply("550 no such user")
        elif address.startswith("defer"):
            await self.reply("451 not now")
        else:
            self.recipients.append(address)
            await self.reply("250 ok")

    async def data(self):
        await self.reply("354 go")
        lines = []
        while True:
            line = await self.reader.readline()
            if line in (b".\r\n", b""):
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        if any(len(line) > 998 + len("\r\n") for line in lines) and self.sender.startswith("strict-"):
            await self.reply("550 line too long")
            return
        record = {
            "connection": self.connection,
            "helo": self.helo,
            "sender": self.sender,
            "recipients": self.recipients,
            "message": b"".join(lines).decode("latin-1"),
        }
        with open(self.path, "a") as stream:
            stream.write(json.dumps(record) + "\n")
        await self.reply("250 taken")


async def main(port, path):
    async def serve(reader, writer):
        await Session(reader, writer, path).run()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    print("listening", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
