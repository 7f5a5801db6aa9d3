"""The score of bounces that each member has."""
import time
from email.MIMEMessage import MIMEMessage
from email.MIMEText import MIMEText

from Mailman import mm_cfg
from Mailman import MemberAdaptor
from Mailman import Message
from Mailman import Pending
from Mailman import Utils
from Mailman.Logging.Syslog import syslog

_LONG_AGO = time.localtime(mm_cfg.days(1))[:3]


class _BounceInfo:
    def __init__(self, member, score, date, noticesleft):
        self.member = member
        self.cookie = None
        self.reset(score, date, noticesleft)

    def reset(self, score, date, noticesleft):
        self.score = score
        self.date = date
        self.noticesleft = noticesleft
        self.lastnotice = _LONG_AGO


class Bouncer:
    def registerBounce(self, member, msg, weight=1.0, day=None):
        if not self.isMember(member):
            return
        day = day or time.localtime()[:3]
        name = self.internal_name()
        info = self.getBounceInfo(member)
        scored = True
        if info is None:
            info = _BounceInfo(member, weight, day, self.bounce_you_are_disabled_warnings)
            syslog('bounce', '%s: %s bounce score: %s', name, member, info.score)
        elif self.getDeliveryStatus(member) != MemberAdaptor.ENABLED:
            syslog('bounce', '%s: %s residual bounce received', name, member)
            return
        elif info.date == day:
            scored = False
            syslog('bounce', '%s: %s already scored a bounce for date %s', name, member,
                   time.strftime('%d-%b-%Y', day + (0, 0, 0, 0, 1, 0)))
        elif Utils.midnight(info.date) + self.bounce_info_stale_after < Utils.midnight(day):
            info.reset(weight, day, self.bounce_you_are_disabled_warnings)
            syslog('bounce', '%s: %s has stale bounce info, resetting', name, member)
        else:
            info.score += weight
            info.date = day
            syslog('bounce', '%s: %s current bounce score: %s', name, member, info.score)
        if info.score >= self.bounce_score_threshold:
            if mm_cfg.VERP_PROBES:
                syslog('bounce', 'sending %s list probe to: %s (score %s >= %s)',
                       name, member, info.score, self.bounce_score_threshold)
                self.sendProbe(member, msg)
                info.reset(0, info.date, info.noticesleft)
            else:
                self.disableBouncingMember(member, info, msg)
        elif self.bounce_notify_owner_on_bounce_increment and scored:
            self._tell_owner(member, 'bounce score incremented', msg)
        if self.isMember(member):
            self.setBounceInfo(member, info)

    def disableBouncingMember(self, member, info, msg):
        info.cookie = self.pend_new(Pending.RE_ENABLE, self.internal_name(), member)
        self.setBounceInfo(member, info)
        if mm_cfg.VERP_PROBES:
            syslog('bounce', '%s: %s disabling due to probe bounce received', self.internal_name(), member)
        else:
            syslog('bounce', '%s: %s disabling due to bounce score %s >= %s',
                   self.internal_name(), member, info.score, self.bounce_score_threshold)
        self.setDeliveryStatus(member, MemberAdaptor.BYBOUNCE)
        self.sendNextNotification(member)
        if self.bounce_notify_owner_on_disable:
            self._tell_owner(member, 'disabled', msg)

    def _tell_owner(self, member, what, msg):
        notice = Message.UserNotification(
            self.GetOwnerEmail(), Utils.get_site_email(self.host_name), 'Bounce action notification',
            lang=self.preferred_language)
        notice.set_type('multipart/mixed')
        notice.attach(MIMEText('%s: member %s: %s.\n' % (self.real_name, member, what)))
        notice.attach(MIMEText(msg) if isinstance(msg, str) else MIMEMessage(msg))
        notice.send(self)

    def sendNextNotification(self, member):
        """Tell a disabled member how to enable delivery again; remove one who was told often enough."""
        info = self.getBounceInfo(member)
        if info is None:
            return
        if info.noticesleft <= 0:
            self.ApprovedDeleteMember(member, 'disabled address', self.bounce_notify_owner_on_removal, 1)
            self.pend_confirm(info.cookie)
            syslog('bounce', '%s: %s deleted after exhausting notices', self.internal_name(), member)
            return
        notice = Message.UserNotification(
            member, self.GetRequestEmail(), 'confirm ' + info.cookie,
            'Delivery of %s to you is disabled.  To get it again, reply to this message.\n' % self.real_name,
            self.getMemberLanguage(member))
        notice.send(self, noprecedence=True)
        info.noticesleft -= 1
        info.lastnotice = time.localtime()[:3]
        self.setBounceInfo(member, info)

    def sendProbe(self, member, msg):
        token = self.pend_new(Pending.PROBE_BOUNCE, member, msg)
        sender = mm_cfg.VERP_PROBE_FORMAT % {'bounces': self.internal_name() + '-bounces', 'token': token}
        sender = '%s@%s' % (sender, self.host_name)
        probe = Message.UserNotification(
            member, sender, '%s mailing list probe message' % self.real_name, lang=self.getMemberLanguage(member))
        probe.set_type('multipart/mixed')
        probe.attach(MIMEText('Mail to you from %s bounced.  You need not answer this.\n' % self.real_name))
        probe.attach(MIMEMessage(msg))
        probe.send(self, envsender=sender, verp=0, probe_token=token, noprecedence=True)

    def BounceMessage(self, msg, msgdata, error=None):
        """Send a post back to who wrote it."""
        notice = Message.UserNotification(
            msg.get_sender(), self.GetOwnerEmail(), Utils.oneline(msg.get('subject', '(no subject)'), 'utf-8'),
            lang=self.preferred_language)
        notice.set_type('multipart/mixed')
        notice.attach(MIMEText(error.notice() if error else 'No details.\n'))
        notice.attach(MIMEMessage(msg))
        notice.send(self)
