"""The double speaks English only; this is for programs that set a language all the same."""


def set_language(language=None):
    pass
