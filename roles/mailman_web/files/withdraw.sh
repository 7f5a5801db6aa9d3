# Take back the virtual hosts of role mailman_web. Arguments: Apache's program, the word that leaves them out, Apache's service, the file of the jails,
# robots.txt, the virtual hosts, and their link (empty: none). What stops on the way leaves robots.txt, by which the next run knows.
set -e
program=$1 word=$2 service=$3 jails=$4 robots=$5
shift 5
# An administrator's virtual host may need something of theirs.
if [ -x "$program" ]; then "$program" -t -D "$word"; fi
for file; do
    if [ -n "$file" ]; then rm -f "$file"; fi
done
systemctl try-reload-or-restart "$service"
filters=${jails%/jail.d/*}/filter.d
if [ -e "$filters/listhost-login.conf" ]; then
    # Without what is said of it there, the jail of sshd may not start, and fail2ban neither.
    if grep -qs '^\[sshd\]' "$jails"; then
        sed -i '/^\[listhost-/,/^$/d' "$jails"
    else
        rm -f "$jails"
    fi
    systemctl try-restart fail2ban
    rm -f "$filters/listhost-limits.conf" "$filters/listhost-login.conf"
fi
rm -f "$robots"
