"""What is known of somebody who asks to be a member."""


class UserDesc:
    def __init__(self, address=None, fullname=None, password=None, digest=None, lang=None):
        # An attribute that was not given does not exist; whoever reads it has a default.
        given = {'address': address, 'fullname': fullname, 'password': password, 'digest': digest, 'language': lang}
        self.__dict__.update((key, value) for key, value in given.items() if value is not None)
