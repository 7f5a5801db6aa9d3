/* The mail wrapper of the test double (see README.md: this is NOT Mailman).
 * The MTA runs it as the group given to configure; it is set-gid to the list
 * group and runs scripts/COMMAND with the message on stdin. */
#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

/* The exit codes are part of the interface: Exim's log shows them. */
enum { MISMATCH = 2, NO_SETREGID, NO_EXEC, NO_ARGUMENTS, ILLEGAL_COMMAND, NO_GROUP_NAME = 8 };

static const char *const commands[] = {"admin", "bounces", "confirm", "join", "leave", "owner",
                                       "post", "request", "subscribe", "unsubscribe", NULL};

static void die(int code, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    openlog("Mailman mail-wrapper", LOG_CONS, LOG_MAIL);
    syslog(LOG_ERR, "%s", text);
    closelog();
    fprintf(stderr, "%s\n", text);
    exit(code);
}

int main(int argc, char **argv)
{
    static char *environment[] = {"PYTHONPATH=" PREFIX, NULL};
    const char *const *known = commands;
    char script[4096], **run;
    struct group *group;
    int i;

    if (argc < 2)
        die(NO_ARGUMENTS, "Usage: %s program [args...]", argv[0]);
    while (*known && strcmp(*known, argv[1]))
        known++;
    if (!*known)
        die(ILLEGAL_COMMAND, "Illegal command: %s", argv[1]);

    group = getgrgid(getgid());
    if (!group)
        die(NO_GROUP_NAME, "Failure to find group name for GID %d.  Mailman expected \"%s\".", (int)getgid(),
            MAIL_GROUP);
    if (strcmp(group->gr_name, MAIL_GROUP))
        die(MISMATCH,
            "Group mismatch error.  Mailman expected the mail\n"
            "wrapper script to be executed as group \"%s\", but the caller's group is \"%s\".\n"
            "Run it as \"%s\" or configure with --with-mail-gid=%s.",
            MAIL_GROUP, group->gr_name, MAIL_GROUP, group->gr_name);

    /* The list group has to survive the exec of the interpreter. */
    if (setregid(getegid(), -1))
        die(NO_SETREGID, "%s", strerror(errno));
    snprintf(script, sizeof script, "%s/scripts/%s", PREFIX, argv[1]);
    run = calloc(argc + 2, sizeof *run);
    run[0] = PYTHON;
    run[1] = "-S";
    run[2] = script;
    for (i = 2; i < argc; i++)
        run[i + 1] = argv[i];
    execve(PYTHON, run, environment);
    die(NO_EXEC, "%s", strerror(errno));
}
