# A look at the files that the inventory names. Arguments: Exim's user and the host's name, then VARIABLE=PATH for each. A line for each file: its path, type,
# group and mode; a line for each thing that keeps Exim's user from reading it; and what is to be known of the certificate and its key. A user that is not there
# yet will be in no group but its own.
user=$1 host=$2
shift 2
as_exim='setpriv --reuid=65534 --regid=65534 --clear-groups'
if id "$user" > /dev/null 2>&1; then as_exim="setpriv --reuid=$(id -u "$user") --regid=$(id -g "$user") --init-groups"; fi
# Which parts of the way to a file, links included, others than root can write.
others() { namei -mo -- "$1" 2> /dev/null | tail -n +2 | grep -Ev '^ *(l[^ ]*|[^l]....-..-.) root ' | sed -E 's/^ *([^ ]+ +){3}//; s/ -> .*//'; }
# Runs openssl on a file: as Exim's user, or on a file that is root's alone as root.
openssl_on() {
    file=$1
    shift
    if $as_exim test -r "$file"; then timeout 9 $as_exim openssl "$@" -in "$file"; else timeout 9 openssl "$@" -in "$file"; fi 2> /dev/null
}
certificate='' key=''
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
    ours=
    case $named:$about in exim_tls_certificate=*) ;; *': root '[46][04]0) ours=yes ;; esac
    if [ "$ours" ]; then
        others=$(others "$path")
        if [ "$others" ]; then echo "others=$named $(echo "$others" | head -n 1)"; continue; fi
    elif ! $as_exim test -r "$path"; then
        echo "closed=$named: $user cannot read it (${about#*: })"
        continue
    fi
    case $named in
        exim_tls_certificate=*) certificate=$path ;;
        exim_tls_privatekey=*) key=$path ;;
    esac
done

if [ "$certificate" ] && [ "$key" ] && command -v openssl > /dev/null; then
    end=$(openssl_on "$certificate" x509 -noout -enddate)
    public=$(openssl_on "$key" pkey -pubout -passin pass:)
    if [ -z "$end" ]; then
        echo "pair=no certificate"
    elif [ -z "$public" ]; then
        echo "pair=no key"
    elif [ "$public" = "$(openssl_on "$certificate" x509 -noout -pubkey)" ]; then
        echo pair=same
    else
        echo pair=different
    fi
    if [ "$end" ]; then
        echo "now=$(date +%s)"
        echo "expires=$(date -d "${end#*=}" +%s)"
        openssl_on "$certificate" x509 -noout -checkhost "$host" | grep -q 'does match' || echo "foreign=$host"
    fi
fi
