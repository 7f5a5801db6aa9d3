# One look at all that role certificate wants to know of a host. Arguments: the timer of certbot's package, certbot's directory and its name for the
# certificate; the certificate and its key as they are served, what of the authority's is in use, the deploy hook; files and directories that may be
# missing, and the certificate's names, both separated by blanks; and the directory in which certbot is to write, or nothing if it is to listen on port 80 itself.
timer=$1 certbot=$2 lineage=$3 certificate=$4 key=$5 issued=$6 hook=$7 needs=$8 names=$9
shift 9
live=$certbot/live/$lineage
for file in $needs; do
    if ! [ -e "$file" ]; then echo "absent=$file"; fi
done
echo "timer=$(systemctl is-active "$timer" 2> /dev/null),$(systemctl is-enabled "$timer" 2> /dev/null)"
if [ -f "$hook" ]; then echo "hook=$(sha256sum < "$hook" | cut -d' ' -f1)"; fi
sed -n 's/^\(server\|authenticator\|webroot_path\|renew_hook\) = /renewal.\1=/p' "$certbot/renewal/$lineage.conf" 2> /dev/null

public() { openssl pkey -in "$1" -pubout -passin pass: 2> /dev/null; }
if [ -f "$certificate" ] && [ -f "$key" ] && [ "$(public "$key")" ] && [ "$(public "$key")" = "$(openssl x509 -in "$certificate" -noout -pubkey 2> /dev/null)" ]
then
    echo made=yes
    echo "group=$(stat -c %G "$key")"
fi
has=
if [ -f "$live/fullchain.pem" ] && command -v openssl > /dev/null; then
    has=$(openssl x509 -in "$live/fullchain.pem" -noout -ext subjectAltName 2> /dev/null | tail -n +2 | tr -d ' \n')
    echo "names=$has"
    echo "now=$(date +%s)"
    echo "expires=$(date -d "$(openssl x509 -in "$live/fullchain.pem" -noout -enddate 2> /dev/null | cut -d= -f2)" +%s)"
    if cmp -s "$live/fullchain.pem" "$issued" && cmp -s "$live/fullchain.pem" "$certificate" && cmp -s "$live/privkey.pem" "$key"; then echo deployed=yes; fi
fi
# Of the name server, and not of a line in /etc/hosts. A name that the certificate has was asked about by the authority itself.
for name in $names; do
    case ,$has, in *,DNS:"$name",*) continue ;; esac
    getent -s hosts:dns ahosts "$name" > /dev/null || echo "unknown=$name"
done
# Which parts of the way there, links included, others than root can write: certbot writes as root.
if [ "$1" ]; then
    namei -mo -- "$1/.well-known/acme-challenge" 2> /dev/null | tail -n +2 | grep -v 'No such file' | grep -Ev '^ *(l[^ ]*|[^l]....-..-.) root ' |
        sed -E 's/^ *([^ ]+ +){3}/others=/; s/ -> .*//'
else
    ss -Hltnp 'sport = :80' | while read -r _ _ _ address _ process; do
        pid=${process#*pid=}
        name=${process#*'(("'}
        name=${name%%'"'*}
        unit=$(ps -o unit= -p "${pid%%,*}")
        echo "other=$address ${name:-something} ${unit:--}"
    done
fi
