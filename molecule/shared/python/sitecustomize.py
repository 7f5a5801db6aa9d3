# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python on the hosts of the ground, when the connection starts it for a module of Ansible's: what the module imports is compiled once.

A module comes as source in a zip file, of which Python keeps no bytecode: to compile it each time costs more than most modules do. Whatever the module
starts itself runs without this.
"""

import os
import sys

# (Not Mailman's Python 2, when something starts that without a module.)
if sys.version_info >= (3, 8):
    import _imp
    import marshal
    import zipimport

    CACHE = "/dev/shm/bytecode"
    compile_source = zipimport._compile_source

    def compile_once(pathname, source):
        path = "%s/%s-%s" % (CACHE, sys.implementation.cache_tag, _imp.source_hash(0, source).hex())
        try:
            with open(path, "rb") as kept:
                code = marshal.load(kept)
            _imp._fix_co_filename(code, pathname)
        except OSError:
            code = compile_source(pathname, source)
            try:
                os.makedirs(CACHE, mode=0o700, exist_ok=True)
                with open("%s.%d" % (path, os.getpid()), "wb") as new:
                    marshal.dump(code, new)
                os.rename(new.name, path)
            except OSError:
                pass
        return code

    zipimport._compile_source = compile_once

here = os.environ.pop("PYTHONPATH", None)
if here in sys.path:
    sys.path.remove(here)
