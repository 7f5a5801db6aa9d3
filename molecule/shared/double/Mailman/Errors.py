"""Exceptions, named and derived as in Mailman 2.1."""


class MMListError(Exception):
    pass


class MMUnknownListError(MMListError):
    pass


class MMCorruptListDatabaseError(MMListError):
    pass


class MMListAlreadyExistsError(MMListError):
    pass


class BadListNameError(MMListError):
    pass


class MMMemberError(Exception):
    pass


class MMAlreadyPending(MMMemberError):
    pass


class MMAlreadyAMember(MMMemberError):
    pass


class MemberError(Exception):
    pass


class NotAMemberError(MemberError):
    pass


class AlreadyReceivingDigests(MemberError):
    pass


class AlreadyReceivingRegularDeliveries(MemberError):
    pass


class CantDigestError(MemberError):
    pass


class MustDigestError(MemberError):
    pass


class MembershipIsBanned(MemberError):
    pass


class MMAuthenticationError(Exception):
    pass


class MMBadPasswordError(MMAuthenticationError):
    pass


class MMMustDigestError(Exception):
    pass


class MMCantDigestError(Exception):
    pass


class MMNeedApproval(Exception):
    pass


class MMSubscribeNeedsConfirmation(Exception):
    pass


class MMBadConfirmation(Exception):
    pass


class MailmanError(Exception):
    pass


class MMLoopingPost(MailmanError):
    pass


class EmailAddressError(MailmanError):
    pass


class MMBadEmailError(EmailAddressError):
    pass


class MMHostileAddress(EmailAddressError):
    pass


class HostileSubscriptionError(MailmanError):
    pass


class HandlerError(MailmanError):
    pass


class HoldMessage(HandlerError):
    pass


class DiscardMessage(HandlerError):
    pass


class LoopError(DiscardMessage, MMLoopingPost):
    pass


class RejectMessage(HandlerError):
    def notice(self):
        return str(self) or 'Your message was rejected'


class SomeRecipientsFailed(HandlerError):
    def __init__(self, tempfailures, permfailures):
        HandlerError.__init__(self, tempfailures, permfailures)
        self.tempfailures = tempfailures
        self.permfailures = permfailures
