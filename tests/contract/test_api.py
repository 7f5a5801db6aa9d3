# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailman's Python, as module mailman_lists uses it: many lists in one process."""

import hashlib

import pytest
from conftest import PREFIX


@pytest.fixture(scope="module")
def name(installed):
    return installed.newlist("api", ["one@example.org", "Two@example.net"])


def test_modules(mailman):
    """What mailman_lists imports, by these names."""
    mailman.python("from Mailman import Errors, LockFile, MailList, MemberAdaptor, UserDesc, Utils, i18n\nUserDesc.UserDesc\ni18n.set_language('en')")


def test_settings_and_paths(mailman):
    names = "LIST_DATA_DIR LOCK_DIR DATA_DIR LOG_DIR QUEUE_DIR PRIVATE_ARCHIVE_FILE_DIR PUBLIC_ARCHIVE_FILE_DIR PIDFILE SITE_PW_FILE"
    paths = "lists locks data logs qfiles archives/private archives/public data/master-qrunner.pid data/adm.pw"
    found = mailman.python(f"result([getattr(mm_cfg, name) for name in {names.split()!r}])")
    assert found == [f"{PREFIX}/{path}" for path in paths.split()]
    values = {
        "MTA": None,
        "MAILMAN_SITE_LIST": "mailman",
        "DEFAULT_SERVER_LANGUAGE": "en",
        "VIRTUAL_HOSTS": {"www.example.com": "list.example.com"},
        "SMTP_MAX_RCPTS": 500,
        "SMTP_MAX_SESSIONS_PER_CONNECTION": 0,
        "SMTPHOST": "localhost",
        "DELIVERY_MODULE": "SMTPDirect",
        "VERP_PASSWORD_REMINDERS": 0,
        "VERP_PERSONALIZED_DELIVERIES": 0,
        "VERP_CONFIRMATIONS": 0,
        "VERP_DELIVERY_INTERVAL": 0,
        "VERP_PROBES": 0,
        "VERP_FORMAT": "%(bounces)s+%(mailbox)s=%(host)s",
        "OWNERS_CAN_ENABLE_PERSONALIZATION": 0,
        "ALLOW_OPEN_SUBSCRIBE": 0,
        "DEFAULT_FROM_IS_LIST": 0,
        "DEFAULT_DMARC_MODERATION_ACTION": 0,
        "REMOVE_DKIM_HEADERS": 0,
        "GLOBAL_BAN_LIST": [],
        "SUBSCRIBE_FORM_SECRET": None,
        "ACCEPTABLE_LISTNAME_CHARACTERS": "[-+_.=a-z0-9]",
        "DELIVERY_RETRY_PERIOD": 5 * 86400,
        "LIST_LOCK_LIFETIME": 5 * 3600,
        "REGISTER_BOUNCES_EVERY": 15 * 60,
        "PENDING_REQUEST_LIFE": 3 * 86400,
        "DEFAULT_BOUNCE_SCORE_THRESHOLD": 5.0,
        "SYNC_AFTER_WRITE": 0,
    }
    assert mailman.python(f"result(dict((name, getattr(mm_cfg, name)) for name in {list(values)!r}))") == values


def test_settings_that_do_not_exist(mailman):
    assert mailman.python("result([hasattr(mm_cfg, name) for name in ('QUEUE_LIFETIME', 'VERP_DELIVER')])") == [False, False]


def test_queue_runners(mailman):
    names = ["Arch", "Bounce", "Command", "Incoming", "News", "Outgoing", "Virgin", "Retry"]
    assert mailman.python("result(mm_cfg.QRUNNERS)") == [[f"{name}Runner", 1] for name in names]


def test_add_virtualhost(mailman):
    code = "mm_cfg.add_virtualhost('WWW.example.org', 'Lists.example.org')\nmm_cfg.add_virtualhost('www.example.net')\n"
    hosts = mailman.python(code + "result(mm_cfg.VIRTUAL_HOSTS)")
    assert hosts == {
        "www.example.com": "list.example.com",
        "www.example.org": "lists.example.org",
        "www.example.net": "example.net",
    }


def test_languages(mailman):
    known = mailman.python("result(dict((code, value[1]) for code, value in mm_cfg.LC_DESCRIPTIONS.items()))")
    assert len(known) == 40
    some = {"en": "us-ascii", "de": "iso-8859-1", "pl": "iso-8859-2", "ja": "euc-jp", "ru": "utf-8", "zh_TW": "utf-8"}
    assert some.items() <= known.items()
    assert mailman.python("result(Utils.GetCharSet('pt_BR'))") == "iso-8859-1"


def test_member_options(mailman):
    assert mailman.python("result(mm_cfg.OPTINFO)") == {
        "ack": 4, "digest": 0, "hide": 16, "mod": 128, "nmtopics": 64, "nodupes": 256, "nomail": 1, "noremind": 32,
        "notmetoo": 2, "plain": 8,
    }  # fmt: skip


def test_utils(mailman, name):
    code = f"""
names = Utils.list_names()
result([Utils.list_exists({name!r}), Utils.list_exists('missing'), Utils.list_exists('../lists/{name}'),
        {name!r} in names and 'mailman' in names, Utils.LCDomain('Some.One@Example.ORG'),
        Utils.ParseEmail('Some.One@Example.ORG'), len(Utils.MakeRandomPassword()), Utils.get_site_email(),
        Utils.get_site_email('example.net', 'bounces'), Utils.sha_new('secret').hexdigest()])
"""
    assert mailman.python(code) == [
        True, False, False, True, "Some.One@example.org", ["some.one", ["example", "org"]], 8,
        "mailman@list.example.com", "mailman-bounces@example.net", hashlib.sha1(b"secret").hexdigest(),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("good@example.org", None),
        ("o'neil+tag=x@sub.example.org", None),
        ("", "MMBadEmailError"),
        ("two words@example.org", "MMBadEmailError"),
        ("no-at-sign", "MMBadEmailError"),
        ("user@localhost", "MMBadEmailError"),
        ("@example.org", "MMBadEmailError"),
        ("user@-example.org", "MMHostileAddress"),
        ("user@exa_mple.org", "MMHostileAddress"),
        ("user@example..org", "MMHostileAddress"),
        ("a|b@example.org", "MMHostileAddress"),
        ('"quoted"@example.org', "MMHostileAddress"),
        ("new\nline@example.org", "MMHostileAddress"),
        ("\xe4@example.org", "MMHostileAddress"),
    ],
)
def test_validate_email(mailman, address, error):
    code = f"""
try:
    Utils.ValidateEmail({address.encode("latin-1")!r})
    result(None)
except Errors.EmailAddressError as error:
    result(error.__class__.__name__)
"""
    assert mailman.python(code) == error


def test_create(mailman):
    """Create, then Save, under the umask that keeps the group's permissions; the list exists from Save on."""
    code = f"""
mlist = MailList.MailList()
mlist.Create('made', 'owner@example.com', Utils.sha_new('secret').hexdigest(), ['de', 'en'], 'lists.example.net')
before = Utils.list_exists('made')
locked = sorted(os.listdir({PREFIX + "/locks"!r}))
mlist.preferred_language = 'de'
mlist.Save()
mlist.Unlock()
again = MailList.MailList('made', lock=0)
result([before, locked[0], Utils.list_exists('made'), again.preferred_language, again.available_languages,
        again.internal_name(), again.GetListEmail(), again.fullpath(), again.data_version])
"""
    assert mailman.python(code) == [
        False, "<site>.lock", True, "de", ["de", "en"], "made", "made@list.example.com", f"{PREFIX}/lists/made", 112,
    ]  # fmt: skip
    modes = mailman.run(f"cd {PREFIX} && stat -c '%a %G' lists/made lists/made/config.pck archives/private/made.mbox")
    assert modes.stdout.splitlines() == ["2775 list", "660 list", "2775 list"]
    assert mailman.run(f"ls {PREFIX}/locks").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("'api', 'owner@example.com'", "MMListAlreadyExistsError"),
        ("'a b', 'owner@example.com'", "BadListNameError"),
        ("'', 'owner@example.com'", "BadListNameError"),
        ("'other', 'owner'", "MMBadEmailError"),
        ("'other', 'o|o@example.com'", "MMHostileAddress"),
        ("'Other', 'owner@example.com'", "AssertionError"),
    ],
)
def test_create_refuses(mailman, name, arguments, error):
    code = f"""
try:
    MailList.MailList().Create({arguments}, 'x')
except Exception as error:
    result(error.__class__.__name__)
"""
    assert mailman.python(code) == error
    assert not mailman.exists(f"{PREFIX}/lists/other")


def test_attributes_of_a_list_that_is_not_created(mailman):
    """InitVars gives all attributes, and makes the directories of the archives, as if the list were there."""
    code = "m = MailList.MailList()\nm.InitVars('model')\nresult([m.real_name, m.subject_prefix, m.owner, m.password])"
    assert mailman.python(code) == ["Model", "[Model] ", [""], ""]
    assert mailman.run(f"cd {PREFIX}/archives/private && rm -r model model.mbox; ls {PREFIX}/lists/model", rc=2)


def test_attributes_without_directories(mailman):
    """As mailman_lists gets them while it only plans: with the archives' part taken out."""
    code = """
MailList.Archiver.InitVars = lambda self: None
m = MailList.MailList()
m.InitVars('unmade')
result([m.real_name, hasattr(m, 'archive_private'), os.path.exists(m.archive_dir())])
"""
    assert mailman.python(code) == ["Unmade", False, False]


def test_description_in_another_charset(mailman):
    code = """
m = MailList.MailList('mailman', lock=0)
m.preferred_language, m.description = 'de', 'Gr\\xfc\\xdfe &#8364;'
result([m.GetDescription('utf-8').decode('utf-8'), m.GetDescription('us-ascii')])
"""
    assert mailman.python(code) == ["Gr\xfc\xdfe \u20ac", "Gr&#252;&#223;e &#8364;"]


ATTRIBUTES = """
accept_these_nonmembers acceptable_aliases admin_immed_notify admin_member_chunksize admin_notify_mchanges
admin_responses administrivia advertised anonymous_list archive archive_private archive_volume_frequency
autorespond_admin autorespond_postings autorespond_requests autoresponse_admin_text autoresponse_graceperiod
autoresponse_postings_text autoresponse_request_text available_languages ban_list bounce_info
bounce_info_stale_after bounce_matching_headers bounce_notify_owner_on_bounce_increment
bounce_notify_owner_on_disable bounce_notify_owner_on_removal bounce_processing bounce_score_threshold
bounce_unrecognized_goes_to_list_owner bounce_you_are_disabled_warnings
bounce_you_are_disabled_warnings_interval collapse_alternatives convert_html_to_plaintext created_at
data_version default_member_moderation delivery_status description digest_footer digest_header
digest_is_default digest_last_sent_at digest_members digest_send_periodic digest_size_threshhold
digest_volume_frequency digestable discard_these_nonmembers dmarc_moderation_action dmarc_moderation_addresses
dmarc_moderation_notice dmarc_none_moderation_action dmarc_quarantine_moderation_action
dmarc_wrapped_message_text drop_cc emergency encode_ascii_prefixes equivalent_domains filter_action
filter_content filter_filename_extensions filter_mime_types first_strip_reply_to forward_auto_discards
from_is_list gateway_to_mail gateway_to_news generic_nonmember_action goodbye_msg header_filter_rules
hold_and_cmd_autoresponses hold_these_nonmembers host_name include_list_post_header include_rfc2369_headers
include_sender_header info language last_post_time linked_newsgroup max_days_to_hold max_message_size
max_num_recipients member_moderation_action member_moderation_notice member_verbosity_interval
member_verbosity_threshold members mime_is_default_digest mod_password moderator msg_footer msg_header
new_member_options news_moderation news_prefix_subject_too next_digest_number next_post_number next_request_id
nntp_host nondigestable nonmember_rejection_notice obscure_addresses one_last_digest owner
pass_filename_extensions pass_mime_types password passwords personalize post_id post_password
postings_responses preferred_language private_roster real_name regular_exclude_ignore regular_exclude_lists
regular_include_lists reject_these_nonmembers reply_goes_to_list reply_to_address request_responses
require_explicit_destination respond_to_post_requests scrub_nondigest send_goodbye_msg send_reminders
send_welcome_msg subject_prefix subscribe_auto_approval subscribe_policy topics topics_bodylines_limit
topics_enabled topics_userinterest umbrella_list umbrella_member_suffix unsubscribe_policy user_options
usernames volume web_page_url welcome_msg
"""


def test_attributes(mailman):
    """Names and values of a new list."""
    mailman.newlist("attributes")
    state = mailman.python("m = MailList.MailList('attributes', lock=0)\nresult(dict((name, value) for name, value in m.__dict__.items() if name[0] != '_'))")
    assert sorted(state) == sorted(ATTRIBUTES.split())
    some = {
        "advertised": True,
        "archive_private": 0,
        "bounce_score_threshold": 5.0,
        "generic_nonmember_action": 1,
        "host_name": "list.example.com",
        "max_message_size": 40,
        "max_num_recipients": 10,
        "new_member_options": 256,
        "personalize": 0,
        "private_roster": 1,
        "require_explicit_destination": True,
        "subscribe_policy": 1,
        "unsubscribe_policy": 0,
        "web_page_url": "http://www.example.com/mailman/",
    }
    assert {key: state[key] for key in some} == some


def test_saving_keeps_the_state_before(mailman):
    """A new complete file is renamed into place, and the one before is kept under another name."""
    mailman.newlist("twice")
    code = """
path = 'lists/twice/config.pck'
import cPickle
first = os.stat(path).st_ino
m = MailList.MailList('twice')
m.description = 'second'
m.Save()
m.Unlock()
new, old = [cPickle.load(open(name))['description'] for name in (path, path + '.last')]
result([new, old, os.stat(path + '.last').st_ino == first, sorted(os.listdir('lists/twice'))])
"""
    state = mailman.python(f"os.chdir({PREFIX!r})\n" + code)
    assert state == ["second", "", True, ["config.pck", "config.pck.last"]]
    assert mailman.run(f"head -c 2 {PREFIX}/lists/twice/config.pck").stdout == "}q", "a binary pickle of a dictionary"


def test_damaged_state_is_replaced_by_the_one_before(mailman):
    mailman.newlist("damaged", description="last good")
    mailman.newlist("undamaged")
    mailman.python("m = MailList.MailList('damaged')\nm.description = 'lost'\nm.Save()\nm.Unlock()")
    mailman.run(f": >{PREFIX}/lists/damaged/config.pck")
    assert mailman.python("result(MailList.MailList('damaged', lock=0).description)") == "last good"
    assert mailman.exists(f"{PREFIX}/lists/damaged/config.pck.corrupt")
    mailman.run(f"cd {PREFIX}/lists/damaged && for file in config.pck config.pck.last; do : >$file; done")
    code = """
try:
    MailList.MailList('damaged', lock=0)
except Errors.MMCorruptListDatabaseError:
    result('corrupt')
"""
    assert mailman.python(code) == "corrupt"
    mailman.run(f"rm -r {PREFIX}/lists/damaged")


def test_unknown_list(mailman):
    code = """
seen = []
for lock in (0, 1):
    try:
        MailList.MailList('missing', lock=lock)
    except Errors.MMUnknownListError:
        seen.append(isinstance(sys.exc_info()[1], Errors.MMListError))
result([seen, os.listdir(mm_cfg.LOCK_DIR)])
"""
    assert mailman.python(code) == [[True, True], []]


def test_saving_needs_the_lock(mailman, name):
    code = f"""
try:
    MailList.MailList({name!r}, lock=0).Save()
except LockFile.NotLockedError:
    result('not locked')
"""
    assert mailman.python(code) == "not locked"


def test_members(mailman):
    mailman.newlist("people")
    code = """
m = MailList.MailList('people')
m.ApprovedAddMember(UserDesc('Any.Body@Example.ORG', 'Any Body', 'pw', 0), ack=0, admin_notif=0)
m.ApprovedAddMember(UserDesc('digest@example.org', digest=1), ack=0, admin_notif=0)
m.setMemberName('digest@example.org', u'D\\xefgest')
m.setMemberOption('digest@example.org', mm_cfg.Moderate, 1)
m.setDeliveryStatus('digest@example.org', MemberAdaptor.BYADMIN)
m.Save()
m.Unlock()
m = MailList.MailList('people', lock=0)
result([m.getMembers(), m.getRegularMemberKeys(), m.getDigestMemberKeys(),
        m.getMemberCPAddress('any.body@example.org'), m.getMemberName('ANY.BODY@example.org'),
        m.getMemberPassword('any.body@example.org'), m.getMemberName('digest@example.org'),
        m.getMemberOption('digest@example.org', mm_cfg.Moderate), m.getMemberOption('digest@example.org', mm_cfg.Digests),
        m.getMemberOption('any.body@example.org', mm_cfg.DontReceiveDuplicates),
        m.getDeliveryStatus('digest@example.org') == MemberAdaptor.BYADMIN, m.getDeliveryStatus('any.body@example.org'),
        m.isMember('ANY.BODY@example.org'), m.isMember('no@example.org'), m.getMemberLanguage('digest@example.org')])
"""
    assert mailman.python(code) == [
        ["any.body@example.org", "digest@example.org"], ["any.body@example.org"], ["digest@example.org"],
        "Any.Body@example.org", "Any Body", "pw", "D\xefgest", True, True, True, True, 0, 1, 0, "en",
    ]  # fmt: skip
    log = mailman.read(f"{PREFIX}/logs/subscribe")
    assert "people: new Any Body <Any.Body@example.org>, \n" in log
    assert "people: new (digest) digest@example.org, \n" in log


def test_member_changes(mailman):
    mailman.newlist("changes", ["old@example.org", "gone@example.org"])
    code = """
m = MailList.MailList('changes')
m.setMemberOption('old@example.org', mm_cfg.Digests, 1)
m.setMemberOption('old@example.org', mm_cfg.ConcealSubscription, 1)
m.setDeliveryStatus('old@example.org', MemberAdaptor.BYUSER)
m.changeMemberAddress('old@example.org', 'New@example.org')
m.ApprovedDeleteMember('gone@example.org', 'Ansible', 0, 0)
seen = [m.getMembers(), m.getMemberCPAddress('new@example.org'), m.getMemberOption('new@example.org', mm_cfg.Digests),
        m.getMemberOption('new@example.org', mm_cfg.ConcealSubscription), m.getDeliveryStatus('new@example.org')]
m.setDeliveryStatus('new@example.org', MemberAdaptor.ENABLED)
m.setMemberOption('new@example.org', mm_cfg.Digests, 0)
seen += [m.getDeliveryStatus('new@example.org'), m.getRegularMemberKeys(), m.user_options]
m.Save()
m.Unlock()
result(seen)
"""
    assert mailman.python(code) == [
        ["new@example.org"], "New@example.org", True, True, 2, 0, ["new@example.org"], {"new@example.org": 256 + 8 + 16},
    ]  # fmt: skip
    assert "changes: deleted gone@example.org; Ansible\n" in mailman.read(f"{PREFIX}/logs/subscribe")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("ApprovedAddMember(UserDesc('ONE@example.org'), 0, 0)", "MMAlreadyAMember"),
        ("ApprovedAddMember(UserDesc('bad'), 0, 0)", "MMBadEmailError"),
        ("ApprovedAddMember(UserDesc('spam@example.org'), 0, 0)", "MembershipIsBanned"),
        ("ApprovedAddMember(UserDesc('x@spam.example'), 0, 0)", "MembershipIsBanned"),
        ("ApprovedDeleteMember('no@example.org', None, 0, 0)", "NotAMemberError"),
        ("getMemberCPAddress('no@example.org')", "NotAMemberError"),
        ("setMemberName('no@example.org', '')", "NotAMemberError"),
    ],
)
def test_member_errors(mailman, name, call, error):
    code = f"""
m = MailList.MailList({name!r})
m.ban_list = ['spam@example.org', '^.*@spam\\\\.example$']
try:
    m.{call}
except Exception as error:
    result(error.__class__.__name__)
m.Unlock()
"""
    assert mailman.python(code) == error


def test_writing_members_needs_the_lock(mailman, name):
    code = f"""
try:
    MailList.MailList({name!r}, lock=0).addNewMember('x@example.org')
except AssertionError:
    result('not locked')
"""
    assert mailman.python(code) == "not locked"


KINDS = {
    "real_name": "String",
    "owner": "EmailList",
    "info": "Text",
    "reply_to_address": "Email",
    "max_message_size": "Number",
    "host_name": "Host",
    "new_member_options": "Checkbox",
    "available_languages": "Checkbox",
    "preferred_language": "Select",
    "ban_list": "EmailListEx",
    "emergency": "Toggle",
    "header_filter_rules": "HeaderFilter",
    "topics": "Topics",
    "autoresponse_postings_text": "FileUpload",
    "subscribe_policy": "Radio",
}
CHOICES = {
    "from_is_list": 3,
    "reply_goes_to_list": 3,
    "personalize": 3,
    "subscribe_policy": 4,
    "private_roster": 3,
    "member_moderation_action": 3,
    "generic_nonmember_action": 4,
    "dmarc_moderation_action": 5,
    "filter_action": 4,
    "archive_private": 2,
    "digest_volume_frequency": 5,
    "news_moderation": 3,
    "autorespond_requests": 3,
    "advertised": 2,
}
COLLECT = """
mm_cfg.ALLOW_OPEN_SUBSCRIBE = mm_cfg.OWNERS_CAN_ENABLE_PERSONALIZATION = 1
m = MailList.MailList('api', lock=0)
found = {}
for category, (label, gui) in m.GetConfigCategories().items():
    if hasattr(gui, 'GetConfigInfo'):
        for section in m.GetConfigSubCategories(category) or [(None, None)]:
            for item in gui.GetConfigInfo(m, category, section[0]) or ():
                if isinstance(item, tuple):
                    found[item[0]] = (gui, item[1], item[2])
"""


def test_kinds_of_settings(mailman, name):
    kinds = mailman.python(COLLECT + f"result(dict((name, found[name][1] == getattr(mm_cfg, kind)) for name, kind in {KINDS!r}.items()))")
    assert kinds == dict.fromkeys(KINDS, True)
    assert mailman.python(COLLECT + f"result(dict((name, len(found[name][2])) for name in {list(CHOICES)!r}))") == CHOICES


def test_every_setting_is_an_attribute(mailman, name):
    code = "result([len(found), [name for name in found if name[0] != '_' and not hasattr(m, name)]])"
    assert mailman.python(COLLECT + code) == [121, []]


@pytest.mark.parametrize(
    ("setting", "value", "outcome"),
    [
        ("max_message_size", "'12'", 12),
        ("max_message_size", "'large'", "ValueError"),
        ("max_message_size", "-1", 40),
        ("advertised", "'1'", 1),
        ("advertised", "'yes'", "ValueError"),
        ("reply_to_address", "'nobody'", "MMBadEmailError"),
        ("reply_to_address", "''", ""),
        ("owner", "'a@example.org\\n\\n b@example.org '", ["a@example.org", "b@example.org"]),
        ("owner", "'a@example.org\\nnobody'", "EmailAddressError"),
        ("owner", "['nobody']", ["nobody"]),
        ("owner", "'^.*@example.org'", "EmailAddressError"),
        ("ban_list", "'^.*@example.org\\nx@example.org'", ["^.*@example.org", "x@example.org"]),
        ("ban_list", "'^*'", "EmailAddressError"),
        ("ban_list", "'@other'", "EmailAddressError"),
        ("accept_these_nonmembers", "'@other'", ["@other"]),
        ("accept_these_nonmembers", "'@api'", "EmailAddressError"),
        ("regular_include_lists", "'api@list.example.com'", "EmailAddressError"),
        ("description", "'as it is'", "as it is"),
    ],
)
def test_valid_values(mailman, name, setting, value, outcome):
    code = f"""
gui, kind, choices = found[{setting!r}]
try:
    result(gui._getValidValue(m, {setting!r}, kind, {value}))
except (ValueError, Errors.EmailAddressError) as error:
    result(error.__class__.__name__)
"""
    assert mailman.python(COLLECT + code) == outcome


@pytest.mark.parametrize(
    ("setting", "value", "stored", "complaints"),
    [
        ("real_name", "API", "API", 0),
        ("real_name", "Other", "Api", 1),
        ("host_name", "lists.example.org", "lists.example.org", 0),
        ("host_name", "bad host", "list.example.com", 1),
        ("subject_prefix", "[x &#228;] ", "[x \xe4] ", 0),
        ("new_member_options", ["hide", "plain"], 24, 0),
        ("bounce_info_stale_after", 3, 3 * 86400, 0),
        ("bounce_score_threshold", 2, 2.0, 0),
        ("filter_mime_types", "image\nAudio/MPEG\na/b/c", ["image", "audio/mpeg"], 1),
        ("pass_filename_extensions", "TXT\npdf", ["txt", "pdf"], 0),
        ("admin_member_chunksize", 0, 30, 1),
        ("info", "<script>x</script>", "", 1),
        ("info", "plain <b>text</b>", "plain <b>text</b>", 0),
        ("msg_footer", "%(real_name)s %(bad)s", "%(real_name)s %(bad)s", 1),
        ("msg_footer", "%(real_name) x", "%(real_name)s x", 1),
        ("msg_footer", "%(user_address)s", "%(user_address)s", 1),
        ("subscribe_policy", 2, 2, 0),
        ("max_num_recipients", 0, 0, 0),
    ],
)
def test_setting_values(mailman, name, setting, value, stored, complaints):
    """The conversions that the web pages and config_list make."""
    code = f"""
class Doc:
    said = []
    def addError(self, text, tag=None, *args):
        self.said.append(text)
found[{setting!r}][0]._setValue(m, {setting!r}, {value!r}, Doc())
result([getattr(m, {setting!r}), len(Doc.said)])
"""
    assert mailman.python(COLLECT + code) == [stored, complaints]


def test_settings_checked_together(mailman, name):
    code = """
class Doc:
    said = []
    def addError(self, text, tag=None, *args):
        self.said.append(text)
m.reply_goes_to_list, m.gateway_to_news = 2, 1
for gui in set(value[0] for value in found.values()):
    gui._postValidate(m, Doc())
result([m.reply_goes_to_list, m.gateway_to_news, len(Doc.said)])
"""
    assert mailman.python(COLLECT + code) == [0, 0, 2]


def test_subscribe_policy_is_counted_from_confirm_on_the_web(mailman, name):
    code = """
m = MailList.MailList('api', lock=0)
gui = m.GetConfigCategories()['privacy'][1]
gui._setValue(m, 'subscribe_policy', 1, None)
result(m.subscribe_policy)
"""
    assert mailman.python(code) == 2


def test_site_password(mailman):
    code = """
Utils.set_global_password('open')
result([Utils.get_global_password() == Utils.sha_new('open').hexdigest(), Utils.check_global_password('open'),
        Utils.check_global_password('shut')])
"""
    assert mailman.python(code) == [True, True, False]


def test_addresses_of_a_list(mailman, name):
    code = f"""
m = MailList.MailList({name!r}, lock=0)
result([m.GetListEmail(), m.GetBouncesEmail(), m.GetOwnerEmail(), m.GetRequestEmail(), m.getListAddress('join'),
        m.GetScriptURL('admin', absolute=1)])
"""
    ends = ["", "-bounces", "-owner", "-request", "-join"]
    assert mailman.python(code) == [f"api{end}@list.example.com" for end in ends] + ["http://www.example.com/mailman/admin/api"]
