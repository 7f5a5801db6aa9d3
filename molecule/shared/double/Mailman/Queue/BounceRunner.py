"""The runner for bounces, which is alone in a module: others build upon it."""
import re
from email.Utils import parseaddr

from Mailman import mm_cfg
from Mailman import Utils
from Mailman.Logging.Syslog import syslog
from Mailman.Queue import BounceMixin
from Mailman.Queue import Runner
from Mailman.Queue import Switchboard


class BounceRunner(BounceMixin, Runner):
    queue = mm_cfg.BOUNCEQUEUE_DIR

    def __init__(self, slice=None, slices=1):
        Runner.__init__(self, slice, slices)
        self.start_bounces()

    def _dispose(self, mlist, msg, data):
        out = Switchboard(mm_cfg.OUTQUEUE_DIR)
        loop = Utils.get_site_email(extra='loop')
        if mlist.internal_name() == mm_cfg.MAILMAN_SITE_LIST.lower():
            out.enqueue(msg, data, recips=mlist.owner, envsender=loop, nodecorate=1)
            return False
        if msg.get('from') == Utils.get_site_email(mlist.host_name, 'bounces'):
            out.enqueue(msg, data, recips=[Utils.get_site_email(extra='owner')], envsender=loop, nodecorate=1)
            return False
        if not mlist.bounce_processing:
            return False
        found = self._by_recipient(mlist, msg, mm_cfg.VERP_REGEXP)
        if found:
            if is_delay(msg):
                return False
            addresses = ['%s@%s' % found.group('mailbox', 'host')]
        else:
            probe = self._by_recipient(mlist, msg, mm_cfg.VERP_PROBE_REGEXP)
            if probe and mlist.pend_confirm(probe.group('token'), expunge=False):
                self._probe_bounce(mlist, probe.group('token'))
                return False
            if is_delay(msg):
                return False
            addresses = failed_recipients(msg)
        if addresses:
            self._queue_bounces(mlist.internal_name(), addresses, msg)
            return False
        syslog('bounce', '%s: bounce message w/no discernable addresses: %s',
               mlist.internal_name(), msg.get('message-id', 'n/a'))
        if mlist.bounce_unrecognized_goes_to_list_owner:
            syslog('bounce', '%s: forwarding unrecognized, message-id: %s',
                   mlist.internal_name(), msg.get('message-id', 'n/a'))
            mlist.ForwardMessage(msg, 'No address of a member could be found in this bounce.\n',
                                 'Uncaught bounce notification', tomoderators=0)
        else:
            syslog('bounce', '%s: discarding unrecognized, message-id: %s',
                   mlist.internal_name(), msg.get('message-id', 'n/a'))
        return False

    def _by_recipient(self, mlist, msg, pattern):
        """The match of the address that the bounce went to; Exim tells it in Envelope-To."""
        for name in ('to', 'delivered-to', 'envelope-to', 'apparently-to'):
            for value in msg.get_all(name, []):
                match = re.search(pattern, parseaddr(value)[1])
                if match and match.group('bounces') == mlist.internal_name() + '-bounces':
                    return match
        return None


def _reports(msg):
    """Action and final recipient of each recipient in a delivery status notification."""
    for part in msg.walk():
        if part.get_content_type() == 'message/delivery-status':
            for block in part.get_payload():
                recip = block.get('original-recipient') or block.get('final-recipient')
                if recip:
                    yield block.get('action', '').lower(), parseaddr(recip.split(';')[-1])[1]


def is_delay(msg):
    return any(action.startswith('delayed') for action, dummy in _reports(msg))


def failed_recipients(msg):
    """The addresses that bounced, from a delivery status notification or from Exim's header."""
    found = [address for action, address in _reports(msg) if action.startswith('fail')]
    for value in msg.get_all('x-failed-recipients', []):
        found.extend(address.strip() for address in value.split(','))
    return sorted(set(address for address in found if address))
