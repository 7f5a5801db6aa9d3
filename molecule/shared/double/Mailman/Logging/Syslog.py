"""Log files: `Nov 22 18:53:17 2026 (PID) text` in LOG_DIR/KIND."""
import io
import os
import sys
import time

from Mailman import mm_cfg


def _open(kind):
    mask = os.umask(0o007)
    try:
        return io.open(os.path.join(mm_cfg.LOG_DIR, kind), 'a', encoding='iso-8859-1', errors='replace')
    finally:
        os.umask(mask)


def _unicode(text):
    return text if isinstance(text, unicode) else unicode(text, 'iso-8859-1')


class _Syslog:
    def __init__(self):
        self._files = {}

    def write_ex(self, kind, text, args=None, kws=None):
        if args:
            text = text % args
        if kws:
            text = text % kws
        if kind not in self._files:
            self._files[kind] = _open(kind)
        stamp = time.strftime('%b %d %H:%M:%S %Y')
        self._files[kind].write(u'%s (%d) %s\n' % (stamp, os.getpid(), _unicode(text)))
        self._files[kind].flush()

    def write(self, kind, text, *args, **kws):
        self.write_ex(kind, text, args, kws)

    __call__ = write

    def close(self):
        """Close all files; the next write opens them anew, which is what log rotation needs."""
        for stream in self._files.values():
            stream.close()
        self._files.clear()


syslog = _Syslog()


class _Stderr:
    def __init__(self, label, tee):
        self._label = label
        self._tee = tee
        self._file = _open('error')
        self._fresh = True

    def write(self, text):
        for line in _unicode(text).splitlines(True):
            if self._fresh:
                stamp = time.strftime('%b %d %H:%M:%S %Y')
                self._file.write(u'%s %s(%d): ' % (stamp, self._label, os.getpid()))
            self._file.write(line)
            self._fresh = line.endswith(u'\n')
        self.flush()
        if self._tee:
            sys.__stderr__.write(text)

    def flush(self):
        self._file.flush()


def log_stderr(label, tee=True):
    """Send what goes to stderr to the error log, and with tee to the real stderr too."""
    try:
        sys.stderr = _Stderr(label, tee)
    except IOError:
        pass  # no permission to write the log: the real stderr is better than nothing
