"""The programs in bin/, cron/ and scripts/: a function each, called by a file of its name."""
from __future__ import print_function

import code
import errno
import getopt
import getpass
import grp
import importlib
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import sys
import time
from email.Utils import formataddr
from email.Utils import getaddresses
from email.Utils import parseaddr

from Mailman import Errors
from Mailman import LockFile
from Mailman import MailList
from Mailman import MemberAdaptor
from Mailman import Message
from Mailman import mm_cfg
from Mailman import Pipeline
from Mailman import Queue
from Mailman import Utils
from Mailman.Logging.Syslog import log_stderr
from Mailman.Logging.Syslog import syslog
from Mailman.UserDesc import UserDesc


def main(path):
    directory, name = path.split('/')
    if directory == 'scripts':
        _enqueue(name)
    elif directory == 'cron':
        _CRON[name]()
    else:
        globals()['do_' + name.replace('-', '_')](sys.argv[1:])


def _die(status, text=''):
    stream = sys.stderr if status else sys.stdout
    print('%s: a program of the test double, used like the one of Mailman 2.1 of that name' % sys.argv[0], file=stream)
    if text:
        print(text, file=stream)
    sys.exit(status)


def _options(argv, short, long=()):
    """({'-x': value}, arguments), with the long options under their names."""
    try:
        options, arguments = getopt.getopt(argv, 'h' + short, ['help'] + list(long))
    except getopt.error as error:
        _die(1, error)
    options = dict(options)
    if '-h' in options or '--help' in options:
        _die(0)
    return options, arguments


def _pick(options, *names):
    """The value of an option by any of its names: '' for a flag that was given, None if it was not."""
    for name in names:
        if name in options:
            return options[name]
    return None


def _given(options, *names):
    return _pick(options, *names) is not None


def _open(name, lock=1):
    """The list, or out: like the tools that say so and exit 1."""
    try:
        return MailList.MailList(name, lock=lock)
    except Errors.MMListError:
        _die(1, 'No such list: %s' % name)


def _read(path):
    """Lines without blanks and comments' worth of nothing; - is stdin."""
    if path == '-':
        text = sys.stdin.read()
    else:
        with open(path) as stream:
            text = stream.read()
    return [line.strip() for line in text.splitlines() if line.strip()]


# Lists

def do_newlist(argv):
    options, args = _options(argv, 'qal:u:e:', ('quiet', 'automate', 'language=', 'urlhost=', 'emailhost='))
    lang = _pick(options, '-l', '--language') or mm_cfg.DEFAULT_SERVER_LANGUAGE
    quiet = _given(options, '-q', '--quiet')
    urlhost = _pick(options, '-u', '--urlhost')
    emailhost = _pick(options, '-e', '--emailhost')
    if not Utils.IsLanguage(lang):
        _die(1, 'Unknown language: %s' % lang)
    name = (args[0] if args else raw_input('Enter the name of the list: ')).lower()
    if '@' in name:
        name, domain = name.split('@', 1)
        urlhost = urlhost or domain
        emailhost = emailhost or mm_cfg.VIRTUAL_HOSTS.get(domain, domain)
    urlhost = urlhost or mm_cfg.DEFAULT_URL_HOST
    emailhost = emailhost or mm_cfg.VIRTUAL_HOSTS.get(urlhost, mm_cfg.DEFAULT_EMAIL_HOST)
    if Utils.list_exists(name):
        _die(1, 'List already exists: %s' % name)
    owner = args[1] if len(args) > 1 else raw_input('Enter the email of the person running the list: ')
    password = (args[2] if len(args) > 2 else getpass.getpass('Initial %s password: ' % name)).strip()
    if not password:
        _die(1, 'The list password cannot be empty')
    mlist = MailList.MailList()
    mask = os.umask(0o002)
    try:
        languages = [lang] if lang == mm_cfg.DEFAULT_SERVER_LANGUAGE else [lang, mm_cfg.DEFAULT_SERVER_LANGUAGE]
        try:
            mlist.Create(name, owner, Utils.sha_new(password).hexdigest(), languages, emailhost, urlhost)
        except Errors.BadListNameError as error:
            _die(1, 'Illegal list name: %s' % error)
        except Errors.EmailAddressError as error:
            _die(1, 'Bad owner email address: %s' % error)
        mlist.host_name = emailhost
        mlist.web_page_url = mm_cfg.DEFAULT_URL_PATTERN % urlhost
        mlist.preferred_language = lang
        mlist.Save()
    finally:
        os.umask(mask)
        mlist.Unlock()
    if mm_cfg.MTA:
        _print_aliases(mlist)
    if not quiet:
        if not _given(options, '-a', '--automate'):
            print('Hit enter to notify %s owner...' % name, end=' ')
            sys.stdin.readline()
        Message.UserNotification(
            owner, Utils.get_site_email(emailhost, 'owner'), 'Your new mailing list: %s' % name,
            'The list is %s, its password %s.\n' % (mlist.GetListEmail(), password), lang).send(mlist)


def _print_aliases(mlist):
    """What upstream tells the administrator to put in the aliases when MTA is not None."""
    name = mlist.internal_name()
    wrapper = os.path.join(mm_cfg.WRAPPER_DIR, 'mailman')
    for end in ('', 'admin', 'bounces', 'confirm', 'join', 'leave', 'owner', 'request', 'subscribe', 'unsubscribe'):
        print('%s: "|%s %s %s"' % (name + ('-' + end if end else ''), wrapper, end or 'post', name))


def do_genaliases(argv):
    if not mm_cfg.MTA:
        _die(2, "genaliases can't do anything useful with mm_cfg.MTA = %r." % mm_cfg.MTA)
    for name in sorted(Utils.list_names()):
        _print_aliases(MailList.MailList(name, lock=0))


def do_rmlist(argv):
    options, args = _options(argv, 'a', ('archives',))
    if len(args) != 1:
        _die(1)
    name = args[0].lower().strip()
    archives = _given(options, '-a', '--archives')
    exists = Utils.list_exists(name)
    if not exists and not archives:
        _die(1, 'No such list (or list already deleted): %s' % name)
    if not exists:
        print('No such list: %s.  Removing its residual archives.' % name)
    if not archives:
        print('Not removing archives.  Reinvoke with -a to remove them.')
    doomed = [(Utils.list_path(name), 'list info')] if exists else []
    doomed += [(os.path.join(mm_cfg.LOCK_DIR, found), 'stale lock file')
               for found in os.listdir(mm_cfg.LOCK_DIR) if found.split('.')[0] == name]
    doomed += [(os.path.join(mm_cfg.DATA_DIR, found), 'held message file') for found in os.listdir(mm_cfg.DATA_DIR)
               if re.match(r'heldmsg-%s-\d+\.(pck|txt)$' % re.escape(name), found)]
    if archives:
        doomed += [(os.path.join(where, name + end), '%s archives' % what)
                   for where, what in ((mm_cfg.PRIVATE_ARCHIVE_FILE_DIR, 'private'),
                                       (mm_cfg.PUBLIC_ARCHIVE_FILE_DIR, 'public')) for end in ('', '.mbox')]
    for path, what in doomed:
        if os.path.islink(path) or os.path.isfile(path):
            print('Removing %s' % what)
            os.unlink(path)
        elif os.path.isdir(path):
            print('Removing %s' % what)
            shutil.rmtree(path)
        else:
            print('%s %s not found as %s' % (name, what, path))


def do_list_lists(argv):
    options, dummy = _options(argv, 'apbV:', ('advertised', 'public-archive', 'bare', 'virtual-host-overview='))
    host = _pick(options, '-V', '--virtual-host-overview')
    found = []
    for name in sorted(Utils.list_names()):
        mlist = MailList.MailList(name, lock=0)
        if ((mlist.advertised or not _given(options, '-a', '--advertised')) and
                not (mlist.archive_private and _given(options, '-p', '--public-archive')) and
                (not host or '://%s/' % host.lower() in mlist.web_page_url.lower())):
            found.append(mlist)
    bare = _given(options, '-b', '--bare')
    if not bare:
        print('%d matching mailing lists found:' % len(found) if found else 'No matching mailing lists found')
    for mlist in found:
        print(mlist.internal_name() if bare else '    %s - %s' % (
            mlist.real_name, mlist.description or '[no description available]'))


def do_mmsitepass(argv):
    options, args = _options(argv, 'c', ('listcreator',))
    site = not _given(options, '-c', '--listcreator')
    if len(args) == 1:
        password = args[0]
    else:
        password = getpass.getpass('New password: ')
        if password != getpass.getpass('Again to confirm password: '):
            print('Passwords do not match; no changes made.')
            sys.exit(1)
    Utils.set_global_password(password, site)
    print('Password changed.' if Utils.check_global_password(password, site) else 'Password change failed.')


# Members

def do_list_members(argv):
    # -n and -d take a word after them or not, so getopt cannot read these.
    reasons = {'enabled': MemberAdaptor.ENABLED, 'unknown': MemberAdaptor.UNKNOWN, 'byuser': MemberAdaptor.BYUSER,
               'byadmin': MemberAdaptor.BYADMIN, 'bybounce': MemberAdaptor.BYBOUNCE}
    args = list(argv)
    flags = set()
    output = reason = None
    while args and args[0].startswith('-'):
        option, dummy, value = args.pop(0).partition('=')
        flag = {'--fullnames': 'f', '--preserve': 'p', '--regular': 'r', '--digest': 'd', '--nomail': 'n',
                '--output': 'o', '--moderated': 'm', '--non-moderated': 'M', '--help': 'h'}.get(option, option[1:])
        flags.add(flag)
        if flag == 'o':
            output = args.pop(0)
        elif flag == 'n' and not value and args and args[0] in reasons:
            value = args.pop(0)
        elif flag == 'd' and not value and args and args[0] in ('mime', 'plain'):
            value = args.pop(0)
        if flag == 'n' and value:
            reason = reasons[value]
    if not argv or 'h' in flags:
        _die(0)
    if len(args) != 1 or flags - set('fprdnomM'):
        _die(1)
    name = args[0].lower().strip()
    try:
        mlist = MailList.MailList(name, lock=0)
    except Errors.MMListError:
        print('No such list: %s' % name, file=sys.stderr)
        sys.exit(1)
    both = 'r' not in flags and 'd' not in flags
    members = []
    for keys, wanted in ((mlist.getRegularMemberKeys(), 'r'), (mlist.getDigestMemberKeys(), 'd')):
        if both or wanted in flags:
            members += sorted(mlist.getMemberCPAddresses(keys) if 'p' in flags else keys)
    stream = open(output, 'w') if output else sys.stdout
    for key in members:
        status = mlist.getDeliveryStatus(key)
        if 'n' in flags and (status == MemberAdaptor.ENABLED if reason is None else status != reason):
            continue
        moderated = mlist.getMemberOption(key, mm_cfg.Moderate)
        if 'm' in flags and not moderated or 'M' in flags and moderated:
            continue
        full = (mlist.getMemberName(key) or '') if 'f' in flags else ''
        full = full.encode('ascii', 'replace') if isinstance(full, unicode) else (
            full.decode('ascii', 'replace').encode('ascii', 'replace'))
        print(formataddr((full, key)), file=stream)
    if output:
        stream.close()


def _yes(value, option):
    if value is None:
        return None
    if value[:1].lower() not in ('y', 'n'):
        _die(1, 'Bad argument to %s: %s' % (option, value))
    return value[:1].lower() == 'y'


def do_add_members(argv):
    options, args = _options(argv, 'a:r:d:w:im:n', (
        'admin-notify=', 'regular-members-file=', 'digest-members-file=', 'welcome-msg=', 'invite',
        'invite-msg-file=', 'nomail'))
    files = [(_pick(options, '-r', '--regular-members-file'), 0), (_pick(options, '-d', '--digest-members-file'), 1)]
    welcome = _yes(_pick(options, '-w', '--welcome-msg'), '-w/--welcome-msg')
    notify = _yes(_pick(options, '-a', '--admin-notify'), '-a/--admin-notify')
    if len(args) != 1 or not (files[0][0] or files[1][0]):
        _die(1)
    mlist = _open(args[0].lower().strip())
    try:
        asked = [(line, digest) for path, digest in files if path for line in _read(path)]
        if not asked:
            _die(0, 'Nothing to do.')
        results = []
        for line, digest in asked:
            results.append(_add_member(mlist, line, digest, welcome, _given(options, '-i', '--invite'),
                                       _given(options, '-n', '--nomail')))
            print(results[-1])
        if mlist.admin_notify_mchanges if notify is None else notify:
            Message.UserNotification(
                mlist.owner, Utils.get_site_email(mlist.host_name), '%s subscription notification' % mlist.real_name,
                '\n'.join(results) + '\n', mlist.preferred_language).send(mlist)
        mlist.Save()
    finally:
        mlist.Unlock()


def _add_member(mlist, line, digest, welcome, invite, nomail):
    name, address = parseaddr(line)
    desc = UserDesc(address, name, digest=digest)
    try:
        if invite and mlist.isMember(address):
            raise Errors.MMAlreadyAMember
        if invite:
            desc.password = Utils.MakeRandomPassword()
            desc.language = mlist.preferred_language
            mlist.InviteNewMember(desc)
            return 'Invited: %s' % line
        mlist.ApprovedAddMember(desc, ack=welcome, admin_notif=False, whence='bin/add_members')
    except Errors.MMAlreadyAMember:
        return 'Already a member: %s' % line
    except Errors.MembershipIsBanned as error:
        return '%s: Banned address (matched %s)' % (line, error)
    except Errors.MMBadEmailError:
        return 'Bad/Invalid email address: %s' % (line if address else 'blank line')
    except Errors.MMHostileAddress:
        return 'Hostile address (illegal characters): %s' % line
    if nomail:
        mlist.setDeliveryStatus(address, MemberAdaptor.BYADMIN)
    return 'Subscribed: %s' % line


def do_remove_members(argv):
    options, args = _options(argv, 'naf:N', ('all', 'fromall', 'file=', 'nouserack', 'noadminack'))
    path = _pick(options, '-f', '--file')
    everywhere = _given(options, '--fromall')
    everybody = _given(options, '-a', '--all')
    if not args and not (path and everywhere) or everybody and everywhere:
        _die(1)
    names = Utils.list_names() if everywhere else [args.pop(0).lower().strip()]
    if path:
        try:
            args = args + _read(path)
        except IOError:
            print('Could not open file for reading: %s.' % path)
    for name in names:
        try:
            mlist = MailList.MailList(name)
        except Errors.MMListError:
            print('Error opening list %s... skipping.' % name)
            continue
        try:
            for address in mlist.getMembers() if everybody else args:
                if mlist.isMember(address):
                    mlist.ApprovedDeleteMember(
                        address, 'bin/remove_members', False if _given(options, '-N', '--noadminack') else None,
                        False if _given(options, '-n', '--nouserack') else None)
                    if everywhere:
                        print("User `%s' removed from list: %s." % (address, name))
                elif not everywhere:
                    print('No such member: %s' % address)
            mlist.Save()
        finally:
            mlist.Unlock()


def do_sync_members(argv):
    # -w, -g, -d and -a take a value only with =, so getopt cannot read these.
    args = list(argv)
    values = {}
    while args and args[0].startswith('-') and args[0] != '-':
        option, dummy, value = args.pop(0).partition('=')
        option = {'--no-change': '-n', '--welcome-msg': '-w', '--goodbye-msg': '-g', '--digest': '-d',
                  '--notifyadmin': '-a', '--file': '-f', '--help': '-h'}.get(option, option)
        if option == '-f':
            value = args.pop(0) if args else _die(1, 'No argument to -f given')
        elif option in ('-w', '-g', '-d', '-a'):
            value = _yes(value or 'yes', option)
        elif option == '-h':
            _die(0)
        elif option != '-n':
            _die(1, 'Illegal option: %s' % option)
        values[option] = value
    if not args or '-f' not in values:
        _die(1, 'Must have a listname and a filename')
    dry = '-n' in values
    if dry:
        print('Dry run mode')
    wanted = getaddresses([line for line in _read(values['-f']) if not line.startswith('#')])
    invalid = False
    for dummy, address in wanted:
        try:
            Utils.ValidateEmail(address)
        except Errors.EmailAddressError:
            print('Invalid :  %30s' % address)
            invalid = True
    if invalid:
        print('You must fix the preceding invalid addresses first.')
        sys.exit(1)
    try:
        mlist = MailList.MailList(args[0].lower())
    except Errors.MMListError:
        print('No such list: %s' % args[0])
        sys.exit(1)
    try:
        keys = set(address.lower() for dummy, address in wanted)
        gone = [mlist.getMemberCPAddress(key) for key in mlist.getMembers() if key not in keys]
        new = dict((address.lower(), (name, address)) for name, address in reversed(wanted)
                   if not mlist.isMember(address))
        if not gone and not new:
            print('Nothing to do.')
            sys.exit(0)
        for name, address in new.values():
            try:
                if not dry:
                    mlist.ApprovedAddMember(UserDesc(address, name, Utils.MakeRandomPassword(), values.get('-d', 0)),
                                            values.get('-w'), values.get('-a'))
                print('Added  : %s' % formataddr((name, address)))
            except Errors.MembershipIsBanned as error:
                print('%s: Banned address (matched %s)' % (address, error))
        for address in gone:
            name = mlist.getMemberName(address) or ''
            if not dry:
                mlist.ApprovedDeleteMember(address, admin_notif=values.get('-a'), userack=values.get('-g'))
            print('Removed: %s' % formataddr((name.encode('ascii', 'replace'), address)))
        mlist.Save()
    finally:
        mlist.Unlock()


# Settings

def do_config_list(argv):
    options, args = _options(argv, 'ci:o:v', ('checkonly', 'inputfile=', 'outputfile=', 'verbose'))
    source = _pick(options, '-i', '--inputfile')
    target = _pick(options, '-o', '--outputfile')
    if source is not None and target is not None:
        _die(1, 'Only one of -i or -o is allowed')
    if source is None and target is None:
        _die(1, 'One of -i or -o is required')
    if len(args) != 1:
        _die(1, 'List name is required')
    name = args[0].lower().strip()
    if target is not None:
        mlist = _open(name, lock=0)
        stream = sys.stdout if target == '-' else open(target, 'w')
        _write_settings(mlist, stream)
        stream.flush()
    else:
        check = _given(options, '-c', '--checkonly')
        _read_settings(_open(name, lock=not check), source, check, _given(options, '-v', '--verbose'))


def _settings(mlist):
    """Each setting that a list has: category's object, name, kind, choices, description."""
    for category, (dummy, gui) in mlist.GetConfigCategories().items():
        for sub, dummy in mlist.GetConfigSubCategories(category) or [(None, None)]:
            for item in (mlist.GetConfigInfo(category, sub) or [])[1:]:
                yield gui, item[0], item[1], item[2], item[-1]


def _write_settings(mlist, stream):
    print('# -*- python -*-\n# -*- coding: %s -*-' % Utils.GetCharSet(mlist.preferred_language), file=stream)
    print('## "%s" mailing list configuration settings' % mlist.internal_name(), file=stream)
    print('## captured on %s\n' % time.ctime(), file=stream)
    for gui, name, kind, choices, text in _settings(mlist):
        if name.startswith('_'):
            continue
        value = gui.getValue(mlist, kind, name, choices)
        if value is None:
            value = getattr(mlist, name)
        if kind in (mm_cfg.String, mm_cfg.Text, mm_cfg.FileUpload):
            lines = value.splitlines()
            joined = '\n'.join(lines)
            value = '"""%s"""' % joined.replace('"', '\\"') if len(lines) > 1 else repr(joined)
        else:
            value = repr(value)
        print('# %s' % text, file=stream)
        if kind in (mm_cfg.Radio, mm_cfg.Toggle):
            first = int(name == 'subscribe_policy' and not mm_cfg.ALLOW_OPEN_SUBSCRIBE)
            print('#\n# legal values are:', file=stream)
            for number, choice in enumerate(choices):
                print('#    %d = "%s"' % (number + first, choice), file=stream)
        print('%s = %s\n' % (name, value), file=stream)


def _read_settings(mlist, path, check, verbose):
    """Set what a file of Python sets.  What is not valid is reported, and the rest saved."""
    known = dict((name, (gui, kind)) for gui, name, kind, dummy, dummy in _settings(mlist))
    save = False
    try:
        values = {'mlist': mlist}
        execfile(path, values)
        save = not check
        for name, value in sorted(values.items()):
            if name in ('mlist', '__builtins__'):
                continue
            if not hasattr(mlist, name):
                print('attribute "%s" ignored' % name, file=sys.stderr)
                continue
            if verbose:
                print('attribute "%s" changed' % name, file=sys.stderr)
            if name not in known:
                print('Non-standard property restored: %s' % name, file=sys.stderr)
                setattr(mlist, name, value)
                continue
            gui, kind = known[name]
            try:
                valid = gui._getValidValue(mlist, name, kind, value)
            except ValueError:
                print('Invalid value for property: %s' % name, file=sys.stderr)
            except Errors.EmailAddressError:
                print('Bad email address for option %s: %s' % (name, value), file=sys.stderr)
            else:
                if name == 'subscribe_policy' and not mm_cfg.ALLOW_OPEN_SUBSCRIBE:
                    valid -= 1
                elif name == 'new_member_options':
                    valid = [option for option, bit in mm_cfg.OPTINFO.items() if valid[0] & bit]
                gui._setValue(mlist, name, valid, None)
    finally:
        if save:
            mlist.Save()
        mlist.Unlock()


def do_withlist(argv):
    options, args = _options(argv, 'lr:qia', ('lock', 'run=', 'quiet', 'interactive', 'all'))
    quiet = _given(options, '-q', '--quiet')
    lock = _given(options, '-l', '--lock')
    target = _pick(options, '-r', '--run')
    everything = _given(options, '-a', '--all')
    if everything and not target:
        _die(1, '--all requires --run')
    if not args and not everything:
        _die(1, 'No list name supplied.')

    def say(text):
        if not quiet:
            print(text, file=sys.stderr)

    call = None
    if target:
        sys.path.append(os.path.dirname(sys.argv[0]))
        module, dot, function = target.rpartition('.')
        module = module or function
        say('Importing %s...' % module)
        __import__(module)
        say('Running %s.%s()...' % (module, function))
        call = getattr(sys.modules[module], function)
    for name in Utils.list_names() if everything else [args.pop(0).lower().strip()]:
        say('Loading list %s (%slocked)' % (name, '' if lock else 'un'))
        try:
            mlist = MailList.MailList(name, lock=lock)
        except Errors.MMUnknownListError:
            print('Unknown list: %s' % name, file=sys.stderr)
            mlist = None
        try:
            if call:
                call(mlist, *args)
            if not call or _given(options, '-i', '--interactive'):
                code.InteractiveConsole({'m': mlist}).interact("The variable `m' is the %s MailList instance" % name)
        finally:
            if mlist and mlist.Locked():
                say('Unlocking (but not saving) list: %s' % name)
                mlist.Unlock()
    say('Finalizing')


# The installation

def do_update(argv):
    _options(argv, 'f', ('force',))
    path = os.path.join(mm_cfg.DATA_DIR, 'last_mailman_version')
    last = 0
    if os.path.exists(path):
        with open(path) as stream:
            last = int(stream.read(), 16)
    if last == mm_cfg.HEX_VERSION and not argv:
        print('No updates are necessary.')
        return
    if last > mm_cfg.HEX_VERSION and not argv:
        print('Downgrade detected, from version %s to version %s\nExiting.' % (hex(last), hex(mm_cfg.HEX_VERSION)))
        sys.exit(1)
    print('Upgrading from version %s to %s' % (hex(last), hex(mm_cfg.HEX_VERSION)))
    if not Utils.list_names():
        print('no lists == nothing to do, exiting')
    mask = os.umask(0o022)
    with open(path, 'w') as stream:
        stream.write('%s\n' % hex(mm_cfg.HEX_VERSION))
    os.umask(mask)


class _Permissions:
    def __init__(self, fix):
        self.fix = fix
        self.found = 0
        self.gid = grp.getgrnam(mm_cfg.MAILMAN_GROUP).gr_gid

    def problem(self, text, call, *args):
        self.found += 1
        print(text + (' (fixing)' if self.fix else ''))
        if self.fix:
            call(*args)

    def at_least(self, path, wanted, text):
        mode = stat.S_IMODE(os.stat(path).st_mode)
        if mode & wanted != wanted:
            self.problem('%s %s: %s' % (text, oct(wanted), path), os.chmod, path, mode | wanted)

    def tree(self, top):
        self.at_least(top, 0o2775, 'directory must be at least')
        for directory, names, files in os.walk(top):
            for name in names + files:
                path = os.path.join(directory, name)
                if os.path.exists(path):
                    self.entry(path)

    def entry(self, path):
        info = os.stat(path)
        if info.st_gid != self.gid:
            self.problem('%s bad group (has: %s, expected %s)' % (path, info.st_gid, mm_cfg.MAILMAN_GROUP),
                         os.chown, path, -1, self.gid)
        if stat.S_ISDIR(info.st_mode):
            private = path == mm_cfg.PRIVATE_ARCHIVE_FILE_DIR or path.startswith(mm_cfg.QUEUE_DIR)
            self.at_least(path, 0o2770 if private else 0o2775, 'directory permissions must be')
        elif path.endswith(('.py', '.pyc')):
            self.at_least(path, 0o644, 'source perms must be')

    def others_out(self):
        private = mm_cfg.PRIVATE_ARCHIVE_FILE_DIR
        mode = stat.S_IMODE(os.stat(private).st_mode)
        if mode & stat.S_IROTH:
            self.problem('%s must not be other-readable' % private, os.chmod, private, mode & ~stat.S_IROTH)
        if mode & stat.S_IXOTH:
            print('Warning: Private archive directory is other-executable (o+x).')


def do_check_perms(argv):
    options, dummy = _options(argv, 'fv', ('fix', 'verbose'))
    state = _Permissions(_given(options, '-f', '--fix'))
    for top in sorted(set([mm_cfg.PREFIX, mm_cfg.VAR_PREFIX, mm_cfg.LOG_DIR])):
        state.tree(top)
    state.others_out()
    wrapper = os.path.join(mm_cfg.WRAPPER_DIR, 'mailman')
    if not os.stat(wrapper).st_mode & stat.S_ISGID:
        state.problem('%s must be set-gid' % wrapper, os.chmod, wrapper, 0o2755)
    for name in Utils.list_names():
        for part in ('config.pck', 'config.pck.last', 'digest.mbox', 'pending.pck', 'request.pck'):
            path = os.path.join(Utils.list_path(name), part)
            if os.path.exists(path):
                state.at_least(path, 0o660, 'file permissions must be at least')
    for path in (mm_cfg.SITE_PW_FILE, mm_cfg.LISTCREATOR_PW_FILE):
        if os.path.exists(path) and stat.S_IMODE(os.stat(path).st_mode) != 0o640:
            state.problem('%s permissions must be exactly 0640' % path, os.chmod, path, 0o640)
    if state.found:
        print('Problems found: %d' % state.found)
        print('Re-run as %s (or root) with -f flag to fix' % mm_cfg.MAILMAN_USER)
    else:
        print('No problems found')


def do_unshunt(argv):
    """Put back what a runner could not process."""
    queue = Queue.Switchboard(argv[0] if argv else mm_cfg.SHUNTQUEUE_DIR)
    for base in queue.files():
        msg, data = queue.dequeue(base)
        Queue.Switchboard(data.get('whichq', mm_cfg.INQUEUE_DIR)).enqueue(msg, data)
        queue.finish(base)


# The queue runners and their master

def _find_runner(name):
    """A runner's class: of a module of its name, or of Mailman.Queue."""
    if os.path.exists(os.path.join(mm_cfg.PREFIX, 'Mailman', 'Queue', name + '.py')):
        return getattr(importlib.import_module('Mailman.Queue.' + name), name)
    return getattr(Queue, name, None)


def do_qrunner(argv):
    options, args = _options(argv, 'lor:vs', ('list', 'once', 'runner=', 'verbose', 'subproc'))
    if args:
        _die(1)
    if _given(options, '-l', '--list'):
        for name, dummy in mm_cfg.QRUNNERS:
            print('%s runs the %s qrunner' % (name.replace('Runner', ''), name))
        print('All runs all the above qrunners')
        return
    given = _pick(options, '-r', '--runner')
    if given is None:
        _die(1, 'No runner name given.')
    name, slice, slices = (given.split(':') + ['1', '1'])[:3]
    name = name if name.endswith('Runner') else name + 'Runner'
    once = _given(options, '-o', '--once')
    if _given(options, '-s', '--subproc'):
        log_stderr('qrunner', tee=False)
    if name == 'AllRunner':
        for each, dummy in mm_cfg.QRUNNERS:
            _find_runner(each)().run(once=True)
        return
    found = _find_runner(name)
    if not found:
        print('Cannot import runner module Mailman.Queue.%s' % name, file=sys.stderr)
        sys.exit(signal.SIGTERM if _given(options, '-s', '--subproc') else 1)
    runner = found(int(slice), int(slices)) if slices != '1' else found()
    if once:
        runner.run(once=True)
        return
    status = []

    def stop(signum, dummy):
        runner.stop()
        if signum in status:
            # From systemd and from the master, and the second may come while the first is being logged.
            return
        # The master starts what SIGINT has stopped again, and not what SIGTERM has.
        status.append(signum)
        syslog('qrunner', '%s qrunner caught %s.  Stopping.', name, 'SIGINT' if signum == signal.SIGINT else 'SIGTERM')

    def reopen(dummy_signal, dummy):
        syslog.close()
        syslog('qrunner', '%s qrunner caught SIGHUP.  Reopening logs.', name)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, reopen)
    syslog('qrunner', '%s qrunner started.', name)
    runner.run()
    syslog('qrunner', '%s qrunner exiting.', name)
    sys.exit(status[-1] if status else 0)


_MASTER_LOCK = os.path.join(mm_cfg.LOCK_DIR, mm_cfg.MASTER_LOCK_FILE)
_MAX_RESTARTS = 10


def do_mailmanctl(argv):
    options, args = _options(argv, 'nusq', ('no-restart', 'run-as-user', 'stale-lock-cleanup', 'quiet'))
    if not args:
        _die(1, 'No command given.')
    signals = {'stop': (signal.SIGTERM, "Shutting down Mailman's master qrunner"),
               'restart': (signal.SIGINT, "Restarting Mailman's master qrunner"),
               'reopen': (signal.SIGHUP, 'Re-opening all log files')}
    command = args[0].lower()
    if len(args) > 1:
        _die(1, 'Bad command: %s' % ', '.join(args))
    log_stderr('mailmanctl')
    if _given(options, '-u', '--run-as-user'):
        print('Warning!  You may encounter permission problems.')
    else:
        _become_user()
    quiet = _given(options, '-q', '--quiet')
    if command in signals:
        if not quiet:
            print(signals[command][1])
        _signal_master(signals[command][0])
    elif command == 'start':
        _start(quiet, _given(options, '-s', '--stale-lock-cleanup'), not _given(options, '-n', '--no-restart'))
    # Upstream says nothing to a command that it does not know.


def _become_user():
    user = pwd.getpwnam(mm_cfg.MAILMAN_USER)
    group = grp.getgrnam(mm_cfg.MAILMAN_GROUP).gr_gid
    if os.geteuid() == 0:
        os.setgroups([known.gr_gid for known in grp.getgrall() if user.pw_name in known.gr_mem] + [group])
        os.setgid(group)
        os.setuid(user.pw_uid)
    elif os.geteuid() != user.pw_uid:
        _die(1, 'Run this program as root or as the %s user, or use -u.' % user.pw_name)


def _signal_master(number):
    try:
        with open(mm_cfg.PIDFILE) as stream:
            pid = int(stream.read())
    except (IOError, ValueError) as error:
        print('PID unreadable in: %s\n%s\nIs qrunner even running?' % (mm_cfg.PIDFILE, error), file=sys.stderr)
        return
    try:
        os.kill(pid, number)
    except OSError as error:
        if error.errno != errno.ESRCH:
            raise
        print('No child with pid: %s\n%s\nStale pid file removed.' % (pid, error), file=sys.stderr)
        os.unlink(mm_cfg.PIDFILE)


def _lock_owner():
    """(path of the claim, its host, whether its process lives)"""
    with open(_MASTER_LOCK) as stream:
        claim = stream.read().strip()
    parts = os.path.basename(claim).split('.')
    try:
        os.kill(int(parts[-1]), 0)
        alive = True
    except OSError as error:
        alive = error.errno != errno.ESRCH
    return claim, '.'.join(parts[1:-1]), alive


def _master_lock(force):
    lock = LockFile.LockFile(_MASTER_LOCK, mm_cfg.days(1) + mm_cfg.hours(6))
    try:
        lock.lock(0.1)
        return lock
    except LockFile.TimeOutError:
        claim, host, alive = _lock_owner()
    local = host == socket.gethostname()
    if force and local and not alive:
        lock._disown()
        os.unlink(_MASTER_LOCK)
        os.unlink(claim)
        return _master_lock(False)
    print('The master qrunner lock could not be acquired%s' % (
        ', because it appears as if some\nprocess on some other host may have acquired it.\nLock file: %s\nLock host: %s'
        % (_MASTER_LOCK, host) if not local else
        ' because it appears as if another\nmaster qrunner is already running.' if alive else
        '.  It appears as though there is\na stale master qrunner lock.  Try re-running mailmanctl with the -s flag.'),
        file=sys.stderr)
    return None


def _start(quiet, force, restart):
    if not Utils.list_exists(mm_cfg.MAILMAN_SITE_LIST):
        print('Site list is missing: %s' % mm_cfg.MAILMAN_SITE_LIST, file=sys.stderr)
        syslog('error', 'Site list is missing: %s', mm_cfg.MAILMAN_SITE_LIST)
        sys.exit(1)
    lock = _master_lock(force)
    if not lock:
        return
    pid = os.fork()
    if pid:
        if not quiet:
            print("Starting Mailman's master qrunner.")
        lock._transfer_to(pid)
        return
    lock._take_possession()
    mask = os.umask(0o006)
    with open(mm_cfg.PIDFILE, 'w') as stream:
        stream.write('%d\n' % os.getpid())
    os.umask(mask)
    os.setsid()
    devnull = os.open('/dev/null', os.O_RDWR)
    for number in range(3):
        os.dup2(devnull, number)
    os.chdir(mm_cfg.PREFIX)
    os.umask(0o007)
    try:
        _watch(lock, restart)
    finally:
        lock.unlock(unconditionally=1)
        os._exit(0)


def _start_runner(name, slice, slices):
    pid = os.fork()
    if not pid:
        os.execl(mm_cfg.PYTHON, mm_cfg.PYTHON, os.path.join(mm_cfg.BIN_DIR, 'qrunner'),
                 '--runner=%s:%d:%d' % (name, slice, slices), '-s')
    return pid


def _watch(lock, restart):
    """Start the runners and, as they exit, start them again, until none is left."""
    kids = {}
    for name, slices in mm_cfg.QRUNNERS:
        for slice in range(slices):
            kids[_start_runner(name, slice, slices)] = (name, slice, slices, 0)

    def pass_on(signum, dummy):
        if signum == signal.SIGHUP:
            syslog.close()
        for pid in kids.keys():
            os.kill(pid, signum)
        name, what = {signal.SIGHUP: ('SIGHUP', 'Re-opening log files.'), signal.SIGTERM: ('SIGTERM', 'Exiting.'),
                      signal.SIGINT: ('SIGINT', 'Restarting.')}[signum]
        syslog('qrunner', 'Master watcher caught %s.  %s', name, what)

    for signum in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, pass_on)
    while kids:
        try:
            pid, status = os.wait()
        except OSError as error:
            if error.errno == errno.ECHILD:
                break
            if error.errno != errno.EINTR:
                raise
            continue
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        exited = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        again = restart and signal.SIGTERM not in (killed, exited)
        name, slice, slices, count = kids.pop(pid)
        syslog('qrunner', 'Master qrunner detected subprocess exit\n'
               '(pid: %d, sig: %s, sts: %s, class: %s, slice: %d/%d) %s',
               pid, killed, exited, name, slice + 1, slices, '[restarting]' if again else '')
        if exited != signal.SIGINT:
            count += 1
        if count > _MAX_RESTARTS:
            syslog('qrunner', 'Qrunner %s reached maximum restart limit of %d, not restarting.', name, _MAX_RESTARTS)
            again = False
        if again:
            kids[_start_runner(name, slice, slices)] = (name, slice, slices, count)


# Mail from the wrapper: scripts/

_WHERE = {
    'post': (mm_cfg.INQUEUE_DIR, {'tolist': 1}),
    'owner': (mm_cfg.INQUEUE_DIR, {'toowner': 1}),
    'bounces': (mm_cfg.BOUNCEQUEUE_DIR, {}),
    'admin': (mm_cfg.BOUNCEQUEUE_DIR, {}),
    'confirm': (mm_cfg.CMDQUEUE_DIR, {'toconfirm': 1}),
    'join': (mm_cfg.CMDQUEUE_DIR, {'tojoin': 1}),
    'subscribe': (mm_cfg.CMDQUEUE_DIR, {'tojoin': 1}),
    'leave': (mm_cfg.CMDQUEUE_DIR, {'toleave': 1}),
    'unsubscribe': (mm_cfg.CMDQUEUE_DIR, {'toleave': 1}),
    'request': (mm_cfg.CMDQUEUE_DIR, {'torequest': 1}),
}


def _enqueue(name):
    """Queue the message on stdin, and no more: what becomes of it is the runners' business."""
    log_stderr(name)
    if len(sys.argv) < 2:
        print('%s script got no listname.' % name, file=sys.stderr)
        sys.exit(1)
    if not Utils.list_exists(sys.argv[1]):
        print('%s script, list not found: %s' % (name, sys.argv[1]), file=sys.stderr)
        sys.exit(1)
    directory, data = _WHERE[name]
    if name == 'owner':
        data['envsender'] = Utils.get_site_email(extra='bounces')
    Queue.Switchboard(directory).enqueue(sys.stdin.read(), listname=sys.argv[1], _plaintext=1, **data)


# Cron

def _cron_names():
    """The lists given with -l, or all."""
    given = [sys.argv[number + 1] for number, word in enumerate(sys.argv) if word == '-l']
    return given or sorted(Utils.list_names())


def _each_list():
    for name in _cron_names():
        mlist = MailList.MailList(name)
        try:
            yield mlist
            mlist.Save()
        finally:
            mlist.Unlock()


def _checkdbs():
    """Remind the moderators of what waits for them."""
    for mlist in _each_list():
        waiting = mlist.NumRequestsPending()
        if waiting:
            Message.UserNotification(
                mlist.GetOwnerEmail(), mlist.GetBouncesEmail(),
                '%d %s moderator request(s) waiting' % (waiting, mlist.real_name), 'See the requests.\n',
                mlist.preferred_language).send(mlist, tomoderators=1)


def _disabled():
    """Tell those whom bounces have disabled, and remove them in the end."""
    for mlist in _each_list():
        for member in mlist.getDeliveryStatusMembers((MemberAdaptor.BYBOUNCE,)):
            info = mlist.getBounceInfo(member)
            if info and (time.mktime(info.lastnotice + (0,) * 6) + mlist.bounce_you_are_disabled_warnings_interval
                         <= time.time()):
                mlist.sendNextNotification(member)


def _senddigests():
    for mlist in _each_list():
        if mlist.digest_send_periodic:
            Pipeline.send_digest(mlist)


def _mailpasswds():
    """Each member's passwords, in one message from the site list for each host of lists."""
    found = {}
    for name in _cron_names():
        mlist = MailList.MailList(name, lock=0)
        for member in mlist.getMembers() if mlist.send_reminders else ():
            if not mlist.getMemberOption(member, mm_cfg.SuppressPasswordReminder):
                found.setdefault((mlist.host_name, member), []).append(
                    '%s %s' % (mlist.GetListEmail(), mlist.getMemberPassword(member)))
    try:
        site = MailList.MailList(mm_cfg.MAILMAN_SITE_LIST, lock=0)
    except Errors.MMUnknownListError:
        print('Site list is missing: %s' % mm_cfg.MAILMAN_SITE_LIST, file=sys.stderr)
        sys.exit(1)
    for (host, member), lines in found.items():
        Message.UserNotification(
            member, Utils.get_site_email(host, 'owner'), '%s mailing list memberships reminder' % host,
            '\n'.join(lines) + '\n', site.preferred_language,
        ).send(site, _nolist=1, verp=mm_cfg.VERP_PASSWORD_REMINDERS)


def _cull_bad_shunt():
    for directory in (mm_cfg.BADQUEUE_DIR, mm_cfg.SHUNTQUEUE_DIR):
        for name in os.listdir(directory) if os.path.isdir(directory) else ():
            path = os.path.join(directory, name)
            if 0 < mm_cfg.BAD_SHUNT_STALE_AFTER < time.time() - os.path.getmtime(path):
                os.unlink(path)


def _nothing():
    """News, compressed archives and volumes of digests are not in the double."""


_CRON = {'bumpdigests': _nothing, 'checkdbs': _checkdbs, 'cull_bad_shunt': _cull_bad_shunt, 'disabled': _disabled,
         'gate_news': _nothing, 'mailpasswds': _mailpasswds, 'nightly_gzip': _nothing, 'senddigests': _senddigests}
