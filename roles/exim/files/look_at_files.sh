# A look at the files that the inventory names. Arguments: Exim's user, then VARIABLE=PATH for each. A line for each file: its path, type, group and mode;
# and a line for each thing that keeps Exim's user from reading it. A user that is not there yet will be in no group but its own.
user=$1
shift
as_exim='setpriv --reuid=65534 --regid=65534 --clear-groups'
if id "$user" > /dev/null 2>&1; then as_exim="setpriv --reuid=$(id -u "$user") --regid=$(id -g "$user") --init-groups"; fi
for named; do
    path=${named#*=}
    about=$(stat --dereference --format='%F: %G %a' -- "$path") || continue
    echo "$path|$about"
    case $named in *_socket=*) continue ;; esac
    # The way to a link, and the way to what it points to.
    # shellcheck disable=SC2016
    closed=$($as_exim sh -c 'user=$1
    shift
    for path; do
        at=
        rest=${path#/}
        while [ "${rest#*/}" != "$rest" ] && at=$at/${rest%%/*} && [ -x "$at" ]; do rest=${rest#*/}; done
        [ "${rest#*/}" = "$rest" ] || echo "closed=$0: $user cannot pass $at"
    done' "$named" "$user" "$path" "$(realpath -- "$path")" | sort -u)
    if [ "$closed" ]; then echo "$closed"; continue; fi
    # The role gives these to Exim's group, but not the certificate, which is nobody's secret.
    case $named:$about in exim_tls_certificate=*) ;; *': root '[46][04]0) continue ;; esac
    $as_exim test -r "$path" || echo "closed=$named: $user cannot read it (${about#*: })"
done
