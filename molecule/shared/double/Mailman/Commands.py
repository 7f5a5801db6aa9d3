"""Commands by mail: help, subscribe (join), unsubscribe (leave, remove), confirm, end (stop)."""
import re
from email.Header import decode_header
from email.Header import make_header
from email.Iterators import typed_subpart_iterator
from email.MIMEMessage import MIMEMessage
from email.MIMEText import MIMEText
from email.Utils import parseaddr

from Mailman import Errors
from Mailman import Message
from Mailman import mm_cfg
from Mailman import Pending
from Mailman import Utils
from Mailman.UserDesc import UserDesc

_USAGE = '''\
confirm COOKIE
subscribe [PASSWORD] [digest|nodigest] [address=ADDRESS]
unsubscribe [PASSWORD] [address=ADDRESS]
help
end'''


class _Answer:
    def __init__(self, mlist, msg):
        self.mlist = mlist
        self.msg = msg
        self.lines = []
        self.wanted = True

    def say(self, text):
        self.lines.append(text)


def process(mlist, msg, data):
    """Do what a message asks for.  False if it asks for nothing."""
    answer = _Answer(mlist, msg)
    if data.get('tojoin'):
        _subscribe(answer, [])
    elif data.get('toleave'):
        _unsubscribe(answer, [])
    elif data.get('toconfirm'):
        match = re.match(mm_cfg.VERP_CONFIRM_REGEXP, msg.get('to', ''))
        if match:
            _confirm(answer, [match.group('cookie')])
        elif mm_cfg.DISCARD_MESSAGE_WITH_NO_COMMAND:
            return False
    elif not _request(answer) and mm_cfg.DISCARD_MESSAGE_WITH_NO_COMMAND:
        return False
    if answer.wanted and mlist.autorespondToSender(msg.get_sender()):
        reply = Message.UserNotification(
            msg.get_sender(), mlist.GetOwnerEmail(), 'The results of your email commands', lang=data.get('lang'))
        reply.set_type('multipart/mixed')
        reply.attach(MIMEText('- Results:\n%s\n\n- Done.\n' % '\n'.join('    ' + line for line in answer.lines)))
        reply.attach(MIMEMessage(msg))
        reply.send(mlist)
    return True


def _request(answer):
    """The subject and each line up to the first that is no command."""
    subject = unicode(make_header(decode_header(answer.msg.get('subject', '')))).encode('us-ascii', 'ignore')
    lines = [re.sub(r'^\s*\w+:\s*', '', subject)]
    for part in typed_subpart_iterator(answer.msg, 'text', 'plain'):
        lines.extend(part.get_payload(decode=True).splitlines()[:mm_cfg.DEFAULT_MAIL_COMMANDS_MAX_LINES])
        break
    found = False
    for number, line in enumerate(lines):
        words = line.split()
        if not words:
            continue
        command = _COMMANDS.get(words[0].lower())
        if command is None:
            if number == 0:
                continue  # a subject need not be a command
            break
        found = True
        if command(answer, words[1:]):
            break
    return found


def _help(answer, args):
    answer.say('help')
    for line in _USAGE.splitlines():
        answer.say(line)


def _end(answer, args):
    return True


def _confirm(answer, args):
    mlist = answer.mlist
    if len(args) != 1:
        answer.say('Usage: confirm COOKIE')
        return True
    try:
        result = mlist.ProcessConfirmation(args[0], answer.msg)
    except Errors.MMBadConfirmation:
        answer.say('Invalid confirmation string.')
    except Errors.MMNeedApproval:
        answer.say('Your request has been forwarded to the list moderator for approval.')
    except Errors.MMAlreadyAMember:
        answer.say('You are already subscribed.')
    except Errors.NotAMemberError:
        answer.say('You are not currently a member.')
    except Errors.MembershipIsBanned:
        answer.say('You are currently banned from subscribing to this list.')
    except Errors.HostileSubscriptionError:
        answer.say('You were not invited to this mailing list.')
    except Errors.MMBadPasswordError:
        answer.say('Bad approval password given.  Held message is still being held.')
    else:
        answer.say('Confirmation succeeded')
        if (result[0] == Pending.SUBSCRIPTION and mlist.send_welcome_msg or
                result[0] == Pending.UNSUBSCRIPTION and mlist.send_goodbye_msg):
            answer.wanted = False  # the welcome or goodbye is the answer
    return True


def _arguments(args):
    """(address or None, the other arguments)"""
    address = None
    others = []
    for arg in args:
        if arg.lower().startswith('address='):
            address = arg[len('address='):]
        else:
            others.append(arg)
    return address, others


def _subscribe(answer, args):
    mlist = answer.mlist
    address, others = _arguments(args)
    digest = mlist.digest_is_default
    for word in ('digest', 'nodigest'):
        if word in others:
            others.remove(word)
            digest = int(word == 'digest')
    name = ''
    if address is None:
        name, address = parseaddr(answer.msg['from'])
        address = address or answer.msg.get_sender()
        name = unicode(make_header(decode_header(name)))
        try:
            name = name.encode('us-ascii')
        except UnicodeError:
            pass
    desc = UserDesc(address, name, others[0] if others else Utils.MakeRandomPassword(), digest)
    try:
        mlist.AddMember(desc, answer.msg.get_sender())
    except Errors.MMSubscribeNeedsConfirmation:
        answer.wanted = False
    except Errors.MMNeedApproval:
        answer.say('Your subscription request has been forwarded to the list administrator for review.')
    except Errors.MembershipIsBanned:
        answer.say('The email address you supplied is banned from this mailing list.')
        return True
    except Errors.EmailAddressError:
        answer.say("Mailman won't accept the given email address as a valid address.")
        return True
    except Errors.MMAlreadyAMember:
        answer.say('You are already subscribed!')
        return True
    except (Errors.MMCantDigestError, Errors.MMMustDigestError):
        answer.say('This list does not have that kind of subscription.')
        return True
    else:
        answer.say('Subscription request succeeded.')
    return False


def _unsubscribe(answer, args):
    mlist = answer.mlist
    address, others = _arguments(args)
    address = address or parseaddr(answer.msg['from'])[1]
    if not mlist.isMember(address):
        answer.say('%s is not a member of the %s mailing list' % (address, mlist.real_name))
        return True
    if not others:
        mlist.ConfirmUnsubscription(mlist.getMemberCPAddress(address))
        answer.wanted = False
    elif mlist.getMemberPassword(address) == others[0]:
        mlist.ApprovedDeleteMember(address, 'mailcmd')
        answer.say('Unsubscription request succeeded.')
    else:
        answer.say('You gave the wrong password')
        return True
    return False


_COMMANDS = {'help': _help, 'end': _end, 'stop': _end, 'confirm': _confirm, 'subscribe': _subscribe,
             'join': _subscribe, 'unsubscribe': _unsubscribe, 'leave': _unsubscribe, 'remove': _unsubscribe}
