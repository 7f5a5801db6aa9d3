"""A mailing list: its state in lists/NAME/config.pck, its lock, its members, subscribing and unsubscribing."""
import cPickle
import errno
import marshal
import os
import re
import shutil
import socket
import time
import urllib
import urlparse
from email.Header import Header
from email.Iterators import typed_subpart_iterator
from email.MIMEMessage import MIMEMessage
from email.MIMEText import MIMEText
from email.Utils import formataddr
from email.Utils import getaddresses
from email.Utils import parseaddr
from types import MethodType

from Mailman import Errors
from Mailman import Gui
from Mailman import LockFile
from Mailman import MemberAdaptor
from Mailman import Message
from Mailman import mm_cfg
from Mailman import Pending
from Mailman import Utils
from Mailman.Bouncer import Bouncer
from Mailman.ListAdmin import ListAdmin
from Mailman.Logging.Syslog import syslog
from Mailman.UserDesc import UserDesc

# The state of a new list.  A value in capitals is the name of a setting; lists and dictionaries are copied.
INITIAL = {
    # what the list remembers
    'admin_responses': {}, 'bounce_info': {}, 'data_version': 'DATA_FILE_VERSION', 'delivery_status': {},
    'digest_last_sent_at': 0, 'digest_members': {}, 'hold_and_cmd_autoresponses': {}, 'language': {},
    'last_post_time': 0, 'members': {}, 'mod_password': None, 'moderator': [], 'next_digest_number': 1,
    'next_post_number': 1, 'next_request_id': 1, 'one_last_digest': {}, 'passwords': {}, 'post_id': 1.0,
    'post_password': None, 'postings_responses': {}, 'request_responses': {}, 'topics_userinterest': {},
    'user_options': {}, 'usernames': {}, 'volume': 1,
    # what can be set
    'accept_these_nonmembers': [], 'acceptable_aliases': 'DEFAULT_ACCEPTABLE_ALIASES',
    'admin_immed_notify': 'DEFAULT_ADMIN_IMMED_NOTIFY', 'admin_member_chunksize': 'DEFAULT_ADMIN_MEMBER_CHUNKSIZE',
    'admin_notify_mchanges': 'DEFAULT_ADMIN_NOTIFY_MCHANGES', 'administrivia': 'DEFAULT_ADMINISTRIVIA',
    'advertised': 'DEFAULT_LIST_ADVERTISED', 'anonymous_list': 'DEFAULT_ANONYMOUS_LIST',
    'autorespond_admin': 0, 'autorespond_postings': 0, 'autorespond_requests': 0, 'autoresponse_admin_text': '',
    'autoresponse_graceperiod': 90, 'autoresponse_postings_text': '', 'autoresponse_request_text': '',
    'ban_list': [], 'bounce_info_stale_after': 'DEFAULT_BOUNCE_INFO_STALE_AFTER',
    'bounce_matching_headers': 'DEFAULT_BOUNCE_MATCHING_HEADERS',
    'bounce_notify_owner_on_bounce_increment': 'DEFAULT_BOUNCE_NOTIFY_OWNER_ON_BOUNCE_INCREMENT',
    'bounce_notify_owner_on_disable': 'DEFAULT_BOUNCE_NOTIFY_OWNER_ON_DISABLE',
    'bounce_notify_owner_on_removal': 'DEFAULT_BOUNCE_NOTIFY_OWNER_ON_REMOVAL',
    'bounce_processing': 'DEFAULT_BOUNCE_PROCESSING', 'bounce_score_threshold': 'DEFAULT_BOUNCE_SCORE_THRESHOLD',
    'bounce_unrecognized_goes_to_list_owner': 'DEFAULT_BOUNCE_UNRECOGNIZED_GOES_TO_LIST_OWNER',
    'bounce_you_are_disabled_warnings': 'DEFAULT_BOUNCE_YOU_ARE_DISABLED_WARNINGS',
    'bounce_you_are_disabled_warnings_interval': 'DEFAULT_BOUNCE_YOU_ARE_DISABLED_WARNINGS_INTERVAL',
    'collapse_alternatives': 'DEFAULT_COLLAPSE_ALTERNATIVES',
    'convert_html_to_plaintext': 'DEFAULT_CONVERT_HTML_TO_PLAINTEXT',
    'default_member_moderation': 'DEFAULT_DEFAULT_MEMBER_MODERATION', 'description': '',
    'digest_footer': 'DEFAULT_DIGEST_FOOTER', 'digest_header': 'DEFAULT_DIGEST_HEADER',
    'digest_is_default': 'DEFAULT_DIGEST_IS_DEFAULT', 'digest_send_periodic': 'DEFAULT_DIGEST_SEND_PERIODIC',
    'digest_size_threshhold': 'DEFAULT_DIGEST_SIZE_THRESHHOLD',
    'digest_volume_frequency': 'DEFAULT_DIGEST_VOLUME_FREQUENCY', 'digestable': 'DEFAULT_DIGESTABLE',
    'discard_these_nonmembers': [], 'dmarc_moderation_action': 'DEFAULT_DMARC_MODERATION_ACTION',
    'dmarc_moderation_addresses': [], 'dmarc_moderation_notice': '',
    'dmarc_none_moderation_action': 'DEFAULT_DMARC_NONE_MODERATION_ACTION',
    'dmarc_quarantine_moderation_action': 'DEFAULT_DMARC_QUARANTINE_MODERATION_ACTION',
    'dmarc_wrapped_message_text': 'DEFAULT_DMARC_WRAPPED_MESSAGE_TEXT', 'drop_cc': 'DEFAULT_DROP_CC', 'emergency': 0,
    'encode_ascii_prefixes': 0, 'equivalent_domains': 'DEFAULT_EQUIVALENT_DOMAINS',
    'filter_action': 'DEFAULT_FILTER_ACTION', 'filter_content': 'DEFAULT_FILTER_CONTENT',
    'filter_filename_extensions': 'DEFAULT_FILTER_FILENAME_EXTENSIONS',
    'filter_mime_types': 'DEFAULT_FILTER_MIME_TYPES', 'first_strip_reply_to': 'DEFAULT_FIRST_STRIP_REPLY_TO',
    'forward_auto_discards': 'DEFAULT_FORWARD_AUTO_DISCARDS', 'from_is_list': 'DEFAULT_FROM_IS_LIST',
    'gateway_to_mail': 0, 'gateway_to_news': 0, 'generic_nonmember_action': 'DEFAULT_GENERIC_NONMEMBER_ACTION',
    'goodbye_msg': '', 'header_filter_rules': [], 'hold_these_nonmembers': [], 'include_list_post_header': 1,
    'include_rfc2369_headers': 1, 'include_sender_header': 1, 'info': '', 'linked_newsgroup': '',
    'max_days_to_hold': 'DEFAULT_MAX_DAYS_TO_HOLD', 'max_message_size': 'DEFAULT_MAX_MESSAGE_SIZE',
    'max_num_recipients': 'DEFAULT_MAX_NUM_RECIPIENTS', 'member_moderation_action': 0, 'member_moderation_notice': '',
    'member_verbosity_interval': 'DEFAULT_MEMBER_VERBOSITY_INTERVAL',
    'member_verbosity_threshold': 'DEFAULT_MEMBER_VERBOSITY_THRESHOLD',
    'mime_is_default_digest': 'DEFAULT_MIME_IS_DEFAULT_DIGEST', 'msg_footer': 'DEFAULT_MSG_FOOTER',
    'msg_header': 'DEFAULT_MSG_HEADER', 'new_member_options': 'DEFAULT_NEW_MEMBER_OPTIONS', 'news_moderation': 0,
    'news_prefix_subject_too': 1, 'nntp_host': 'DEFAULT_NNTP_HOST', 'nondigestable': 'DEFAULT_NONDIGESTABLE',
    'nonmember_rejection_notice': '', 'obscure_addresses': 'DEFAULT_OBSCURE_ADDRESSES',
    'pass_filename_extensions': 'DEFAULT_PASS_FILENAME_EXTENSIONS', 'pass_mime_types': 'DEFAULT_PASS_MIME_TYPES',
    'personalize': 0, 'preferred_language': 'DEFAULT_SERVER_LANGUAGE', 'private_roster': 'DEFAULT_PRIVATE_ROSTER',
    'regular_exclude_ignore': 'DEFAULT_REGULAR_EXCLUDE_IGNORE',
    'regular_exclude_lists': 'DEFAULT_REGULAR_EXCLUDE_LISTS', 'regular_include_lists': 'DEFAULT_REGULAR_INCLUDE_LISTS',
    'reject_these_nonmembers': [], 'reply_goes_to_list': 'DEFAULT_REPLY_GOES_TO_LIST', 'reply_to_address': '',
    'require_explicit_destination': 'DEFAULT_REQUIRE_EXPLICIT_DESTINATION',
    'respond_to_post_requests': 'DEFAULT_RESPOND_TO_POST_REQUESTS', 'scrub_nondigest': 'DEFAULT_SCRUB_NONDIGEST',
    'send_goodbye_msg': 'DEFAULT_SEND_GOODBYE_MSG', 'send_reminders': 'DEFAULT_SEND_REMINDERS',
    'send_welcome_msg': 'DEFAULT_SEND_WELCOME_MSG', 'subscribe_auto_approval': 'DEFAULT_SUBSCRIBE_AUTO_APPROVAL',
    'subscribe_policy': 'DEFAULT_SUBSCRIBE_POLICY', 'topics': [], 'topics_bodylines_limit': 5, 'topics_enabled': 0,
    'umbrella_list': 'DEFAULT_UMBRELLA_LIST', 'umbrella_member_suffix': 'DEFAULT_UMBRELLA_MEMBER_ADMIN_SUFFIX',
    'unsubscribe_policy': 'DEFAULT_UNSUBSCRIBE_POLICY', 'welcome_msg': '',
}


def _mkdir(path):
    mask = os.umask(0)
    try:
        os.mkdir(path, 0o2775)
        os.chmod(path, 0o2775)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise
    finally:
        os.umask(mask)


def _unlink(path):
    try:
        os.unlink(path)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


class Archiver:
    """The archives of a list, which are made with it."""

    def InitVars(self):
        self.archive = mm_cfg.DEFAULT_ARCHIVE
        self.archive_private = mm_cfg.DEFAULT_ARCHIVE_PRIVATE
        self.archive_volume_frequency = mm_cfg.DEFAULT_ARCHIVE_VOLUME_FREQUENCY
        _mkdir(self.archive_dir() + '.mbox')
        _mkdir(self.archive_dir())

    def archive_dir(self):
        return os.path.join(mm_cfg.PRIVATE_ARCHIVE_FILE_DIR, self.internal_name())

    def ArchiveFileName(self):
        return os.path.join(self.archive_dir() + '.mbox', self.internal_name() + '.mbox')

    def GetBaseArchiveURL(self):
        if self.archive_private:
            return self.GetScriptURL('private') + '/'
        url = mm_cfg.PUBLIC_ARCHIVE_URL % {
            'listname': self.internal_name(), 'hostname': urlparse.urlparse(self.web_page_url)[1]}
        return url.rstrip('/') + '/'


class MailList(Archiver, MemberAdaptor.MemberAdaptor, Bouncer, ListAdmin, Pending.Pending):
    def __init__(self, name=None, lock=1):
        # Upstream's lists refer to themselves, so that a program which just ends leaves its lock behind.
        self._itself = self
        self.__timestamp = 0
        self._name(name)
        if name is None:
            return
        if lock:
            self.Lock()
        else:
            self.Load()

    def _name(self, name):
        self._internal_name = name
        self._full_path = Utils.list_path(name) if name else ''
        self.__lock = LockFile.LockFile(
            os.path.join(mm_cfg.LOCK_DIR, name or '<site>') + '.lock', lifetime=mm_cfg.LIST_LOCK_LIFETIME)

    # Locking

    def Lock(self, timeout=0):
        self.__lock.lock(timeout)
        try:
            self.Load()
        except Exception:
            self.Unlock()
            raise

    def Unlock(self):
        self.__lock.unlock(unconditionally=1)

    def Locked(self):
        return self.__lock.locked()

    # Names and addresses

    def internal_name(self):
        return self._internal_name

    def fullpath(self):
        return self._full_path

    def getListAddress(self, extra=None):
        return '%s%s@%s' % (self.internal_name(), '-' + extra if extra else '', self.host_name)

    GetListEmail = getListAddress

    def GetBouncesEmail(self):
        return self.getListAddress('bounces')

    def GetOwnerEmail(self):
        return self.getListAddress('owner')

    def GetConfirmEmail(self, cookie):
        user = mm_cfg.VERP_CONFIRM_FORMAT % {'addr': self.internal_name() + '-confirm', 'cookie': cookie}
        return '%s@%s' % (user, self.host_name)

    def GetRequestEmail(self, cookie=''):
        if mm_cfg.VERP_CONFIRMATIONS and cookie:
            return self.GetConfirmEmail(cookie)
        return self.getListAddress('request')

    def GetMemberAdminEmail(self, member):
        if not self.umbrella_list:
            return member
        user, host = member.split('@')
        return '%s%s@%s' % (user, self.umbrella_member_suffix, host)

    def GetScriptURL(self, scriptname, absolute=0):
        return '%s%s%s/%s' % (self.web_page_url, scriptname, mm_cfg.CGIEXT, self.internal_name())

    def GetOptionsURL(self, user, obscure=0, absolute=0):
        return '%s/%s' % (self.GetScriptURL('options'), urllib.quote(user.lower()))

    def GetDescription(self, cset=None, errors='xmlcharrefreplace'):
        """The description in a character set, by default that of English."""
        cset = cset or 'us-ascii'
        own = Utils.GetCharSet(self.preferred_language)
        if isinstance(self.description, str):
            if own == cset:
                return self.description
            text = unicode(self.description, own, 'replace')
            return re.sub(u'&#([0-9]+);', lambda match: unichr(int(match.group(1))), text).encode(cset, errors)
        return self.description.encode(cset, errors)

    def GetAvailableLanguages(self):
        known = self.available_languages
        if mm_cfg.DEFAULT_SERVER_LANGUAGE not in known:
            known.append(mm_cfg.DEFAULT_SERVER_LANGUAGE)
        return [lang for lang in known if Utils.IsLanguage(lang)]

    # Settings with their types (Gui.py)

    def GetConfigCategories(self):
        return Gui.categories()

    def GetConfigSubCategories(self, category):
        return Gui.SUBCATEGORIES.get(category)

    def GetConfigInfo(self, category, subcat=None):
        gui = self.GetConfigCategories()[category][1]
        return gui.GetConfigInfo(self, category, subcat) if hasattr(gui, 'GetConfigInfo') else None

    # Creating, loading, saving

    def InitVars(self, name=None, admin='', crypted_password='', urlhost=None):
        if name:
            self._internal_name = name
        for attribute, value in INITIAL.items():
            if isinstance(value, str) and value.isupper():
                value = getattr(mm_cfg, value)
            setattr(self, attribute, value.copy() if isinstance(value, dict) else
                    value[:] if isinstance(value, list) else value)
        self.created_at = time.time()
        self.owner = [admin]
        self.password = crypted_password
        self.host_name = mm_cfg.DEFAULT_HOST_NAME or mm_cfg.DEFAULT_EMAIL_HOST
        self.web_page_url = mm_cfg.DEFAULT_URL or mm_cfg.DEFAULT_URL_PATTERN % (urlhost or mm_cfg.DEFAULT_URL_HOST)
        self.real_name = self.internal_name()[0].upper() + self.internal_name()[1:]
        self.available_languages = []
        self.subject_prefix = mm_cfg.DEFAULT_SUBJECT_PREFIX % self.__dict__
        if Utils.GetCharSet(self.preferred_language) != 'us-ascii':
            self.encode_ascii_prefixes = 2
        Archiver.InitVars(self)

    def Create(self, name, admin, crypted_password, langs=None, emailhost=None, urlhost=None):
        assert name == name.lower(), 'List name must be all lower case.'
        if Utils.list_exists(name):
            raise Errors.MMListAlreadyExistsError(name)
        if re.sub(mm_cfg.ACCEPTABLE_LISTNAME_CHARACTERS, '', name):
            raise Errors.BadListNameError(name)
        address = '%s@%s' % (name, emailhost or mm_cfg.DEFAULT_EMAIL_HOST)
        try:
            Utils.ValidateEmail(address)
        except Errors.EmailAddressError:
            raise Errors.BadListNameError(address)
        Utils.ValidateEmail(admin)
        self._internal_name = name
        self._full_path = Utils.list_path(name)
        _mkdir(self._full_path)
        # Upstream keeps the lock of the nameless list here; two lists cannot be created at the same time.
        self.__lock.lock()
        self.InitVars(name, admin, crypted_password, urlhost=urlhost)
        self.CheckValues()
        self.available_languages = langs or [self.preferred_language]

    def CheckValues(self):
        if '' in urlparse.urlparse(self.web_page_url)[:2]:
            self.web_page_url = mm_cfg.DEFAULT_URL or mm_cfg.DEFAULT_URL_PATTERN % mm_cfg.DEFAULT_URL_HOST
        self.web_page_url = self.web_page_url.rstrip('/') + '/'

    def Load(self, check_version=True):
        if not Utils.list_exists(self.internal_name()):
            raise Errors.MMUnknownListError
        config = os.path.join(self.fullpath(), 'config.pck')
        # The last two are those of Mailman 2.0.
        older = os.path.join(self.fullpath(), 'config.db')
        for path in (config, config + '.last', older, older + '.last'):
            try:
                if os.path.getmtime(path) < self.__timestamp:
                    return
                now = int(time.time())
                with open(path) as stream:
                    state = (marshal if path.startswith(older) else cPickle).load(stream)
                if not isinstance(state, dict):
                    raise ValueError('Load() expected to return a dictionary')
            except EnvironmentError as error:
                if error.errno != errno.ENOENT:
                    raise
            except (EOFError, ValueError, TypeError, cPickle.UnpicklingError) as error:
                pass
            else:
                self.__timestamp = now
                break
            syslog('error', "couldn't load config file %s\n%s", path, error)
        else:
            syslog('error', 'All %s fallbacks were corrupt, giving up', self.internal_name())
            raise Errors.MMCorruptListDatabaseError(error)
        if path.endswith('.last'):
            self.__fix_corrupt_pckfile(path, config, config + '.last', None, None)
        self.__dict__.update(state)
        if check_version:
            self.CheckVersion(state)
            self.CheckValues()

    def CheckVersion(self, dummy_stored_state):
        """Give a list of an older version what it lacks, and save it."""
        if self.data_version >= mm_cfg.DATA_FILE_VERSION:
            return
        self.InitVars()
        self.__timestamp = 0
        self.Load(check_version=False)
        was_locked = self.Locked()
        if not was_locked:
            self.Lock()
        try:
            self.data_version = mm_cfg.DATA_FILE_VERSION
            self.Save()
        finally:
            if not was_locked:
                self.Unlock()

    def __fix_corrupt_pckfile(self, path, config, last, dummy_old, dummy_older):
        syslog('error', 'fixing corrupt config file, using: %s', path)
        try:
            self.__lock.lock()
            unlock = True
        except LockFile.AlreadyLockedError:
            unlock = False
        try:
            if os.path.exists(config):
                os.rename(config, config + '.corrupt')
            shutil.copy(last, config)
        finally:
            if unlock:
                self.__lock.unlock()

    def Save(self):
        self.__lock.refresh()
        # A list's extend.py may have given it methods.
        state = dict((key, value) for key, value in self.__dict__.items() if not key.startswith('_') and type(value) is not MethodType)
        config = os.path.join(self.fullpath(), 'config.pck')
        temporary = '%s.tmp.%s.%d' % (config, socket.gethostname(), os.getpid())
        # Members' passwords are in it.
        mask = os.umask(0o007)
        try:
            try:
                with open(temporary, 'w') as stream:
                    cPickle.dump(state, stream, 1)
                    stream.flush()
                    if mm_cfg.SYNC_AFTER_WRITE:
                        os.fsync(stream.fileno())
            except IOError as error:
                syslog('error', 'Failed config.pck write, retaining old state.\n%s', error)
                _unlink(temporary)
                raise
            _unlink(config + '.last')
            if os.path.exists(config):
                os.link(config, config + '.last')
            os.rename(temporary, config)
            self.__timestamp = os.path.getmtime(config)
        finally:
            os.umask(mask)
            self.SaveRequestsDb()
        self.CheckHTMLArchiveDir()

    def CheckHTMLArchiveDir(self):
        public = os.path.join(mm_cfg.PUBLIC_ARCHIVE_FILE_DIR, self.internal_name())
        if self.archive_private:
            _unlink(public)
        elif not os.path.islink(public):
            os.symlink(self.archive_dir(), public)

    # Passwords

    def Authenticate(self, contexts, response, user=None):
        """Whose password this is, of those asked for; else UnAuthorized."""
        shas = {mm_cfg.AuthListAdmin: self.password, mm_cfg.AuthListModerator: self.mod_password,
                mm_cfg.AuthListPoster: self.post_password}
        for context in contexts if response else ():
            if context in (mm_cfg.AuthCreator, mm_cfg.AuthSiteAdmin):
                good = Utils.check_global_password(response, siteadmin=context == mm_cfg.AuthSiteAdmin)
            elif context == mm_cfg.AuthUser:
                good = user is not None and self.isMember(user) and self.getMemberPassword(user) == response
            else:
                good = shas[context] and shas[context] == Utils.sha_new(response).hexdigest()
            if good:
                return context
        return mm_cfg.UnAuthorized

    # Patterns

    def GetPattern(self, address, patterns, at_list=None):
        """The pattern that matches: an address, ^REGULAR-EXPRESSION, or with at_list also @LIST for its members."""
        if address.lower() in [pattern.strip().lower() for pattern in patterns if pattern[:1] not in ('^', '@')]:
            return address
        for pattern in patterns:
            if pattern.startswith('^'):
                try:
                    if re.search(pattern, address, re.IGNORECASE):
                        return pattern
                except re.error as error:
                    syslog('error', '%s in %s has bad regexp "%s": %s',
                           at_list or 'ban_list', self.internal_name(), pattern, error)
            elif at_list and pattern.startswith('@'):
                try:
                    if MailList(pattern[1:].lower().strip(), lock=0).isMember(address):
                        return pattern
                except Errors.MMUnknownListError:
                    syslog('error', '%s in %s references non-existent list %s',
                           at_list, self.internal_name(), pattern[1:])
        return None

    def GetBannedPattern(self, address):
        return self.GetPattern(address, self.ban_list) or self.GetPattern(address, mm_cfg.GLOBAL_BAN_LIST)

    def HasAutoApprovedSender(self, sender):
        return bool(self.GetPattern(sender, self.subscribe_auto_approval, at_list='subscribe_auto_approval'))

    def HasExplicitDest(self, msg):
        """Is the list, or one of its acceptable aliases, named in the message's To or Cc?"""
        values = []
        for name in ('to', 'cc', 'resent-to', 'resent-cc'):
            values.extend(msg.get_all(name, []))
        recips = [address.lower() for dummy, address in getaddresses(values) if address]
        for recip in recips:
            user = recip.split('@')[0]
            if user == self.internal_name() or recip == self.GetListEmail():
                return True
            for alias in self.acceptable_aliases.split():
                if re.match(alias, recip, re.I) or '@' not in alias and re.match(alias, user, re.I):
                    return True
        return False

    def autorespondToSender(self, sender, lang=None):
        """False once somebody got as many answers today as anybody may get."""
        if not mm_cfg.MAX_AUTORESPONSES_PER_DAY:
            return True
        today = time.localtime()[:3]
        date, count = self.hold_and_cmd_autoresponses.get(sender, (today, 0))
        if date != today:
            count = 0
        if count >= mm_cfg.MAX_AUTORESPONSES_PER_DAY:
            syslog('vette', '-request/hold autoresponse limit hit for: %s', sender)
            return False
        self.hold_and_cmd_autoresponses[sender] = (today, count + 1)
        return True

    # Subscribing

    def _check_new(self, userdesc):
        """Fill in what the description lacks; refuse members, nonsense and the banned."""
        address = userdesc.address = Utils.LCDomain(userdesc.address)
        for name, default in (('fullname', ''), ('language', self.preferred_language),
                              ('password', None), ('digest', None)):
            if not hasattr(userdesc, name):
                setattr(userdesc, name, default)
        if userdesc.digest is None:
            userdesc.digest = 0 if self.nondigestable else 1
        userdesc.password = userdesc.password or Utils.MakeRandomPassword()
        Utils.ValidateEmail(address)
        if self.isMember(address):
            raise Errors.MMAlreadyAMember(address)

    def _check_banned(self, address, whence):
        pattern = self.GetBannedPattern(address)
        if pattern:
            syslog('vette', '%s banned subscription: %s%s (matched: %s)', self.real_name, address,
                   ' from %s' % whence if whence else '', pattern)
            raise Errors.MembershipIsBanned(pattern)

    def AddMember(self, userdesc, remote=None):
        """What somebody asks for: done, or held for a confirmation or approval, as the list's policy has it."""
        assert self.Locked()
        self._check_new(userdesc)
        address = userdesc.address
        if address.lower() == self.GetListEmail().lower():
            raise Errors.MMBadEmailError
        self._check_banned(address, remote)
        if userdesc.digest and not self.digestable:
            raise Errors.MMCantDigestError
        if not userdesc.digest and not self.nondigestable:
            raise Errors.MMMustDigestError
        if self.subscribe_policy == 0:
            self.ApprovedAddMember(userdesc, whence=remote or '')
        elif self.subscribe_policy in (1, 3):
            if mm_cfg.REFUSE_SECOND_PENDING and self.is_pending(address):
                raise Errors.MMAlreadyPending(address)
            cookie = self.pend_new(Pending.SUBSCRIPTION, userdesc)
            replied = (remote or '').lower().endswith(address.lower())
            self._ask_confirmation(self.GetMemberAdminEmail(address), cookie, 'join',
                                   'auto-replied' if replied else 'auto-generated')
            syslog('subscribe', '%s: pending %s %s', self.internal_name(),
                   formataddr((userdesc.fullname, address)), ' ' + remote if remote else '')
            raise Errors.MMSubscribeNeedsConfirmation
        elif self.HasAutoApprovedSender(address):
            self.ApprovedAddMember(userdesc)
        else:
            self.HoldSubscription(address, userdesc.fullname, userdesc.password, userdesc.digest, userdesc.language)
            raise Errors.MMNeedApproval('subscriptions to %s require moderator approval' % self.real_name)

    def _ask_confirmation(self, address, cookie, verb, submitted):
        sender = self.GetRequestEmail(cookie)
        notice = Message.UserNotification(
            address, sender, text='To %s the mailing list %s reply to this message,\nor send\n\n'
            '    confirm %s\n\nto %s.\n' % (verb, self.GetListEmail(), cookie, self.getListAddress('request')),
            lang=self.preferred_language)
        # The subject carries the cookie where the sender's address does not.
        del notice['subject']
        notice['Subject'] = 'confirm ' + cookie
        if mm_cfg.VERP_CONFIRMATIONS:
            notice.replace_header('Subject', Header('Your confirmation is required to %s the %s mailing list' % (
                verb, self.real_name), Utils.GetCharSet(self.preferred_language), header_name='subject'))
        notice['Reply-To'] = sender
        notice['Auto-Submitted'] = submitted
        notice.send(self)

    def InviteNewMember(self, userdesc, text=''):
        Utils.ValidateEmail(userdesc.address)
        userdesc.invitation = self.internal_name()
        cookie = self.pend_new(Pending.SUBSCRIPTION, userdesc)
        self._ask_confirmation(userdesc.address, cookie, 'join', 'auto-generated')

    def ApprovedAddMember(self, userdesc, ack=None, admin_notif=None, text='', whence=''):
        assert self.Locked()
        self._check_new(userdesc)
        address = userdesc.address
        self._check_banned(address, whence)
        self.addNewMember(address, realname=userdesc.fullname, digest=userdesc.digest, password=userdesc.password,
                          language=userdesc.language)
        self.setMemberOption(address, mm_cfg.DisableMime, 1 - self.mime_is_default_digest)
        self.setMemberOption(address, mm_cfg.Moderate, self.default_member_moderation)
        syslog('subscribe', '%s: new%s %s, %s', self.internal_name(), ' (digest)' if userdesc.digest else '',
               formataddr((userdesc.fullname, address)), whence)
        if self.send_welcome_msg if ack is None else ack:
            self.SendSubscribeAck(address, userdesc.password, userdesc.digest, text)
        if self.admin_notify_mchanges if admin_notif is None else admin_notif:
            Message.OwnerNotification(self, '%s subscription notification' % self.real_name,
                                      '%s was subscribed.\n' % address).send(self)

    def SendSubscribeAck(self, address, password, digest, text=''):
        notice = Message.UserNotification(
            self.GetMemberAdminEmail(address), self.GetRequestEmail(),
            'Welcome to the "%s" mailing list%s' % (self.real_name, ' (Digest mode)' if digest else ''),
            '%s%s\nYou are subscribed to %s as %s.\nYour password is %s.\n' % (
                text, self.welcome_msg, self.GetListEmail(), address, password), self.getMemberLanguage(address))
        notice['X-No-Archive'] = 'yes'
        notice.send(self, verp=mm_cfg.VERP_PERSONALIZED_DELIVERIES)

    def ConfirmUnsubscription(self, address, lang=None, remote=None):
        cookie = self.pend_new(Pending.UNSUBSCRIPTION, address)
        self._ask_confirmation(address, cookie, 'leave', 'auto-generated')

    def ApprovedDeleteMember(self, name, whence=None, admin_notif=None, userack=None):
        address = parseaddr(name)[1]
        lang = self.getMemberLanguage(address)
        self.removeMember(address)
        if self.send_goodbye_msg if userack is None else userack:
            Message.UserNotification(
                self.GetMemberAdminEmail(address), self.GetBouncesEmail(),
                'You have been unsubscribed from the %s mailing list' % self.real_name, self.goodbye_msg, lang,
            ).send(self, verp=mm_cfg.VERP_PERSONALIZED_DELIVERIES)
        if self.admin_notify_mchanges if admin_notif is None else admin_notif:
            Message.OwnerNotification(self, '%s unsubscribe notification' % self.real_name,
                                      '%s was removed.\n' % name).send(self)
        syslog('subscribe', '%s: deleted %s%s', self.internal_name(), name, '; %s' % whence if whence else '')

    def ProcessConfirmation(self, cookie, context=None):
        record = self.pend_confirm(cookie)
        if record is None:
            raise Errors.MMBadConfirmation('No cookie record for %s' % cookie)
        op, data = record[0], record[1:]
        if op == Pending.SUBSCRIPTION:
            desc = data[0]
            invitation = getattr(desc, 'invitation', None)
            if invitation and invitation != self.internal_name():
                syslog('mischief', '%s was invited to %s but confirmed to %s', desc.address, invitation,
                       self.internal_name())
                raise Errors.HostileSubscriptionError
            if not invitation and self.subscribe_policy in (2, 3) and not self.HasAutoApprovedSender(desc.address):
                self.HoldSubscription(desc.address, desc.fullname, desc.password, desc.digest, desc.language)
                raise Errors.MMNeedApproval('subscriptions to %s require administrator approval' % self.real_name)
            whence = 'via web confirmation' if isinstance(context, UserDesc) else 'via email confirmation'
            self.ApprovedAddMember(desc, whence=whence)
            return op, desc.address, desc.password, desc.digest, desc.language
        if op == Pending.UNSUBSCRIPTION:
            self.ApprovedDeleteMember(data[0], whence='email confirmation')
            return op, data[0]
        if op == Pending.RE_ENABLE:
            self.setDeliveryStatus(data[1], MemberAdaptor.ENABLED)
            return op, data[1]
        assert op == Pending.HELD_MESSAGE, op
        password = approval_password(context)
        if password is None:
            action = mm_cfg.DISCARD
        elif self.Authenticate([mm_cfg.AuthListAdmin, mm_cfg.AuthListModerator], password):
            action = mm_cfg.APPROVE
        else:
            self.pend_repend(cookie, record)
            raise Errors.MMBadPasswordError
        try:
            self.HandleRequest(data[0], action)
        except KeyError:
            syslog('error', 'Could not process HELD_MESSAGE: %s', data[0])
        return op, action

    def ForwardMessage(self, msg, text='No reason given', subject='(no subject)', tomoderators=True):
        notice = Message.OwnerNotification(self, subject, tomoderators=tomoderators)
        notice.set_type('multipart/mixed')
        notice.attach(MIMEText(text))
        notice.attach(MIMEMessage(msg))
        notice.send(self)


def approval_password(msg):
    """The password in the header Approved, or in the first line of the text written like that header."""
    if msg is None:
        return None
    for name in ('approved', 'approve'):
        if msg.get(name):
            return msg[name]
    for part in typed_subpart_iterator(msg, 'text', 'plain'):
        for line in part.get_payload(decode=True).splitlines():
            if line.strip():
                name, dummy, value = line.partition(':')
                return value.strip() if name.strip().lower() in ('approve', 'approved') else None
    return None
