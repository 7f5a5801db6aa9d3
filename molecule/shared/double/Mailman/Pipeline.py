"""What happens to a message: its way to the members' recipients, and out by SMTP.

Left out, since nothing in the collection depends on it: content filters, topics, news, automatic replies, sibling
lists, translations."""
import copy
import os
import re
import smtplib
import socket
import time
from email.Header import Header
from email.Iterators import body_line_iterator
from email.MIMEMessage import MIMEMessage
from email.MIMEMultipart import MIMEMultipart
from email.MIMEText import MIMEText
from email.Utils import formataddr
from email.Utils import formatdate
from email.Utils import getaddresses
from email.Utils import parseaddr

from Mailman import Errors
from Mailman import MailList
from Mailman import MemberAdaptor
from Mailman import Message
from Mailman import mm_cfg
from Mailman import Pending
from Mailman import Utils
from Mailman.Logging.Syslog import syslog

# Commands that people send to the list instead of to -request: least and most number of their arguments.
_ADMINISTRIVIA = {'confirm': (1, 1), 'help': (0, 0), 'info': (0, 0), 'lists': (0, 0), 'options': (0, 0),
                  'password': (2, 2), 'remove': (0, 0), 'subscribe': (0, 3), 'unsubscribe': (0, 1), 'who': (0, 1)}


def run(steps, mlist, msg, data):
    """Take the steps until one of them ends it."""
    for step in steps:
        try:
            step(mlist, msg, data)
        except Errors.DiscardMessage:
            syslog('vette', "Message discarded, msgid: %s'\n        list: %s,\n        handler: %s",
                   msg.get('message-id', 'n/a'), mlist.real_name, step.__name__)
            return
        except Errors.HoldMessage:
            return
        except Errors.RejectMessage as error:
            syslog('vette', 'Message rejected, msgid: %s\n        list: %s,\n        handler: %s,\n        reason: %s',
                   msg.get('message-id', 'n/a'), mlist.real_name, step.__name__, error.notice())
            mlist.BounceMessage(msg, data, error)
            return


def hold(mlist, msg, data, reason):
    """Keep it for the moderators, tell them and the sender."""
    sender = data.get('sender') or msg.get_sender()
    number = mlist.HoldMessage(msg, reason, data)
    cookie = mlist.pend_new(Pending.HELD_MESSAGE, number)
    automatic = msg.get('precedence', '').lower() in ('bulk', 'junk', 'list') and msg.get('x-ack', '').lower() != 'yes'
    if not automatic and mlist.respond_to_post_requests and mlist.autorespondToSender(sender):
        Message.UserNotification(
            sender, mlist.GetOwnerEmail(), 'Your message to %s awaits moderator approval' % mlist.real_name,
            '%s\n' % reason, mlist.preferred_language).send(mlist)
    if mlist.admin_immed_notify:
        owner = mlist.GetOwnerEmail()
        notice = Message.UserNotification(
            owner, owner, '%s post from %s requires approval' % (mlist.real_name, sender),
            lang=mlist.preferred_language)
        notice.set_type('multipart/mixed')
        notice.attach(MIMEText('%s\n' % reason))
        notice.attach(MIMEMessage(msg))
        reply = MIMEText('Reply to discard it, or reply with the header Approved: PASSWORD to approve it.\n')
        reply['Subject'] = 'confirm ' + cookie
        reply['Sender'] = reply['From'] = mlist.GetRequestEmail()
        reply['Date'] = formatdate(localtime=True)
        reply['Message-ID'] = Utils.unique_message_id(mlist)
        notice.attach(MIMEMessage(reply))
        notice.send(mlist, tomoderators=1)
    syslog('vette', '%s post from %s held, message-id=%s: %s',
           mlist.real_name, sender, msg.get('message-id', 'n/a'), reason)
    raise Errors.HoldMessage(reason)


def dmarc(mlist, msg, data):
    """What the domain of the author wants done with mail that lists pass on."""
    data['from_is_list'] = 0
    address = parseaddr(msg.get('from'))[1]
    if not address or not mlist.dmarc_moderation_action:
        return
    if mlist.GetPattern(address, mlist.dmarc_moderation_addresses) or _dmarc_forbids(mlist, address):
        if mlist.dmarc_moderation_action in (1, 2):
            data['from_is_list'] = mlist.dmarc_moderation_action
        elif mlist.dmarc_moderation_action == 3:
            raise Errors.RejectMessage(mlist.dmarc_moderation_notice or 'Your domain has a DMARC policy.')
        else:
            raise Errors.DiscardMessage


def _dmarc_forbids(mlist, address):
    import dns.exception
    import dns.resolver
    resolver = dns.resolver.Resolver()
    resolver.timeout = mm_cfg.DMARC_RESOLVER_TIMEOUT
    resolver.lifetime = mm_cfg.DMARC_RESOLVER_LIFETIME
    try:
        answers = resolver.query('_dmarc.' + address.split('@')[1], 'TXT')
    except dns.exception.DNSException:
        return False
    for answer in answers:
        text = ''.join(answer.strings).lower()
        policy = re.search(r'\bp=(\w+)', text)
        if text.startswith('v=dmarc1') and policy:
            return (policy.group(1) == 'reject' or
                    policy.group(1) == 'quarantine' and mlist.dmarc_quarantine_moderation_action)
    return False


def approve(mlist, msg, data):
    password = None
    for name in ('approved', 'approve', 'x-approved', 'x-approve'):
        password = password or msg.get(name)
    if password is None:
        password = MailList.approval_password(msg)
        if password is not None:
            # The line must not reach the members.
            text = msg.get_payload(decode=True)
            if text is not None:
                msg.set_payload(re.sub(r'(?i)\A\s*approved?:.*\n?', '', text), msg.get_content_charset())
    if mlist.Authenticate((mm_cfg.AuthListPoster, mm_cfg.AuthListModerator, mm_cfg.AuthListAdmin), password):
        data['approved'] = data['adminapproved'] = 1
    if mlist.GetListEmail().lower() in [value.strip().lower() for value in msg.get_all('x-beenthere', [])]:
        raise Errors.LoopError


def moderate(mlist, msg, data):
    if data.get('approved'):
        return
    for sender in msg.get_senders():
        if mlist.isMember(sender):
            if mlist.getMemberOption(sender, mm_cfg.Moderate):
                data['sender'] = sender
                _act(mlist, msg, data, mlist.member_moderation_action + 1, 'Post to moderated list',
                     mlist.member_moderation_notice)
            return
    sender = msg.get_sender()
    reason = 'Post by non-member to a members-only list'
    for action, name in enumerate(('accept', 'hold', 'reject', 'discard')):
        name += '_these_nonmembers'
        if mlist.GetPattern(sender, getattr(mlist, name), at_list=name):
            break
    else:
        action = mlist.generic_nonmember_action
    _act(mlist, msg, data, action, reason, mlist.nonmember_rejection_notice)


def _act(mlist, msg, data, action, reason, notice):
    """0 accept, 1 hold, 2 reject, 3 discard."""
    if action == 1:
        hold(mlist, msg, data, reason)
    elif action == 2:
        raise Errors.RejectMessage(notice or 'Your message has been rejected.')
    elif action == 3:
        raise Errors.DiscardMessage


def suspect(mlist, msg, data):
    """Hold what may be meant for somebody else, or is too large."""
    if data.get('approved'):
        return
    if mlist.administrivia and _is_administrivia(msg):
        hold(mlist, msg, data, 'Message may contain administrivia')
    recips = getaddresses(msg.get_all('to', []) + msg.get_all('cc', []))
    if 0 < mlist.max_num_recipients <= len(recips):
        hold(mlist, msg, data, 'Too many recipients to the message')
    if mlist.require_explicit_destination and not mlist.HasExplicitDest(msg):
        hold(mlist, msg, data, 'Message has implicit destination')
    for line in mlist.bounce_matching_headers.splitlines():
        name, colon, pattern = line.partition(':')
        if colon and not line.startswith('#'):
            if any(re.search(pattern.strip(), value, re.I) for value in msg.get_all(name, [])):
                hold(mlist, msg, data, 'Message has a suspicious header')
    size = sum(len(line) for line in body_line_iterator(msg))
    if 0 < mlist.max_message_size < size / 1024.0:
        hold(mlist, msg, data, 'Message body is too big: %d bytes with a limit of %d KB' % (
            size, mlist.max_message_size))


def _is_administrivia(msg):
    lines = []
    for line in body_line_iterator(msg):
        if line.rstrip('\n') == '-- ':
            break
        lines.append(line)
    if len([line for line in lines if line.strip()]) > mm_cfg.DEFAULT_MAIL_COMMANDS_MAX_LINES:
        return False
    for line in lines[:5] + [str(msg.get('subject', ''))]:
        words = line.lower().split()
        if words and words[0] in _ADMINISTRIVIA:
            least, most = _ADMINISTRIVIA[words[0]]
            if least <= len(words) - 1 <= most:
                return True
    return False


def emergency(mlist, msg, data):
    if mlist.emergency and not data.get('adminapproved'):
        mlist.HoldMessage(msg, 'Emergency hold on all list traffic is in effect', data)
        raise Errors.HoldMessage


def recipients(mlist, msg, data):
    """The members with regular delivery, less those who want no copy of what they get anyway."""
    if 'recips' in data:
        return
    recips = [mlist.getMemberCPAddress(member) for member in mlist.getRegularMemberKeys()
              if mlist.getDeliveryStatus(member) == MemberAdaptor.ENABLED]
    sender = msg.get_sender()
    if mlist.isMember(sender) and mlist.getMemberOption(sender, mm_cfg.DontReceiveOwnPosts):
        recips = [recip for recip in recips if recip.lower() != sender.lower()]
    values = []
    for name in ('to', 'cc', 'resent-to', 'resent-cc'):
        values.extend(msg.get_all(name, []))
    direct = set(address.lower() for dummy, address in getaddresses(values))
    data['recips'] = [recip for recip in recips if not (
        recip.lower() in direct and mlist.getMemberOption(recip, mm_cfg.DontReceiveDuplicates))]


def owners(mlist, msg, data):
    data.update(recips=mlist.owner + mlist.moderator, nodecorate=1, personalize=0)


def cleanse(mlist, msg, data):
    """Take away passwords, requests for receipts and, on anonymous lists, the author."""
    for name in ('approved', 'approve', 'x-approved', 'x-approve', 'urgent', 'return-receipt-to',
                 'disposition-notification-to', 'x-confirm-reading-to', 'x-pmrqc'):
        del msg[name]
    data['original_sender'] = msg.get_sender()
    if mlist.anonymous_list:
        syslog('post', 'post to %s from %s anonymized', mlist.internal_name(), msg.get('from'))
        for name in ('from', 'reply-to', 'sender', 'organization', 'return-path', 'received', 'message-id'):
            del msg[name]
        msg['Message-ID'] = Utils.unique_message_id(mlist)
        msg['From'] = formataddr((_header(mlist, mlist.description), mlist.GetListEmail()))
        msg['Reply-To'] = mlist.GetListEmail()
    # 0 keep signatures, 1 remove them where From is changed, 2 remove them, 3 keep them under other names.
    policy = 2 if mlist.anonymous_list else mm_cfg.REMOVE_DKIM_HEADERS
    if policy == 1 and (data.get('from_is_list') or mlist.from_is_list) == 1:
        policy = 2
    for name in ('DomainKey-Signature', 'DKIM-Signature', 'Authentication-Results') if policy >= 2 else ():
        for value in msg.get_all(name, []) if policy == 3 else ():
            msg['X-Mailman-Original-' + name] = value
        del msg[name]


def wrap(mlist, msg, data):
    """Make the post an attachment of a message from the list."""
    if data.get('from_is_list') != 2 and not (mlist.from_is_list == 2 and not data.get('from_is_list')):
        return
    inner = copy.deepcopy(msg)
    for name in msg.keys():
        if name.lower() not in ('to', 'cc', 'from', 'reply-to', 'in-reply-to', 'references', 'date', 'subject'):
            del msg[name]
    msg['MIME-Version'] = '1.0'
    msg['Message-ID'] = Utils.unique_message_id(mlist)
    msg['Content-Type'] = 'message/rfc822'
    msg['Content-Disposition'] = 'inline'
    msg.set_payload([inner])


def _header(mlist, text, name=None):
    """The text encoded for a header, in the list's character set where it is not ASCII."""
    try:
        text.encode('us-ascii')
        charset = 'us-ascii'
    except UnicodeError:
        charset = Utils.GetCharSet(mlist.preferred_language)
        if charset == 'us-ascii':
            charset = 'iso-8859-1'
    return Header(text, charset, header_name=name).encode()


def headers(mlist, msg, data):
    """The headers of mail from a list."""
    data.setdefault('original_sender', msg.get_sender())
    written = data.get('_fasttrack')
    if not written and not data.get('isdigest'):
        _prefix_subject(mlist, msg)
    msg['X-BeenThere'] = mlist.GetListEmail()
    if 'x-mailman-version' not in msg:
        msg['X-Mailman-Version'] = mm_cfg.VERSION
    if 'precedence' not in msg:
        msg['Precedence'] = 'list'
    if not written:
        _reply_to(mlist, msg, data)
    if data.get('_nolist') or not mlist.include_rfc2369_headers:
        return
    host = '%s.%s' % (mlist.internal_name(), mlist.host_name)
    request = mlist.GetRequestEmail()
    more = {'List-Id': formataddr((_header(mlist, mlist.description, 'List-Id'), host)) if mlist.description
            else '<%s>' % host}
    if data.get('reduced_list_headers'):
        more['X-List-Administrivia'] = 'yes'
    else:
        more['List-Help'] = '<mailto:%s?subject=help>' % request
        for name, page, command in (('List-Subscribe', 'listinfo', 'subscribe'),
                                    ('List-Unsubscribe', 'options', 'unsubscribe')):
            more[name] = '<%s>,\n <mailto:%s?subject=%s>' % (mlist.GetScriptURL(page), request, command)
        if mlist.include_list_post_header:
            more['List-Post'] = '<mailto:%s>' % mlist.GetListEmail()
        if mlist.archive:
            more['List-Archive'] = '<%s>' % mlist.GetBaseArchiveURL()
    for name, value in more.items():
        del msg[name]
        msg[name] = value


def _prefix_subject(mlist, msg):
    prefix = mlist.subject_prefix.strip()
    subject = Utils.oneline(msg.get('subject', ''), 'utf-8').decode('utf-8')
    prefix = Utils.to_unicode(prefix, mlist.preferred_language)
    if not prefix:
        return
    subject = subject.replace(prefix, u'').strip()
    reply = re.match(r'((re|aw|sv|vs)\s*:\s*)+', subject, re.I)
    if reply:
        subject = subject[reply.end():].strip()
    words = [u'Re:' if reply else u'', prefix, subject or u'(no subject)']
    subject = u' '.join(word for word in words if word)
    del msg['subject']
    try:
        msg['Subject'] = subject.encode('us-ascii')
    except UnicodeError:
        msg['Subject'] = Header(subject, 'utf-8', header_name='Subject').encode()


def _reply_to(mlist, msg, data):
    """Reply-To as the list has it; the list's address in From where it has to be there (DMARC)."""
    new = []
    if mlist.reply_goes_to_list == 2:
        new.append(parseaddr(mlist.reply_to_address))
    if not mlist.first_strip_reply_to:
        new.extend(getaddresses(msg.get_all('reply-to', [])))
    if data.get('from_is_list') or mlist.from_is_list:
        name, address = parseaddr(msg.get('from', ''))
        del msg['from']
        msg['From'] = formataddr(('%s via %s' % (name or address.split('@')[0], mlist.real_name),
                                  mlist.GetListEmail()))
        if mlist.reply_goes_to_list == 0 and not new:
            new.append((name, address))
        else:
            msg['Cc'] = formataddr((name, address))
    listed = (_header(mlist, mlist.description), mlist.GetListEmail())
    if mlist.reply_goes_to_list == 1:
        new.append(listed)
    elif mlist.personalize == 2 and not mlist.anonymous_list:
        # To will have the member's address: the list's has to be somewhere for replies.
        others = getaddresses(msg.get_all('cc', []))
        del msg['cc']
        msg['Cc'] = ', '.join(formataddr(pair) for pair in others + [listed])
    del msg['reply-to']
    if new:
        msg['Reply-To'] = ', '.join(formataddr(pair) for pair in new)


def digest(mlist, msg, data):
    if not mlist.digestable or data.get('isdigest'):
        return
    path = os.path.join(mlist.fullpath(), 'digest.mbox')
    mask = os.umask(0o007)
    try:
        with open(path, 'a') as stream:
            stream.write('From %s %s\n%s\n' % (msg.get_sender() or 'unknown', time.ctime(), _decoded(msg).as_string()))
    finally:
        os.umask(mask)
    if 0 < mlist.digest_size_threshhold <= os.path.getsize(path) / 1024.0:
        send_digest(mlist)


def _decoded(msg):
    """As plain digests show a post."""
    if msg.is_multipart() or 'content-transfer-encoding' not in msg:
        return msg
    plain = copy.deepcopy(msg)
    plain.set_payload(msg.get_payload(decode=True))
    del plain['content-transfer-encoding']
    return plain


def send_digest(mlist):
    """All that was collected, as one message to those who want it so."""
    from Mailman.Queue import Switchboard
    path = os.path.join(mlist.fullpath(), 'digest.mbox')
    if not os.path.exists(path):
        return False
    with open(path) as stream:
        text = stream.read()
    os.unlink(path)
    recips = [mlist.getMemberCPAddress(member) for member in mlist.getDigestMemberKeys()
              if mlist.getDeliveryStatus(member) == MemberAdaptor.ENABLED]
    recips.extend(mlist.one_last_digest)
    mlist.one_last_digest = {}
    msg = Message.UserNotification(
        mlist.GetListEmail(), mlist.GetRequestEmail(),
        '%s Digest, Vol %d, Issue %d' % (mlist.real_name, mlist.volume, mlist.next_digest_number), text,
        mlist.preferred_language)
    msg['Message-ID'] = Utils.unique_message_id(mlist)
    msg['Date'] = formatdate(localtime=1)
    mlist.next_digest_number += 1
    mlist.digest_last_sent_at = time.time()
    if recips:
        Switchboard(mm_cfg.VIRGINQUEUE_DIR).enqueue(
            msg, listname=mlist.internal_name(), recips=recips, isdigest=True)
    return True


def archive(mlist, msg, data):
    from Mailman.Queue import Switchboard
    forbidden = 'x-no-archive' in msg or msg.get('x-archive', '').lower() == 'no'
    if mlist.archive and not forbidden and not data.get('isdigest'):
        Switchboard(mm_cfg.ARCHQUEUE_DIR).enqueue(msg, data)


def count(mlist, msg, data):
    mlist.last_post_time = time.time()
    mlist.post_id += 1


def acknowledge(mlist, msg, data):
    sender = data.get('original_sender') or msg.get_sender()
    if mlist.isMember(sender) and mlist.getMemberOption(sender, mm_cfg.AcknowledgePosts):
        Message.UserNotification(sender, mlist.GetBouncesEmail(), '%s post acknowledgement' % mlist.real_name,
                                 'Your message was delivered.\n', mlist.getMemberLanguage(sender)).send(mlist)


def outgoing(mlist, msg, data):
    """Decide on VERP, and give it to the outgoing queue."""
    from Mailman.Queue import Switchboard
    interval = mm_cfg.VERP_DELIVERY_INTERVAL
    if 'verp' not in data:
        if mlist.personalize:
            if mm_cfg.VERP_PERSONALIZED_DELIVERIES:
                data['verp'] = 1
        elif interval == 1:
            data['verp'] = 1
        elif interval:
            data['verp'] = not int(mlist.post_id) % interval
    Switchboard(mm_cfg.OUTQUEUE_DIR).enqueue(msg, data, listname=mlist.internal_name())


POST = (dmarc, approve, moderate, suspect, emergency, recipients, cleanse, wrap, headers, digest, archive, count,
        acknowledge, outgoing)
OWNER = (owners, outgoing)
VIRGIN = (headers, outgoing)


class _Safe(dict):
    """For formats: a name that is not known stays as it is."""

    def __missing__(self, key):
        return '%%(%s)s' % key


class _Connection:
    """To the SMTP server; a new one after SMTP_MAX_SESSIONS_PER_CONNECTION messages."""

    def __init__(self):
        self._smtp = None

    def send(self, envsender, recips, text):
        if self._smtp is None:
            self._smtp = smtplib.SMTP()
            self._smtp.set_debuglevel(mm_cfg.SMTPLIB_DEBUG_LEVEL)
            self._smtp.connect(mm_cfg.SMTPHOST, mm_cfg.SMTPPORT)
            if mm_cfg.SMTP_AUTH:
                if mm_cfg.SMTP_USE_TLS:
                    self._smtp.starttls()
                    self._smtp.ehlo(mm_cfg.SMTP_HELO_HOST)
                self._smtp.login(mm_cfg.SMTP_USER, mm_cfg.SMTP_PASSWD)
            self._left = mm_cfg.SMTP_MAX_SESSIONS_PER_CONNECTION
        try:
            refused = self._smtp.sendmail(envsender, recips, text)
        except smtplib.SMTPException:
            self.quit()
            raise
        self._left -= 1
        if self._left == 0:
            self.quit()
        return refused

    def quit(self):
        if self._smtp is not None:
            try:
                self._smtp.quit()
            except smtplib.SMTPException:
                pass
            self._smtp = None


def _chunks(recips, size):
    """At most `size` recipients each, and top level domains of a kind together."""
    kinds = {'com': 1, 'net': 2, 'org': 2, 'edu': 3, 'us': 3, 'ca': 3}
    groups = {}
    for recip in recips:
        groups.setdefault(kinds.get(recip.rpartition('.')[2], 0), []).append(recip)
    return [group[start:start + size] for dummy, group in sorted(groups.items())
            for start in range(0, len(group), size)]


def deliver(mlist, msg, data):
    recips = data.get('recips')
    if not recips:
        return
    envsender = data.get('envsender') or mlist.GetBouncesEmail()
    single = data.get('personalize', 1) and (data.get('verp') or mlist.personalize)
    if single:
        chunks = [[recip] for recip in recips]
        data['personalize'] = 1
    elif mm_cfg.SMTP_MAX_RCPTS <= 0:
        chunks = [recips]
    else:
        chunks = _chunks(recips, mm_cfg.SMTP_MAX_RCPTS)
    if not single and not data.get('decorated'):
        decorate(mlist, msg, data, None)
        data['decorated'] = True
    sender = data.get('original_sender') or msg.get_sender()
    start = time.time()
    refused = {}
    connection = _Connection()
    try:
        # From the last to the first, as upstream does.
        for chunk in reversed(chunks):
            if single:
                _send_single(mlist, msg, data, envsender, chunk[0], refused, connection)
            else:
                _send(mlist, msg, envsender, chunk, refused, connection)
    finally:
        connection.quit()
    facts = _Safe(('msg_' + name.lower(), value) for name, value in msg.items())
    facts.update({'time': time.time() - start, 'size': len(msg.as_string()), '#recips': len(recips),
                  '#refused': len(refused), 'listname': mlist.internal_name(), 'sender': sender})
    _log(mm_cfg.SMTP_LOG_EVERY_MESSAGE, facts)
    if refused:
        _log(mm_cfg.SMTP_LOG_REFUSED, facts)
    elif data.get('tolist'):
        _log(mm_cfg.SMTP_LOG_SUCCESS, facts)
    for recip, (code, text) in refused.items():
        facts.update(recipient=recip, failcode=code, failmsg=text)
        _log(mm_cfg.SMTP_LOG_EACH_FAILURE, facts)
    if refused:
        permanent = [recip for recip, (code, dummy) in refused.items() if code >= 500 and code != 552]
        raise Errors.SomeRecipientsFailed([recip for recip in refused if recip not in permanent], permanent)


def _log(setting, facts):
    if setting:
        syslog.write_ex(setting[0], setting[1], kws=facts)


def _send_single(mlist, msg, data, envsender, recip, refused, connection):
    msg = copy.deepcopy(msg)
    decorate(mlist, msg, data, recip)
    if data.get('verp'):
        bounces, bounces_domain = Utils.ParseEmail(envsender)
        mailbox, domain = Utils.ParseEmail(recip)
        if domain is None:
            syslog('smtp', 'Skipping VERP delivery to unqual recip: %s', recip)
            return
        envsender = '%s@%s' % (mm_cfg.VERP_FORMAT % {
            'bounces': bounces, 'mailbox': mailbox, 'host': '.'.join(domain)}, '.'.join(bounces_domain))
    if mlist.personalize == 2:
        del msg['to']
        name = mlist.getMemberName(recip) if mlist.isMember(recip) else None
        if name:
            msg['To'] = formataddr((Header(Utils.to_unicode(name, mlist.getMemberLanguage(recip)), 'utf-8').encode(),
                                    recip))
        else:
            msg['To'] = recip
    _send(mlist, msg, envsender, [recip], refused, connection)


def _send(mlist, msg, envsender, recips, refused, connection):
    del msg['errors-to']
    msg['Errors-To'] = envsender
    if mlist.include_sender_header:
        del msg['sender']
        msg['Sender'] = '"%s" <%s>' % (mlist.real_name, envsender)
    msgid = msg['message-id']
    try:
        refused.update(connection.send(envsender, recips, msg.as_string(mangle_from_=False)))
    except smtplib.SMTPRecipientsRefused as error:
        syslog('smtp-failure', 'All recipients refused: %s, msgid: %s', error, msgid)
        refused.update(error.recipients)
    except smtplib.SMTPResponseException as error:
        syslog('smtp-failure', 'SMTP session failure: %s, %s, msgid: %s', error.smtp_code, error.smtp_error, msgid)
        # Refused for what is in it: that is nobody's bounce.
        if error.smtp_code < 500 or error.smtp_code == 552:
            refused.update((recip, (error.smtp_code, error.smtp_error)) for recip in recips)
    except (socket.error, IOError, smtplib.SMTPException) as error:
        syslog('smtp-failure', 'Low level smtp error: %s, msgid: %s', error, msgid)
        refused.update((recip, (-1, str(error))) for recip in recips)


def decorate(mlist, msg, data, recip):
    """Put the list's header and footer around the text."""
    if data.get('isdigest') or data.get('nodecorate'):
        return
    facts = _Safe((key, value) for key, value in mlist.__dict__.items() if isinstance(value, (str, unicode, int)))
    facts['cgiext'] = mm_cfg.CGIEXT
    if recip:
        facts['user_address'] = recip.lower()
        if mlist.isMember(recip):
            facts.update(user_delivered_to=mlist.getMemberCPAddress(recip),
                         user_password=mlist.getMemberPassword(recip),
                         user_name=mlist.getMemberName(recip) or recip, user_optionsurl=mlist.GetOptionsURL(recip))
    lang = mlist.preferred_language
    above, below = [Utils.to_unicode(text % facts, lang) for text in (mlist.msg_header, mlist.msg_footer)]
    if not above and not below:
        return
    charset = msg.get_content_charset() or 'us-ascii'
    if msg.get_content_type() == 'text/plain' and not msg.is_multipart():
        text = unicode(msg.get_payload(decode=True), charset, 'replace')
        text = above + text + (u'' if text.endswith(u'\n') else u'\n') + below
        try:
            text, charset = text.encode(Utils.GetCharSet(lang)), Utils.GetCharSet(lang)
        except UnicodeError:
            text, charset = text.encode('utf-8'), 'utf-8'
        del msg['content-transfer-encoding']
        del msg['content-type']
        msg.set_payload(text, charset)
        return
    if msg.get_content_type() != 'multipart/mixed':
        inner = MIMEMultipart()
        for name in ('Content-Type', 'Content-Transfer-Encoding', 'Content-Disposition'):
            if name in msg:
                del inner[name]
                inner[name] = msg[name]
                del msg[name]
        inner.set_payload(msg.get_payload())
        msg['Content-Type'] = 'multipart/mixed'
        msg.set_payload([inner])
    parts = msg.get_payload()
    charset = Utils.GetCharSet(lang)
    if above:
        parts.insert(0, MIMEText(above.encode(charset, 'replace'), 'plain', charset))
    if below:
        parts.append(MIMEText(below.encode(charset, 'replace'), 'plain', charset))
