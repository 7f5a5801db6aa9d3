"""Messages from outside, and those that Mailman writes itself."""
import email
import email.Generator
import email.Message
import email.Utils
from cStringIO import StringIO
from email.Charset import Charset
from email.Header import Header

from Mailman import mm_cfg
from Mailman import Utils


class Message(email.Message.Message):
    def _addresses(self, name, preserve_case):
        """The addresses in a header; for None that in the envelope line."""
        if name is None:
            parts = (self.get_unixfrom() or '').split()
            found = parts[1:2]
        else:
            values = [''.join(value.splitlines()) for value in self.get_all(name, [])]
            found = [address for dummy, address in email.Utils.getaddresses(values)]
        return [address if preserve_case else address.lower() for address in found if address]

    def get_sender(self, use_envelope=None, preserve_case=0):
        first = mm_cfg.USE_ENVELOPE_SENDER if use_envelope is None else use_envelope
        for name in ('sender', 'from', None) if first else ('from', 'sender', None):
            found = self._addresses(name, preserve_case)
            if found:
                return found[0]
        return ''

    def get_senders(self, preserve_case=0, headers=None):
        found = []
        for name in headers or mm_cfg.SENDER_HEADERS:
            found.extend(self._addresses(name, preserve_case))
        return found

    def as_string(self, unixfrom=False, mangle_from_=True):
        stream = StringIO()
        email.Generator.Generator(stream, mangle_from_=mangle_from_).flatten(self, unixfrom=unixfrom)
        return stream.getvalue()


class UserNotification(Message):
    envsender = None

    def __init__(self, recip, sender, subject=None, text=None, lang=None):
        Message.__init__(self)
        charset = Charset(Utils.GetCharSet(lang)) if lang else None
        if text is not None:
            self.set_payload(text, charset)
        self['Subject'] = Header(subject or '(no subject)', charset, header_name='Subject', errors='replace')
        self['From'] = sender
        self.recips = recip if isinstance(recip, list) else [recip]
        self['To'] = ', '.join(self.recips)

    def send(self, mlist, noprecedence=False, **data):
        """Give it to the virgin queue."""
        from Mailman.Queue import Switchboard
        if 'message-id' not in self:
            self['Message-ID'] = Utils.unique_message_id(mlist)
        if 'date' not in self:
            self['Date'] = email.Utils.formatdate(localtime=1)
        if 'precedence' not in self and not noprecedence:
            self['Precedence'] = 'list' if self.get('to') == mlist.GetOwnerEmail() else 'bulk'
        if self.envsender:
            data['envsender'] = self.envsender
        Switchboard(mm_cfg.VIRGINQUEUE_DIR).enqueue(
            self, listname=mlist.internal_name(), recips=self.recips, nodecorate=1, reduced_list_headers=1, **data)


class OwnerNotification(UserNotification):
    """To the owners and moderators, in a way that a bounce of it reaches the site's owner."""

    def __init__(self, mlist, subject=None, text=None, tomoderators=1):
        sender = Utils.get_site_email(mlist.host_name, 'bounces')
        recips = mlist.owner + (mlist.moderator if tomoderators else [])
        UserNotification.__init__(self, recips, sender, subject, text, mlist.preferred_language)
        del self['to']
        self['To'] = mlist.GetOwnerEmail()
        self['Precedence'] = 'list'
        self.envsender = sender
