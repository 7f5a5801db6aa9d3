"""What waits for a confirmation: lists/NAME/pending.pck, a dictionary of cookies."""
import cPickle
import errno
import os
import random
import time

from Mailman import mm_cfg
from Mailman import Utils

SUBSCRIPTION = 'S'
UNSUBSCRIPTION = 'U'
HELD_MESSAGE = 'H'
RE_ENABLE = 'E'
PROBE_BOUNCE = 'P'


def write_pickle(path, data):
    """Replace the file in one step; it may hold passwords."""
    temporary = '%s.tmp.%d' % (path, os.getpid())
    mask = os.umask(0o007)
    try:
        with open(temporary, 'w') as stream:
            cPickle.dump(data, stream, 1)
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(temporary, path)
    finally:
        os.umask(mask)


def read_pickle(path, default):
    try:
        with open(path) as stream:
            return cPickle.load(stream)
    except IOError as error:
        if error.errno != errno.ENOENT:
            raise
        return default


class Pending:
    def _pending(self):
        db = read_pickle(os.path.join(self.fullpath(), 'pending.pck'), {'evictions': {}})
        for cookie, end in db['evictions'].items():
            if time.time() > end:
                del db['evictions'][cookie]
                db.pop(cookie, None)
        return db

    def _save_pending(self, db):
        assert self.Locked()
        db['version'] = mm_cfg.PENDING_FILE_SCHEMA_VERSION
        write_pickle(os.path.join(self.fullpath(), 'pending.pck'), db)

    def pend_new(self, op, *content, **kws):
        cookie = Utils.sha_new('%r %r' % (random.SystemRandom().random(), content)).hexdigest()
        self.pend_repend(cookie, (op,) + content, **kws)
        return cookie

    def pend_repend(self, cookie, data, lifetime=mm_cfg.PENDING_REQUEST_LIFE):
        db = self._pending()
        db[cookie] = data
        db['evictions'][cookie] = time.time() + lifetime
        self._save_pending(db)

    def is_pending(self, address):
        """Has somebody asked to be a member and not confirmed it yet?"""
        return any(data[0] == SUBSCRIPTION and data[1].address.lower() == address.lower()
                   for cookie, data in self._pending().items() if cookie not in ('evictions', 'version'))

    def pend_confirm(self, cookie, expunge=True):
        db = self._pending()
        data = db.get(cookie) if cookie in db['evictions'] else None
        if expunge and data is not None:
            del db[cookie], db['evictions'][cookie]
            self._save_pending(db)
        return data
