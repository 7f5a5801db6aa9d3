"""The members of a list.  A member's key is the address in lower case."""
import time

from Mailman import Errors
from Mailman import mm_cfg
from Mailman import Utils

# Delivery is enabled, or why it is not.
ENABLED, UNKNOWN, BYUSER, BYADMIN, BYBOUNCE = range(5)


class MemberAdaptor:
    """To be mixed into MailList, which has the dictionaries."""

    # Reading

    def getMembers(self):
        return self.members.keys() + self.digest_members.keys()

    def getRegularMemberKeys(self):
        return self.members.keys()

    def getDigestMemberKeys(self):
        return self.digest_members.keys()

    def isMember(self, member):
        key = member.lower()
        return int(key in self.members or key in self.digest_members)

    def getMemberKey(self, member):
        if not self.isMember(member):
            raise Errors.NotAMemberError(member)
        return member.lower()

    def getMemberCPAddress(self, member):
        """The address with its case preserved; the dictionaries have 0 where there is nothing to preserve."""
        key = self.getMemberKey(member)
        return self.members.get(key) or self.digest_members.get(key) or key

    def getMemberCPAddresses(self, members):
        return [self.getMemberCPAddress(member) if self.isMember(member) else None for member in members]

    def getMemberPassword(self, member):
        password = self.passwords.get(member.lower())
        if password is None:
            raise Errors.NotAMemberError(member)
        return password

    def getMemberLanguage(self, member):
        lang = self.language.get(member.lower(), self.preferred_language)
        return lang if lang in self.GetAvailableLanguages() else self.preferred_language

    def getMemberOption(self, member, flag):
        key = self.getMemberKey(member)
        if flag == mm_cfg.Digests:
            return key in self.digest_members
        return bool(self.user_options.get(key, 0) & flag)

    def getMemberName(self, member):
        return self.usernames.get(self.getMemberKey(member))

    def getDeliveryStatus(self, member):
        return self.delivery_status.get(self.getMemberKey(member), (ENABLED, 0))[0]

    def getDeliveryStatusChangeTime(self, member):
        return self.delivery_status.get(self.getMemberKey(member), (ENABLED, 0))[1]

    def getDeliveryStatusMembers(self, status=(UNKNOWN, BYUSER, BYADMIN, BYBOUNCE)):
        return [member for member in self.getMembers() if self.getDeliveryStatus(member) in status]

    def getBouncingMembers(self):
        return [member.lower() for member in self.bounce_info]

    def getBounceInfo(self, member):
        return self.bounce_info.get(self.getMemberKey(member))

    # Writing: only with the list locked.

    def _key_for_writing(self, member):
        assert self.Locked()
        return self.getMemberKey(member)

    def addNewMember(self, member, **options):
        assert self.Locked()
        if self.isMember(member):
            raise Errors.MMAlreadyAMember(member)
        digest = options.pop('digest', 0)
        password = options.pop('password', None) or Utils.MakeRandomPassword()
        language = options.pop('language', self.preferred_language)
        realname = options.pop('realname', None)
        if options:
            raise ValueError(options.keys())
        key = member.lower()
        preserved = 0 if Utils.LCDomain(member) == key else member
        (self.digest_members if digest else self.members)[key] = preserved
        self.passwords[key] = password
        self.language[key] = language
        if realname:
            self.usernames[key] = realname
        if self.new_member_options:
            self.user_options[key] = self.new_member_options

    def removeMember(self, member):
        key = self._key_for_writing(member)
        for table in (self.passwords, self.user_options, self.members, self.digest_members, self.language,
                      self.topics_userinterest, self.usernames, self.bounce_info, self.delivery_status):
            table.pop(key, None)

    def changeMemberAddress(self, member, newaddress, nodelete=0):
        key = self._key_for_writing(member)
        known = {'realname': self.getMemberName(key), 'digest': self.getMemberOption(key, mm_cfg.Digests),
                 'password': self.passwords.get(key), 'language': self.getMemberLanguage(key)}
        options = self.user_options.get(key, 0)
        status = self.delivery_status.get(key, (ENABLED, 0))
        if not nodelete:
            self.removeMember(key)
        self.addNewMember(newaddress, **known)
        if options:
            self.user_options[newaddress.lower()] = options
        if status[0] in (BYUSER, BYADMIN) and not nodelete:
            self.delivery_status[newaddress.lower()] = status

    def setMemberLanguage(self, member, language):
        self.language[self._key_for_writing(member)] = language

    def setMemberName(self, member, realname):
        self.usernames[self._key_for_writing(member)] = realname

    def setMemberOption(self, member, flag, value):
        key = self._key_for_writing(member)
        if flag == mm_cfg.Digests:
            self._set_digest(key, value)
            return
        options = self.user_options.get(key, 0)
        options = options | flag if value else options & ~flag
        if options:
            self.user_options[key] = options
        else:
            self.user_options.pop(key, None)

    def _set_digest(self, key, digest):
        if digest:
            if not self.digestable:
                raise Errors.CantDigestError
            if key in self.digest_members:
                raise Errors.AlreadyReceivingDigests(key)
            self.digest_members[key] = self.members.pop(key)
            self.one_last_digest.pop(key, None)
        else:
            if not self.nondigestable:
                raise Errors.MustDigestError
            if key in self.members:
                raise Errors.AlreadyReceivingRegularDeliveries(key)
            self.members[key] = self.one_last_digest[key] = self.digest_members.pop(key)

    def setDeliveryStatus(self, member, status):
        assert status in (ENABLED, UNKNOWN, BYUSER, BYADMIN, BYBOUNCE)
        key = self._key_for_writing(member)
        if status == ENABLED:
            self.setBounceInfo(key, None)
        else:
            self.delivery_status[key] = (status, time.time())

    def setBounceInfo(self, member, info):
        key = self._key_for_writing(member)
        if info is None:
            self.bounce_info.pop(key, None)
            self.delivery_status.pop(key, None)
        else:
            self.bounce_info[key] = info
