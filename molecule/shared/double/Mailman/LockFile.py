"""Locks by hard links, with the file names, contents and times of Mailman's.

LOCK.HOST.PID.N, the claim, holds its own path and gets its time of modification set to the end of the lock's life.
Who can link it to LOCK has the lock; so the lock has two links, and says by its contents whose it is."""
import errno
import os
import random
import socket
import time

DEFAULT_LOCK_LIFETIME = 15
CLOCK_SLOP = 10


class LockError(Exception):
    pass


class AlreadyLockedError(LockError):
    pass


class NotLockedError(LockError):
    pass


class TimeOutError(LockError):
    pass


def _missing_ok(call, *args):
    try:
        return call(*args)
    except EnvironmentError as error:
        if error.errno != errno.ENOENT:
            raise
        return None


def _contents(path):
    with open(path) as stream:
        return stream.read()


class LockFile:
    COUNTER = 0

    def __init__(self, lockfile, lifetime=DEFAULT_LOCK_LIFETIME, withlogging=False):
        self.__lock = lockfile
        self.__lifetime = lifetime
        self.__claim = '%s.%s.%d.%d' % (lockfile, socket.gethostname(), os.getpid(), LockFile.COUNTER)
        self.__owned = True
        LockFile.COUNTER += 1

    def __del__(self):
        if self.__owned:
            self.finalize()

    def refresh(self, newlifetime=None, unconditionally=False):
        if newlifetime is not None:
            self.__lifetime = newlifetime
        if not self.locked() and not unconditionally:
            raise NotLockedError

    def lock(self, timeout=0):
        deadline = timeout and time.time() + timeout
        self.__write_claim()
        self.__touch(self.__claim)
        while True:
            try:
                os.link(self.__claim, self.__lock)
                self.__touch(self.__claim)
                return
            except OSError as error:
                if error.errno == errno.EEXIST:
                    if self.__links() == 2 and self.__owner() == self.__claim:
                        raise AlreadyLockedError
                elif error.errno != errno.ENOENT:
                    os.unlink(self.__claim)
                    raise
            if deadline and deadline < time.time():
                os.unlink(self.__claim)
                raise TimeOutError
            info = _missing_ok(os.stat, self.__lock)
            if time.time() > (info.st_mtime if info else -1) + CLOCK_SLOP:
                self.__break()
            time.sleep(random.uniform(0.01, 2))

    def unlock(self, unconditionally=False):
        mine = self.locked()
        if not mine and not unconditionally:
            raise NotLockedError
        if mine:
            _missing_ok(os.unlink, self.__lock)
        _missing_ok(os.unlink, self.__claim)

    def locked(self):
        """Is the lock ours?  Asking prolongs its life."""
        try:
            self.__touch(self.__claim)
        except OSError as error:
            if error.errno != errno.EPERM:
                raise
            return False
        return self.__links() == 2 and self.__owner() == self.__claim

    def finalize(self):
        self.unlock(unconditionally=True)

    # Handing the lock from mailmanctl to the master it has forked.

    def _transfer_to(self, pid):
        self.__touch(self.__claim)
        before = self.__owner()
        self.__claim = '%s.%s.%d' % (self.__lock, socket.gethostname(), pid)
        os.link(self.__lock, self.__claim)
        self.__write_claim()
        self.__owned = False
        os.unlink(before)

    def _take_possession(self):
        self.__claim = '%s.%s.%d' % (self.__lock, socket.gethostname(), os.getpid())
        while self.__links() != 2 or self.__owner() != self.__claim:
            time.sleep(0.05)

    def _disown(self):
        self.__owned = False

    def __write_claim(self):
        mask = os.umask(0o002)
        try:
            with open(self.__claim, 'w') as stream:
                stream.write(self.__claim)
        finally:
            os.umask(mask)

    def __touch(self, path):
        end = time.time() + self.__lifetime
        _missing_ok(os.utime, path, (end, end))

    def __links(self):
        info = _missing_ok(os.stat, self.__lock)
        return info.st_nlink if info else -1

    def __owner(self):
        return _missing_ok(_contents, self.__lock)

    def __break(self):
        owner = self.__owner()
        _missing_ok(os.unlink, self.__lock)
        if owner:
            _missing_ok(os.unlink, owner)
