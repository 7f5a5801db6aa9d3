"""The programs in cgi-bin/. They are not Mailman's: each says who it is and what it was told, and refuses passwords as Mailman's does."""
from __future__ import print_function

import cgi
import os
import re
import time

from Mailman import Errors
from Mailman import MailList
from Mailman import mm_cfg
from Mailman import Utils
from Mailman.Logging.Syslog import syslog
from Mailman.UserDesc import UserDesc

_OWNERS = (mm_cfg.AuthListAdmin, mm_cfg.AuthSiteAdmin)
_MODERATORS = (mm_cfg.AuthListModerator,) + _OWNERS
_EVERYBODY = (mm_cfg.AuthUser,) + _MODERATORS
# Whom each lets in; the field with the password; the one by whose presence a login is told from a first visit.
_LOGIN = {
    'admin': (_OWNERS, 'adminpw', 'adminpw'),
    'admindb': (_MODERATORS, 'adminpw', 'adminpw'),
    'edithtml': (_OWNERS, 'adminpw', 'admlogin'),
    'options': (_EVERYBODY, 'password', 'login'),
    'private': (_EVERYBODY, 'password', 'submit'),
    'roster': (_EVERYBODY, 'roster-pw', None),
}
_CONTEXTS = {mm_cfg.AuthUser: 'user', mm_cfg.AuthListModerator: 'moderator', mm_cfg.AuthListAdmin: 'admin', mm_cfg.AuthSiteAdmin: 'admin'}


def _page(title, *lines, **kws):
    """A page, with the variables that this program sees."""
    if kws.get('status'):
        print('Status: ' + kws['status'])
    print('Content-type: text/html; charset=us-ascii\n')
    seen = ['%s=%s' % item for item in sorted(os.environ.items())]
    print('<html><head><title>%s</title></head>\n<body>\n<p>This is the test double of Mailman, not Mailman.</p>' % title)
    for line in lines:
        print(line)
    print('<pre>\n%s\n</pre>\n</body></html>' % cgi.escape('\n'.join(seen)))


def _remote():
    # As upstream: whoever can set these headers is believed.
    for name in ('HTTP_FORWARDED_FOR', 'HTTP_X_FORWARDED_FOR', 'REMOTE_ADDR'):
        if name in os.environ:
            return os.environ[name]
    return 'unidentified origin'


def _overview(program, status=None, message=''):
    """The lists of this host that are not hidden."""
    host = os.environ.get('HTTP_HOST', os.environ.get('SERVER_NAME', '')).split(':')[0].lower()
    lines = [message]
    for name in sorted(Utils.list_names()):
        mlist = MailList.MailList(name, lock=0)
        if mlist.advertised and (not mm_cfg.VIRTUAL_HOST_OVERVIEW or mlist.web_page_url.split('/')[2].lower() == host):
            lines.append('<a href="%s/%s">%s</a>' % (program, name, mlist.real_name))
    _page('%s Mailing Lists' % cgi.escape(host), *lines, **{'status': status})


def _cookie(mlist, context, user):
    """The line that gives the browser its cookie."""
    key = '%s+%s' % (mlist.internal_name(), _CONTEXTS[context])
    if context == mm_cfg.AuthUser:
        key += '+' + user.replace('@', '--at--')
    scheme, dummy, rest = mlist.web_page_url.partition('://')
    issued = int(time.time())
    value = '%s-%d' % (Utils.sha_new(mlist.password + repr(issued)).hexdigest(), issued)
    return 'Set-Cookie: %s=%s; Path=/%s;%s Version=1' % (key, value, rest.partition('/')[2], ' secure;' if scheme == 'https' else '')


def _login(program, mlist, form):
    """Let somebody in by a password; else show the form, as a refusal if there was one."""
    contexts, field, asked = _LOGIN[program]
    user = form.getfirst('username', form.getfirst('email', form.getfirst('roster-email', '')))
    context = mlist.Authenticate(contexts, form.getfirst(field, ''), user)
    if program == 'roster' and mlist.private_roster == 0:
        return True
    if context != mm_cfg.UnAuthorized:
        print(_cookie(mlist, context, user))
        return True
    refused = asked is None or asked in form
    if refused:
        syslog('security', 'Authorization failed (%s): %slist=%s: remote=%s', program,
               '' if field == 'adminpw' else 'user=%s: ' % user, mlist.internal_name(), _remote())
    _page('%s login' % mlist.real_name, '<form method="POST"><input type="password" name="%s"></form>' % field,
          status='401 Unauthorized' if refused else None)
    return False


def _subscribe(mlist, form):
    """Ask the address that was given for a confirmation."""
    mlist.Lock()
    try:
        try:
            mlist.AddMember(UserDesc(form.getfirst('email', '').strip()), _remote())
            answer = 'subscribed'
        except Errors.MMSubscribeNeedsConfirmation:
            answer = 'Your subscription request has been received.'
        except (Errors.EmailAddressError, Errors.MemberError, Errors.MMMemberError, Errors.MMNeedApproval) as error:
            answer = error.__class__.__name__
        mlist.Save()
    finally:
        mlist.Unlock()
    _page('%s Subscription results' % mlist.real_name, answer)


def main(program):
    if os.environ.get('REQUEST_METHOD', '').lower() not in ('get', 'head', 'post'):
        print('Status: 405 Method not allowed\nContent-type: text/plain\n\nmethod is not allowed')
        return
    # As upstream, for which a path ends at such a character.
    pieces = [piece for piece in re.split('[^!-~]', os.environ.get('PATH_INFO', ''))[0].split('/') if piece]
    if not pieces:
        _overview('listinfo' if program != 'admin' else 'admin')
        return
    name = pieces[0].lower()
    try:
        mlist = MailList.MailList(name, lock=0)
    except Errors.MMListError as error:
        syslog('error', '%s: No such list "%s": %s', program, name, error)
        _overview('listinfo', '404 Not Found', 'No such list <em>%s</em>' % cgi.escape(name, True))
        return
    form = cgi.FieldStorage(keep_blank_values=1)
    if program == 'subscribe':
        _subscribe(mlist, form)
    elif program not in _LOGIN or _login(program, mlist, form):
        _page('%s: %s' % (program, mlist.real_name), '<p>program %s</p>' % program)
