"""Names of lists, addresses, passwords, character sets."""
import email.Header
import errno
import hashlib
import htmlentitydefs
import os
import random
import re
import time

from Mailman import Errors
from Mailman import mm_cfg
from Mailman.Logging.Syslog import syslog

sha_new = hashlib.sha1
_BAD_IN_ADDRESS = re.compile(r'[][()<>|:;^,\\"\000-\037\177-\377]')
_serial = 0


def list_path(name):
    return os.path.join(mm_cfg.LIST_DATA_DIR, name)


def list_exists(listname):
    """A list exists while its configuration or the copy before the last change does."""
    if re.sub(mm_cfg.ACCEPTABLE_LISTNAME_CHARACTERS, '', listname):
        syslog('mischief', 'Hostile listname: listname=%s: remote=%s', listname, 'unidentified origin')
        return False
    return any(os.path.exists(os.path.join(list_path(listname), 'config' + end))
               for end in ('.pck', '.pck.last', '.db', '.db.last'))


def list_names():
    return [name for name in os.listdir(mm_cfg.LIST_DATA_DIR) if list_exists(name)]


def ParseEmail(address):
    """('user', ['example', 'com']), lower case; without a domain (address, None)."""
    address = address.lower()
    user, at, domain = address.partition('@')
    if not at or not user:
        return address, None
    return user, domain.split('.')


def LCDomain(address):
    user, at, domain = address.partition('@')
    return user + at + domain.lower()


def ValidateEmail(address):
    """Raise MMBadEmailError or MMHostileAddress unless the address is acceptable."""
    if isinstance(address, (list, tuple)):
        address = address[-1] if address else ''
    if not address or ' ' in address:
        raise Errors.MMBadEmailError
    if _BAD_IN_ADDRESS.search(address):
        raise Errors.MMHostileAddress(address)
    domain = ParseEmail(address)[1]
    if not domain or len(domain) < 2:
        raise Errors.MMBadEmailError(address)
    for label in domain:
        if not re.match('[a-z0-9][-a-z0-9]*$', label, re.IGNORECASE):
            raise Errors.MMHostileAddress(address)


def MakeRandomPassword(length=mm_cfg.MEMBER_PASSWORD_LENGTH):
    letters = 'abcdefghijkmnpqrstuvwxyz' if mm_cfg.USER_FRIENDLY_PASSWORDS else (
        'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789')
    choose = random.SystemRandom().choice
    return ''.join(choose(letters) for dummy in range(length))


def _password_file(siteadmin):
    return mm_cfg.SITE_PW_FILE if siteadmin else mm_cfg.LISTCREATOR_PW_FILE


def set_global_password(pw, siteadmin=True):
    mask = os.umask(0o026)
    try:
        with open(_password_file(siteadmin), 'w') as stream:
            stream.write(sha_new(pw).hexdigest() + '\n')
    finally:
        os.umask(mask)


def get_global_password(siteadmin=True):
    try:
        with open(_password_file(siteadmin)) as stream:
            return stream.read()[:-1]
    except IOError as error:
        if error.errno != errno.ENOENT:
            raise
        return None


def check_global_password(response, siteadmin=True):
    known = get_global_password(siteadmin)
    return None if known is None else known == sha_new(response).hexdigest()


def GetLanguageDescr(lang):
    return mm_cfg.LC_DESCRIPTIONS[lang][0]


def GetCharSet(lang):
    return mm_cfg.LC_DESCRIPTIONS[lang][1]


def IsLanguage(lang):
    return lang in mm_cfg.LC_DESCRIPTIONS


def get_domain():
    return mm_cfg.DEFAULT_URL_HOST


def get_site_email(hostname=None, extra=None):
    if hostname is None:
        hostname = mm_cfg.VIRTUAL_HOSTS.get(get_domain(), get_domain())
    return '%s%s@%s' % (mm_cfg.MAILMAN_SITE_LIST, '-' + extra if extra else '', hostname)


def unique_message_id(mlist):
    global _serial
    _serial += 1
    return '<mailman.%d.%d.%d.%s@%s>' % (
        _serial - 1, time.time(), os.getpid(), mlist.internal_name(), mlist.host_name)


def midnight(date=None):
    return time.mktime((date or time.localtime()[:3]) + (0, 0, 0, 0, 0, -1))


def oneline(text, charset):
    """A header, decoded, on one line."""
    try:
        decoded = unicode(email.Header.make_header(email.Header.decode_header(text)))
        return u''.join(decoded.splitlines()).encode(charset, 'replace')
    except (LookupError, UnicodeError, ValueError, email.Errors.HeaderParseError):
        return ''.join(str(text).splitlines())


def to_unicode(text, lang):
    """Bytes as the list's language has them; English falls back to Latin 1."""
    if isinstance(text, unicode):
        return text
    charset = GetCharSet(lang)
    return unicode(text, 'iso-8859-1' if charset == 'us-ascii' else charset, 'replace')


def canonstr(text, lang=None):
    """Unicode, with HTML's entities resolved."""
    def resolve(match):
        name = match.group(1)
        try:
            return unichr(int(name[1:]) if name.startswith('#') else htmlentitydefs.name2codepoint[name])
        except (KeyError, ValueError):
            return match.group() if name.startswith('#') else u'?'
    return re.sub(u'&([^;]+);', resolve, to_unicode(text, lang or mm_cfg.DEFAULT_SERVER_LANGUAGE))


def uncanonstr(text, lang=None):
    """Bytes in the language's character set, with entities for what is not in it."""
    charset = GetCharSet(lang) if lang else 'us-ascii'
    if isinstance(text, unicode):
        return text.encode(charset, 'xmlcharrefreplace')
    try:
        unicode(text or '', charset)
        return text or ''
    except UnicodeError:
        return ''.join('&#%d;' % ord(c) if ord(c) > 127 else c for c in text)
