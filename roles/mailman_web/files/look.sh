# One look at all that role mailman_web wants to know of a host. Arguments: Apache's program, its service, the directory of its enabled modules (empty: they
# come with the package), the modules, separated by blanks, the certificate and its key, and files
# without which a package is missing.
if [ -x "$1" ]; then echo program=yes; fi
echo "service=$(systemctl is-active "$2"),$(systemctl is-enabled "$2" 2> /dev/null)"
# A daemon that has got module cgid at a reload has not started its helper, and answers 503 for each program. The helper's socket ends in the daemon's PID.
pid=$(systemctl show --property=MainPID --value "$2")
if ss -Hlx | grep -q "[.]$pid "; then echo programs=yes; fi
for module in $4; do
    if [ -n "$3" ] && ! [ -e "$3/$module.load" ]; then echo "missing=$module"; fi
done
# Its user and group, and which file has which virtual host.
if [ -x "$1" ]; then "$1" -t -D DUMP_VHOSTS -D DUMP_RUN_CFG 2> /dev/null | sed 's/^/said=/'; fi
for file in $7; do
    if ! [ -e "$file" ]; then echo "absent=$file"; fi
done
echo "fail2ban=$(systemctl is-active fail2ban),$(systemctl is-enabled fail2ban 2> /dev/null)"
if [ -e /var/log/auth.log ]; then echo auth.log=yes; fi
# What else listens on Apache's ports: address, process, unit.
ss -Hltnp 'sport = :80 or sport = :443' | while read -r _ _ _ address _ process; do
    case $process in *'(("apache2"'* | *'(("httpd"'*) continue ;; esac
    pid=${process#*pid=}
    name=${process#*'(("'}
    name=${name%%'"'*}
    unit=$(ps -o unit= -p "${pid%%,*}")
    echo "other=$address ${name:-something} ${unit:--}"
done

# Who but root could put another file in the place of one.
others() {
    place=$(realpath "$1")
    while :; do
        if [ "$(stat -c %u "$place")" != 0 ] || [ -n "$(find "$place" -maxdepth 0 -perm /022)" ]; then echo "others=$1 $place"; fi
        if [ "$place" = / ]; then break; fi
        place=${place%/*}
        place=${place:-/}
    done
}
for file in "$5" "$6"; do
    if [ -f "$file" ]; then
        echo "file=$file"
        others "$file"
    fi
done
if [ -n "$(find "$6" -perm /007 2> /dev/null)" ]; then echo "readable=$6"; fi
if [ -f "$5" ] && [ -f "$6" ] && command -v openssl > /dev/null; then
    echo "now=$(date +%s)"
    echo "expires=$(date -d "$(openssl x509 -in "$5" -noout -enddate 2> /dev/null | cut -d= -f2)" +%s)"
    echo "names=$(openssl x509 -in "$5" -noout -ext subjectAltName 2> /dev/null | tail -n +2 | tr -d ' \n')"
    key=$(openssl pkey -in "$6" -pubout -passin pass: 2> /dev/null)
    if [ -z "$key" ]; then
        echo pair=unreadable
    elif [ "$key" = "$(openssl x509 -in "$5" -noout -pubkey 2> /dev/null)" ]; then
        echo pair=same
    else
        echo pair=different
    fi
fi
