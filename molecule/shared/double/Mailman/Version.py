# What bin/version and X-Mailman-Version say.  The suffix is there so that nobody takes it for Mailman.
VERSION = '2.1.39+double'
HEX_VERSION = 0x020127f0
DATA_FILE_VERSION = 112
QFILE_SCHEMA_VERSION = 3
PENDING_FILE_SCHEMA_VERSION = 2
REQUESTS_FILE_SCHEMA_VERSION = 1
