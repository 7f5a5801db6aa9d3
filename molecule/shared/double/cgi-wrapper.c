/* The CGI wrapper of the test double (see README.md: this is NOT Mailman): built once for each program.
 * The web server runs it as the group given to configure; it is set-gid to the list group and runs scripts/driver
 * with the program's name. What goes wrong is a page with status 200, and a line in syslog. */
#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

enum { MISMATCH = 2, NO_SETREGID, NO_EXEC, NO_GROUP_NAME = 8 };

/* What the program may see of its environment. */
static const char *const kept[] = {"CONTENT_LENGTH=", "CONTENT_TYPE=", "DOCUMENT_ROOT=", "HOST=", "HTTPS=", "HTTP_COOKIE=",
                                   "HTTP_FORWARDED_FOR=", "HTTP_HOST=", "HTTP_X_FORWARDED_FOR=", "LOGNAME=", "PATH_INFO=",
                                   "QUERY_STRING=", "REMOTE_ADDR=", "REMOTE_PORT=", "REQUEST_METHOD=", "REQUEST_SCHEME=",
                                   "REQUEST_URI=", "SCRIPT_NAME=", "SERVER_NAME=", "SERVER_PORT=", "SERVER_PROTOCOL=", "USER=", NULL};

static void die(int code, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    openlog("Mailman cgi-wrapper (" SCRIPT ")", LOG_CONS, LOG_MAIL);
    syslog(LOG_ERR, "%s", text);
    closelog();
    printf("Content-type: text/html\n\n"
           "<head>\n<title>Mailman CGI error!!!</title>\n</head><body>\n<h1>Mailman CGI error!!!</h1>\n<pre>\n%s</pre>\n",
           text);
    exit(code);
}

int main(int argc, char **argv, char **environment)
{
    static char *run[] = {PYTHON, "-S", PREFIX "/scripts/driver", SCRIPT, NULL};
    char **seen, **variable;
    const char *const *known;
    struct group *group = getgrgid(getgid());
    int count = 0;

    if (!group)
        die(NO_GROUP_NAME, "Failure to find group name for GID %d.  Mailman expected \"%s\".", (int)getgid(), CGI_GROUP);
    if (strcmp(group->gr_name, CGI_GROUP))
        die(MISMATCH,
            "Group mismatch error.  Mailman expected the CGI\n"
            "wrapper script to be executed as group \"%s\", but the caller's group is \"%s\".\n"
            "Run it as \"%s\" or configure with --with-cgi-gid=%s.",
            CGI_GROUP, group->gr_name, CGI_GROUP, group->gr_name);
    if (setregid(getegid(), -1))
        die(NO_SETREGID, "%s", strerror(errno));

    for (variable = environment; *variable; variable++)
        count++;
    seen = calloc(count + 2, sizeof *seen);
    count = 0;
    for (variable = environment; *variable; variable++)
        for (known = kept; *known; known++)
            if (!strncmp(*known, *variable, strlen(*known)))
                seen[count++] = *variable;
    seen[count] = "PYTHONPATH=" PREFIX;
    execve(PYTHON, run, seen);
    die(NO_EXEC, "%s", strerror(errno));
}
