# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program for the timer, as one file: the sources of the backup and of the engine, which Python imports out of a zip file."""

import inspect
import io
import zipfile

from ansible_collections.listhost.exim_mailman.plugins.module_utils import (
    _mailman,
    _mailman_archive,
    _mailman_export,
    _mailman_program,
    _trust,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup import looking, program, reporting, restic, settings, taking

PARTS = (_trust, _mailman_program, _mailman, _mailman_archive, _mailman_export, settings, looking, reporting, restic, taking, program)
# So that the same sources make the same file.
TIME = (1980, 1, 1, 0, 0, 0)


def pack():
    """Return the content of the file."""
    files = {"__main__.py": "from %s import main\n\nmain()\n" % program.__name__}
    texts = [(part.__name__, inspect.getsource(part)) for part in PARTS]
    texts.extend((_mailman_program.PACKAGE + "." + name, text) for name, text in _mailman_program.needed("export_lists"))
    texts.append((_mailman_program.PACKAGE + ".loader", _mailman_program.read("loader")))
    for name, text in texts:
        names = name.split(".")
        files["/".join(names) + ".py"] = text
        for length in range(1, len(names)):
            files["/".join(names[:length]) + "/__init__.py"] = ""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, TIME), text.encode("utf-8"), zipfile.ZIP_DEFLATED)
    return content.getvalue()
