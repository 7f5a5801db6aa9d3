#!/usr/bin/python3
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accept mail on port 25 of every address and write one JSON line per message to FILE.

A recipient whose local part begins with "reject-" is refused with 550, "defer-" with 451.
"""

import asyncio
import json
import sys
import time
import uuid

from aiosmtpd.smtp import SMTP


class Recorder:
    def __init__(self, file):
        self.file = file
        self.connection = str(uuid.uuid4())
        self.sequence = 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("reject-"):
            return "550 5.1.1 <%s>: no such user here" % address
        if address.startswith("defer-"):
            return "451 4.2.1 <%s>: try again later" % address
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.sequence += 1
        record = {
            "time": time.time(),
            "peer_ip": session.peer[0],
            "local_ip": server.transport.get_extra_info("sockname")[0],
            "helo": session.host_name,
            "connection": self.connection,
            "sequence": self.sequence,
            "mail_from": envelope.mail_from,
            "rcpt_tos": envelope.rcpt_tos,
            # One character per byte: nothing of the message is lost.
            "message": envelope.content.decode("latin-1"),
        }
        self.file.write(json.dumps(record) + "\n")
        self.file.flush()
        return "250 OK"


async def main(path):
    with open(path, "a", encoding="utf-8") as file:
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(Recorder(file), hostname="mx.ground.test", data_size_limit=None), host="0.0.0.0", port=25
        )
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
