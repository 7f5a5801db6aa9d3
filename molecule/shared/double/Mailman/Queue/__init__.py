"""Queues, which are directories of TIME+SHA.pck, and the runners that empty them."""
import cPickle
import email
import errno
import os
import sys
import time
import traceback

from Mailman import Commands
from Mailman import Errors
from Mailman import LockFile
from Mailman import MailList
from Mailman import Message
from Mailman import mm_cfg
from Mailman import Pipeline
from Mailman import Utils
from Mailman.Bouncer import _BounceInfo
from Mailman.Logging.Syslog import syslog

_SHA_END = 1 << 160
_TRIES = 3


class Switchboard:
    def __init__(self, directory, slice=None, slices=1, recover=False):
        self.directory = directory
        self._range = None
        if slices != 1:
            self._range = _SHA_END * slice // slices, _SHA_END * (slice + 1) // slices
        mask = os.umask(0)
        try:
            os.mkdir(directory, 0o770)
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise
        finally:
            os.umask(mask)
        if recover:
            self._recover()

    def _path(self, base, end):
        return os.path.join(self.directory, base + end)

    def enqueue(self, msg, metadata={}, **more):
        """Write a message (or its text, with _plaintext) and what is known of it."""
        data = dict(metadata, **more)
        data.setdefault('received_time', time.time())
        plain = bool(data.get('_plaintext'))
        protocol = 0 if plain else 1
        pickled = cPickle.dumps(str(msg) if plain else msg, protocol)
        sha = Utils.sha_new('%s%s%r' % (pickled, data.get('listname', '--nolist--'), time.time())).hexdigest()
        base = '%r+%s' % (data['received_time'], sha)
        data = dict((key, value) for key, value in data.items() if not key.startswith('_'))
        data.update(version=mm_cfg.QFILE_SCHEMA_VERSION, _parsemsg=plain)
        mask = os.umask(0o007)
        try:
            with open(self._path(base, '.pck.tmp'), 'w') as stream:
                stream.write(pickled)
                cPickle.dump(data, stream, protocol)
                stream.flush()
                os.fsync(stream.fileno())
        finally:
            os.umask(mask)
        os.rename(self._path(base, '.pck.tmp'), self._path(base, '.pck'))
        return base

    def dequeue(self, base):
        """A message and its data; the file stays as .bak until finish()."""
        with open(self._path(base, '.pck')) as stream:
            os.rename(self._path(base, '.pck'), self._path(base, '.bak'))
            msg = cPickle.load(stream)
            data = cPickle.load(stream)
        if data.get('_parsemsg'):
            msg = email.message_from_string(msg, Message.Message)
        return msg, data

    def finish(self, base, preserve=False):
        try:
            if preserve:
                bad = Switchboard(mm_cfg.BADQUEUE_DIR)
                os.rename(self._path(base, '.bak'), bad._path(base, '.psv'))
            else:
                os.unlink(self._path(base, '.bak'))
        except EnvironmentError as error:
            syslog('error', 'Failed to unlink/preserve backup file: %s\n%s', self._path(base, '.bak'), error)

    def files(self, extension='.pck'):
        """The bases of the files of this slice, oldest first."""
        found = []
        for name in os.listdir(self.directory):
            base, end = os.path.splitext(name)
            if end == extension:
                when, sha = base.split('+')
                if not self._range or self._range[0] <= int(sha, 16) < self._range[1]:
                    found.append((float(when), base))
        return [base for dummy, base in sorted(found)]

    def _recover(self):
        """A runner died with these in its hands: try again, but not for ever."""
        for base in self.files('.bak'):
            try:
                with open(self._path(base, '.bak')) as stream:
                    msg = cPickle.load(stream)
                    data = cPickle.load(stream)
            except Exception as error:
                syslog('error', 'Unpickling .bak exception: %s\npreserving file: %s', error, base)
                self.finish(base, preserve=True)
                continue
            data['_bak_count'] = data.get('_bak_count', 0) + 1
            if data['_bak_count'] >= _TRIES:
                syslog('error', '.bak file max count, preserving file: %s', base)
                self.finish(base, preserve=True)
                continue
            protocol = 0 if data.get('_parsemsg') else 1
            with open(self._path(base, '.bak'), 'w') as stream:
                cPickle.dump(msg, stream, protocol)
                cPickle.dump(data, stream, protocol)
            os.rename(self._path(base, '.bak'), self._path(base, '.pck'))


class Runner:
    queue = None
    snooze = mm_cfg.QRUNNER_SLEEP_TIME

    def __init__(self, slice=None, slices=1):
        self._queue = Switchboard(self.queue, slice, slices, recover=True)
        self._shunt = Switchboard(mm_cfg.SHUNTQUEUE_DIR)
        self._stopped = False

    def stop(self):
        self._stopped = True

    def run(self, once=False):
        try:
            while not self._stopped:
                count = self._empty_queue()
                self.periodic()
                if once:
                    break
                if not count and not self._stopped:
                    self._sleep(self.snooze)
        finally:
            self.cleanup()

    def _sleep(self, length):
        # A signal's handler only sets a flag, and time.sleep() comes back at once then.
        try:
            time.sleep(length)
        except IOError as error:
            if error.errno != errno.EINTR:
                raise

    def _empty_queue(self):
        bases = self._queue.files()
        for base in bases:
            try:
                msg, data = self._queue.dequeue(base)
            except Exception:
                self._log_exception()
                syslog('error', 'Skipping and preserving unparseable message: %s', base)
                self._queue.finish(base, preserve=mm_cfg.QRUNNER_SAVE_BAD_MESSAGES)
                continue
            try:
                self._one(msg, data)
                self._queue.finish(base)
            except Exception:
                self._log_exception()
                data['whichq'] = self.queue
                syslog('error', 'SHUNTING: %s', self._shunt.enqueue(msg, data))
                self._queue.finish(base)
            self.periodic()
            if self._stopped:
                break
        return len(bases)

    def _log_exception(self):
        syslog('error', 'Uncaught runner exception: %s', sys.exc_info()[1])
        syslog('error', traceback.format_exc().replace('%', '%%'))

    def _one(self, msg, data):
        name = data.get('listname') or mm_cfg.MAILMAN_SITE_LIST
        mlist = self._open_list(name)
        if not mlist:
            syslog('error', 'Dequeuing message destined for missing list: %s', name)
            self._shunt.enqueue(msg, data)
            return
        data['lang'] = mlist.getMemberLanguage(msg.get_sender())
        if self._dispose(mlist, msg, data):
            self._queue.enqueue(msg, data)

    def _open_list(self, name):
        try:
            return MailList.MailList(name, lock=0)
        except Errors.MMListError as error:
            syslog('error', 'error opening list: %s\n%s', name, error)
            return None

    def _dispose(self, mlist, msg, data):
        """Do it; True to have it queued again."""
        raise NotImplementedError

    def periodic(self):
        pass

    def cleanup(self):
        pass


class IncomingRunner(Runner):
    queue = mm_cfg.INQUEUE_DIR

    def pipeline(self, data):
        return Pipeline.OWNER if data.get('toowner') else Pipeline.POST

    def _dispose(self, mlist, msg, data):
        try:
            mlist.Lock(timeout=mm_cfg.LIST_LOCK_TIMEOUT)
        except LockFile.TimeOutError:
            return True
        try:
            Pipeline.run(self.pipeline(data), mlist, msg, data)
            mlist.Save()
        finally:
            mlist.Unlock()
        return False


class VirginRunner(IncomingRunner):
    queue = mm_cfg.VIRGINQUEUE_DIR

    def pipeline(self, data):
        data['_fasttrack'] = 1
        return Pipeline.VIRGIN


class CommandRunner(Runner):
    queue = mm_cfg.CMDQUEUE_DIR

    def _dispose(self, mlist, msg, data):
        precedence = msg.get('precedence', '').lower()
        if precedence in ('bulk', 'junk', 'list') and msg.get('x-ack', '').lower() != 'yes':
            syslog('vette', 'Precedence: %s message discarded by: %s', precedence, mlist.GetRequestEmail())
            return False
        try:
            mlist.Lock(timeout=mm_cfg.LIST_LOCK_TIMEOUT)
        except LockFile.TimeOutError:
            return True
        try:
            if Commands.process(mlist, msg, data):
                mlist.Save()
            else:
                syslog('vette', 'No command, message discarded, msgid: %s', msg.get('message-id', 'n/a'))
        finally:
            mlist.Unlock()
        return False


class BounceMixin:
    """Bounces are collected and scored together: REGISTER_BOUNCES_EVERY, and when the runner stops."""

    def start_bounces(self):
        self._bounces = []
        self._score_after = time.time() + mm_cfg.REGISTER_BOUNCES_EVERY

    def _queue_bounces(self, listname, addresses, msg):
        today = time.localtime()[:3]
        self._bounces.extend((listname, address, today, msg) for address in addresses)

    def periodic(self):
        if self._bounces and time.time() >= self._score_after:
            self._score_after = time.time() + mm_cfg.REGISTER_BOUNCES_EVERY
            self.cleanup()

    def cleanup(self):
        if not self._bounces:
            return
        syslog('bounce', '%s processing %s queued bounces', self.__class__.__name__, len(self._bounces))
        for name in sorted(set(bounce[0] for bounce in self._bounces)):
            mlist = self._open_list(name)
            mlist.Lock()
            try:
                for listname, address, day, msg in self._bounces:
                    if listname == name:
                        mlist.registerBounce(address, msg, day=day)
                mlist.Save()
            finally:
                mlist.Unlock()
        self._bounces = []

    def _probe_bounce(self, mlist, token):
        mlist.Lock()
        try:
            dummy, address, msg = mlist.pend_confirm(token)
            if mlist.isMember(address):
                info = mlist.getBounceInfo(address) or _BounceInfo(
                    address, 0.0, time.localtime()[:3], mlist.bounce_you_are_disabled_warnings)
                mlist.disableBouncingMember(address, info, msg)
            mlist.Save()
        finally:
            mlist.Unlock()


class OutgoingRunner(BounceMixin, Runner):
    queue = mm_cfg.OUTQUEUE_DIR

    def __init__(self, slice=None, slices=1):
        Runner.__init__(self, slice, slices)
        self.start_bounces()

    def _dispose(self, mlist, msg, data):
        if time.time() < data.get('deliver_after', 0):
            return True
        try:
            Pipeline.deliver(mlist, msg, data)
        except Errors.SomeRecipientsFailed as failed:
            if data.get('probe_token') and failed.permfailures:
                self._probe_bounce(mlist, data['probe_token'])
                return False
            if failed.permfailures:
                self._queue_bounces(mlist.internal_name(), failed.permfailures, msg)
            if failed.tempfailures:
                self._retry(msg, data, failed.tempfailures)
        return False

    def _retry(self, msg, data, recips):
        now = time.time()
        if len(recips) != data.get('last_recip_count', 0):
            data['deliver_until'] = now + mm_cfg.DELIVERY_RETRY_PERIOD
        elif now > data.get('deliver_until', now):
            return
        data.update(deliver_after=now + mm_cfg.DELIVERY_RETRY_WAIT, last_recip_count=len(recips), recips=recips)
        Switchboard(mm_cfg.RETRYQUEUE_DIR).enqueue(msg, data)


class RetryRunner(Runner):
    queue = mm_cfg.RETRYQUEUE_DIR
    snooze = mm_cfg.minutes(15)

    def _dispose(self, mlist, msg, data):
        if time.time() < data.get('deliver_after', 0):
            return True
        Switchboard(mm_cfg.OUTQUEUE_DIR).enqueue(msg, data)
        return False

    def _empty_queue(self):
        # What is not due yet goes back to the queue: sleep all the same.
        Runner._empty_queue(self)
        return 0


class ArchRunner(Runner):
    """Only the mbox; the double makes no pages."""
    queue = mm_cfg.ARCHQUEUE_DIR

    def _dispose(self, mlist, msg, data):
        if mm_cfg.ARCHIVE_TO_MBOX == -1:
            return False
        if not msg.get_unixfrom():
            msg.set_unixfrom('From %s %s' % (msg.get_sender() or 'unknown', time.ctime(data['received_time'])))
        mask = os.umask(0o002)
        try:
            with open(mlist.ArchiveFileName(), 'a') as stream:
                stream.write(msg.as_string(unixfrom=True) + '\n')
        finally:
            os.umask(mask)
        return False


class NewsRunner(Runner):
    """Nothing goes to news from the double."""
    queue = mm_cfg.NEWSQUEUE_DIR

    def _dispose(self, mlist, msg, data):
        return False
