# One look at all that role mailman_web wants to know of a host. Arguments: Apache's program, its service, the directory of its enabled modules (empty: they
# come with the package), the modules, separated by blanks, the certificate and its key, files without which a package is missing, the file of
# Apache's configuration that is the role's here, the one that all domains share, the unit that answers one-click unsubscription, and the directory with the
# keys of separate domains (empty: there are none).
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

# What answers one-click unsubscription, and whether the machine's mail server reads the keys of separate domains: by then the directory is its group's.
if [ -e "/etc/systemd/system/${10}.socket" ]; then
    echo "one_click=$(systemctl is-active "${10}.socket"),$(systemctl is-enabled "${10}.socket" 2> /dev/null)"
fi
if [ -d "${11}" ]; then echo "one_click_group=$(stat -c %G "${11}")"; fi

# What the domains share: a web server, and whether it limits requests.
if grep -qs ^QS_ "$9"; then echo shared=limits; elif [ -e "$9" ]; then echo shared=yes; fi

# Which files a service has not read yet, because a run was stopped before it had the service read them, or somebody has changed them. Arguments: the service
# and the files.
unread() {
    since=$(TZ=UTC systemctl show --property=StateChangeTimestamp --value "$1")
    shift
    for file; do
        if [ "$since" ] && [ -f "$file" ] && [ "$(stat --dereference -c %Y "$file")" -gt "$(date -d "$since" +%s)" ]; then echo "unread=$file"; fi
    done
}
unread "$2" "$8" "$5" "$6"
unread fail2ban /etc/fail2ban/filter.d/listhost-*.conf /etc/fail2ban/jail.d/listhost.conf

# Who but root could put another file in the place of one. Links are followed one by one, for whoever can write where a link is can choose its goal.
others() {
    at=
    rest=$1
    while rest=${rest#"${rest%%[!/]*}"} && [ "$rest" ]; do
        name=${rest%%/*}
        rest=${rest#"$name"}
        case $name in
            .) ;;
            ..) at=${at%/*} ;;
            *)
                if [ -L "$at/$name" ]; then
                    link=$(readlink "$at/$name")
                    rest=$link$rest
                    case $link in /*) at= ;; esac
                else
                    at=$at/$name
                    if [ "$(stat -c %u "$at")" != 0 ] || [ -n "$(find "$at" -maxdepth 0 -perm /022)" ]; then echo "others=$1 $at"; fi
                fi
                ;;
        esac
    done
}
# A file is opened only if it is root's.
roots=0
for file in "$5" "$6"; do
    if [ -f "$file" ]; then
        echo "file=$file"
        others=$(others "$file")
        if [ "$others" ]; then echo "$others"; else roots=$((roots + 1)); fi
    fi
done
if [ "$roots" = 2 ] && [ -n "$(find -L "$6" -perm /007)" ]; then echo "readable=$6"; fi
if [ "$roots" = 2 ] && command -v openssl > /dev/null; then
    echo "now=$(date +%s)"
    end=$(openssl x509 -in "$5" -noout -enddate 2> /dev/null) && echo "expires=$(date -d "${end#*=}" +%s)"
    echo "names=$(openssl x509 -in "$5" -noout -ext subjectAltName 2> /dev/null | tail -n +2 | tr -d ' \n')"
    key=$(openssl pkey -in "$6" -pubout -passin pass: 2> /dev/null)
    if [ -z "$end" ]; then
        echo "pair=no certificate"
    elif [ -z "$key" ]; then
        echo "pair=no key"
    elif [ "$key" = "$(openssl x509 -in "$5" -noout -pubkey)" ]; then
        echo pair=same
    else
        echo pair=different
    fi
fi
