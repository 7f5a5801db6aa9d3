"""The settings of a list: their kinds, choices and conversions, as the web pages and config_list of Mailman see them."""
import collections
import re

from Mailman import Errors
from Mailman import mm_cfg
from Mailman import Utils

_NO_YES = ('No', 'Yes')
_PERIODS = ('Yearly', 'Monthly', 'Quarterly', 'Weekly', 'Daily')
_LINE = 40
_TEXT = (10, 40)

# Category, subcategory: settings as (name, kind, choices or size).
_SETTINGS = (
    ('general', None, (
        ('real_name', 'String', _LINE), ('owner', 'EmailList', (3, 40)), ('moderator', 'EmailList', (3, 40)),
        ('description', 'String', _LINE), ('info', 'Text', (7, 40)), ('subject_prefix', 'String', _LINE),
        ('from_is_list', 'Radio', ('No', 'Munge From', 'Wrap Message')), ('anonymous_list', 'Radio', _NO_YES),
        ('first_strip_reply_to', 'Radio', _NO_YES),
        ('reply_goes_to_list', 'Radio', ('Poster', 'This list', 'Explicit address')),
        ('reply_to_address', 'Email', _LINE), ('umbrella_list', 'Radio', _NO_YES),
        ('umbrella_member_suffix', 'String', _LINE), ('send_reminders', 'Radio', _NO_YES),
        ('welcome_msg', 'Text', (4, 40)), ('send_welcome_msg', 'Radio', _NO_YES), ('goodbye_msg', 'Text', (4, 40)),
        ('send_goodbye_msg', 'Radio', _NO_YES), ('admin_immed_notify', 'Radio', _NO_YES),
        ('admin_notify_mchanges', 'Radio', _NO_YES), ('respond_to_post_requests', 'Radio', _NO_YES),
        ('emergency', 'Toggle', _NO_YES), ('new_member_options', 'Checkbox', ()), ('administrivia', 'Radio', _NO_YES),
        ('max_message_size', 'Number', 7), ('admin_member_chunksize', 'Number', 7), ('host_name', 'Host', _LINE),
        ('include_rfc2369_headers', 'Radio', _NO_YES), ('include_list_post_header', 'Radio', _NO_YES),
        ('include_sender_header', 'Radio', _NO_YES), ('drop_cc', 'Radio', _NO_YES),
        ('max_days_to_hold', 'Number', 7))),
    ('language', None, (
        ('preferred_language', 'Select', ()), ('available_languages', 'Checkbox', ()),
        ('encode_ascii_prefixes', 'Radio', ('Never', 'Always', 'As needed')))),
    ('nondigest', None, (
        ('nondigestable', 'Toggle', _NO_YES), ('personalize', 'Radio', ('No', 'Yes', 'Full Personalization')),
        ('msg_header', 'Text', _TEXT), ('msg_footer', 'Text', _TEXT), ('scrub_nondigest', 'Toggle', _NO_YES),
        ('regular_exclude_lists', 'EmailList', (3, 40)), ('regular_exclude_ignore', 'Toggle', _NO_YES),
        ('regular_include_lists', 'EmailList', (3, 40)))),
    ('digest', None, (
        ('digestable', 'Toggle', _NO_YES), ('digest_is_default', 'Radio', ('Regular', 'Digest')),
        ('mime_is_default_digest', 'Radio', ('Plain', 'MIME')), ('digest_size_threshhold', 'Number', 3),
        ('digest_send_periodic', 'Radio', _NO_YES), ('digest_header', 'Text', (4, 40)),
        ('digest_footer', 'Text', (4, 40)), ('digest_volume_frequency', 'Radio', _PERIODS),
        ('_new_volume', 'Toggle', _NO_YES), ('_send_digest_now', 'Toggle', _NO_YES))),
    ('privacy', 'subscribing', (
        ('advertised', 'Radio', _NO_YES), ('subscribe_policy', 'Radio', ()),
        ('subscribe_auto_approval', 'EmailListEx', _TEXT), ('unsubscribe_policy', 'Radio', _NO_YES),
        ('ban_list', 'EmailListEx', _TEXT),
        ('private_roster', 'Radio', ('Anyone', 'List members', 'List admin only')),
        ('obscure_addresses', 'Radio', _NO_YES))),
    ('privacy', 'sender', (
        ('default_member_moderation', 'Radio', _NO_YES), ('member_verbosity_threshold', 'Number', 5),
        ('member_verbosity_interval', 'Number', 5),
        ('member_moderation_action', 'Radio', ('Hold', 'Reject', 'Discard')),
        ('member_moderation_notice', 'Text', _TEXT),
        ('dmarc_moderation_action', 'Radio', ('Accept', 'Munge From', 'Wrap Message', 'Reject', 'Discard')),
        ('dmarc_quarantine_moderation_action', 'Radio', _NO_YES), ('dmarc_none_moderation_action', 'Radio', _NO_YES),
        ('dmarc_moderation_notice', 'Text', _TEXT), ('dmarc_moderation_addresses', 'EmailListEx', _TEXT),
        ('dmarc_wrapped_message_text', 'Text', _TEXT), ('equivalent_domains', 'Text', _TEXT),
        ('accept_these_nonmembers', 'EmailListEx', _TEXT), ('hold_these_nonmembers', 'EmailListEx', _TEXT),
        ('reject_these_nonmembers', 'EmailListEx', _TEXT), ('discard_these_nonmembers', 'EmailListEx', _TEXT),
        ('generic_nonmember_action', 'Radio', ('Accept', 'Hold', 'Reject', 'Discard')),
        ('forward_auto_discards', 'Radio', _NO_YES), ('nonmember_rejection_notice', 'Text', _TEXT))),
    ('privacy', 'recipient', (
        ('require_explicit_destination', 'Radio', _NO_YES), ('acceptable_aliases', 'Text', (4, 40)),
        ('max_num_recipients', 'Number', 5))),
    ('privacy', 'spam', (
        ('header_filter_rules', 'HeaderFilter', 0), ('bounce_matching_headers', 'Text', (6, 40)))),
    ('bounce', None, (
        ('bounce_processing', 'Toggle', _NO_YES), ('bounce_score_threshold', 'Number', 5),
        ('bounce_info_stale_after', 'Number', 5), ('bounce_you_are_disabled_warnings', 'Number', 5),
        ('bounce_you_are_disabled_warnings_interval', 'Number', 5),
        ('bounce_unrecognized_goes_to_list_owner', 'Toggle', _NO_YES),
        ('bounce_notify_owner_on_bounce_increment', 'Toggle', _NO_YES),
        ('bounce_notify_owner_on_disable', 'Toggle', _NO_YES),
        ('bounce_notify_owner_on_removal', 'Toggle', _NO_YES))),
    ('archive', None, (
        ('archive', 'Toggle', _NO_YES), ('archive_private', 'Radio', ('public', 'private')),
        ('archive_volume_frequency', 'Radio', _PERIODS))),
    ('gateway', None, (
        ('nntp_host', 'String', _LINE), ('linked_newsgroup', 'String', _LINE), ('gateway_to_news', 'Toggle', _NO_YES),
        ('gateway_to_mail', 'Toggle', _NO_YES),
        ('news_moderation', 'Radio', ('None', 'Open list, moderated group', 'Moderated')),
        ('news_prefix_subject_too', 'Toggle', _NO_YES), ('_mass_catchup', 'Toggle', _NO_YES))),
    ('autoreply', None, (
        ('autorespond_postings', 'Toggle', _NO_YES), ('autoresponse_postings_text', 'FileUpload', (6, 40)),
        ('autorespond_admin', 'Toggle', _NO_YES), ('autoresponse_admin_text', 'FileUpload', (6, 40)),
        ('autorespond_requests', 'Radio', ('No', 'Yes, w/discard', 'Yes, w/forward')),
        ('autoresponse_request_text', 'FileUpload', (6, 40)), ('autoresponse_graceperiod', 'Number', 3))),
    ('contentfilter', None, (
        ('filter_content', 'Radio', _NO_YES), ('filter_mime_types', 'Text', _TEXT), ('pass_mime_types', 'Text', _TEXT),
        ('filter_filename_extensions', 'Text', _TEXT), ('pass_filename_extensions', 'Text', _TEXT),
        ('collapse_alternatives', 'Radio', _NO_YES), ('convert_html_to_plaintext', 'Radio', _NO_YES),
        ('filter_action', 'Radio', ('Discard', 'Reject', 'Forward to List Owner', 'Preserve')))),
    ('topics', None, (
        ('topics_enabled', 'Radio', ('Disabled', 'Enabled')), ('topics_bodylines_limit', 'Number', 5),
        ('topics', 'Topics', 0))),
)
SUBCATEGORIES = {
    'privacy': [(name, name.capitalize()) for name in ('subscribing', 'sender', 'recipient', 'spam')],
    'members': [(name, name.capitalize()) for name in ('list', 'add', 'remove', 'change', 'sync')],
}
_LINES = ('filter_mime_types', 'pass_mime_types', 'filter_filename_extensions', 'pass_filename_extensions')
_DAYS = ('bounce_info_stale_after', 'bounce_you_are_disabled_warnings_interval')
_CHECKED = (mm_cfg.EmailList, mm_cfg.EmailListEx)
# What may stand between %( and )s in a text.
_AROUND = ('real_name', 'list_name', 'host_name', 'web_page_url', 'description', 'info', 'cgiext', '_internal_name')
_PERSONAL = ('user_address', 'user_delivered_to', 'user_password', 'user_name', 'user_optionsurl')
_ANSWER = ('listname', 'listurl', 'requestemail', 'adminemail', 'owneremail')
_VARIABLES = {
    'msg_header': _AROUND, 'msg_footer': _AROUND, 'digest_header': _AROUND, 'digest_footer': _AROUND,
    'autoresponse_postings_text': _ANSWER, 'autoresponse_admin_text': _ANSWER, 'autoresponse_request_text': _ANSWER,
}


def _choices(mlist, name, given):
    if name == 'subscribe_policy':
        return (('None',) if mm_cfg.ALLOW_OPEN_SUBSCRIBE else ()) + (
            'Confirm', 'Require approval', 'Confirm and approve')
    if name == 'preferred_language':
        known = mlist.GetAvailableLanguages()
        return known, [Utils.GetLanguageDescr(lang) for lang in known], known.index(mlist.preferred_language)
    if name == 'available_languages':
        known = sorted(mm_cfg.LC_DESCRIPTIONS)
        return ([Utils.GetLanguageDescr(lang) for lang in known],
                [lang in mlist.GetAvailableLanguages() for lang in known], 0, known)
    if name == 'new_member_options':
        names = ['hide', 'ack', 'notmetoo', 'nodupes']
        return names, [mlist.new_member_options & mm_cfg.OPTINFO[option] for option in names], 0, names
    if name == 'filter_action' and not mm_cfg.OWNERS_CAN_PRESERVE_FILTERED_MESSAGES:
        return given[:3]
    return given


class _Passwords:
    """A category without settings."""


class Category:
    def __init__(self, name):
        self._name = name

    def GetConfigInfo(self, mlist, category, subcat=None):
        if category != self._name:
            return None
        for known, sub, settings in _SETTINGS:
            if known == category and sub == subcat:
                return ['Settings of the category %s' % category] + [
                    (name, getattr(mm_cfg, kind), _choices(mlist, name, given), 0, name.replace('_', ' '))
                    for name, kind, given in settings
                    if name != 'personalize' or mm_cfg.OWNERS_CAN_ENABLE_PERSONALIZATION]
        return None

    def getValue(self, mlist, kind, varname, params):
        """The value as the pages show it, where that differs."""
        if varname == 'subject_prefix':
            return Utils.uncanonstr(mlist.subject_prefix, mlist.preferred_language)
        if varname in _LINES:
            return '\n'.join(getattr(mlist, varname))
        if varname in _DAYS:
            return int(getattr(mlist, varname) / mm_cfg.days(1))
        return None

    def _getValidValue(self, mlist, name, kind, value):
        if kind in (mm_cfg.Radio, mm_cfg.Toggle):
            return int(value)
        if kind == mm_cfg.Email and value:
            Utils.ValidateEmail(value)
        if kind in _CHECKED and not isinstance(value, list):
            return self._addresses(mlist, name, kind, value)
        if kind == mm_cfg.Number and not isinstance(value, float):
            try:
                number = int(value)
            except ValueError:
                number = float(value)
            return getattr(mlist, name) if number < 0 else number
        if kind == mm_cfg.Checkbox and not isinstance(value, list):
            return [value]
        return value

    def _addresses(self, mlist, name, kind, value):
        found = [line.strip() for line in value.split('\n') if line.strip()]
        bad = []
        for address in found:
            try:
                Utils.ValidateEmail(address)
            except Errors.EmailAddressError:
                if kind == mm_cfg.EmailListEx and address.startswith('^'):
                    try:
                        re.compile(address)
                    except re.error:
                        bad.append(address)
                elif not (kind == mm_cfg.EmailListEx and address.startswith('@') and
                          (name.endswith('_these_nonmembers') or name == 'subscribe_auto_approval') and
                          address[1:] != mlist.internal_name()):
                    bad.append(address)
            if name.startswith('regular_') and address.lower() == mlist.GetListEmail().lower():
                bad.append(address)
        if bad:
            raise Errors.EmailAddressError(', '.join(bad))
        return found

    def _setValue(self, mlist, name, value, doc):
        if name.startswith('_'):
            return
        if name == 'real_name' and value.lower() != mlist.internal_name().lower():
            doc.addError('<b>real_name</b> attribute not changed!  It may differ from the name in case only.')
        elif name == 'new_member_options':
            for option, bit in mm_cfg.OPTINFO.items():
                mlist.new_member_options &= ~bit
                if option in value:
                    mlist.new_member_options |= bit
        elif name == 'subject_prefix':
            mlist.subject_prefix = Utils.canonstr(value, mlist.preferred_language)
        elif name == 'admin_member_chunksize' and (not isinstance(value, int) or value < 1):
            doc.addError('<b>admin_member_chunksize</b> attribute not changed!  It must be a positive integer.')
        elif name == 'host_name' and not self._is_host(value):
            doc.addError('<b>host_name</b> attribute not changed!  It must be the name of a domain.')
        elif name in _LINES:
            lines = [line.strip().lower() for line in value.splitlines()]
            good = [line for line in lines if 'mime' not in name or re.match('[^/]+(/[^/]+)?$', line)]
            for line in set(lines) - set(good):
                doc.addError('Bad MIME type ignored: %s' % line)
            setattr(mlist, name, good)
        elif name in _DAYS:
            setattr(mlist, name, mm_cfg.days(int(value)))
        elif name == 'bounce_score_threshold':
            setattr(mlist, name, float(value))
        elif name == 'subscribe_policy' and not mm_cfg.ALLOW_OPEN_SUBSCRIBE:
            # The page has no `None' then, so its first choice is 0.
            mlist.subscribe_policy = value + 1
        elif name == 'dmarc_moderation_action' and value < mm_cfg.DEFAULT_DMARC_MODERATION_ACTION:
            doc.addError('dmarc_moderation_action must be >= the default of the site.')
            mlist.dmarc_moderation_action = mm_cfg.DEFAULT_DMARC_MODERATION_ACTION
        elif name == 'info' and value != mlist.info and re.search('(?i)<(script|iframe|object|embed)|javascript:', value):
            doc.addError('The <b>info</b> attribute has suspicious HTML.  The change is rejected.')
        elif name in _VARIABLES:
            setattr(mlist, name, self._check_variables(mlist, name, value, doc))
        else:
            setattr(mlist, name, value)

    def _check_variables(self, mlist, name, value, doc):
        known = _VARIABLES[name]
        if mlist.personalize and name.startswith('msg_'):
            known += _PERSONAL
        bad = sorted(set(re.findall(r'%\(([_a-z]\w*)\)s?', value, re.I)) - set(known))
        if bad:
            doc.addError('%s has unknown variables: %s' % (name, ', '.join(bad)), tag='Warning: ')
            return value
        fixed = re.sub(r'(%\(\w+\))(?!s)', r'\1s', value)
        if fixed != value:
            doc.addError('%s had correctable problems; the fixed value is used.' % name)
        return fixed

    def _postValidate(self, mlist, doc):
        if self._name == 'general' and mlist.reply_goes_to_list == 2 and not mlist.reply_to_address.strip():
            doc.addError('You cannot add a Reply-To: to an explicit address if that address is blank.')
            mlist.reply_to_address = ''
            mlist.reply_goes_to_list = 0
        if (self._name == 'gateway' and (mlist.gateway_to_news or mlist.gateway_to_mail) and
                not (mlist.nntp_host and mlist.linked_newsgroup)):
            doc.addError('You cannot enable gatewaying unless both the news server and the newsgroup are filled in.')
            mlist.gateway_to_news = mlist.gateway_to_mail = 0

    def _is_host(self, value):
        try:
            Utils.ValidateEmail('user@' + value)
        except Errors.EmailAddressError:
            return False
        return True


def categories():
    return collections.OrderedDict(
        (name, (name.capitalize(), _Passwords() if name in ('passwords', 'members') else Category(name)))
        for name in mm_cfg.ADMIN_CATEGORIES)
