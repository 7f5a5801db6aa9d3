"""Requests that wait for a moderator: lists/NAME/request.pck and data/heldmsg-NAME-ID.pck."""
import cPickle
import errno
import os
import time

from Mailman import Message
from Mailman import mm_cfg
from Mailman import Utils
from Mailman.Logging.Syslog import syslog
from Mailman.Pending import read_pickle
from Mailman.Pending import write_pickle
from Mailman.UserDesc import UserDesc

IGN, HELDMSG, SUBSCRIPTION, UNSUBSCRIPTION = range(4)


class ListAdmin:
    _requests = None

    def _open_requests(self):
        assert self.Locked()
        if self._requests is None:
            self._requests = read_pickle(os.path.join(self.fullpath(), 'request.pck'), {'version': None})
        return self._requests

    def SaveRequestsDb(self):
        if self._requests is not None:
            self._requests['version'] = (IGN, mm_cfg.REQUESTS_FILE_SCHEMA_VERSION)
            write_pickle(os.path.join(self.fullpath(), 'request.pck'), self._requests)
            self._requests = None

    def NumRequestsPending(self):
        return len(self._open_requests()) - 1

    def _ids(self, kind):
        return sorted(key for key, value in self._open_requests().items() if key != 'version' and value[0] == kind)

    def GetHeldMessageIds(self):
        return self._ids(HELDMSG)

    def GetSubscriptionIds(self):
        return self._ids(SUBSCRIPTION)

    def GetUnsubscriptionIds(self):
        return self._ids(UNSUBSCRIPTION)

    def GetRecord(self, number):
        return self._open_requests()[number][1]

    def _hold(self, kind, data):
        requests = self._open_requests()
        while self.next_request_id in requests:
            self.next_request_id += 1
        number = self.next_request_id
        self.next_request_id += 1
        requests[number] = (kind, data)
        return number

    def HoldMessage(self, msg, reason, msgdata={}):
        number = self._hold(HELDMSG, None)
        name = 'heldmsg-%s-%d.pck' % (self.internal_name(), number)
        mask = os.umask(0o007)
        try:
            with open(os.path.join(mm_cfg.DATA_DIR, name), 'w') as stream:
                cPickle.dump(msg, stream, 1)
        finally:
            os.umask(mask)
        data = (time.time(), msg.get_sender() or '<missing>', msg.get('subject', '(no subject)'), reason, name,
                msgdata.copy())
        self._requests[number] = (HELDMSG, data)
        return number

    def HoldSubscription(self, address, fullname, password, digest, lang):
        self._hold(SUBSCRIPTION, (time.time(), address, fullname, password, digest, lang))
        syslog('vette', '%s: held subscription request from %s', self.internal_name(), address)
        self._tell_moderators('New subscription request to list %s from %s' % (self.real_name, address))

    def _tell_moderators(self, subject):
        if self.admin_immed_notify:
            owner = self.GetOwnerEmail()
            Message.UserNotification(owner, owner, subject, 'A request waits for your decision.\n',
                                     self.preferred_language).send(self, tomoderators=1)

    def HandleRequest(self, number, value, comment=None, preserve=None, forward=None, addr=None):
        kind, data = self._open_requests()[number]
        if value == mm_cfg.DEFER:
            return
        if kind == HELDMSG:
            self._handle_post(data, value)
        elif kind == SUBSCRIPTION and value == mm_cfg.SUBSCRIBE:
            self.ApprovedAddMember(UserDesc(*data[1:]), whence='via admin approval')
        elif kind == UNSUBSCRIPTION and value == mm_cfg.UNSUBSCRIBE:
            self.ApprovedDeleteMember(data)
        del self._requests[number]

    def _handle_post(self, data, value):
        from Mailman.Queue import Switchboard
        name, msgdata = data[4:]
        path = os.path.join(mm_cfg.DATA_DIR, name)
        if value == mm_cfg.APPROVE:
            with open(path) as stream:
                msg = cPickle.load(stream)
            msg['X-Mailman-Approved-At'] = time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime())
            syslog('vette', '%s: held message approved, message-id: %s',
                   self.internal_name(), msg.get('message-id', 'n/a'))
            Switchboard(mm_cfg.INQUEUE_DIR).enqueue(msg, msgdata, approved=1, adminapproved=1)
        else:
            what = 'Refused' if value == mm_cfg.REJECT else 'Discarded'
            syslog('vette', '%s: %s posting:\n\tFrom: %s\n\tSubject: %s',
                   self.internal_name(), what, data[1], Utils.oneline(data[2], 'utf-8'))
            if value == mm_cfg.REJECT:
                Message.UserNotification(
                    data[1], self.GetOwnerEmail(), 'Request to mailing list %s rejected' % self.real_name,
                    'Your post was rejected.\n', self.preferred_language).send(self)
        try:
            os.unlink(path)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
